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
		p.low = MulScalar(p.kn.ProductT(nn.Dropout(s, x, lora.Dropout), a, false), lora.Scale())
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
	y := p.kn.Dense(p.x, part(p.weight), part(p.offset), n < p.out)
	if p.up != nil {
		y = Add(y, p.kn.ProductT(p.low, part(p.up), n < p.out))
	}
	return y
}

// linear is the whole layer.
func (o *Options) linear(s *model.Scope, x *Node, out int, bias bool) *Node {
	return o.project(s, x, out, bias).rows(0, out)
}

// rotary holds cos and sin [N, T, d] and turns queries and keys.
type rotary struct{ cos, sin *Node }

// turn applies the rotation to x [N, T, d] or [N, T, heads, d]: x·cos + rotate_half(x)·sin.
func (k kernels) turn(x *Node, r rotary) *Node {
	if x.Rank() == 4 {
		r = rotary{ExpandAxes(r.cos, 2), ExpandAxes(r.sin, 2)}
	}
	return Add(Mul(x, r.cos), Mul(k.rotateHalf(x), r.sin))
}

// heads is an attention of nq query heads that share nk key and value heads.
type heads struct {
	nq, nk, dim int
	q, k, v     part   // of [N, Tq, ·] and [N, Tk, ·]
	rq, rk      rotary // for queries and keys
	bias        *Node  // [N, Tq, Tk], added to the scores
}

// part is where the heads begin in the output of a linear layer.
type part struct {
	*projection
	from int
}

// attend computes softmax(q·kᵀ/sqrt(dim) + bias)·v for every head, after turning queries and keys, and joins the heads:
// [N, Tq, nq·dim].
func (a heads) attend(kn kernels) *Node {
	if kn.Kernels {
		return a.apart(kn)
	}
	return a.together()
}

// apart works head by head, each from its own rows of the weights, so that nothing has to be transposed.
func (a heads) apart(kn kernels) *Node {
	head := func(p part, h int) *Node { return p.rows(p.from+h*a.dim, a.dim) }
	keys, values := make([]*Node, a.nk), make([]*Node, a.nk)
	for h := range a.nk {
		keys[h], values[h] = kn.turn(head(a.k, h), a.rk), head(a.v, h)
	}
	out := make([]*Node, a.nq)
	for h := range a.nq {
		kv := h / (a.nq / a.nk)
		q := MulScalar(kn.turn(head(a.q, h), a.rq), a.scale())
		out[h] = kn.weighted(kn.Softmax(Add(kn.scores(q, keys[kv]), a.bias)), values[kv])
	}
	if a.nq == 1 {
		return out[0]
	}
	return Concatenate(out, -1)
}

// together works on all heads at once, as a batch axis: fewer and larger operations.
func (a heads) together() *Node {
	all := func(p part, n int) *Node {
		x := p.rows(p.from, n*a.dim)
		return Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1), n, a.dim)
	}
	q := MulScalar(kernels{}.turn(all(a.q, a.nq), a.rq), a.scale())
	k, v := kernels{}.turn(all(a.k, a.nk), a.rk), all(a.v, a.nk)
	n, t := q.Shape().Dim(0), q.Shape().Dim(1)
	q = Reshape(q, n, t, a.nk, a.nq/a.nk, a.dim) // query heads by the key head that they share
	scores := Add(Einsum("ntkgd,nskd->nkgts", q, k), ExpandAxes(a.bias, 1, 2))
	return Reshape(Einsum("nkgts,nskd->ntkgd", Softmax(scores, -1), v), n, t, a.nq*a.dim)
}

func (a heads) scale() float64 { return 1 / math.Sqrt(float64(a.dim)) }

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
