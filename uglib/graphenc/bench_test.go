package graphenc

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// benchGraphs are 32 graphs of 48 nodes with 100 edges, 200 directed.
func benchGraphs() []Graph {
	rng := rand.New(rand.NewPCG(1, 1))
	graphs := make([]Graph, 32)
	for i := range graphs {
		graphs[i] = randomGraph(rng, 48, 100)
	}
	return graphs
}

func BenchmarkForward(b *testing.B)      { benchmark(b, false) }
func BenchmarkTrainingStep(b *testing.B) { benchmark(b, true) }

// benchmark runs the encoder at width 96, forward or forward, backward and
// AdamW.
func benchmark(b *testing.B, train bool) {
	c := Default(96)
	batch, err := c.Batch(benchGraphs(), Size{Nodes: 48, Edges: 200, Tokens: 8})
	if err != nil {
		b.Fatal(err)
	}
	s := model.NewStore()
	if err := s.SetRNGStateFromSeed(1); err != nil {
		b.Fatal(err)
	}
	exec, err := model.NewExec(backend(b), s, func(s *model.Scope, in []*graph.Node) []*graph.Node {
		g := in[0].Graph()
		s.Store().SetTraining(g, train)
		emb := s.At("embed_tokens")
		emb = emb.WithInitializer(nn.Normal(emb, 0.02))
		table := nn.EmbeddingTable(emb, g, dtypes.Float32, vocabulary, c.HiddenDim)
		tokens, _ := Forward(s.At("graph_encoder"), c, Unpack(in, table))
		loss := graph.ReduceAllMean(graph.Square(tokens))
		if train {
			nn.NewAdamW().Update(s.Store(), loss, graph.Scalar(g, dtypes.Float32, 1e-4))
		}
		return []*graph.Node{loss}
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := exec.Call(batch.args()...); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBatch(b *testing.B) {
	c, graphs := Default(96), benchGraphs()
	for b.Loop() {
		if _, err := c.Batch(graphs, Size{Nodes: 48, Edges: 200, Tokens: 8}); err != nil {
			b.Fatal(err)
		}
	}
}
