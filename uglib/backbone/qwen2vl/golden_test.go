package qwen2vl

import (
	"fmt"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// folders hold the reference models: Qwen2-VL and Qwen2.5-VL.
var folders = []string{"testdata", "testdata/qwen2_5_vl"}

// reference is a reference model with its inputs and results.
type reference struct {
	dir         string
	cfg         *Config
	tokens      int // of a row, padding included
	rows        []Row
	graph       []float32 // [8, 64]
	acts, grads map[string]*tensors.Tensor
}

func loadGolden(t testing.TB, dir string) reference {
	t.Helper()
	g := reference{dir: dir}
	var err error
	if g.cfg, err = LoadConfig(dir); err != nil {
		t.Fatal(err)
	}
	g.cfg.GraphTokenID = 310
	inputs := golden.Tensors(t, dir, "inputs")
	g.acts, g.grads = golden.Tensors(t, dir, "acts"), golden.Tensors(t, dir, "grads")
	g.graph = golden.Floats(t, inputs["graph_embeds"])
	ids := tensors.MustCopyFlatData[int32](inputs["input_ids"])
	mask := tensors.MustCopyFlatData[int32](inputs["attention_mask"])
	grids := tensors.MustCopyFlatData[int32](inputs["image_grid_thw"])
	patches := 0
	for i := 0; i < len(grids); i += 3 {
		patches += int(grids[i] * grids[i+1] * grids[i+2])
	}
	pixels := golden.HashPixels(patches*1176, 1)
	var pictures []vision.Patches
	for i := 0; i < len(grids); i += 3 {
		p := vision.Patches{Grid: [3]int{int(grids[i]), int(grids[i+1]), int(grids[i+2])}}
		n := p.Count() * 1176
		p.Data, pixels = pixels[:n], pixels[n:]
		pictures = append(pictures, p)
	}
	g.rows, g.tokens = make([]Row, 4), len(ids)/4
	for r := range g.rows {
		for i := r * g.tokens; i < (r+1)*g.tokens; i++ {
			if mask[i] == 1 {
				g.rows[r].IDs = append(g.rows[r].IDs, ids[i])
			}
		}
	}
	g.rows[0].Images, g.rows[2].Images = pictures[:1], pictures[1:]
	g.rows[0].Graph, g.rows[3].Graph = []int{0, 1, 2, 3, 4}, []int{5, 6, 7}
	return g
}

func (g reference) store(t testing.TB) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := g.cfg.Load(store, g.dir); err != nil {
		t.Fatal(err)
	}
	return store
}

func (g reference) layout(t testing.TB, sizes Sizes) *Batch {
	t.Helper()
	b, err := g.cfg.Layout(g.rows, sizes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// args gives the tensors of a batch and, behind them, the graph vectors padded to the batch's number of them.
func (g reference) args(b *Batch) []any {
	var out []any
	for _, t := range b.Tensors() {
		out = append(out, t)
	}
	vectors := make([]float32, b.GraphVectors*g.cfg.HiddenSize)
	copy(vectors, g.graph)
	return append(out, tensors.FromFlatDataAndDimensions(vectors, b.GraphVectors, g.cfg.HiddenSize))
}

// unpad takes what the pictures fill of [I, P, w], in the order in which it stands there.
func (b *Batch) unpad(got []float32, width int) []float32 {
	var out []float32
	for i, m := range b.PatchMask {
		if m == 1 {
			out = append(out, got[i*width:(i+1)*width]...)
		}
	}
	return out
}

// rowByRow takes the same of [I, per, w] in the order of the pictures' merged blocks, unit rows for each.
func (g reference) rowByRow(got []float32, per, width, unit int) []float32 {
	var out []float32
	picture := 0
	for _, row := range g.rows {
		for _, img := range row.Images {
			for k := range img.Count() / g.cfg.Vision.MergeUnit() {
				at := picture*per + g.cfg.Vision.place(img.Grid, k)*unit
				out = append(out, got[at*width:(at+unit)*width]...)
			}
			picture++
		}
	}
	return out
}

func TestGoldenPositions(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) { goldenPositions(t, loadGolden(t, dir)) })
	}
}

func goldenPositions(t *testing.T, g reference) {
	b := g.layout(t, Sizes{})
	want := tensors.MustCopyFlatData[int32](g.acts["position_ids"])
	for axis := range 3 {
		for i, m := range b.Mask {
			if m == 1 && b.Positions[axis][i] != want[axis*len(b.Mask)+i] {
				t.Fatalf("axis %d, row %d, token %d: position %d, want %d", axis, i/g.tokens, i%g.tokens, b.Positions[axis][i], want[axis*len(b.Mask)+i])
			}
		}
	}
}

// TestGoldenLayers compares every layer with transformers, for the tightest sizes and for generous ones, in both forms.
func TestGoldenLayers(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) { goldenLayers(t, loadGolden(t, dir)) })
	}
}

func goldenLayers(t *testing.T, g reference) {
	generous := Sizes{Rows: 6, Tokens: g.tokens + 10, Images: 4, Patches: 12 * g.cfg.Vision.PatchUnit(), GraphVectors: 9}
	for _, sizes := range []Sizes{{}, generous} {
		for _, checkpoint := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v checkpoint %v", sizes, checkpoint), func(t *testing.T) {
				b := g.layout(t, sizes)
				var names []string
				out := golden.Run(t, g.store(t), g.args(b), func(s *model.Scope, nodes []*Node) []*Node {
					names = nil
					var taps []*Node
					last := len(nodes) - 1
					o := Options{Graph: nodes[last], Checkpoint: checkpoint, Tap: func(name string, x *Node) { names, taps = append(names, name), append(taps, x) }}
					h := g.cfg.Forward(s, NewInputs(nodes[:last]), o)
					names, taps = append(names, "last_hidden"), append(taps, h)
					in := NewInputs(nodes[:last])
					names, taps = append(names, "embedding"), append(taps, L2Normalize(Reshape(transformer.Pick(h, in.Last), -1, 64), -1))
					return taps
				})
				for i, name := range names {
					got := golden.Floats(t, out[i])
					want := golden.Floats(t, g.acts[name])
					tolerance := 2e-5
					var skip func(int) bool
					switch {
					case name == "embedding":
						got, tolerance = got[:4*64], 1e-5
					case name == "image_features":
						got = g.rowByRow(got, b.Patches/4, 64, 1)
					case name == "vis.patch_embed":
						got = g.rowByRow(got, b.Patches, 32, 4)
					case name[:3] == "vis":
						got = b.unpad(got, 32)
					default: // [B, S, H] against [4, tokens, H]
						var tight []float32
						for r := range 4 {
							tight = append(tight, got[r*b.Tokens*64:(r*b.Tokens+g.tokens)*64]...)
						}
						got = tight
						skip = func(i int) bool { return i/64%g.tokens >= len(g.rows[i/64/g.tokens].IDs) }
					}
					golden.Near(t, name, got, want, tolerance, skip)
				}
				if want := 1 + g.cfg.Vision.Depth + 2 + g.cfg.Layers + 2; len(names) < want {
					t.Errorf("only %v were compared", names)
				}
			})
		}
	}
}

// TestGoldenEmbedding checks the short cut for the last token, with padding on either side.
func TestGoldenEmbedding(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) { goldenEmbedding(t, loadGolden(t, dir)) })
	}
}

func goldenEmbedding(t *testing.T, g reference) {
	for _, left := range []bool{false, true} {
		b := g.layout(t, Sizes{Tokens: g.tokens + 2, PadLeft: left})
		out := golden.Run(t, g.store(t), g.args(b), func(s *model.Scope, nodes []*Node) []*Node {
			last := len(nodes) - 1
			return []*Node{L2Normalize(g.cfg.LastHidden(s, NewInputs(nodes[:last]), Options{Graph: nodes[last]}), -1)}
		})
		golden.Near(t, fmt.Sprintf("embedding, padding left %v", left), golden.Floats(t, out[0]), golden.Floats(t, g.acts["embedding"]), 1e-5, nil)
	}
}

func TestHalfPrecision(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			g := loadGolden(t, dir)
			golden.HalfPrecision(t, func(store *model.Store, o transformer.LoadOptions) error {
				return g.cfg.LoadWith(store, dir, o)
			}, g.args(g.layout(t, Sizes{})), func(s *model.Scope, nodes []*Node) *Node {
				last := len(nodes) - 1
				return g.cfg.LastHidden(s, NewInputs(nodes[:last]), Options{Graph: nodes[last]})
			})
		})
	}
}

// TestGoldenGradients compares the loss and the gradients of every decoder weight and of the graph vectors.
func TestGoldenGradients(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) { goldenGradients(t, loadGolden(t, dir)) })
	}
}

func goldenGradients(t *testing.T, g reference) {
	for _, form := range []struct {
		name   string
		hidden func(s *model.Scope, in Inputs, o Options) *Node
	}{
		{"all tokens", func(s *model.Scope, in Inputs, o Options) *Node {
			return Reshape(transformer.Pick(g.cfg.Forward(s, in, o), in.Last), -1, 64)
		}},
		{"last token", g.cfg.LastHidden},
		{"recomputed", func(s *model.Scope, in Inputs, o Options) *Node {
			o.Checkpoint = true
			return g.cfg.LastHidden(s, in, o)
		}},
	} {
		t.Run(form.name, func(t *testing.T) {
			args := g.args(g.layout(t, Sizes{}))
			golden.Gradients(t, g.store(t), args, g.cfg.Shapes(), g.acts, g.grads, func(s *model.Scope, nodes []*Node) *Node {
				last := len(nodes) - 1
				return form.hidden(s, NewInputs(nodes[:last]), Options{Graph: nodes[last]})
			})
		})
	}
}
