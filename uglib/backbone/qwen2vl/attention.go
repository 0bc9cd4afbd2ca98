package qwen2vl

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"

	"urbangraph/uglib/nn"
)

// masked is what attention scores of forbidden pairs are lowered by: far below any score, far above -Inf, which would
// make rows that are all padding NaN.
const masked = -1e9

// projection is a linear layer whose output is taken head by head.
type projection struct {
	scope *model.Scope
	lora  *nn.LoRA
	out   int // rows of the weight
	bias  bool

	weight, offset *Node // [out, in], [out]
	a, b           *Node // LoRA's [rank, in] and [out, rank], or nil
	input          *Node // the (dropped out) input of the LoRA term, times its scale
}

// project prepares the linear layer of scope s for x [..., in]. The variables are those of [nn.Linear].
func project(s *model.Scope, x *Node, out int, bias bool, lora *nn.LoRA) *projection {
	g, dtype, in := x.Graph(), x.DType(), x.Shape().Dim(-1)
	p := &projection{scope: s, lora: lora, out: out, bias: bias}
	p.weight = s.VariableWithShape("weight", shapes.Make(dtype, out, in)).NodeValue(g)
	if bias {
		p.offset = s.WithInitializer(initializer.Zero).VariableWithShape("bias", shapes.Make(dtype, out)).NodeValue(g)
	}
	if lora.Matches(nn.Key(s.Scope())) {
		p.a = s.At("lora_A").WithInitializer(nn.KaimingUniform(s)).VariableWithShape("weight", shapes.Make(dtype, lora.Rank, in)).NodeValue(g)
		p.b = s.At("lora_B").WithInitializer(initializer.Zero).VariableWithShape("weight", shapes.Make(dtype, out, lora.Rank)).NodeValue(g)
		p.input = MulScalar(times(nn.Dropout(s, x, lora.Dropout), p.a), lora.Scale())
	}
	return p
}

// head gives rows [from, from+n) of the layer's output for x: [..., n].
func (p *projection) head(x *Node, from, n int) *Node {
	rows := AxisRange(from, from+n)
	y := times(x, Slice(p.weight, rows))
	if p.b != nil {
		y = Add(y, times(p.input, Slice(p.b, rows)))
	}
	if p.offset != nil {
		y = Add(y, ExpandLeftToRank(Slice(p.offset, rows), y.Rank()))
	}
	return y
}

// times is x·Wᵀ for x [..., in] and w [out, in].
func times(x, w *Node) *Node {
	return DotGeneral(x, []int{-1}, nil, w, []int{1}, nil)
}

// rotary holds cos and sin [N, T, d] and turns queries and keys.
type rotary struct{ cos, sin *Node }

// turn applies the rotation to x [N, T, d]: x·cos + rotate_half(x)·sin, with rotate_half(x) = (-x₂, x₁) for the two
// halves of d, written as a product with a constant matrix: exact, and quicker than slicing.
func (r rotary) turn(x *Node) *Node {
	return Add(Mul(x, r.cos), Mul(rotateHalf(x), r.sin))
}

func rotateHalf(x *Node) *Node {
	d := x.Shape().Dim(-1)
	m := make([][]float32, d)
	for i := range m {
		m[i] = make([]float32, d)
		if i < d/2 {
			m[i][i+d/2] = 1
		} else {
			m[i][i-d/2] = -1
		}
	}
	return DotGeneral(x, []int{-1}, nil, ConvertDType(Const(x.Graph(), m), x.DType()), []int{0}, nil)
}

// heads is an attention of nq query heads that share nk key and value heads.
type heads struct {
	nq, nk, dim int
}

// attend computes softmax(q·kᵀ/sqrt(dim) + bias)·v for every head and joins the heads: [N, Tq, nq·dim].
// q, k and v give head h as [N, Tq, dim] and [N, Tk, dim]; bias is [N, Tq, Tk].
func (a heads) attend(q, k, v func(h int) *Node, bias *Node) *Node {
	scale := 1 / math.Sqrt(float64(a.dim))
	keys, values := make([]*Node, a.nk), make([]*Node, a.nk)
	for h := range a.nk {
		keys[h], values[h] = k(h), v(h)
	}
	out := make([]*Node, a.nq)
	for h := range a.nq {
		kv := h / (a.nq / a.nk)
		scores := DotGeneral(MulScalar(q(h), scale), []int{2}, []int{0}, keys[kv], []int{2}, []int{0})
		weights := softmax(Add(scores, bias))
		out[h] = DotGeneral(weights, []int{2}, []int{0}, values[kv], []int{1}, []int{0})
	}
	if a.nq == 1 {
		return out[0]
	}
	return Concatenate(out, -1)
}

// softmax over the last axis. Where the backend has a fused softmax the gradient is computed from its result,
// y·(v - Σ v·y); GoMLX's own would compute the exponentials a second time.
func softmax(x *Node) *Node {
	var y *Node
	y, fused := InternalFusedOpCaller(
		func() *Node { return BackendFusedSoftmax(x, x.Rank()-1) },
		func() *Node {
			return IdentityWithCustomGradient(x, func(_, v *Node) *Node {
				vy := Mul(v, y)
				return Sub(vy, Mul(y, ReduceAndKeep(vy, ReduceSum, -1)))
			})
		}, true)
	if !fused {
		return Softmax(x, -1)
	}
	return y
}

// keyBias turns a mask of keys [N, Tk] into an additive bias [N, Tq, Tk].
func keyBias(mask *Node, queries int) *Node {
	n, t := mask.Shape().Dim(0), mask.Shape().Dim(1)
	bias := MulScalar(OneMinus(mask), masked)
	return BroadcastToDims(ExpandAxes(bias, 1), n, queries, t)
}

// causalBias is keyBias with the keys after each query forbidden too: [N, T, T].
func causalBias(mask *Node) *Node {
	g, t := mask.Graph(), mask.Shape().Dim(1)
	query := Iota(g, shapes.Make(dtypes.Int32, t, t), 0)
	key := Iota(g, shapes.Make(dtypes.Int32, t, t), 1)
	later := ConvertDType(GreaterThan(key, query), mask.DType())
	bias := Add(keyBias(mask, t), ExpandLeftToRank(MulScalar(later, masked), 3))
	return MaxScalar(bias, masked)
}
