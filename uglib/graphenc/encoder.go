package graphenc

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// normEpsilon is PyTorch's default for LayerNorm.
const normEpsilon = 1e-5

// slope is GATv2's LeakyReLU slope in the reference.
const slope = 0.2

// Inputs are a batch of padded graphs inside a graph of computation.
type Inputs struct {
	Text     *graph.Node // float [B, N, HiddenDim]
	Spatial  *graph.Node // float [B, N, 4·bands]
	Kind     *graph.Node // int32 [B, N], -1 for padding
	Center   *graph.Node // int32 [B], -1 for none
	Edges    nn.Edges
	Features *graph.Node // float [B, E, columns]
}

// Unpack makes the inputs from the parameters that [Batch.Tensors] fill, with
// the texts looked up in the language model's input embeddings, table
// [vocabulary, HiddenDim]: the mean over a text's tokens, zero for none. They
// are of the table's type, or of float32 if that is of lower precision.
func Unpack(in []*graph.Node, table *graph.Node) Inputs {
	dtype, zero := table.DType(), graph.ScalarZero(table.Graph(), dtypes.Int32)
	if dtype.Size() < dtypes.Float32.Size() {
		dtype = dtypes.Float32
	}
	return Inputs{
		Text:    meanEmbedding(table, in[0], dtype),
		Spatial: graph.ConvertDType(in[1], dtype),
		Kind:    in[2],
		Center:  in[3],
		Edges: nn.Edges{
			Source: graph.MaxScalar(in[4], 0),
			Target: in[5],
			Mask:   graph.GreaterOrEqual(in[4], zero),
		},
		Features: graph.ConvertDType(in[6], dtype),
	}
}

// meanEmbedding is the mean of the rows of table [V, H] that the ids
// [B, N, T] name, without the negative ones: [B, N, H] in dtype.
func meanEmbedding(table, ids *graph.Node, dtype dtypes.DType) *graph.Node {
	real := graph.GreaterOrEqual(ids, graph.ScalarZero(ids.Graph(), ids.DType()))
	mask := graph.ConvertDType(real, dtype)                                    // [B, N, T]
	rows := graph.Gather(table, graph.InsertAxes(graph.MaxScalar(ids, 0), -1)) // [B, N, T, H]
	sum := graph.ReduceSum(graph.Mul(graph.ConvertDType(rows, dtype), graph.InsertAxes(mask, -1)), 2)
	count := graph.ReduceAndKeep(mask, graph.ReduceSum, -1) // [B, N, 1]
	return graph.Div(sum, graph.MaxScalar(count, 1))
}

// Forward returns the tokens [B, N, OutputDim] of the batch, zero where the
// mask, bool [B, N], is false for padding. The scope holds the variables under
// the reference's names (convs/0/att and so on), with
// image_marker, kind_embedding/weight, edge_encoder/type_encoder and
// output_scale beside them.
func Forward(s *model.Scope, c Config, in Inputs) (tokens, mask *graph.Node) {
	g, dtype := in.Text.Graph(), in.Text.DType()
	s = s.WithInitializer(nn.KaimingUniform(s))
	mask = graph.GreaterOrEqual(in.Kind, graph.ScalarZero(g, in.Kind.DType()))

	x := c.embedNodes(s, in)
	var edges *graph.Node
	if c.UseEdgeFeatures {
		edges = c.embedEdges(s.At("edge_encoder"), in.Features)
	}
	for i := range c.NumLayers {
		layer := nn.GATv2{Heads: c.GATHeads, Out: c.width(), Slope: slope, Dropout: c.Dropout}
		y := layer.Apply(s.At("convs").At("%d", i), x, in.Edges, edges)
		y = nn.LayerNorm(s.At("layer_norms").At("%d", i), y, normEpsilon)
		switch last := i == c.NumLayers-1; {
		case !last:
			x = graph.Add(x, nn.ReLU(y))
		case c.Reference:
			x = y
		default:
			x = graph.Add(x, y)
		}
	}
	x = c.mlp(s.At("output_proj"), x, 2*c.width(), c.OutputDim, true)
	if !c.Reference {
		start := c.TokenNorm / math.Sqrt(float64(c.OutputDim))
		x = graph.Mul(x, constant(s, "output_scale", start, dtype).NodeValue(g))
	}
	return graph.Where(mask, x, graph.ZerosLike(x)), mask
}

// embedNodes is the input of the first layer: [B, N, width].
func (c Config) embedNodes(s *model.Scope, in Inputs) *graph.Node {
	g, dtype := in.Text.Graph(), in.Text.DType()
	x := in.Text
	if !c.Reference {
		head := s.At("node_encoder").At("node_head")
		head = head.WithInitializer(nn.XavierUniform(head))
		x = nn.Linear(head.At("0"), x, c.HiddenDim, true, nil)
		x = nn.ReLU(nn.LayerNorm(head.At("1"), x, normEpsilon))
		x = nn.Linear(head.At("4"), nn.Dropout(s, x, c.Dropout), c.HiddenDim, true, nil)
	}
	if c.UseSpatialEncoding {
		place := c.mlp(s.At("spatial_encoder").At("projection"), in.Spatial, 2*c.SpatialEmbedDim, c.SpatialEmbedDim, true)
		x = graph.Concatenate([]*graph.Node{x, place}, -1)
	}
	if c.UseSpatialEncoding || !c.Reference {
		x = nn.Linear(s.At("node_projection"), x, c.width(), true, nil)
	}
	if c.Reference {
		return x
	}
	kinds := s.At("kind_embedding")
	kind := nn.Embedding(kinds.WithInitializer(nn.Normal(kinds, 0.02)), graph.MaxScalar(in.Kind, 0), dtype, c.NodeKinds, c.width())
	marker := s.WithInitializer(nn.Normal(s, 0.02)).VariableWithShape("image_marker", shapes.Make(dtype, 1, c.width())).NodeValue(g)
	index := graph.Iota(g, in.Kind.Shape(), 1)
	own := graph.ConvertDType(graph.Equal(index, graph.InsertAxes(in.Center, -1)), dtype) // [B, N]
	x = graph.Add(x, kind)
	return graph.Add(x, graph.Mul(graph.InsertAxes(own, -1), graph.InsertAxes(marker, 0)))
}

// embedEdges brings edge features [B, E, columns] to [B, E, EdgeDim]: each
// part by a network of its own, then the combiner.
func (c Config) embedEdges(s *model.Scope, features *graph.Node) *graph.Node {
	type part struct {
		name     string
		from, to int
	}
	parts := []part{{"distance_encoder", 0, 1}, {"direction_encoder", 1, 3}, {"displacement_encoder", 3, 5}}
	if !c.Reference {
		parts = append(parts, part{"type_encoder", 5, c.edgeColumns()})
	}
	encoded := make([]*graph.Node, len(parts))
	for i, p := range parts {
		x := graph.SliceAxis(features, -1, graph.AxisRange(p.from, p.to))
		encoded[i] = c.mlp(s.At("%s", p.name), x, c.EdgeDim, c.EdgeDim, false)
	}
	return c.mlp(s.At("edge_combiner"), graph.Concatenate(encoded, -1), 2*c.EdgeDim, c.EdgeDim, true)
}

// mlp is Linear, ReLU, dropout, Linear and, if norm is set, LayerNorm, under
// the names 0, 3 and 4 of the reference's nn.Sequential.
func (c Config) mlp(s *model.Scope, x *graph.Node, hidden, out int, norm bool) *graph.Node {
	x = nn.Dropout(s, nn.ReLU(nn.Linear(s.At("0"), x, hidden, true, nil)), c.Dropout)
	x = nn.Linear(s.At("3"), x, out, true, nil)
	if norm {
		x = nn.LayerNorm(s.At("4"), x, normEpsilon)
	}
	return x
}

// constant is a variable that starts at a value.
func constant(s *model.Scope, name string, value float64, dtype dtypes.DType, dims ...int) *model.Variable {
	start := func(g *graph.Graph, shape shapes.Shape) *graph.Node {
		return graph.AddScalar(graph.Zeros(g, shape), value)
	}
	return s.WithInitializer(start).VariableWithShape(name, shapes.Make(dtype, dims...))
}

// MeanNorm is the mean length of the rows of an embedding table [V, H], what
// [Config.TokenNorm] should start at.
func MeanNorm(table *tensors.Tensor) (float64, error) {
	rows, err := nn.Floats(table)
	if err != nil {
		return 0, err
	}
	width := table.Shape().Dim(-1)
	sum := 0.0
	for i := 0; i < len(rows); i += width {
		square := 0.0
		for _, x := range rows[i : i+width] {
			square += float64(x) * float64(x)
		}
		sum += math.Sqrt(square)
	}
	return sum / float64(len(rows)/width), nil
}
