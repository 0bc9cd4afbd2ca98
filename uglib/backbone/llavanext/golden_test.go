package llavanext

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// reference is the model of testdata with its inputs and results.
type reference struct {
	cfg         *Config
	rows        []clip.Row
	tokens      int // of a row, padding included
	graph       []float32
	acts, grads map[string]*tensors.Tensor
}

func load(t testing.TB) reference {
	t.Helper()
	cfg, err := LoadConfig("testdata")
	if err != nil {
		t.Fatal(err)
	}
	cfg.GraphTokenID = 312
	in := golden.Tensors(t, "testdata", "inputs")
	r := reference{cfg: cfg, rows: make([]clip.Row, 4), acts: golden.Tensors(t, "testdata", "acts"), grads: golden.Tensors(t, "testdata", "grads")}
	r.graph = golden.Floats(t, in["graph_embeds"])
	ids, mask := tensors.MustCopyFlatData[int32](in["input_ids"]), tensors.MustCopyFlatData[int32](in["attention_mask"])
	r.tokens = len(ids) / 4
	for i, id := range ids {
		if mask[i] == 1 {
			row := &r.rows[i/r.tokens]
			row.IDs = append(row.IDs, id)
			if int(id) == cfg.GraphTokenID {
				row.Graph = append(row.Graph, len(r.rows[0].Graph)+len(r.rows[3].Graph))
			}
		}
	}
	sizes, crops := tensors.MustCopyFlatData[int32](in["image_sizes"]), tensors.MustCopyFlatData[int32](in["num_crops"])
	frame := 3 * 56 * 56
	pixels := golden.HashPixels(2*int(slices.Max(crops))*frame, 3)
	for i, n := range crops {
		first := i * int(slices.Max(crops)) * frame
		r.rows[2*i].Images = []vision.Tiles{{Data: pixels[first:][:int(n)*frame], Count: int(n), Side: 56, Height: int(sizes[2*i]), Width: int(sizes[2*i+1])}}
	}
	return r
}

func (r reference) store(t testing.TB) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := r.cfg.Load(store, "testdata"); err != nil {
		t.Fatal(err)
	}
	return store
}

// args gives the tensors of a batch and, behind them, the graph vectors.
func (r reference) args(t testing.TB, sizes clip.Sizes) (*clip.Batch, []any) {
	t.Helper()
	b, err := r.cfg.Layout(r.rows, sizes)
	if err != nil {
		t.Fatal(err)
	}
	var out []any
	for _, x := range b.Tensors() {
		out = append(out, x)
	}
	vectors := make([]float32, b.GraphVectors*r.cfg.Text.Hidden)
	copy(vectors, r.graph)
	return b, append(out, tensors.FromFlatDataAndDimensions(vectors, b.GraphVectors, r.cfg.Text.Hidden))
}

// TestGoldenLayers compares every layer with transformers, for the tightest sizes and for generous ones, in both forms.
func TestGoldenLayers(t *testing.T) {
	r := load(t)
	store := r.store(t)
	h := r.cfg.Text.Hidden
	for _, sizes := range []clip.Sizes{{}, {Rows: 5, Tokens: r.tokens + 3, Tiles: 12, GraphVectors: 9}} {
		for _, checkpoint := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v checkpoint %v", sizes, checkpoint), func(t *testing.T) {
				b, args := r.args(t, sizes)
				var names []string
				out := golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
					names = nil
					var taps []*Node
					last := len(nodes) - 1
					o := transformer.Options{Graph: nodes[last], Checkpoint: checkpoint, Tap: func(name string, x *Node) { names, taps = append(names, name), append(taps, x) }}
					hidden := r.cfg.Forward(s, clip.NewInputs(nodes[:last]), o)
					names, taps = append(names, "last_hidden"), append(taps, hidden)
					return taps
				})
				for i, name := range names {
					got, want := golden.Floats(t, out[i]), golden.Floats(t, r.acts[name])
					var skip func(int) bool
					switch {
					case name == "image_features": // packed in the order of the tokens
						got = r.pack(t, got, h)
					case strings.HasPrefix(name, "vis."):
						got = got[:len(want)]
					default: // [B, S, H] against [4, tokens, H]
						var tight []float32
						for k := range 4 {
							tight = append(tight, got[k*b.Tokens*h:][:r.tokens*h]...)
						}
						got, skip = tight, func(i int) bool { return i/h%r.tokens >= len(r.rows[i/h/r.tokens].IDs) }
					}
					golden.Near(t, name, got, want, 2e-5, skip)
				}
				if want := 2 + 2 + 2 + r.cfg.Text.Layers + 1; len(names) != want {
					t.Errorf("%v were compared, want %d", names, want)
				}
			})
		}
	}
}

// pack puts features [T, P, H] into the order of the image tokens, separators included.
func (r reference) pack(t testing.TB, features []float32, h int) []float32 {
	t.Helper()
	newline := golden.Floats(t, r.store(t).GetVariable(nn.Path("image_newline")).MustValue())
	var out []float32
	tile := 0
	for _, row := range r.rows {
		for _, img := range row.Images {
			order, err := r.cfg.Order(img)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range order {
				if f < 0 {
					out = append(out, newline...)
				} else {
					out = append(out, features[(tile*16+f)*h:][:h]...)
				}
			}
			tile += img.Count
		}
	}
	return out
}

// hidden gives the hidden states of the last tokens; the last node holds the graph vectors.
func (r reference) hidden(s *model.Scope, nodes []*Node, checkpoint bool) *Node {
	last := len(nodes) - 1
	return r.cfg.LastHidden(s, clip.NewInputs(nodes[:last]), transformer.Options{Graph: nodes[last], Checkpoint: checkpoint})
}

func TestGoldenEmbedding(t *testing.T) {
	r := load(t)
	for _, left := range []bool{false, true} {
		_, args := r.args(t, clip.Sizes{Tokens: r.tokens + 2, PadLeft: left})
		out := golden.Run(t, r.store(t), args, func(s *model.Scope, nodes []*Node) []*Node {
			return []*Node{L2Normalize(r.hidden(s, nodes, false), -1)}
		})
		golden.Near(t, fmt.Sprintf("embedding, padding left %v", left), golden.Floats(t, out[0]), golden.Floats(t, r.acts["embedding"]), 1e-5, nil)
	}
}

func TestHalfPrecision(t *testing.T) {
	r := load(t)
	_, args := r.args(t, clip.Sizes{})
	golden.HalfPrecision(t, func(store *model.Store, o transformer.LoadOptions) error {
		return r.cfg.LoadWith(store, "testdata", o)
	}, args, func(s *model.Scope, nodes []*Node) *Node { return r.hidden(s, nodes, false) })
}

func TestGoldenGradients(t *testing.T) {
	r := load(t)
	for _, checkpoint := range []bool{false, true} {
		_, args := r.args(t, clip.Sizes{})
		golden.Gradients(t, r.store(t), args, r.cfg.Shapes(), r.acts, r.grads, func(s *model.Scope, nodes []*Node) *Node {
			return r.hidden(s, nodes, checkpoint)
		})
	}
}

// The default adapter targets the decoder alone, though the vision tower has layers of the same names.
func TestAdapterSparesTheTower(t *testing.T) {
	r := load(t)
	store := r.store(t)
	_, args := r.args(t, clip.Sizes{})
	lora := &nn.LoRA{Rank: 2, Alpha: 4, Target: regexp.MustCompile(`^language_model\..*\.(q_proj|v_proj)$`)}
	golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
		return []*Node{r.cfg.LastHidden(s, clip.NewInputs(nodes[:len(nodes)-1]), transformer.Options{Graph: nodes[len(nodes)-1], LoRA: lora})}
	})
	n := 0
	for v := range store.IterVariables() {
		if strings.Contains(v.Path(), "/lora_") {
			n++
			if !strings.HasPrefix(v.Path(), "/language_model/") {
				t.Errorf("an adapter at %s", v.Path())
			}
		}
	}
	if n != 2*2*2 {
		t.Errorf("%d tensors of adapters, want two for each of two layers' two projections", n)
	}
}

// What is written is read back, by the names of the hub and by newer ones.
func TestSaveAndLoad(t *testing.T) {
	r := load(t)
	store := r.store(t)
	dir := t.TempDir()
	if err := r.cfg.Save(filepath.Join(dir, transformer.ConfigName)); err != nil {
		t.Fatal(err)
	}
	if err := r.cfg.SaveWeights(store, dir); err != nil {
		t.Fatal(err)
	}
	back, err := LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, r.cfg) {
		t.Errorf("configuration read back as %+v, want %+v", back, r.cfg)
	}
	if err := back.Load(model.NewStore(), dir); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"model.language_model.layers.0.mlp.up_proj.weight":            "language_model.model.layers.0.mlp.up_proj.weight",
		"model.vision_tower.vision_model.pre_layrnorm.bias":           "vision_tower.vision_model.pre_layrnorm.bias",
		"vision_tower.encoder.layers.0.mlp.fc1.weight":                "vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight",
		"model.vision_tower.embeddings.class_embedding":               "vision_tower.vision_model.embeddings.class_embedding",
		"model.multi_modal_projector.linear_1.weight":                 "multi_modal_projector.linear_1.weight",
		"model.image_newline":                                         "image_newline",
		"language_model.lm_head.weight":                               "",
		"lm_head.weight":                                              "",
		"vision_tower.vision_model.embeddings.position_ids":           "",
		"language_model.model.layers.0.self_attn.rotary_emb.inv_freq": "",
	} {
		if got := HubKey(name); got != want {
			t.Errorf("HubKey(%s) = %q, want %q", name, got, want)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"model_type": "llava_next"`, `"model_type": "llava"`, `model_type is "llava"`},
		{`"model_type": "mistral"`, `"model_type": "qwen2"`, "only mistral and llama"},
		{`"vision_feature_layer": -2`, `"vision_feature_layer": [-2, -3]`, "only one layer"},
		{`"vision_feature_layer": -2`, `"vision_feature_layer": -9`, "the tower has 3 layers"},
		{`"default"`, `"full"`, "only default"},
		{`"gelu"`, `"relu"`, "relu"},
		{`"hidden_size": 64`, `"hidden_size": 66`, "whole, even dimension"},
		{`"image_size": 56`, `"image_size": 57`, "no multiple of patch_size"},
		{`"image_token_index": 310`, `"image_token_index": 320`, "image_token_index is 320"},
	} {
		bad := strings.Replace(string(data), c.old, c.new, 1)
		if bad == string(data) {
			t.Errorf("%q is not in the file", c.old)
		}
		if err := json.Unmarshal([]byte(bad), new(Config)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %s: %v, want an error with %q", c.new, err, c.want)
		}
	}
}

func TestOrderErrors(t *testing.T) {
	cfg := load(t).cfg
	for _, c := range []struct {
		img  vision.Tiles
		want string
	}{
		{vision.Tiles{Count: 2}, "size of the picture"},
		{vision.Tiles{Count: 2, Width: 100, Height: 100}, "there are 2 tiles"},
	} {
		if _, err := cfg.Order(c.img); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
}
