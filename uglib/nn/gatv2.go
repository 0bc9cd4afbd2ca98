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

	// DenseNodes is the most nodes per graph for which messages travel by
	// products with incidence and attention matrices, of E·2N and N² numbers per
	// head, instead of gather and scatter. The result is the same; on the pure Go
	// backend the products are several times as fast for small graphs. 0 is for
	// 128 on that backend and never on others; a negative number for never.
	DenseNodes int
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
	e := l.newMessages(edges, n, dtype)

	self := Add(left, right)
	between := e.ends(left, right) // [BE, heads·out]
	if features != nil {
		f := Reshape(features, -1, features.Shape().Dim(-1))
		toEdge := func(f *Node) *Node { return Linear(glorot.At("lin_edge"), f, l.Heads*l.Out, false, nil) }
		self = Add(self, toEdge(e.meanInto(f)))
		between = Add(between, toEdge(f))
	}
	selfScore := l.score(self, att)                                              // [BN, heads]
	edgeScore := l.score(between, att)                                           // [BE, heads]
	edgeScore = Where(e.mask, edgeScore, AddScalar(ZerosLike(edgeScore), -1e30)) // whose exp is 0

	// Softmax over self loop and incoming edges; the maximum only scales.
	top := StopGradient(ScatterMax(selfScore, e.target, edgeScore, false, false))
	selfWeight := Exp(Sub(selfScore, top))
	edgeWeight := Exp(Sub(edgeScore, Gather(top, e.target)))
	total := Add(selfWeight, ScatterSum(ZerosLike(selfWeight), e.target, edgeWeight, false, false))
	selfWeight = Dropout(s, Div(selfWeight, total), l.Dropout)
	edgeWeight = Dropout(s, Div(edgeWeight, Gather(total, e.target)), l.Dropout)

	y := MulScalar(e.collect(left, selfWeight, edgeWeight), 1/float64(l.Heads))
	bias := zeros(s, "bias", dtype, l.Out).NodeValue(g)
	return Reshape(Add(y, ExpandLeftToRank(bias, 2)), b, n, l.Out)
}

// score is att · LeakyReLU(z) for z [T, heads·out]: [T, heads]. It is a product
// with att spread over a block-diagonal matrix.
func (l GATv2) score(z, att *Node) *Node {
	g, width := z.Graph(), l.Heads*l.Out
	shape := shapes.Make(dtypes.Int32, l.Heads, width)
	own := Equal(Div(Iota(g, shape, 1), Scalar(g, dtypes.Int32, l.Out)), Iota(g, shape, 0))
	blocks := Mul(ConvertDType(own, z.DType()), Reshape(att, 1, width)) // [heads, heads·out]
	return KernelsOf(z.Graph()).ProductT(LeakyReLU(z, l.Slope), blocks, false)
}

// initAttention is Glorot's bound as PyTorch Geometric applies it to
// att [1, heads, out]: over its last two axes.
func (l GATv2) initAttention(s *model.Scope) model.VariableInitializer {
	bound := math.Sqrt(6 / float64(l.Heads+l.Out))
	return initializer.RandomUniformFn(s, -bound, bound)
}
