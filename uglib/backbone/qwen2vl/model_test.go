package qwen2vl

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// smallConfig is a model unlike the golden one: grouped heads, another section split, other widths.
func smallConfig(t testing.TB) *Config {
	t.Helper()
	cfg := Tiny(50, 32, 1, 2)
	cfg.Heads, cfg.KVHeads, cfg.MRoPESection = 4, 1, [3]int{2, 1, 1}
	cfg.Vision.EmbedDim, cfg.Vision.Heads, cfg.Vision.MLPRatio = 24, 3, 1.5
	cfg.Vision.PatchSize = 2
	cfg.InitializerRange = 0.3
	cfg.ImageTokenID, cfg.GraphTokenID, cfg.VisionStartTokenID, cfg.VisionEndTokenID, cfg.PadTokenID = 49, 48, 47, 46, 45
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// randomRow makes a row of text, pictures and graph tokens.
func randomRow(cfg *Config, rng *rand.Rand, graphVectors int) Row {
	var row Row
	text := func() {
		for range 1 + rng.IntN(6) {
			row.IDs = append(row.IDs, int32(rng.IntN(45)))
		}
	}
	text()
	for range rng.IntN(3) {
		p := vision.Patches{Grid: [3]int{1 + rng.IntN(2), 2 * (1 + rng.IntN(3)), 2 * (1 + rng.IntN(3))}}
		p.Data = make([]float32, p.Count()*cfg.Vision.PatchDim())
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64())
		}
		row.Images = append(row.Images, p)
		row.IDs = append(row.IDs, int32(cfg.VisionStartTokenID))
		for range p.Count() / 4 {
			row.IDs = append(row.IDs, int32(cfg.ImageTokenID))
		}
		row.IDs = append(row.IDs, int32(cfg.VisionEndTokenID))
		text()
	}
	for range rng.IntN(3) {
		row.IDs = append(row.IDs, int32(cfg.GraphTokenID))
		row.Graph = append(row.Graph, rng.IntN(graphVectors))
	}
	text()
	return row
}

// embed runs rows through the model and returns the last hidden states, [rows, H].
func embed(t testing.TB, cfg *Config, store *model.Store, rows []Row, sizes Sizes, graph *tensors.Tensor, o Options) []float32 {
	t.Helper()
	b, err := cfg.Layout(rows, sizes)
	if err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range b.Tensors() {
		args = append(args, x)
	}
	args = append(args, graph)
	out := golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
		o := o
		o.Graph = nodes[len(nodes)-1]
		return []*Node{cfg.LastHidden(s, NewInputs(nodes[:len(nodes)-1]), o)}
	})
	return golden.Floats(t, out[0])
}

// TestBatchInvariance: a row alone, in a batch, in a larger padded batch and padded on the left gives the same vector.
func TestBatchInvariance(t *testing.T) {
	cfg := smallConfig(t)
	store := model.NewStore()
	if err := cfg.Init(store, 3); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 0))
	graph := tensors.FromFlatDataAndDimensions(golden.HashPixels(7*32, 9), 7, 32)
	var rows []Row
	for range 5 {
		rows = append(rows, randomRow(cfg, rng, 7))
	}
	h := cfg.HiddenSize
	whole := embed(t, cfg, store, rows, Sizes{GraphVectors: 7}, graph, Options{})
	for _, sizes := range []Sizes{
		{Rows: 8, Tokens: 64, Images: 12, Patches: 80, GraphVectors: 7},
		{Tokens: 64, GraphVectors: 7, PadLeft: true},
	} {
		got := embed(t, cfg, store, rows, sizes, graph, Options{})
		golden.Near(t, fmt.Sprintf("%+v", sizes), got[:len(rows)*h], whole, 1e-5, nil)
	}
	for i, row := range rows {
		alone := embed(t, cfg, store, []Row{row}, Sizes{GraphVectors: 7}, graph, Options{})
		golden.Near(t, fmt.Sprintf("row %d alone", i), alone, whole[i*h:(i+1)*h], 1e-5, nil)
	}
	swapped := slices.Clone(rows)
	slices.Reverse(swapped)
	got := embed(t, cfg, store, swapped, Sizes{GraphVectors: 7}, graph, Options{})
	for i := range rows {
		j := len(rows) - 1 - i
		golden.Near(t, fmt.Sprintf("row %d reversed", i), got[j*h:(j+1)*h], whole[i*h:(i+1)*h], 1e-5, nil)
	}
}

// TestKernelForms compares loss and gradients of every weight, of the pixels and graph vectors, with adapters, between
// the form for the pure Go backend and GoMLX's own, which Checkpoint selects.
func TestKernelForms(t *testing.T) {
	cfg := smallConfig(t)
	rng := rand.New(rand.NewPCG(6, 0))
	var rows []Row
	for range 4 {
		rows = append(rows, randomRow(cfg, rng, 5))
	}
	b, err := cfg.Layout(rows, Sizes{GraphVectors: 5})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if err := cfg.Init(store, 4); err != nil {
		t.Fatal(err)
	}
	lora := &nn.LoRA{Rank: 3, Alpha: 6, Target: regexp.MustCompile(`q_proj|o_proj|attn\.qkv|fc2|up_proj|mlp\.0`)}
	var args []any
	for _, x := range b.Tensors() {
		args = append(args, x)
	}
	args = append(args, tensors.FromFlatDataAndDimensions(golden.HashPixels(5*32, 2), 5, 32))
	var names []string
	results := make([][][]float32, 2)
	for form := range results {
		pass := func(s *model.Scope, nodes []*Node) []*Node {
			o := Options{LoRA: lora, Graph: nodes[len(nodes)-1], Checkpoint: form == 1}
			in := NewInputs(nodes[:len(nodes)-1])
			h := L2Normalize(cfg.LastHidden(s, in, o), -1)
			target := Const(h.Graph(), golden.HashPixels(h.Shape().Size(), 8))
			loss := ReduceAllSum(Mul(Reshape(h, -1), target))
			names = []string{"graph", "pixels"}
			wrt := []*Node{o.Graph, in.Pixels}
			for v := range store.IterVariables() {
				if !v.DType().IsFloat() {
					continue
				}
				names, wrt = append(names, nn.Key(v.Path())), append(wrt, v.NodeValue(h.Graph()))
			}
			return append([]*Node{loss}, Gradient(loss, wrt...)...)
		}
		if form == 0 { // makes the adapters; B starts at zero, which would hide A's gradient
			golden.Run(t, store, args, pass)
			for v := range store.IterVariables() {
				if strings.HasSuffix(v.Path(), "lora_B/weight") {
					setValue(t, v, golden.HashPixels(v.Shape().Size(), 3))
				}
			}
		}
		for _, x := range golden.Run(t, store, args, pass) {
			results[form] = append(results[form], golden.Floats(t, x))
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool { return n == "visual.blocks.0.attn.qkv.lora_A.weight" }) {
		t.Fatalf("no adapter in %v", names)
	}
	golden.Near(t, "loss", results[0][0], results[1][0], 1e-5, nil)
	for i, name := range names {
		got, want := results[0][1+i], results[1][1+i]
		size := 0.0
		for _, w := range want {
			size = max(size, math.Abs(float64(w)))
		}
		if size == 0 && !strings.HasPrefix(name, "model.embed") {
			t.Errorf("%s has no gradient at all", name)
		}
		golden.Near(t, name, got, want, 1e-4*max(size, 1e-2), nil)
	}
}

// TestNumericalGradient compares the gradient along a random direction of all weights with central differences, which
// covers the vision tower, for which the reference holds no gradients.
func TestNumericalGradient(t *testing.T) {
	cfg := smallConfig(t)
	rows := []Row{randomRow(cfg, rand.New(rand.NewPCG(11, 0)), 2)}
	for len(rows[0].Images) == 0 {
		rows[0] = randomRow(cfg, rand.New(rand.NewPCG(uint64(len(rows[0].IDs))+12, 0)), 2)
	}
	rows[0].Graph = nil
	rows[0].IDs = slices.DeleteFunc(rows[0].IDs, func(id int32) bool { return int(id) == cfg.GraphTokenID })
	b, err := cfg.Layout(rows, Sizes{})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if err := cfg.Init(store, 9); err != nil {
		t.Fatal(err)
	}
	var args []any
	for _, x := range b.Tensors() {
		args = append(args, x)
	}
	for _, part := range []string{"visual", "model"} {
		args := append(slices.Clone(args), float32(0))
		exec, err := model.NewExec(golden.Backend(), store, func(s *model.Scope, nodes []*Node) []*Node {
			// The weights move along their direction by the last input, whose gradient is the derivative.
			step := nodes[len(nodes)-1]
			old := map[string]*Node{}
			for v := range store.IterVariables() {
				if v.DType() == dtypes.Float32 && strings.HasPrefix(v.Path(), "/"+part) {
					old[v.Path()] = v.NodeValue(step.Graph())
					direction := Reshape(Const(step.Graph(), golden.HashPixels(v.Shape().Size(), 17)), v.Shape().Dimensions...)
					v.SetNodeValue(Add(v.NodeValue(step.Graph()), Mul(direction, step)))
				}
			}
			h := L2Normalize(cfg.LastHidden(s, NewInputs(nodes[:len(nodes)-1]), Options{}), -1)
			loss := ReduceAllSum(Mul(Reshape(h, -1), Const(h.Graph(), golden.HashPixels(h.Shape().Size(), 8))))
			for path, x := range old {
				store.GetVariable(path).SetNodeValue(x)
			}
			return []*Node{loss, Gradient(loss, step)[0]}
		})
		if err != nil {
			t.Fatal(err)
		}
		at := func(step float32) (loss, slope float64) {
			args[len(args)-1] = step
			out, err := exec.Call(args...)
			if err != nil {
				t.Fatal(err)
			}
			return float64(golden.Floats(t, out[0])[0]), float64(golden.Floats(t, out[1])[0])
		}
		const eps = 5e-4
		up, _ := at(eps)
		down, _ := at(-eps)
		_, slope := at(0)
		if numeric := (up - down) / (2 * eps); math.Abs(numeric-slope) > 0.02*max(math.Abs(slope), 0.1) {
			t.Errorf("%s: derivative %g, by differences %g", part, slope, numeric)
		} else {
			t.Logf("%s: derivative %g, by differences %g", part, slope, numeric)
		}
	}
}

// TestStills: pictures whose frames are alike take the short way, with the same hidden states and weight gradients as
// when another picture in the batch forces the long one.
func TestStills(t *testing.T) {
	cfg := smallConfig(t)
	store := model.NewStore()
	if err := cfg.Init(store, 3); err != nil {
		t.Fatal(err)
	}
	picture := func(still bool) Row {
		p := vision.Patches{Grid: [3]int{1, 2, 4}, Data: golden.HashPixels(8*cfg.Vision.PatchDim(), 5)}
		for i := range p.Data {
			if still && i/4%2 == 1 { // frames of 4 values, in turn
				p.Data[i] = p.Data[i-4]
			}
		}
		return Row{IDs: []int32{1, 49, 49, 2}, Images: []vision.Patches{p}}
	}
	pass := func(rows ...Row) (hidden, slope []float32, width int) {
		b, err := cfg.Layout(rows, Sizes{})
		if err != nil {
			t.Fatal(err)
		}
		var args []any
		for _, x := range b.Tensors() {
			args = append(args, x)
		}
		out := golden.Run(t, store, args, func(s *model.Scope, nodes []*Node) []*Node {
			h := cfg.LastHidden(s, NewInputs(nodes), Options{})
			first := Slice(h, AxisRange(0, 1))
			w := store.GetVariable("/visual/patch_embed/proj/weight").NodeValue(h.Graph())
			loss := ReduceAllSum(Mul(Reshape(first, -1), Const(h.Graph(), golden.HashPixels(cfg.HiddenSize, 8))))
			return []*Node{first, Gradient(loss, w)[0]}
		})
		return golden.Floats(t, out[0]), golden.Floats(t, out[1]), len(b.Pixels) / (b.Images * b.Patches)
	}
	short, dShort, width := pass(picture(true))
	long, dLong, full := pass(picture(true), picture(false))
	if full != cfg.Vision.PatchDim() || width != full/2 {
		t.Fatalf("patches of %d and %d values, want %d and %d", width, full, cfg.Vision.PatchDim()/2, cfg.Vision.PatchDim())
	}
	golden.Near(t, "hidden states", short, long, 1e-5, nil)
	golden.Near(t, "weight gradients", dShort, dLong, 1e-4, nil)
}

// setValue gives v these values, in its own shape.
func setValue(t *testing.T, v *model.Variable, values []float32) {
	t.Helper()
	if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
		t.Fatal(err)
	}
}

// TestLoRAEqualsMergedWeights: adapters give what their products added to the weights give.
func TestLoRAEqualsMergedWeights(t *testing.T) {
	cfg := smallConfig(t)
	store := model.NewStore()
	if err := cfg.Init(store, 3); err != nil {
		t.Fatal(err)
	}
	graph := tensors.FromFlatDataAndDimensions(golden.HashPixels(2*32, 9), 2, 32)
	row := randomRow(cfg, rand.New(rand.NewPCG(2, 3)), 2)
	lora := &nn.LoRA{Rank: 2, Alpha: 3, Target: regexp.MustCompile(`^model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)$`)}
	plain := embed(t, cfg, store, []Row{row}, Sizes{GraphVectors: 2}, graph, Options{})
	fresh := embed(t, cfg, store, []Row{row}, Sizes{GraphVectors: 2}, graph, Options{LoRA: lora})
	golden.Near(t, "fresh adapters change nothing", fresh, plain, 1e-6, nil)

	merged := model.NewStore()
	if err := cfg.Init(merged, 3); err != nil {
		t.Fatal(err)
	}
	adapters := 0
	for v := range store.IterVariables() {
		path, ok := strings.CutSuffix(v.Path(), "/lora_B/weight")
		if !ok {
			continue
		}
		adapters++
		out, r := v.Shape().Dim(0), v.Shape().Dim(1)
		up := golden.HashPixels(out*r, 4)
		setValue(t, v, up)
		low := golden.Floats(t, store.GetVariable(path+"/lora_A/weight").MustValue())
		w := merged.GetVariable(path + "/weight")
		sum := golden.Floats(t, w.MustValue())
		in := w.Shape().Dim(1)
		for i := range out {
			for j := range in {
				for k := range r {
					sum[i*in+j] += float32(lora.Scale()) * up[i*r+k] * low[k*in+j]
				}
			}
		}
		setValue(t, w, sum)
	}
	if adapters != 14 {
		t.Fatalf("%d adapters, want 14", adapters)
	}
	got := embed(t, cfg, store, []Row{row}, Sizes{GraphVectors: 2}, graph, Options{LoRA: lora})
	want := embed(t, cfg, merged, []Row{row}, Sizes{GraphVectors: 2}, graph, Options{})
	golden.Near(t, "adapters against merged weights", got, want, 1e-4, nil)
	if slices.Equal(got, plain) {
		t.Error("the adapters have no effect")
	}
}

func TestSaveAndLoad(t *testing.T) {
	cfg := smallConfig(t)
	store := model.NewStore()
	if err := cfg.Init(store, 3); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := errors.Join(cfg.Save(filepath.Join(dir, transformer.ConfigName)), cfg.SaveWeights(store, dir)); err != nil {
		t.Fatal(err)
	}
	back, err := LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, cfg) {
		t.Errorf("configuration read back as %+v, want %+v", *back, *cfg)
	}
	again := model.NewStore()
	if err := back.Load(again, dir); err != nil {
		t.Fatal(err)
	}
	for key := range cfg.Shapes() {
		a, b := store.GetVariable(nn.Path(key)).MustValue(), again.GetVariable(nn.Path(key)).MustValue()
		if !slices.Equal(golden.Floats(t, a), golden.Floats(t, b)) {
			t.Errorf("%s differs after saving and loading", key)
		}
	}

	// The same tensors under the names of newer files, with the output layer.
	all, err := nn.LoadTensors(dir)
	if err != nil {
		t.Fatal(err)
	}
	renamed := map[string]*tensors.Tensor{"lm_head.weight": tensors.FromFlatDataAndDimensions(make([]float32, 50*32), 50, 32)}
	for key, x := range all {
		if strings.HasPrefix(key, "visual.") {
			renamed["model."+key] = x
		} else {
			renamed["model.language_model."+strings.TrimPrefix(key, "model.")] = x
		}
	}
	newer := filepath.Join(t.TempDir(), "model.safetensors")
	if err := nn.SaveTensors(newer, renamed, nil); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Load(model.NewStore(), newer); err != nil {
		t.Errorf("newer names: %v", err)
	}

	for name, change := range map[string]func(map[string]*tensors.Tensor){
		"missing (model.norm.weight [32])":                  func(m map[string]*tensors.Tensor) { delete(m, "model.norm.weight") },
		"surplus (extra.weight [32] in broken.safetensors)": func(m map[string]*tensors.Tensor) { m["extra.weight"] = m["model.norm.weight"] },
		"visual.merger.ln_q.bias is [32] in broken.safetensors and [24] in the model": func(m map[string]*tensors.Tensor) {
			m["visual.merger.ln_q.bias"] = m["model.norm.weight"]
		},
	} {
		all, err := nn.LoadTensors(dir)
		if err != nil {
			t.Fatal(err)
		}
		change(all)
		path := filepath.Join(t.TempDir(), "broken.safetensors")
		if err := nn.SaveTensors(path, all, nil); err != nil {
			t.Fatal(err)
		}
		fresh := model.NewStore()
		err = cfg.Load(fresh, path)
		var mismatch *nn.MismatchError
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one with %q and the path", err, name)
		}
		if fresh.NumVariables() != 0 {
			t.Errorf("%s: %d variables were loaded all the same", name, fresh.NumVariables())
		}
	}
	if err := cfg.SaveWeights(model.NewStore(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "try Init or Load") {
		t.Errorf("saving an empty store: %v", err)
	}
	if err := cfg.Init(store, 1); err == nil {
		t.Error("Init over existing weights succeeded")
	}
	if _, err := os.Stat(filepath.Join(dir, transformer.WeightsName)); err != nil {
		t.Error(err)
	}
}

func TestInit(t *testing.T) {
	cfg := benchConfig()
	a, b, c := model.NewStore(), model.NewStore(), model.NewStore()
	if err := errors.Join(cfg.Init(a, 1), cfg.Init(b, 1), cfg.Init(c, 2)); err != nil {
		t.Fatal(err)
	}
	const key = "/model/embed_tokens/weight"
	x, y, z := golden.Floats(t, a.GetVariable(key).MustValue()), golden.Floats(t, b.GetVariable(key).MustValue()), golden.Floats(t, c.GetVariable(key).MustValue())
	if !slices.Equal(x, y) {
		t.Error("the same seed gave other weights")
	}
	if slices.Equal(x, z) {
		t.Error("another seed gave the same weights")
	}
	sum, square := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	n := float64(len(x))
	if mean, std := sum/n, math.Sqrt(square/n); math.Abs(mean) > 2e-4 || math.Abs(std-0.02) > 2e-4 {
		t.Errorf("mean %g and deviation %g, want 0 and 0.02", mean, std)
	}
	if v := golden.Floats(t, a.GetVariable("/visual/merger/ln_q/weight").MustValue()); v[0] != 1 {
		t.Errorf("norm starts at %g, want 1", v[0])
	}
}
