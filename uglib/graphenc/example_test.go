package graphenc_test

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/paulmach/orb"

	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
)

// An image, the street it stands in, and a café along it become three tokens.
func Example() {
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		panic(err)
	}
	config := graphenc.Default(32)
	batch, err := config.Batch([]graphenc.Graph{{
		Nodes: []graphenc.Node{
			{At: orb.Point{-75.5466, 39.7459}, Kind: graphenc.ImageKind},
			{At: orb.Point{-75.5470, 39.7462}, Kind: 1, Tokens: []int32{17, 4}},
			{At: orb.Point{-75.5468, 39.7461}, Kind: 3, Tokens: []int32{9, 9, 30}},
		},
		Edges: []graphenc.Edge{
			{From: 0, To: 1, Type: 0, Distance: 4, Bearing: 310},
			{From: 2, To: 1, Type: 0, Distance: 12, Bearing: 120},
		},
	}}, graphenc.Size{})
	if err != nil {
		panic(err)
	}
	exec, err := model.NewExec(backend, model.NewStore(), func(s *model.Scope, in []*graph.Node) []*graph.Node {
		table := nn.EmbeddingTable(s.At("embed_tokens"), in[0].Graph(), dtypes.Float32, 50, config.HiddenDim)
		tokens, mask := graphenc.Forward(s.At("graph_encoder"), config, graphenc.Unpack(in, table))
		return []*graph.Node{tokens, mask}
	})
	if err != nil {
		panic(err)
	}
	var args []any
	for _, t := range batch.Tensors() {
		args = append(args, t)
	}
	out, err := exec.Call(args...)
	if err != nil {
		panic(err)
	}
	fmt.Println(out[0].Shape(), out[1].Value())
	// Output: (Float32)[1, 8, 32] [[true true true false false false false false]]
}
