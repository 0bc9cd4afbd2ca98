package qwen2vl

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/nn"
)

// adapters are those that [TestAdapterInPython] writes, by the folder's name. Targets are of the hub's module paths.
var adapters = map[string]struct {
	lora    nn.LoRA
	pattern string // target_modules as PEFT's regular expression; empty lists the paths
}{
	"listed":  {nn.LoRA{Rank: 4, Alpha: 8, Target: regexp.MustCompile(`^model\.layers\.\d+\.self_attn\.[qv]_proj$`)}, ""},
	"pattern": {nn.LoRA{Rank: 4, Alpha: 8, RS: true, Target: nn.Suffixes("q_proj", "v_proj")}, `model\.language_model\..*\.(q|v)_proj`},
	"dora":    {nn.LoRA{Rank: 3, Alpha: 6, RS: true, DoRA: true, Target: regexp.MustCompile(`^model\.layers\.1\..*_proj$|^visual\.blocks\.0\.attn\.proj$`)}, ""},
}

// TestAdapterInPython writes adapters that Python applies to the reference model, and compares the embeddings. It wants
// UG_PEFT_PYTHON, the path of a Python with torch, transformers and peft; testdata/load_adapter.py says what it does
// without the last.
func TestAdapterInPython(t *testing.T) {
	python := os.Getenv("UG_PEFT_PYTHON")
	if python == "" {
		t.Skip("UG_PEFT_PYTHON names no Python with torch, transformers and peft")
	}
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			g := loadGolden(t, dir)
			g.cfg.GraphTokenID = 0 // Python embeds the graph tokens as any other
			for i := range g.rows {
				g.rows[i].Graph = nil
			}
			ours := map[string][]float32{"-": g.embed(t, g.store(t), nil)}
			args := []string{"testdata/load_adapter.py", dir, "-"}
			for name, a := range adapters {
				store := g.store(t)
				g.embed(t, store, &a.lora) // makes the terms
				stirTerms(store)
				folder := filepath.Join(t.TempDir(), name)
				if err := nn.SaveAdapter(folder, store, &a.lora, nn.AdapterOptions{Target: a.pattern, ToAdapter: func(module string) string {
					if strings.HasPrefix(module, "visual.") {
						return "model." + module
					}
					return strings.Replace(module, "model.", "model.language_model.", 1)
				}}); err != nil {
					t.Fatal(err)
				}
				ours[folder], args = g.embed(t, store, &a.lora), append(args, folder)
			}
			var got struct {
				By, Transformers string
				Vectors          map[string][]float32
			}
			if err := json.Unmarshal(pyenv.Run(t, python, args...), &got); err != nil {
				t.Fatal(err)
			}
			t.Logf("adapters applied by %s, transformers %s", got.By, got.Transformers)
			for name, want := range ours {
				golden.Near(t, filepath.Base(name), got.Vectors[name], want, 1e-5, nil)
				if name != "-" && distance(want, ours["-"]) < 1e-2 {
					t.Errorf("%s changes next to nothing", name)
				}
			}
		})
	}
}

// embed gives the unit vectors of the rows.
func (g reference) embed(t *testing.T, store *model.Store, lora *nn.LoRA) []float32 {
	t.Helper()
	var args []any
	for _, x := range g.layout(t, Sizes{}).Tensors() {
		args = append(args, x)
	}
	out := golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
		return []*Node{L2Normalize(g.cfg.LastHidden(s, NewInputs(nodes), Options{LoRA: lora}), -1)}
	})
	return golden.Floats(t, out[0])
}

// stirTerms moves the terms of an adapter away from where they start.
func stirTerms(store *model.Store) {
	rng := rand.New(rand.NewPCG(3, 1))
	for v := range store.IterVariables() {
		if !strings.Contains(v.Path(), "/lora_") {
			continue
		}
		values := tensors.MustCopyFlatData[float32](v.MustValue())
		for i := range values {
			if strings.Contains(v.Path(), "magnitude") {
				values[i] *= float32(1 + 0.3*rng.NormFloat64())
			} else {
				values[i] = float32(0.1 * rng.NormFloat64())
			}
		}
		v.MustSetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...))
	}
}

func distance(a, b []float32) (most float64) {
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}
