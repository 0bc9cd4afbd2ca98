package transformer

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// masked is what attention scores of forbidden pairs are lowered by: far below any score, far above -Inf, which would
// make rows that are all padding NaN.
const masked = -1e9

// Project prepares the linear layer of scope s for x [..., in]. Its variables, and those of an adapter that targets it,
// are those of [nn.Linear].
func (o *Options) Project(s *model.Scope, x *Node, out int, bias bool) *nn.Projection {
	return o.Kernels(x.Graph()).Project(s, x, out, bias, o.LoRA)
}

// Linear is the whole layer.
func (o *Options) Linear(s *model.Scope, x *Node, out int, bias bool) *Node {
	return o.Project(s, x, out, bias).Rows(0, out)
}

// Rotary holds cos and sin [N, T, d] of the angles that queries and keys are turned by; without them nothing turns.
type Rotary struct{ Cos, Sin *Node }

// turn applies the rotation to x [N, T, d] or [N, T, heads, d]: x·cos + rotate_half(x)·sin, in the type of the angles.
func (k Kernels) turn(x *Node, r Rotary) *Node {
	if r.Cos == nil {
		return x
	}
	if x.Rank() == 4 {
		r = Rotary{ExpandAxes(r.Cos, 2), ExpandAxes(r.Sin, 2)}
	}
	f := ConvertDType(x, r.Cos.DType())
	return ConvertDType(Add(Mul(f, r.Cos), Mul(k.rotateHalf(f), r.Sin)), x.DType())
}

// Attention is one of several query heads, which share as many or fewer key and value heads.
type Attention struct {
	Queries, Keys, Dim int    // heads, and the width of one
	Q, K, V            Part   // of [N, Tq, ·] and [N, Tk, ·]
	RotaryQ, RotaryK   Rotary // for queries and keys
	Bias               *Node  // [N, Tq, Tk], added to the scores; nil adds nothing
}

// Part is where the heads begin in the output of a linear layer.
type Part struct {
	*nn.Projection
	From int
}

// Attend computes softmax(q·kᵀ/sqrt(dim) + bias)·v for every head, after turning queries and keys, and joins the heads:
// [N, Tq, Queries·Dim]. Angles and softmax are computed in float32 where the rest is of lower precision.
func (a Attention) Attend(kn Kernels) *Node {
	if kn.Kernels {
		return a.apart(kn)
	}
	return a.together()
}

// apart works head by head, so that heads have not to be brought together by transposing.
func (a Attention) apart(kn Kernels) *Node {
	head := func(p Part, h int) *Node { return p.Rows(p.From+h*a.Dim, a.Dim) }
	keys, values := make([]*Node, a.Keys), make([]*Node, a.Keys)
	for h := range a.Keys {
		keys[h], values[h] = kn.turn(head(a.K, h), a.RotaryK), head(a.V, h)
	}
	out := make([]*Node, a.Queries)
	for h := range a.Queries {
		kv := h / (a.Queries / a.Keys)
		q := MulScalar(kn.turn(head(a.Q, h), a.RotaryQ), a.scale())
		scores := added(atLeastFloat32(kn.scores(q, keys[kv])), a.Bias)
		out[h] = kn.weighted(ConvertDType(kn.Softmax(scores), q.DType()), values[kv])
	}
	if a.Queries == 1 {
		return out[0]
	}
	return Concatenate(out, -1)
}

// atLeastFloat32 is x, in float32 if it is of lower precision.
func atLeastFloat32(x *Node) *Node {
	if x.DType() == dtypes.Float64 {
		return x
	}
	return ConvertDType(x, dtypes.Float32)
}

// added is x, or x plus a bias if there is one.
func added(x, bias *Node) *Node {
	if bias == nil {
		return x
	}
	return Add(x, bias)
}

// together works on all heads at once, as a batch axis: fewer and larger operations.
func (a Attention) together() *Node {
	all := func(p Part, n int) *Node {
		x := p.Rows(p.From, n*a.Dim)
		return Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1), n, a.Dim)
	}
	q := MulScalar(Kernels{}.turn(all(a.Q, a.Queries), a.RotaryQ), a.scale())
	k, v := Kernels{}.turn(all(a.K, a.Keys), a.RotaryK), all(a.V, a.Keys)
	n, t := q.Shape().Dim(0), q.Shape().Dim(1)
	q = Reshape(q, n, t, a.Keys, a.Queries/a.Keys, a.Dim) // query heads by the key head that they share
	scores := atLeastFloat32(Einsum("ntkgd,nskd->nkgts", q, k))
	if a.Bias != nil {
		scores = Add(scores, ExpandAxes(a.Bias, 1, 2))
	}
	weights := ConvertDType(Softmax(scores, -1), v.DType())
	return Reshape(Einsum("nkgts,nskd->ntkgd", weights, v), n, t, a.Queries*a.Dim)
}

func (a Attention) scale() float64 { return 1 / math.Sqrt(float64(a.Dim)) }

// KeyBias turns a mask of keys [N, Tk] into an additive bias [N, Tq, Tk].
func KeyBias(mask *Node, queries int) *Node {
	n, t := mask.Shape().Dim(0), mask.Shape().Dim(1)
	bias := MulScalar(OneMinus(mask), masked)
	return BroadcastToDims(ExpandAxes(bias, 1), n, queries, t)
}

// CausalBias is [KeyBias] with the keys after each query forbidden too: [N, T, T].
func CausalBias(mask *Node) *Node {
	g, t := mask.Graph(), mask.Shape().Dim(1)
	query := Iota(g, shapes.Make(dtypes.Int32, t, t), 0)
	key := Iota(g, shapes.Make(dtypes.Int32, t, t), 1)
	later := ConvertDType(GreaterThan(key, query), mask.DType())
	bias := Add(KeyBias(mask, t), ExpandLeftToRank(MulScalar(later, masked), 3))
	return MaxScalar(bias, masked)
}
