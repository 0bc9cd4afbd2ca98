package phi3v

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
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

func tinyConfig(t testing.TB) *Config {
	t.Helper()
	cfg := new(Config)
	if err := json.Unmarshal(golden.Phi3V(t, "testdata"), cfg); err != nil {
		t.Fatal(err)
	}
	cfg.GraphTokenID = 312
	return cfg
}

func load(t testing.TB) reference {
	t.Helper()
	r := reference{cfg: tinyConfig(t), rows: make([]clip.Row, 4), acts: golden.Tensors(t, "testdata", "acts"), grads: golden.Tensors(t, "testdata", "grads")}
	in := golden.Tensors(t, "testdata", "inputs")
	r.graph = golden.Floats(t, in["graph_embeds"])
	ids, mask := tensors.MustCopyFlatData[int32](in["input_ids"]), tensors.MustCopyFlatData[int32](in["attention_mask"])
	r.tokens = len(ids) / 4
	vectors := 0
	for i, id := range ids {
		if mask[i] == 0 {
			continue
		}
		row := &r.rows[i/r.tokens]
		if id < 0 {
			id = int32(r.cfg.ImageTokenID)
		}
		row.IDs = append(row.IDs, id)
		if int(id) == r.cfg.GraphTokenID {
			row.Graph = append(row.Graph, vectors)
			vectors++
		}
	}
	sizes := tensors.MustCopyFlatData[int32](in["image_sizes"])
	frame := 3 * 336 * 336
	pixels := golden.HashPixels(6*frame, 9)
	for i := range 2 {
		r.rows[2*i].Images = []vision.Tiles{{Data: pixels[3*i*frame:][:3*frame], Count: 3, Side: 336, Height: int(sizes[2*i]), Width: int(sizes[2*i+1])}}
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

// every takes each step-th of n rows of w values, from each of so many blocks of have rows.
func every(x []float32, blocks, have, n, w, step int) []float32 {
	var out []float32
	for b := range blocks {
		for i := 0; i < n; i += step {
			out = append(out, x[(b*have+i)*w:][:w]...)
		}
	}
	return out
}

// TestGoldenLayers compares every layer with the reference, which keeps each 8th token and each 48th patch.
func TestGoldenLayers(t *testing.T) {
	r := load(t)
	store := r.store(t)
	h, e := r.cfg.Text.Hidden, r.cfg.Vision.Hidden
	for _, sizes := range []clip.Sizes{{}, {Rows: 5, Tokens: r.tokens + 3, Tiles: 7, GraphVectors: 9}} {
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
				compared := 0
				for i, name := range names {
					got := golden.Floats(t, out[i])
					switch {
					case name == "vis.pre_layrnorm":
						continue
					case strings.HasPrefix(name, "vis."):
						golden.Near(t, name, every(got, 6, 577, 577, e, 48), golden.Floats(t, r.acts[name+"[:, ::48]"]), 2e-5, nil)
					case name == "image_features":
						r.features(t, got, b)
					default:
						per := (r.tokens + 7) / 8
						skip := func(i int) bool { return i/h%per*8 >= len(r.rows[i/h/per].IDs) }
						golden.Near(t, name, every(got, 4, b.Tokens, r.tokens, h, 8), golden.Floats(t, r.acts[name+"[:, ::8]"]), 2e-5, skip)
					}
					compared++
				}
				if want := 1 + 2 + 1 + 1 + r.cfg.Text.Layers + 1; compared != want {
					t.Errorf("%v: %d compared, want %d", names, compared, want)
				}
			})
		}
	}
}

// features compares the projected features in the order of the image tokens, each 8th of them.
func (r reference) features(t *testing.T, got []float32, b *clip.Batch) {
	t.Helper()
	h := r.cfg.Text.Hidden
	for i := range 2 {
		order, err := r.cfg.Order(r.rows[2*i].Images[0])
		if err != nil {
			t.Fatal(err)
		}
		var packed []float32
		for k := 0; k < len(order); k += 8 {
			at := 3*i*144 + order[k]
			if order[k] < 0 {
				at = b.Tiles*144 - 1 - order[k]
			}
			packed = append(packed, got[at*h:][:h]...)
		}
		name := fmt.Sprintf("image_features%d[::8]", i)
		golden.Near(t, name, packed, golden.Floats(t, r.acts[name]), 2e-5, nil)
	}
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

// TestGoldenLongRow runs the decoder on 4,100 positions, for which the long frequencies hold.
func TestGoldenLongRow(t *testing.T) {
	if testing.Short() {
		t.Skip("attends over 4,100 tokens")
	}
	const n = 4100
	r := load(t)
	h, d := r.cfg.Text.Hidden, r.cfg.Text.HeadDim()
	frequencies, scale := r.cfg.Angle(n)
	cos, sin := make([]float32, n*d), make([]float32, n*d)
	for i := range n {
		for j, f := range frequencies {
			transformer.SetAngle(cos[i*d:(i+1)*d], sin[i*d:(i+1)*d], j, float32(i)*f)
		}
	}
	args := []any{
		tensors.FromFlatDataAndDimensions(golden.HashPixels(n*h, 11), 1, n, h),
		tensors.FromFlatDataAndDimensions(cos, 1, n, d), tensors.FromFlatDataAndDimensions(sin, 1, n, d),
	}
	out := golden.Run(t, r.store(t), args, func(s *model.Scope, in []*Node) []*Node {
		mask := Ones(in[0].Graph(), in[1].Shape())
		mask = ReduceMax(mask, -1)
		rotary := transformer.Rotary{Cos: MulScalar(in[1], scale), Sin: MulScalar(in[2], scale)}
		return []*Node{r.cfg.Text.All(s, in[0], mask, rotary, &transformer.Options{})}
	})
	got := golden.Floats(t, out[0])
	golden.Near(t, "head", got[:8*h], golden.Floats(t, r.acts["longrope_last_hidden_head8"]), 2e-5, nil)
	golden.Near(t, "tail", got[(n-8)*h:], golden.Floats(t, r.acts["longrope_last_hidden_tail8"]), 2e-5, nil)
}

func TestOrder(t *testing.T) {
	cfg := &Config{Vision: clip.Tower{Side: 4, PatchSize: 1}} // 2 by 2 features a tile
	img := vision.Tiles{Count: 3, Side: 4, Width: 8, Height: 4}
	got, err := cfg.Order(img)
	if err != nil {
		t.Fatal(err)
	}
	want := []int{4, 5, 8, 9, rowEnd, 6, 7, 10, 11, rowEnd, between, 0, 1, rowEnd, 2, 3, rowEnd}
	if !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	cfg.WholeFirst = true
	if got, err = cfg.Order(img); err != nil || !slices.Equal(got, slices.Concat(want[11:], want[10:11], want[:10])) {
		t.Errorf("whole first: %v, %v", got, err)
	}
	if _, err := cfg.Order(vision.Tiles{Count: 2, Side: 4, Width: 8, Height: 4}); err == nil || !strings.Contains(err.Error(), "2 tiles") {
		t.Errorf("a missing tile: %v", err)
	}
}

func TestSaveAndLoad(t *testing.T) {
	r := load(t)
	dir := t.TempDir()
	if err := r.cfg.Save(filepath.Join(dir, transformer.ConfigName)); err != nil {
		t.Fatal(err)
	}
	if err := r.cfg.SaveWeights(r.store(t), dir); err != nil {
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
	const tower = "model.vision_embed_tokens.img_processor."
	for name, want := range map[string]string{
		tower + "pre_layrnorm.bias":                    tower + "vision_model.pre_layrnorm.bias",
		tower + "vision_model.embeddings.position_ids": "",
		"model.vision_embed_tokens.wte.weight":         "",
		"lm_head.weight":                               "",
		"model.layers.3.self_attn.qkv_proj.weight":     "model.layers.3.self_attn.qkv_proj.weight",
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
		{`"model_type": "phi3_v"`, `"model_type": "phi3"`, `model_type is "phi3"`},
		{`"type": "su"`, `"type": "yarn"`, `"yarn"`},
		{`1.05,`, ``, "short_factor has 7 values"},
		{`1.05,`, `-1.05,`, "positive numbers"},
		{`"use_hd_transform": true`, `"use_hd_transform": false`, "HD transform"},
		{`"sub_glb"`, `"glb"`, "hd_transform_order"},
		{`"embd_layer"`, `"layer"`, "embd_layer"},
		{`"vocab_size": 320`, `"vocab_size": 32000`, "image_token_id is 32044"},
		{`"hidden_act": "silu"`, `"hidden_act": "gelu"`, "only silu"},
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
