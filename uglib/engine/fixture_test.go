package engine

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/llavanext"
	"urbangraph/uglib/backbone/phi3v"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

var words = strings.Fields("A residential street near a bakery crosses another in the north and walks along to the school of Elm Avenue")

// qwenModel is one of the reference's own tiny checkpoints, with a tokenizer
// that fits its vocabulary.
func qwenModel(t testing.TB, checkpoint string) *uge.Model {
	t.Helper()
	tok, err := tokenizer.TrainBPE(slices.Values([]string{strings.Join(words, " "), "system user assistant"}), 310, tokenizer.QwenSpecial())
	if err != nil {
		t.Fatal(err)
	}
	proc := vision.Default()
	proc.MinPixels, proc.MaxPixels = 28*28, 140*140
	b, err := backboneOf(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	m, err := uge.New(uge.Config{MaxTokens: 400}, b, tok, proc, 1)
	if err != nil {
		t.Fatal(err)
	}
	// The weights are read anew into the same variables.
	dir := t.TempDir()
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	weights, err := os.ReadFile(filepath.Join(checkpoint, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors"), weights, 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err = uge.Load(dir); err != nil {
		t.Fatal(err)
	}
	return m
}

// backboneOf reads a checkpoint's configuration; it has no image processor.
func backboneOf(checkpoint string) (backbone.Model, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	config, err := os.ReadFile(filepath.Join(checkpoint, transformer.ConfigName))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, transformer.ConfigName), config, 0o644); err != nil {
		return nil, err
	}
	if err := vision.Default().Save(dir); err != nil {
		return nil, err
	}
	b, _, err := backbone.Load(dir)
	return b, err
}

func tiny(t testing.TB) *uge.Model { return qwenModel(t, "../backbone/qwen2vl/testdata") }

// families are small models, one of each backbone.
func families(t testing.TB) map[string]*uge.Model {
	t.Helper()
	out := map[string]*uge.Model{"qwen2_vl": tiny(t), "qwen2_5_vl": qwenModel(t, "../backbone/qwen2vl/testdata/qwen2_5_vl")}
	mean, std := [3]float64{0.5, 0.5, 0.5}, [3]float64{0.25, 0.25, 0.25}
	decoder := transformer.Decoder{Layers: 2, Hidden: 32, Intermediate: 48, Heads: 2, KVHeads: 1, Eps: 1e-5}
	tower := clip.Tower{Layers: 2, Hidden: 16, Intermediate: 16, Heads: 2, Side: 28, PatchSize: 14, Eps: 1e-5}
	add := func(name string, b backbone.Model, p vision.ImageProcessor, added ...string) {
		tok, err := tokenizer.Load("../tokenizer/testdata/prepend.tokenizer.json")
		if err != nil {
			t.Fatal(err)
		}
		if tok, err = tok.WithAdded(added...); err != nil {
			t.Fatal(err)
		}
		m, err := uge.New(uge.Config{MaxTokens: 400}, b, tok, p, 5)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = m
	}
	points := [][2]int{{28, 56}, {56, 28}, {56, 56}}
	add("llava_next", backbone.OfLlavaNext(&llavanext.Config{
		Text: decoder, VocabSize: 500, RoPETheta: 1e4, MaxPositions: 4096, InitializerRange: 0.1, TextType: "mistral",
		Vision: tower, FeatureLayer: -2, Pinpoints: points,
	}), &vision.LlavaNext{Side: 28, Pinpoints: points, Mean: mean, Std: std}, "<graph>")
	tower.Side, tower.PatchSize, decoder.Fused = 336, 84, true
	factors := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	add("phi3_v", backbone.OfPhi3V(&phi3v.Config{
		Text: decoder, VocabSize: 500, RoPETheta: 1e4, ShortFactor: factors, LongFactor: factors, MaxPositions: 4096, OriginalPositions: 4096,
		InitializerRange: 0.1, Vision: tower,
	}), &vision.Phi3V{Crops: 2, Mean: mean, Std: std}, "<|image|>", "<|user|>", "<|assistant|>", "<|system|>", "<graph>")
	return out
}

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newEngine(t testing.TB, m *uge.Model, o Options) *Engine {
	t.Helper()
	e, err := New(m, testBackend(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// picture is a PNG file whose colours follow from the generator.
func picture(rng *rand.Rand, w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	base := [3]int{rng.IntN(200), rng.IntN(200), rng.IntN(200)}
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(base[0] + x%50), uint8(base[1] + y%50), uint8(base[2]), 255})
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		panic(err) // a buffer takes anything
	}
	return out.Bytes()
}

func sentence(rng *rand.Rand, n int) string {
	var out []string
	for range n {
		out = append(out, words[rng.IntN(len(words))])
	}
	return strings.Join(out, " ")
}

// mixed are items of all kinds and sizes.
func mixed(n int, seed uint64) []Item {
	rng := rand.New(rand.NewPCG(seed, 7))
	items := make([]Item, n)
	for i := range items {
		it := &items[i]
		it.ID = fmt.Sprintf("item-%d", i)
		kind := rng.IntN(4)
		if kind != 0 {
			it.Text = sentence(rng, 1+int(math.Exp(rng.Float64()*4)))
		}
		if kind < 2 {
			it.Image, it.Data = fmt.Sprintf("%d.png", i), picture(rng, 20+rng.IntN(200), 20+rng.IntN(200))
		}
	}
	return items
}

// alone embeds an item by itself, without any padding.
func alone(t testing.TB, e *Engine, it Item) []float32 {
	t.Helper()
	r, _, err := it.read(e.o.Instruction)
	if err != nil {
		t.Fatal(err)
	}
	row, err := r.row(e.model)
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.model.BatchOf([]uge.Row{row}, 1, row.Size)
	if err != nil {
		t.Fatal(err)
	}
	encoder := uge.NewEncoder(e.model, testBackend(t))
	defer encoder.Close()
	out, err := encoder.Run(b)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func distance(a, b []float32) (worst float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

func embed(t testing.TB, e *Engine, items []Item) ([][]float32, Summary) {
	t.Helper()
	vectors, s, err := e.Embed(context.Background(), items)
	if err != nil {
		t.Fatal(err)
	}
	return vectors, s
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
