package qwen2vl

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
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

// wideConfig has the width of Qwen2-VL-2B, four of its layers and a small vocabulary. Its vision tower is next to nothing,
// since rows of text have no use for one and transformers' text model, with which the benchmark is compared, has none: as
// wide as the decoder it were a quarter of the weights.
func wideConfig() *Config {
	cfg := Tiny(4096, 1536, 1, 4)
	cfg.Vision.EmbedDim, cfg.Vision.Heads = 16, 1
	cfg.IntermediateSize, cfg.Heads, cfg.KVHeads, cfg.MRoPESection, cfg.RoPETheta = 8960, 12, 2, [3]int{16, 24, 24}, 1e6
	return cfg
}

// BenchmarkForward times the forward pass of 4 rows of 64 tokens on the backend that UG_BACKEND names. The peak of memory
// counts from loading the weights on. UG_BENCH_DTYPE=bfloat16 computes in that type. testdata/bench.py compares it with
// transformers.
func BenchmarkForward(b *testing.B) {
	b.Run("wide", func(b *testing.B) { benchForward(b, wideConfig()) })
	b.Run("tiny", func(b *testing.B) { benchForward(b, Tiny(4096, 128, 1, 4)) })
}

func benchForward(b *testing.B, cfg *Config) {
	o := transformer.LoadOptions{Backend: golden.Backend()}
	if name := os.Getenv("UG_BENCH_DTYPE"); name != "" {
		var err error
		if o.DType, err = dtypes.DTypeString(name); err != nil {
			b.Fatal(err)
		}
	}
	dir := b.TempDir()
	random := model.NewStore()
	if err := errors.Join(cfg.Init(random, 1), cfg.SaveWeights(random, dir)); err != nil {
		b.Fatal(err)
	}
	random = nil
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // where it works, the peak counts from here
	store := model.NewStore()
	if err := cfg.LoadWith(store, dir, o); err != nil {
		b.Fatal(err)
	}
	const rows, tokens = 4, 64
	batch, err := cfg.Layout(benchRows(cfg, rows, tokens, false), Sizes{})
	if err != nil {
		b.Fatal(err)
	}
	exec, err := model.NewExec(golden.Backend(), store, func(s *model.Scope, nodes []*Node) *Node {
		return L2Normalize(cfg.LastHidden(s, NewInputs(nodes), Options{}), -1)
	})
	if err != nil {
		b.Fatal(err)
	}
	var args []any
	for _, t := range batch.Tensors() {
		args = append(args, t)
	}
	pass := func() {
		out, err := exec.Call(args...)
		if err != nil {
			b.Fatal(err)
		}
		golden.Floats(b, out[0]) // waits for it
	}
	compiling := time.Now()
	pass()
	first := time.Since(compiling)
	pass()
	for b.Loop() {
		pass()
	}
	b.ReportMetric(rows*tokens*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(first.Seconds(), "s-first")
	b.ReportMetric(peakMemory(b), "peak-MB")
}

// peakMemory is the most memory that the process held, in MB, 0 where that is not known.
func peakMemory(b *testing.B) float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	var kB float64
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		b.Fatal(err)
	}
	return kB / 1024
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
