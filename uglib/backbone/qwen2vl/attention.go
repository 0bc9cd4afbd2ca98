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

// projection is a linear layer of which parts of the output can be taken, such as one head's.
type projection struct {
	kn                kernels
	x, weight, offset *Node // [..., in], [out, in], [out] or nil
	low, up           *Node // LoRA: the scaled x·Aᵀ [..., rank] and B [out, rank], or nil
	out               int
}

// project prepares the linear layer of scope s for x [..., in]. Its variables, and those of an adapter that targets it,
// are those of [nn.Linear].
func (o *Options) project(s *model.Scope, x *Node, out int, bias bool) *projection {
	g, dtype, in, lora := x.Graph(), x.DType(), x.Shape().Dim(-1), o.LoRA
	p := &projection{x: x, out: out, kn: o.kernels(g)}
	p.weight = s.VariableWithShape("weight", shapes.Make(dtype, out, in)).NodeValue(g)
	if bias {
		p.offset = s.WithInitializer(initializer.Zero).VariableWithShape("bias", shapes.Make(dtype, out)).NodeValue(g)
	}
	if lora.Matches(nn.Key(s.Scope())) {
		a := s.At("lora_A").WithInitializer(nn.KaimingUniform(s)).VariableWithShape("weight", shapes.Make(dtype, lora.Rank, in)).NodeValue(g)
		p.up = s.At("lora_B").WithInitializer(initializer.Zero).VariableWithShape("weight", shapes.Make(dtype, out, lora.Rank)).NodeValue(g)
		p.low = MulScalar(p.kn.times(nn.Dropout(s, x, lora.Dropout), a, false), lora.Scale())
	}
	return p
}

// rows gives components [from, from+n) of the layer's output: [..., n].
func (p *projection) rows(from, n int) *Node {
	part := func(x *Node) *Node {
		if x == nil || n == p.out {
			return x
		}
		return Slice(x, AxisRange(from, from+n))
	}
	y := p.kn.dense(p.x, part(p.weight), part(p.offset), n < p.out)
	if p.up != nil {
		y = Add(y, p.kn.times(p.low, part(p.up), n < p.out))
	}
	return y
}

// linear is the whole layer.
func (o *Options) linear(s *model.Scope, x *Node, out int, bias bool) *Node {
	return o.project(s, x, out, bias).rows(0, out)
}

// rotary holds cos and sin [N, T, d] and turns queries and keys.
type rotary struct{ cos, sin *Node }

// turn applies the rotation to x [N, T, d]: x·cos + rotate_half(x)·sin.
func (k kernels) turn(x *Node, r rotary) *Node {
	return Add(Mul(x, r.cos), Mul(k.rotateHalf(x), r.sin))
}

// heads is an attention of nq query heads that share nk key and value heads.
type heads struct {
	nq, nk, dim int
}

// attend computes softmax(q·kᵀ/sqrt(dim) + bias)·v for every head and joins the heads: [N, Tq, nq·dim].
// q, k and v give head h as [N, Tq, dim] and [N, Tk, dim]; bias is [N, Tq, Tk].
func (a heads) attend(kn kernels, q, k, v func(h int) *Node, bias *Node) *Node {
	scale := 1 / math.Sqrt(float64(a.dim))
	keys, values := make([]*Node, a.nk), make([]*Node, a.nk)
	for h := range a.nk {
		keys[h], values[h] = k(h), v(h)
	}
	out := make([]*Node, a.nq)
	for h := range a.nq {
		kv := h / (a.nq / a.nk)
		out[h] = kn.weighted(kn.softmax(Add(kn.scores(MulScalar(q(h), scale), keys[kv]), bias)), values[kv])
	}
	if a.nq == 1 {
		return out[0]
	}
	return Concatenate(out, -1)
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
