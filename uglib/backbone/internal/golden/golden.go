// Package golden helps the tests of the backbones to compare with what the reference implementations computed.
package golden

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/nn"
)

// Backend gives the backend that the environment names, which is pure Go by default; see package backend.
var Backend = sync.OnceValue(func() compute.Backend {
	b, err := backend.Default()
	if err != nil {
		panic(err)
	}
	return b
})

// HashPixels is hash_pixels of the scripts' common.py.
func HashPixels(n int, seed uint64) []float32 {
	out := make([]float32, n)
	for i := range out {
		x := uint32(uint64(i)*2654435761 + seed*40503)
		out[i] = float32(float64(x>>16&255)/127.5 - 1)
	}
	return out
}

// Phi3V gives the configuration of a folder's Phi-3-Vision as JSON. The tower, which the file of a real model does not
// describe, is that of the script, and the token of images one of the small vocabulary.
func Phi3V(t testing.TB, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	m["vision_config"] = clip.Tower{Layers: 3, Hidden: 16, Intermediate: 32, Heads: 2, Side: 336, PatchSize: 14, Eps: 1e-5}
	m["image_token_id"] = 311
	if data, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return data
}

// Tensors reads a safetensors file of a folder.
func Tensors(t testing.TB, dir, name string) map[string]*tensors.Tensor {
	t.Helper()
	all, err := nn.LoadTensors(filepath.Join(dir, name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Floats gives the values of a tensor.
func Floats(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	if x == nil {
		t.Fatal("no such tensor")
	}
	v, err := nn.Floats(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Run computes what fn builds.
func Run(t testing.TB, store *model.Store, args []any, fn func(s *model.Scope, nodes []*graph.Node) []*graph.Node) []*tensors.Tensor {
	t.Helper()
	exec, err := model.NewExec(Backend(), store, fn)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Near compares got to want. Indices for which skip holds are not compared.
func Near(t testing.TB, name string, got, want []float32, tolerance float64, skip func(i int) bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", name, len(got), len(want))
		return
	}
	worst, at := 0.0, -1
	for i := range want {
		if skip != nil && skip(i) {
			continue
		}
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		t.Errorf("%s: value %d is %g, want %g: off by %.2g, tolerance %.2g", name, at, got[at], want[at], worst, tolerance)
		return
	}
	t.Logf("%s: largest difference %.2g (tolerance %.2g)", name, worst, tolerance)
}

// NearGradient is Near with a tolerance relative to the largest value.
func NearGradient(t testing.TB, key string, got, want []float32) {
	t.Helper()
	size := 0.0
	for _, w := range want {
		size = max(size, math.Abs(float64(w)))
	}
	Near(t, fmt.Sprintf("d_%s", key), got, want, 1e-4*max(size, 1e-3), nil)
}

// HalfPrecision compares the embeddings of a model that is loaded in bfloat16 with those in float32, where the backend
// computes in it: their cosines are above 0.999. The graph vectors, the last of the arguments, are float32.
func HalfPrecision(t *testing.T, load func(store *model.Store, o transformer.LoadOptions) error, args []any, hidden func(s *model.Scope, nodes []*graph.Node) *graph.Node) {
	t.Helper()
	if !backend.ComputesBFloat16(Backend()) {
		t.Skipf("the backend %s does not compute in bfloat16", Backend().Name())
	}
	var vectors [2][]float32
	width := 0
	for i, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16} {
		store := model.NewStore()
		if err := load(store, transformer.LoadOptions{Backend: Backend(), DType: dtype}); err != nil {
			t.Fatal(err)
		}
		for v := range store.IterVariables() {
			if v.DType().IsFloat() && v.DType() != dtype {
				t.Fatalf("%s is loaded as %s, want %s", v.Path(), v.DType(), dtype)
			}
		}
		out := Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
			h := hidden(s, nodes)
			if h.DType() != dtypes.Float32 {
				t.Fatalf("hidden states are %s, want float32", h.DType())
			}
			return []*graph.Node{graph.L2Normalize(h, -1)}
		})
		vectors[i], width = Floats(t, out[0]), out[0].Shape().Dim(-1)
	}
	if slices.Equal(vectors[0], vectors[1]) {
		t.Error("bfloat16 gives what float32 gives: it was not computed in it")
	}
	for r := 0; r < len(vectors[0]); r += width {
		cosine := 0.0
		for i := range width {
			cosine += float64(vectors[0][r+i]) * float64(vectors[1][r+i])
		}
		if t.Logf("row %d: cosine %.6f", r/width, cosine); !(cosine > 0.999) {
			t.Errorf("row %d: cosine %.6f to the embedding in float32, want above 0.999", r/width, cosine)
		}
	}
}

// Loss is the scripts' InfoNCE at temperature 0.05 of embeddings [4, H], of which each second is a positive.
func Loss(embeddings *graph.Node) *graph.Node {
	h := embeddings.Shape().Dim(-1)
	e := graph.Reshape(embeddings, 2, 2, h)
	side := func(i int) *graph.Node {
		return graph.Reshape(graph.Slice(e, graph.AxisRange(), graph.AxisElem(i)), 2, h)
	}
	return nn.InfoNCE{Temperature: 0.05}.Loss(side(0), side(1), nil)
}

// Gradients compares the loss and the gradients of every tensor that the reference has one of, and of the graph vectors,
// which are the last of the arguments.
func Gradients(t *testing.T, store *model.Store, args []any, shapes map[string][]int, acts, grads map[string]*tensors.Tensor,
	embedding func(s *model.Scope, nodes []*graph.Node) *graph.Node) {
	t.Helper()
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(shapes)) {
		if _, ok := grads["d_"+key]; ok {
			keys = append(keys, key)
		}
	}
	if len(keys) != len(grads)-2 { // two are of no tensor of the model
		t.Fatalf("gradients for %d of the model's tensors, the reference has %v", len(keys), slices.Sorted(maps.Keys(grads)))
	}
	out := Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		loss := Loss(graph.L2Normalize(embedding(s, nodes), -1))
		wrt := []*graph.Node{nodes[len(nodes)-1]}
		for _, key := range keys {
			wrt = append(wrt, store.GetVariable(nn.Path(key)).NodeValue(loss.Graph()))
		}
		return append([]*graph.Node{loss}, graph.Gradient(loss, wrt...)...)
	})
	Near(t, "loss", Floats(t, out[0]), Floats(t, acts["loss"]), 1e-5, nil)
	for i, key := range append([]string{"graph_embeds"}, keys...) {
		NearGradient(t, key, Floats(t, out[1+i]), Floats(t, grads["d_"+key]))
	}
}
