package nn

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	. "github.com/gomlx/gomlx/support/exceptions"
)

// Edges are the directed edges of a batch of padded graphs, as made on the
// host. Row b of the batch has its own nodes, 0 to N-1.
type Edges struct {
	Source, Target *Node // int32 [B, E], indices into the row's nodes
	Mask           *Node // bool [B, E]: false for padding, whose indices must still be in range
}

// GATv2 is one graph attention layer (Brody, Alon, Yahav 2021, arXiv
// 2105.14491), exactly as PyTorch Geometric's GATv2Conv with concat=False,
// share_weights=False and add_self_loops=True with fill_value="mean". For an
// edge s→t with features f and each head,
//
//	e = att · LeakyReLU(lin_l(x_s) + lin_r(x_t) + lin_edge(f))
//	α = softmax of e over the edges that enter t
//	out_t = Σ α·lin_l(x_s)
//
// and the result is the mean over heads plus bias. Every node has one self
// loop, whose features are the mean of those of the edges that enter it, or
// zero without any; self loops among the given edges are replaced by it, and
// duplicate edges count twice.
//
// Variables, with PyTorch Geometric's names: att [1, heads, out], lin_l/weight
// and lin_r/weight [heads·out, in], lin_l/bias and lin_r/bias [heads·out],
// lin_edge/weight [heads·out, D] (only with edge features), bias [out].
// Matrices start as Glorot's, biases at zero.
type GATv2 struct {
	Heads   int
	Out     int     // width of the result
	Slope   float64 // of LeakyReLU; PyTorch Geometric's default is 0.2
	Dropout float64 // of the attention weights, in training
}

// Apply returns the layer's result [B, N, Out] for nodes x [B, N, F] and edge
// features [B, E, D], or nil for none.
func (l GATv2) Apply(s *model.Scope, x *Node, edges Edges, features *Node) *Node {
	if x.Rank() != 3 || edges.Source.Rank() != 2 || x.Shape().Dim(0) != edges.Source.Shape().Dim(0) {
		Panicf("nn.GATv2: nodes %s and edges %s are not [B, N, F] and [B, E]", x.Shape(), edges.Source.Shape())
	}
	g, dtype := x.Graph(), x.DType()
	b, n := x.Shape().Dim(0), x.Shape().Dim(1)
	glorot := s.WithInitializer(XavierUniform(s))
	att := s.WithInitializer(l.initAttention(s)).VariableWithShape("att", shapes.Make(dtype, 1, l.Heads, l.Out)).NodeValue(g)
	nodes := Reshape(x, b*n, -1)
	left := Linear(glorot.At("lin_l"), nodes, l.Heads*l.Out, true, nil)  // [BN, heads·out]
	right := Linear(glorot.At("lin_r"), nodes, l.Heads*l.Out, true, nil) // [BN, heads·out]
	e := flatten(edges, n)

	self := Add(left, right)
	between := Add(Gather(left, e.source), Gather(right, e.target)) // [BE, heads·out]
	if features != nil {
		f := Reshape(features, -1, features.Shape().Dim(-1))
		toEdge := func(f *Node) *Node { return Linear(glorot.At("lin_edge"), f, l.Heads*l.Out, false, nil) }
		self = Add(self, toEdge(e.meanInto(f, b*n)))
		between = Add(between, toEdge(f))
	}
	selfScore := l.score(self, att)     // [BN, heads]
	edgeScore := l.score(between, att)  // [BE, heads]
	lowest := ConstAs(edgeScore, -1e30) // exp of it is 0
	edgeScore = Where(e.mask, edgeScore, BroadcastToShape(lowest, edgeScore.Shape()))

	// Softmax over self loop and incoming edges; the maximum only scales.
	top := StopGradient(ScatterMax(selfScore, e.target, edgeScore, false, false))
	selfWeight := Exp(Sub(selfScore, top))
	edgeWeight := Exp(Sub(edgeScore, Gather(top, e.target)))
	total := Add(selfWeight, ScatterSum(ZerosLike(selfWeight), e.target, edgeWeight, false, false))
	selfWeight = Dropout(s, Div(selfWeight, total), l.Dropout)
	edgeWeight = Dropout(s, Div(edgeWeight, Gather(total, e.target)), l.Dropout)

	// The sum over heads is taken before the scatter, which then is heads times narrower.
	y := Add(l.weigh(left, selfWeight),
		ScatterSum(Zeros(g, shapes.Make(dtype, b*n, l.Out)), e.target, l.weigh(Gather(left, e.source), edgeWeight), false, false))
	bias := zeros(s, "bias", dtype, l.Out).NodeValue(g)
	return Reshape(Add(y, ExpandLeftToRank(bias, 2)), b, n, l.Out)
}

// score is att · LeakyReLU(z) for z [T, heads·out]: [T, heads].
func (l GATv2) score(z, att *Node) *Node {
	z = Reshape(LeakyReLU(z, l.Slope), -1, l.Heads, l.Out)
	return ReduceSum(Mul(z, att), -1)
}

// weigh is the mean over heads of weight·value, for values [T, heads·out] and
// weights [T, heads]: [T, out].
func (l GATv2) weigh(value, weight *Node) *Node {
	value = Mul(Reshape(value, -1, l.Heads, l.Out), InsertAxes(weight, -1))
	return MulScalar(ReduceSum(value, 1), 1/float64(l.Heads))
}

// initAttention is Glorot's bound as PyTorch Geometric applies it to
// att [1, heads, out]: over its last two axes.
func (l GATv2) initAttention(s *model.Scope) model.VariableInitializer {
	bound := math.Sqrt(6 / float64(l.Heads+l.Out))
	return initializer.RandomUniformFn(s, -bound, bound)
}

// flatEdges are edges between the nodes of the whole batch, numbered through.
type flatEdges struct {
	source, target *Node // int32 [BE, 1]
	mask           *Node // bool [BE], false for padding and self loops
}

func flatten(e Edges, n int) flatEdges {
	g, shape := e.Source.Graph(), e.Source.Shape()
	offset := MulScalar(Iota(g, shapes.Make(dtypes.Int32, shape.Dimensions...), 0), n)
	flat := func(x *Node) *Node { return Reshape(Add(ConvertDType(x, dtypes.Int32), offset), -1, 1) }
	mask := LogicalAnd(e.Mask, NotEqual(e.Source, e.Target))
	return flatEdges{source: flat(e.Source), target: flat(e.Target), mask: Reshape(mask, -1)}
}

// meanInto is the mean of the features [BE, D] of the edges that enter each of
// the nodes: [nodes, D], zero where there are none.
func (e flatEdges) meanInto(features *Node, nodes int) *Node {
	g, dtype := features.Graph(), features.DType()
	one := InsertAxes(ConvertDType(e.mask, dtype), -1) // [BE, 1]
	sum := ScatterSum(Zeros(g, shapes.Make(dtype, nodes, features.Shape().Dim(1))), e.target, Mul(features, one), false, false)
	count := ScatterSum(Zeros(g, shapes.Make(dtype, nodes, 1)), e.target, one, false, false)
	return Div(sum, MaxScalar(count, 1))
}
