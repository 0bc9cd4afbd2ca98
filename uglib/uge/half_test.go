package uge

import (
	"math"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
	ugbackend "urbangraph/uglib/backend"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// A model in bfloat16 embeds nearly as in float32, and its low-rank terms get
// nearly the same gradients.
func TestHalfPrecision(t *testing.T) {
	if !ugbackend.ComputesBFloat16(testBackend(t)) {
		t.Skip("the backend does not compute in bfloat16")
	}
	for name, m := range families(t) {
		t.Run(name, func(t *testing.T) {
			m.LoRA = DefaultLoRA(m.Backbone)
			m.LoRA.Dropout = 0
			p, err := m.Processor.Prepare(picture(1, 60, 40))
			if err != nil {
				t.Fatal(err)
			}
			inputs := []Input{{Text: "<image> Where?", Images: []vision.Picture{p}}}
			if m.Graph != nil {
				inputs[0].Text, inputs[0].Graph = "<image> <graph> Where?", testGraph(m, 5, 1)
			}
			grow(t, m, inputs)
			stirTerms(t, m)
			dir := t.TempDir()
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
			var vectors, slopes [2][]float32
			for i, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
				back, err := LoadWith(dir, transformer.LoadOptions{Backend: testBackend(t), DType: dtype})
				if err != nil {
					t.Fatal(err)
				}
				if have := back.Vars.GetVariable(nn.Path(m.Backbone.Embeddings())).DType(); have != dtype {
					t.Fatalf("embeddings are %s, want %s", have, dtype)
				}
				vectors[i] = encode(t, back, inputs)[0]
				slopes[i] = termGradients(t, back, inputs)
			}
			if c := cosine(vectors[0], vectors[1]); !(c > 0.999 && c < 1-1e-9) {
				t.Errorf("vectors have cosine %.6f, want above 0.999 and not the same", c)
			} else {
				t.Logf("vectors: cosine %.6f", c)
			}
			if c := cosine(slopes[0], slopes[1]); !(c > 0.99) {
				t.Errorf("gradients of the terms have cosine %.6f, want above 0.99", c)
			} else {
				t.Logf("gradients of the terms: cosine %.6f", c)
			}
		})
	}
}

// termGradients are those of a made-up loss by the low-rank terms, one behind
// the other.
func termGradients(t *testing.T, m *Model, inputs []Input) []float32 {
	t.Helper()
	b, err := m.Batch(inputs, 1)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(testBackend(t), m.Vars, func(s *model.Scope, nodes []*Node) *Node {
		e := m.Embed(s, b.Form, nodes)
		loss := ReduceAllSum(Sin(MulScalar(Mul(e, IotaFull(e.Graph(), e.Shape())), 0.1)))
		nn.SetTrainable(m.Vars, m.IsTrained)
		_, gradients := nn.Gradients(m.Vars, loss)
		for i, g := range gradients {
			gradients[i] = Reshape(g, -1)
		}
		return Concatenate(gradients, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range b.Tensors() {
		args = append(args, x)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := nn.Floats(out[0])
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func cosine(a, b []float32) float64 {
	return Similarity(a, b) / math.Sqrt(Similarity(a, a)*Similarity(b, b))
}
