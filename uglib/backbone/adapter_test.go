package backbone_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/llavanext"
	"urbangraph/uglib/backbone/phi3v"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// everywhere matches the linear layers of decoders, towers and projectors, those of the tiny models' second decoder layer
// for one.
var everywhere = regexp.MustCompile(`layers\.1\..*(_proj|fc1|fc2)$|blocks\.0\..*(qkv|proj|fc1|fc2)$|merger\.mlp\.\d$|linear_\d$|img_projection\.\d$`)

// TestAdapterInPython writes adapters, which PEFT applies to the reference models, and reads adapters that PEFT made; both
// ways the embeddings are equal. It wants UG_PEFT_PYTHON, the path of a Python with torch, transformers and peft, and for
// Phi-3-Vision PHI3V_PKG as well, the folder of its authors' own code (see testdata/adapters.py): PEFT runs over the
// classes that people use, over none of ours.
func TestAdapterInPython(t *testing.T) {
	python := os.Getenv("UG_PEFT_PYTHON")
	if python == "" {
		t.Skip("UG_PEFT_PYTHON names no Python with torch, transformers and peft")
	}
	for _, c := range []struct {
		dir     string
		open    func(t *testing.T, dir string) tiny
		pattern string // the default's target_modules as PEFT's regular expression
	}{
		{"qwen2vl/testdata", openQwen, `model\.language_model\..*\.(q|v)_proj`},
		{"qwen2vl/testdata/qwen2_5_vl", openQwen, `model\.language_model\..*\.(q|v)_proj`},
		{"llavanext/testdata", openLlava, `model\.language_model\..*\.(q|v)_proj`},
		{"phi3v/testdata", openPhi, `model\.layers\..*\.qkv_proj`},
	} {
		t.Run(c.dir, func(t *testing.T) {
			m := c.open(t, c.dir)
			if m.Family() == backbone.Phi3 && os.Getenv("PHI3V_PKG") == "" {
				t.Skip("PHI3V_PKG names no folder with Phi-3-Vision's code; phi3v/testdata/setup_phi3v.sh makes one")
			}
			byDefault := regexp.MustCompile(m.DefaultTarget())
			ours := map[string]struct {
				lora    nn.LoRA
				pattern string // target_modules as a regular expression; empty lists the paths
			}{
				"listed":  {nn.LoRA{Rank: 4, Alpha: 8, Target: byDefault}, ""},
				"pattern": {nn.LoRA{Rank: 4, Alpha: 8, RS: true, Target: byDefault}, c.pattern},
				"suffix":  {nn.LoRA{Rank: 4, Alpha: 8, Target: nn.Suffixes("q_proj", "v_proj")}, ""},
				"dora":    {nn.LoRA{Rank: 3, Alpha: 6, RS: true, DoRA: true, Target: everywhere}, ""},
			}
			dir := t.TempDir()
			vectors := map[string][]float32{"-": m.embed(t, m.store(t), nil)}
			load := []string{"-"}
			for name, a := range ours {
				store, folder := m.store(t), filepath.Join(dir, "ours, "+name)
				m.embed(t, store, &a.lora) // makes the terms
				stirTerms(store)
				o := m.adapterOptions()
				o.Target = a.pattern
				if err := nn.SaveAdapter(folder, store, &a.lora, o); err != nil {
					t.Fatal(err)
				}
				vectors[folder], load = m.embed(t, store, &a.lora), append(load, folder)
			}
			theirs := map[string]map[string]any{ // keywords of LoraConfig
				filepath.Join(dir, "theirs, suffix"):     {"r": 4, "lora_alpha": 8, "target_modules": []string{"q_proj", "v_proj", "qkv_proj"}},
				filepath.Join(dir, "theirs, pattern"):    {"r": 4, "lora_alpha": 8, "target_modules": c.pattern, "use_rslora": true},
				filepath.Join(dir, "theirs, everywhere"): {"r": 3, "lora_alpha": 6, "target_modules": "all-linear", "use_dora": true},
			}
			job, err := json.Marshal(map[string]any{"model": c.dir, "load": load, "make": theirs})
			if err != nil {
				t.Fatal(err)
			}
			var reference struct {
				PEFT, Transformers string
				Vectors            map[string][]float32
			}
			if err := json.Unmarshal(pyenv.Run(t, python, "testdata/adapters.py", string(job)), &reference); err != nil {
				t.Fatal(err)
			}
			t.Logf("peft %s, transformers %s", reference.PEFT, reference.Transformers)
			for folder := range theirs {
				store := m.store(t)
				lora, err := nn.LoadAdapter(folder, store, m.adapterOptions())
				if err != nil {
					t.Fatal(err)
				}
				vectors[folder] = m.embed(t, store, lora)
			}
			for folder, got := range vectors {
				name := filepath.Base(folder)
				golden.Near(t, name, got, reference.Vectors[folder], 1e-5, nil)
				if d := distance(got, vectors["-"]); name != "-" && d < 1e-2 {
					t.Errorf("%s changes next to nothing: %g", name, d)
				}
			}
		})
	}
}

// tiny is a reference model with its rows, whose graph tokens are tokens as any other.
type tiny struct {
	backbone.Model
	dir  string
	rows []backbone.Row
}

func (m tiny) adapterOptions() nn.AdapterOptions {
	return nn.AdapterOptions{ToAdapter: m.AdapterPath, ToStore: m.ModulePath}
}

func (m tiny) store(t *testing.T) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := m.Load(store, m.dir); err != nil {
		t.Fatal(err)
	}
	return store
}

// embed gives the unit vectors of the rows.
func (m tiny) embed(t *testing.T, store *model.Store, lora *nn.LoRA) []float32 {
	t.Helper()
	b, err := m.Layout(m.rows, len(m.rows), 0, backbone.Size{})
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range b.Tensors() {
		args = append(args, x)
	}
	out := golden.Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.L2Normalize(m.LastHidden(s, nodes, transformer.Options{LoRA: lora}), -1)}
	})
	return golden.Floats(t, out[0])
}

// tinyRows gives the tokens of a folder's rows, the first of its pictures to the first row and the others to the
// third. Negative tokens are of pictures.
func tinyRows(t *testing.T, dir string, image int, pictures []vision.Picture) []backbone.Row {
	t.Helper()
	in := golden.Tensors(t, dir, "inputs")
	ids, mask := tensors.MustCopyFlatData[int32](in["input_ids"]), tensors.MustCopyFlatData[int32](in["attention_mask"])
	rows := make([]backbone.Row, 4)
	for i, id := range ids {
		if row := &rows[i/(len(ids)/4)]; mask[i] == 1 {
			if id < 0 {
				id = int32(image)
			}
			row.IDs = append(row.IDs, id)
		}
	}
	rows[0].Images, rows[2].Images = pictures[:1], pictures[1:]
	return rows
}

func openQwen(t *testing.T, dir string) tiny {
	t.Helper()
	c, err := qwen2vl.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	grids := tensors.MustCopyFlatData[int32](golden.Tensors(t, dir, "inputs")["image_grid_thw"])
	var pictures []vision.Picture
	for first := 0; len(grids) > 0; grids = grids[3:] {
		p := vision.Patches{Grid: [3]int{int(grids[0]), int(grids[1]), int(grids[2])}}
		end := first + p.Count()*1176
		p.Data = golden.HashPixels(end, 1)[first:]
		pictures, first = append(pictures, p), end
	}
	return tiny{backbone.OfQwen2VL(c), dir, tinyRows(t, dir, c.ImageTokenID, pictures)}
}

// tinyTiles are the pictures of a folder whose models take tiles: so many crops each.
func tinyTiles(t *testing.T, dir string, side int, crops []int32, seed uint64) (out []vision.Picture) {
	t.Helper()
	sizes := tensors.MustCopyFlatData[int32](golden.Tensors(t, dir, "inputs")["image_sizes"])
	frame, most := 3*side*side, int(slices.Max(crops))
	pixels := golden.HashPixels(2*most*frame, seed)
	for i, n := range crops {
		out = append(out, vision.Tiles{Data: pixels[i*most*frame:][:int(n)*frame], Count: int(n), Side: side, Height: int(sizes[2*i]), Width: int(sizes[2*i+1])})
	}
	return out
}

func openLlava(t *testing.T, dir string) tiny {
	t.Helper()
	c, err := llavanext.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	crops := tensors.MustCopyFlatData[int32](golden.Tensors(t, dir, "inputs")["num_crops"])
	return tiny{backbone.OfLlavaNext(c), dir, tinyRows(t, dir, c.ImageTokenID, tinyTiles(t, dir, 56, crops, 3))}
}

func openPhi(t *testing.T, dir string) tiny {
	t.Helper()
	c := new(phi3v.Config)
	if err := json.Unmarshal(golden.Phi3V(t, dir), c); err != nil {
		t.Fatal(err)
	}
	return tiny{backbone.OfPhi3V(c), dir, tinyRows(t, dir, c.ImageTokenID, tinyTiles(t, dir, 336, []int32{3, 3}, 9))}
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
