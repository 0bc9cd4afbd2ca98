package qwen2vl

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/vision"
)

// benchRows makes n rows of tokens random tokens each, with a picture of 6x8 patches first if asked.
func benchRows(cfg *Config, n, tokens int, picture bool) []Row {
	rng := rand.New(rand.NewPCG(1, uint64(tokens)))
	rows := make([]Row, n)
	for r := range rows {
		if picture {
			rows[r].IDs = append(rows[r].IDs, int32(cfg.VisionStartTokenID))
			for range 12 {
				rows[r].IDs = append(rows[r].IDs, int32(cfg.ImageTokenID))
			}
			rows[r].IDs = append(rows[r].IDs, int32(cfg.VisionEndTokenID))
			img := vision.Patches{Data: golden.HashPixels(48*cfg.Vision.PatchDim(), uint64(r)), Grid: [3]int{1, 6, 8}}
			for i := range img.Data {
				if i/196%2 == 1 { // the second frame repeats the first, as the image processor has it
					img.Data[i] = img.Data[i-196]
				}
			}
			rows[r].Images = []vision.Patches{img}
		}
		for len(rows[r].IDs) < tokens {
			rows[r].IDs = append(rows[r].IDs, int32(rng.IntN(cfg.VocabSize-10)))
		}
	}
	return rows
}

// benchConfig is the size that the offline default trains at.
func benchConfig() *Config {
	cfg := Tiny(4096, 96, 2, 2)
	cfg.ImageTokenID, cfg.VisionStartTokenID, cfg.VisionEndTokenID, cfg.PadTokenID = 4095, 4094, 4093, 4092
	return cfg
}

// BenchmarkTrainStep times forward and backward pass of 32 pairs: a picture of 48 patches in 48 tokens against 64 tokens
// of text, InfoNCE, plain gradient descent on every weight.
func BenchmarkTrainStep(b *testing.B) {
	cfg := benchConfig()
	store := model.NewStore()
	if err := cfg.Init(store, 1); err != nil {
		b.Fatal(err)
	}
	const pairs = 32
	queries, err := cfg.Layout(benchRows(cfg, pairs, 48, true), Sizes{})
	if err != nil {
		b.Fatal(err)
	}
	texts, err := cfg.Layout(benchRows(cfg, pairs, 64, false), Sizes{})
	if err != nil {
		b.Fatal(err)
	}
	exec, err := model.NewExec(golden.Backend(), store, func(s *model.Scope, nodes []*Node) *Node {
		q := L2Normalize(cfg.LastHidden(s, NewInputs(nodes[:ImageInputs]), Options{}), -1)
		p := L2Normalize(cfg.LastHidden(s, NewInputs(nodes[ImageInputs:]), Options{}), -1)
		g := q.Graph()
		logits := DivScalar(DotGeneral(q, []int{1}, nil, p, []int{1}, nil), 0.05)
		diagonal := ConvertDType(Diagonal(g, pairs), q.DType())
		loss := Neg(ReduceAllMean(ReduceSum(Mul(LogSoftmax(logits, -1), diagonal), -1)))
		var vars []*model.Variable
		var values []*Node
		for v := range store.IterVariables() {
			vars, values = append(vars, v), append(values, v.NodeValue(g))
		}
		for i, grad := range Gradient(loss, values...) {
			vars[i].SetNodeValue(Sub(values[i], MulScalar(grad, 1e-3)))
		}
		return loss
	})
	if err != nil {
		b.Fatal(err)
	}
	var args []any
	for _, batch := range []*Batch{queries, texts} {
		for _, t := range batch.Tensors() {
			args = append(args, t)
		}
	}
	step := func() {
		if _, err := exec.Call(args...); err != nil {
			b.Fatal(err)
		}
	}
	step() // compiles
	for b.Loop() {
		step()
	}
	b.ReportMetric(pairs*60/(b.Elapsed().Seconds()/float64(b.N)), "samples/min")
}

// BenchmarkLayout times the host's part of the step's picture side.
func BenchmarkLayout(b *testing.B) {
	cfg := benchConfig()
	rows := benchRows(cfg, 32, 48, true)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cfg.Layout(rows, Sizes{}); err != nil {
			b.Fatal(err)
		}
	}
}
