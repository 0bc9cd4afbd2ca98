package uge

import (
	"context"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/paulmach/orb"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/vision"
)

const testHidden = 32

var corpus = []string{
	"You are a helpful assistant.", "What street is shown here?", "A residential street near a bakery.",
	"The street crosses another street in the north.", "street view image", "system user assistant",
	"system user assistant", "Walk along the street to the bakery.", "A residential street near a school.",
}

// tinyTokenizer knows the words of the corpus and the given special tokens.
func tinyTokenizer(t testing.TB, special []string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.TrainBPE(slices.Values(corpus), 380, special)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// tinyModel is a model of one layer each, 32 wide, for images of up to 16 patches.
func tinyModel(t testing.TB, config Config) *Model {
	t.Helper()
	tok := tinyTokenizer(t, tokenizer.QwenSpecial())
	proc := vision.Default()
	proc.MinPixels, proc.MaxPixels = 28*28, 56*56
	m, err := New(config, backbone.OfQwen2VL(qwen2vl.Tiny(tok.VocabSize(), testHidden, 1, 1)), tok, proc, 3)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// tinyGraphModel has a graph encoder and low-rank terms besides, all of them
// moved away from where they start.
func tinyGraphModel(t testing.TB) *Model {
	t.Helper()
	m := tinyModel(t, Config{MaxTokens: 200})
	if err := m.AddGraph(graphenc.Default(testHidden), DefaultLoRA(m.Backbone)); err != nil {
		t.Fatal(err)
	}
	in := Input{Text: "<image><graph>street", Images: []vision.Picture{patches(t, m, 1, 56, 56)}, Graph: testGraph(m, 3, 1)}
	grow(t, m, []Input{in, {Text: "street"}})
	stir(t, m)
	return m
}

// stir moves everything that stage 2 trains away from where it starts.
func stir(t testing.TB, m *Model) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 5))
	for v := range m.Vars.IterVariables() {
		key := nn.Key(v.Path())
		if !nn.IsWeight(key) || !m.IsTrained(key) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		flat := tensors.MustCopyFlatData[float32](value)
		for i := range flat {
			flat[i] += float32(0.1 * rng.NormFloat64())
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(flat, value.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
}

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture is an image of colours that follow from the seed.
func picture(seed uint64, w, h int) image.Image {
	rng := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	base := [3]int{rng.IntN(200), rng.IntN(200), rng.IntN(200)}
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(base[0] + x%50), uint8(base[1] + y%50), uint8(base[2] + rng.IntN(20)), 255})
		}
	}
	return img
}

func patches(t testing.TB, m *Model, seed uint64, w, h int) vision.Patches {
	t.Helper()
	p, err := m.Processor.Prepare(picture(seed, w, h))
	if err != nil {
		t.Fatal(err)
	}
	return p.(vision.Patches)
}

// testGraph is a ring of n nodes around an image.
func testGraph(m *Model, n int, seed uint64) *graphenc.Graph {
	rng := rand.New(rand.NewPCG(seed, 2))
	g := &graphenc.Graph{}
	for i := range n {
		node := graphenc.Node{At: orb.Point{10 + 0.001*rng.Float64(), 50 + 0.001*rng.Float64()}, Kind: min(i, 1+rng.IntN(3)), Tokens: m.Tokenizer.Encode(corpus[rng.IntN(len(corpus))])}
		g.Nodes = append(g.Nodes, node)
		if i > 0 {
			g.Edges = append(g.Edges, graphenc.Edge{From: i - 1, To: i, Type: rng.IntN(2), Distance: 30, Bearing: 90})
		}
	}
	return g
}

// graphsOf is what the graphs of an encoder are made of.
type graphsOf struct {
	model *Model
	graph *graphenc.Config
	lora  *nn.LoRA
}

// encoders are those of the running tests. On XLA a test's time is that of its graphs' compilation, a second or more each,
// so a model's are compiled once.
var encoders = map[graphsOf]*Encoder{}

func encoder(t testing.TB, m *Model) *Encoder {
	t.Helper()
	of := graphsOf{m, m.Graph, m.LoRA}
	e := encoders[of]
	if e == nil {
		e = NewEncoder(m, testBackend(t))
		encoders[of] = e
		t.Cleanup(func() {
			e.Close()
			delete(encoders, of)
		})
	}
	return e
}

// encode embeds inputs, which may be of mixed forms.
func encode(t testing.TB, m *Model, inputs []Input) [][]float32 {
	t.Helper()
	return encodeBy(t, encoder(t, m), inputs)
}

func encodeBy(t testing.TB, e *Encoder, inputs []Input) [][]float32 {
	t.Helper()
	out, err := e.Encode(context.Background(), "test", len(inputs), func(i int) (Input, error) { return inputs[i], nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// grow makes the variables that the inputs' graphs have and no file had. It does so on the pure Go backend, which has
// nothing to compile, and leaves them in host memory for any.
func grow(t testing.TB, m *Model, inputs []Input) {
	t.Helper()
	b, err := backend.New("go")
	if err != nil {
		t.Fatal(err)
	}
	e := NewEncoder(m, b)
	defer e.Close()
	encodeBy(t, e, inputs)
	for v := range m.Vars.IterVariables() {
		value, err := v.Value()
		if err == nil {
			err = value.ToLocal()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// run embeds one batch of the given rows.
func run(t testing.TB, m *Model, inputs []Input, rows int) [][]float32 {
	t.Helper()
	b, err := m.Batch(inputs, rows)
	if err != nil {
		t.Fatal(err)
	}
	out, err := encoder(t, m).Run(b)
	if err != nil {
		t.Fatal(err)
	}
	return out[:len(inputs)]
}

// distance is the largest difference between two vectors' components.
func distance(a, b []float32) (worst float64) {
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
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
