package uge

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// mixed are inputs of every form, from texts of several lengths.
func mixed(t testing.TB, m *Model) []Input {
	var all []Input
	for i, text := range corpus {
		img := []vision.Picture{patches(t, m, uint64(i), 56, 28+28*(i%2))}
		g := testGraph(m, 3+i%3, uint64(i))
		all = append(all, Input{Text: text}, Input{Text: "<image>", Images: img},
			Input{Text: "<graph>" + text, Graph: g}, Input{Text: "<image><graph>" + text, Images: img, Graph: g})
	}
	return all
}

func TestVectorsAreUnitAndDistinct(t *testing.T) {
	m := tinyGraphModel(t)
	inputs := mixed(t, m)
	out := encode(t, m, inputs)
	for i, v := range out {
		var sum float64
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		if len(v) != testHidden || math.Abs(math.Sqrt(sum)-1) > 1e-5 {
			t.Errorf("vector %d of %d components has length %g", i, len(v), math.Sqrt(sum))
		}
		for j := range i {
			if same := inputs[i].Text == inputs[j].Text && formOf(inputs[i]) == (Form{}); !same && distance(v, out[j]) < 1e-5 {
				t.Errorf("inputs %d (%q) and %d (%q) have one vector", i, inputs[i].Text, j, inputs[j].Text)
			}
		}
	}
}

// TestBatchInvariance: a vector does not depend on the other rows, the padding
// rows or the rounding of sizes.
func TestBatchInvariance(t *testing.T) {
	m := tinyGraphModel(t)
	byForm := map[Form][]Input{}
	for _, in := range mixed(t, m) {
		byForm[formOf(in)] = append(byForm[formOf(in)], in)
	}
	if len(byForm) != 4 {
		t.Fatalf("%d forms, want 4", len(byForm))
	}
	for form, inputs := range byForm {
		together := run(t, m, inputs, len(inputs)+3)
		for i := range inputs {
			alone := run(t, m, inputs[i:i+1], 1)[0]
			if d := distance(alone, together[i]); d > 2e-6 {
				t.Errorf("%+v: input %d alone differs by %g", form, i, d)
			}
		}
		slices.Reverse(inputs)
		reversed := run(t, m, inputs, len(inputs))
		slices.Reverse(reversed)
		for i := range together {
			if d := distance(reversed[i], together[i]); d > 2e-6 {
				t.Errorf("%+v: input %d in another order differs by %g", form, i, d)
			}
		}
	}
}

// TestEachRowItsOwnMedia: a row's vector follows from its own graph and image,
// not from another row's.
func TestEachRowItsOwnMedia(t *testing.T) {
	m := tinyGraphModel(t)
	inputs := func(seeds ...uint64) (all []Input) {
		for _, s := range seeds {
			all = append(all, Input{Text: "<image><graph>street", Images: []vision.Picture{patches(t, m, 1+s/100, 56, 56)}, Graph: testGraph(m, 4, s%100)})
		}
		return all
	}
	const row = 2
	before := run(t, m, inputs(1, 2, 3, 4), 4)
	for name, seeds := range map[string][]uint64{"graph": {1, 2, 9, 4}, "image": {1, 2, 903, 4}} {
		after := run(t, m, inputs(seeds...), 4)
		for i := range before {
			d := distance(before[i], after[i])
			if i == row && d < 1e-3 {
				t.Errorf("another %s of row %d changes it by %g only", name, row, d)
			}
			if i != row && d > 1e-6 {
				t.Errorf("another %s of row %d changes row %d by %g", name, row, i, d)
			}
		}
	}
	// Rows that hold graphs of different sizes: each finds its own nodes.
	in := inputs(1, 2, 3)
	in[0].Graph, in[1].Graph, in[2].Graph = testGraph(m, 1, 7), testGraph(m, 9, 8), testGraph(m, 4, 9)
	together := run(t, m, in, 4)
	for i := range in {
		if d := distance(run(t, m, in[i:i+1], 1)[0], together[i]); d > 2e-6 {
			t.Errorf("row %d of graphs of 1, 9 and 4 nodes differs by %g from alone", i, d)
		}
	}
}

// TestSwappedGraphs: the order of graphs follows the rows.
func TestSwappedGraphs(t *testing.T) {
	m := tinyGraphModel(t)
	a, b := testGraph(m, 4, 1), testGraph(m, 4, 2)
	va := run(t, m, []Input{{Text: "<graph>", Graph: a}, {Text: "<graph>", Graph: b}}, 2)
	vb := run(t, m, []Input{{Text: "<graph>", Graph: b}, {Text: "<graph>", Graph: a}}, 2)
	if d := distance(va[0], va[1]); d < 1e-3 {
		t.Fatalf("two graphs differ by %g only", d)
	}
	if distance(va[0], vb[1]) > 1e-6 || distance(va[1], vb[0]) > 1e-6 {
		t.Error("swapped graphs do not give swapped vectors")
	}
}

// TestBatchOfMixedForms: an input without a graph after one with a graph is an
// error that names it, either way round.
func TestBatchOfMixedForms(t *testing.T) {
	m := tinyGraphModel(t)
	with, without := Input{Text: "<graph>bakery", Graph: testGraph(m, 5, 3)}, Input{Text: "bakery"}
	for _, inputs := range [][]Input{{with, without}, {without, with}} {
		if _, err := m.Batch(inputs, 4); err == nil || !strings.Contains(err.Error(), "input 1 is of form") {
			t.Errorf("mixed forms: error %v", err)
		}
	}
}

func TestNumInputs(t *testing.T) {
	m := tinyGraphModel(t)
	for _, in := range mixed(t, m)[:4] {
		b, err := m.Batch([]Input{in}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(b.Tensors()), m.NumInputs(b.Form); got != want {
			t.Errorf("%+v: %d tensors, NumInputs says %d", b.Form, got, want)
		}
	}
}

func TestEncodeKeepsOrder(t *testing.T) {
	m := tinyGraphModel(t)
	inputs := mixed(t, m)
	for len(inputs) < 3*encodeRows { // several batches of a form
		inputs = append(inputs, inputs...)
	}
	out := encode(t, m, inputs)
	if len(out) != len(inputs) {
		t.Fatalf("%d vectors of %d inputs", len(out), len(inputs))
	}
	first := mixed(t, m)
	for i := range first {
		alone := run(t, m, inputs[i:i+1], 1)[0]
		for j := i; j < len(out); j += len(first) {
			if d := distance(out[j], alone); d > 2e-6 {
				t.Errorf("vector %d (%+v) is not that of its input: %g apart", j, formOf(inputs[i]), d)
			}
		}
	}
	if none := encode(t, m, nil); len(none) != 0 {
		t.Errorf("%d vectors of no inputs", len(none))
	}
}

func TestEncodeStops(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	e := NewEncoder(m, testBackend(t))
	defer e.Close()
	for _, at := range []int{0, 5, encodeRows + 3, 4 * encodeRows} {
		ctx, cancel := context.WithCancel(context.Background())
		asked := 0
		_, err := e.Encode(ctx, "test", 1e6, func(i int) (Input, error) {
			if asked++; i == at {
				cancel()
			}
			return Input{Text: "street"}, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %d: error %v", at, err)
		}
		if asked > at+2 {
			t.Errorf("cancelled at %d: %d inputs were asked for", at, asked)
		}
		cancel()
	}
	cause := errors.New("the lamp is out")
	_, err := e.Encode(context.Background(), "test", 100, func(i int) (Input, error) {
		if i == 40 {
			return Input{}, cause
		}
		return Input{Text: "street"}, nil
	})
	if !errors.Is(err, cause) {
		t.Errorf("an input's error became %v", err)
	}
	wantError(t, err, "input 40")
	_, err = e.Encode(context.Background(), "test", 2, func(i int) (Input, error) { return Input{Text: "<image>"}, nil })
	wantError(t, err, "1 <image> tags")
	if _, err = e.Encode(context.Background(), "test", 1, func(i int) (Input, error) { return Input{Text: "street"}, nil }); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

// TestBrokenWeights: NaN anywhere, or an infinite component, is an error that
// says so, whichever component it hits.
func TestBrokenWeights(t *testing.T) {
	for name, damage := range map[string]func(w []float32){
		"one component infinite": func(w []float32) { w[7] = float32(math.Inf(1)) },
		"one component NaN":      func(w []float32) { w[len(w)-1] = float32(math.NaN()) },
		"all NaN":                func(w []float32) { fill(w, float32(math.NaN())) },
		"all zero":               func(w []float32) { fill(w, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			m := tinyModel(t, Config{MaxTokens: 60})
			v := m.Vars.GetVariable(nn.Path("model.norm.weight"))
			w := make([]float32, testHidden)
			fill(w, 1)
			damage(w)
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(w, testHidden)); err != nil {
				t.Fatal(err)
			}
			e := NewEncoder(m, testBackend(t))
			defer e.Close()
			_, err := e.Encode(context.Background(), "test", 3, func(int) (Input, error) { return Input{Text: "street"}, nil })
			wantError(t, err, "input 0", "weights", "checkpoint")
		})
	}
}

func fill(w []float32, x float32) {
	for i := range w {
		w[i] = x
	}
}

// TestSeeds: weights follow from the seed.
func TestSeeds(t *testing.T) {
	tok := tinyModel(t, Config{MaxTokens: 60})
	vector := func(seed uint64) []float32 {
		m, err := New(Config{MaxTokens: 60}, tok.Backbone, tok.Tokenizer, tok.Processor, seed)
		if err != nil {
			t.Fatal(err)
		}
		return encode(t, m, []Input{{Text: "street"}})[0]
	}
	if !slices.Equal(vector(1), vector(1)) {
		t.Error("two models of one seed differ")
	}
	if slices.Equal(vector(1), vector(2)) {
		t.Error("two seeds give one model")
	}
}
