package nn

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// doraStore is the layer of testdata/dora.safetensors (references/gen_dora.py)
// under /base.
func doraStore(t *testing.T, g map[string]*tensors.Tensor, adapter bool) *model.Store {
	t.Helper()
	s := newStore(t, 1)
	paths := map[string]string{"/base/weight": "w", "/base/bias": "bias"}
	if adapter {
		paths["/base/lora_A/weight"], paths["/base/lora_B/weight"], paths["/base/lora_magnitude_vector/weight"] = "a", "b", "m"
	}
	for path, name := range paths {
		x, err := g[name].LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		if err := setVariable(s, path, x); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestDoRAGolden compares output, gradients and merged weight with torch.
func TestDoRAGolden(t *testing.T) {
	g := golden(t, filepath.Join("testdata", "dora.safetensors"))
	for name, rs := range map[string]bool{"plain": false, "rs": true} {
		lora := &LoRA{Rank: 4, Alpha: 8, RS: rs, DoRA: true, Target: regexp.MustCompile(`^base$`)}
		s := doraStore(t, g, true)
		whole := func(s *model.Scope, x *Node) *Node { return Linear(s.At("base"), x, 10, true, lora) }
		inRows := func(s *model.Scope, x *Node) *Node { // as the heads of an attention take it
			p := KernelsOf(x.Graph()).Project(s.At("base"), x, 10, true, lora)
			return Concatenate([]*Node{p.Rows(0, 3), p.Rows(3, 7)}, -1)
		}
		for form, layer := range map[string]func(s *model.Scope, x *Node) *Node{"whole": whole, "in rows": inRows} {
			out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x, weight *Node) []*Node {
				y := layer(s, x)
				value := func(path string) *Node { return s.Store().GetVariable(path).NodeValue(x.Graph()) }
				loss := ReduceAllSum(Mul(y, weight))
				return append([]*Node{y}, Gradient(loss, value("/base/lora_A/weight"), value("/base/lora_B/weight"),
					value("/base/lora_magnitude_vector/weight"), x)...)
			}, g["x"], g["weight_of_loss"])
			if err != nil {
				t.Fatal(err)
			}
			for i, what := range []string{"y", "d_a", "d_b", "d_m", "d_x"} {
				near(t, form+" "+name+"."+what, floats(t, out[i]), floats(t, g[name+"."+what]), 2e-6)
			}
		}
		if _, err := lora.Merge(s); err != nil {
			t.Fatal(err)
		}
		near(t, name+".merged", floats(t, s.GetVariable("/base/weight").MustValue()), floats(t, g[name+".merged"]), 1e-6)
	}
}

// TestDoRAStart checks that the magnitudes start at the rows' lengths, so that
// the layer starts unchanged, with dropout too.
func TestDoRAStart(t *testing.T) {
	g := golden(t, filepath.Join("testdata", "dora.safetensors"))
	s := doraStore(t, g, false)
	lora := &LoRA{Rank: 4, Alpha: 8, Dropout: 0.5, DoRA: true, Target: regexp.MustCompile(`^base$`)}
	out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x *Node) []*Node {
		s.Store().SetTraining(x.Graph(), true)
		return []*Node{Linear(s.At("base"), x, 10, true, lora), Linear(s.At("base"), x, 10, true, nil)}
	}, g["x"])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "output at the start", floats(t, out[0]), floats(t, out[1]), 1e-6)
	near(t, "magnitudes", floats(t, s.GetVariable("/base/lora_magnitude_vector/weight").MustValue()), floats(t, g["start"]), 1e-6)

	if _, err := model.CallOnce(backend(t), newStore(t, 1), func(s *model.Scope, x *Node) *Node {
		return Linear(s.At("base"), x, 10, true, lora)
	}, g["x"]); err == nil || !strings.Contains(err.Error(), "load or initialise the model") {
		t.Errorf("DoRA on a weight without a value: %v", err)
	}
}

// TestDoRADropout looks at a layer of one input, which dropout either leaves
// out of the term or doubles.
func TestDoRADropout(t *testing.T) {
	s := newStore(t, 4)
	set(t, s, "/base/weight", [][]float32{{3}})
	set(t, s, "/base/lora_A/weight", [][]float32{{2}})
	set(t, s, "/base/lora_B/weight", [][]float32{{0.5}})
	set(t, s, "/base/lora_magnitude_vector/weight", []float32{8}) // 3 + 1·1 becomes 8: the factor is 2
	lora := &LoRA{Rank: 1, Alpha: 1, Dropout: 0.5, DoRA: true, Target: regexp.MustCompile(`^base$`)}
	x := make([][]float32, 64)
	for i := range x {
		x[i] = []float32{1}
	}
	out, err := model.CallOnce(backend(t), s, func(s *model.Scope, x *Node) *Node {
		s.Store().SetTraining(x.Graph(), true)
		return Linear(s.At("base"), x, 1, false, lora)
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	// 3·1, and with 2 of input (2-1)·3·2 + 2·1·2 more.
	got := slices.Compact(slices.Sorted(slices.Values(floats(t, out))))
	if !slices.Equal(got, []float32{3, 13}) {
		t.Errorf("outputs %v, want 3 and 13", got)
	}
}

// TestDoRAAdapter writes and reads a DoRA adapter under PEFT's names.
func TestDoRAAdapter(t *testing.T) {
	g := golden(t, filepath.Join("testdata", "dora.safetensors"))
	s := doraStore(t, g, true)
	lora := &LoRA{Rank: 4, Alpha: 8, RS: true, DoRA: true, Target: regexp.MustCompile(`^base$`)}
	dir := t.TempDir()
	if err := SaveAdapter(dir, s, lora, AdapterOptions{}); err != nil {
		t.Fatal(err)
	}
	all := golden(t, filepath.Join(dir, adapterTensorsFile))
	if len(all) != 3 || all["base_model.model.base.lora_magnitude_vector"] == nil {
		t.Errorf("tensors %v", all)
	}
	back := doraStore(t, g, false)
	again, err := LoadAdapter(dir, back, AdapterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !again.DoRA || !again.RS || again.Rank != 4 || again.Alpha != 8 {
		t.Errorf("%+v", again)
	}
	for path, want := range values(t, s) {
		if string(values(t, back)[path]) != string(want) {
			t.Errorf("%s came back changed", path)
		}
	}
	lora.DoRA = false
	if err := SaveAdapter(dir, s, lora, AdapterOptions{}); err == nil || !strings.Contains(err.Error(), "use_dora is not set") {
		t.Errorf("magnitudes without DoRA: %v", err)
	}
}
