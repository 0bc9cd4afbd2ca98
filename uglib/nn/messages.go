package nn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// denseNodes is the default of [GATv2.DenseNodes] on the pure Go backend.
const denseNodes = 128

// messages carries numbers along the edges of a batch of graphs. Nodes are
// numbered through the batch: node i of row b is b·n + i.
type messages struct {
	b, n, e        int
	source, target *Node // int32 [BE, 1]
	mask           *Node // bool [BE], false for padding and self loops
	incidence      *Node // float [B, E, 2N]: 1 at an edge's source, and at n + its target; nil for gather and scatter
	incidenceT     *Node // float [B, 2N, E]: the same, transposed
}

func (l GATv2) newMessages(edges Edges, n int, dtype dtypes.DType) messages {
	g, shape := edges.Source.Graph(), edges.Source.Shape()
	m := messages{b: shape.Dim(0), n: n, e: shape.Dim(1)}
	source, target := ConvertDType(edges.Source, dtypes.Int32), ConvertDType(edges.Target, dtypes.Int32)
	row := MulScalar(Iota(g, shapes.Make(dtypes.Int32, m.b, m.e), 0), n)
	m.source, m.target = Reshape(Add(source, row), -1, 1), Reshape(Add(target, row), -1, 1)
	m.mask = Reshape(LogicalAnd(edges.Mask, NotEqual(source, target)), -1)
	limit := l.DenseNodes
	if limit == 0 && isPureGo(g) {
		limit = denseNodes
	}
	if n <= limit {
		touches := func(nodeAxis, edgeAxis int) *Node {
			dims := []int{m.b, 0, 0}
			dims[nodeAxis], dims[edgeAxis] = 2*n, m.e
			index := Iota(g, shapes.Make(dtypes.Int32, dims...), nodeAxis)
			isSource := Equal(index, InsertAxes(source, nodeAxis))
			isTarget := Equal(index, InsertAxes(AddScalar(target, n), nodeAxis))
			return ConvertDType(LogicalOr(isSource, isTarget), dtype)
		}
		m.incidence, m.incidenceT = touches(2, 1), touches(1, 2)
	}
	return m
}

// ends is, for each edge, left of its source plus right of its target: [BE, W]
// of left and right [BN, W].
func (m messages) ends(left, right *Node) *Node {
	if m.incidence == nil {
		return Add(Gather(left, m.source), Gather(right, m.target))
	}
	both := Concatenate([]*Node{Reshape(left, m.b, m.n, -1), Reshape(right, m.b, m.n, -1)}, 1) // [B, 2N, W]
	return Reshape(product(m.incidence, both, m.incidenceT), m.b*m.e, -1)
}

// collect is, for each node, the sum over heads of its own weight times its
// own value and of each incoming edge's weight times the source's value:
// [BN, out] of values [BN, heads·out] and weights [BN, heads] and [BE, heads].
func (m messages) collect(value, selfWeight, edgeWeight *Node) *Node {
	g, dtype, heads := value.Graph(), value.DType(), selfWeight.Shape().Dim(1)
	if m.incidence == nil {
		weigh := func(value, weight *Node) *Node {
			return ReduceSum(Mul(Reshape(value, value.Shape().Dim(0), heads, -1), InsertAxes(weight, -1)), 1)
		}
		// The sum over heads comes before the scatter, which then is heads times narrower.
		own := weigh(value, selfWeight)
		return ScatterSum(own, m.target, weigh(Gather(value, m.source), edgeWeight), false, false)
	}
	// Attention as a matrix: the row of a target holds, for each source, its weights by head, duplicate edges summed.
	local := func(index *Node) *Node { return Mod(index, Scalar(g, dtypes.Int32, m.n)) }
	nodes := Iota(g, shapes.Make(dtypes.Int32, m.b*m.n, 1), 0)
	attention := Zeros(g, shapes.Make(dtype, m.b*m.n*m.n, heads))
	attention = ScatterSum(attention, Add(MulScalar(m.target, m.n), local(m.source)), edgeWeight, false, false)
	attention = ScatterSum(attention, Add(MulScalar(nodes, m.n), local(nodes)), selfWeight, false, false)
	return Reshape(product(Reshape(attention, m.b, m.n, m.n*heads), Reshape(value, m.b, m.n*heads, -1), nil), m.b*m.n, -1)
}

// meanInto is, for each node, the mean of the features [BE, D] of the edges
// that enter it: [BN, D], zero where there are none.
func (m messages) meanInto(features *Node) *Node {
	g, dtype := features.Graph(), features.DType()
	one := InsertAxes(ConvertDType(m.mask, dtype), -1) // [BE, 1]
	var sum *Node
	if m.incidence == nil {
		sum = ScatterSum(Zeros(g, shapes.Make(dtype, m.b*m.n, features.Shape().Dim(1))), m.target, Mul(features, one), false, false)
	} else {
		into := Mul(SliceAxis(m.incidenceT, 1, AxisRange(m.n)), Reshape(one, m.b, 1, m.e)) // [B, N, E]
		sum = Reshape(product(into, Reshape(features, m.b, m.e, -1), nil), m.b*m.n, -1)
	}
	count := ScatterSum(Zeros(g, shapes.Make(dtype, m.b*m.n, 1)), m.target, one, false, false)
	return Div(sum, MaxScalar(count, 1))
}
