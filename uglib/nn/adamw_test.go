package nn

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// problem is two layers with a LoRA term and dropout, fitted to targets.
func problem(s *model.Scope, x, y *Node) *Node {
	lora := &LoRA{Rank: 2, Alpha: 4, Dropout: 0.1, Target: regexp.MustCompile(`^base$`)}
	h := ReLU(LayerNorm(s.At("norm"), Linear(s.At("base"), x, 6, true, lora), 1e-5))
	h = Dropout(s, h, 0.2)
	return ReduceAllMean(Square(Sub(Linear(s.At("head"), h, 2, true, nil), y)))
}

// trainStep returns an executor of one optimizer step on problem.
func trainStep(t testing.TB, b compute.Backend, s *model.Store, a *AdamW) *model.Exec {
	t.Helper()
	exec, err := model.NewExec(b, s, func(s *model.Scope, x, y, lr *Node) []*Node {
		s.Store().SetTraining(x.Graph(), true)
		loss := problem(s, x, y)
		SetTrainable(s.Store(), func(key string) bool { return key != "base.weight" && key != "base.bias" })
		return []*Node{loss, a.Update(s.Store(), loss, lr)}
	})
	if err != nil {
		t.Fatal(err)
	}
	return exec
}

func data(step int) (x, y *tensors.Tensor) {
	return tensors.FromFlatDataAndDimensions(hashPixels(20, 100+step), 5, 4), tensors.FromFlatDataAndDimensions(hashPixels(10, 200+step), 5, 2)
}

func values(t testing.TB, s *model.Store) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for v := range s.IterVariables() {
		err := v.MustValue().ConstBytes(func(b []byte) { all[v.Path()] = slices.Clone(b) })
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func steps(t testing.TB, e *model.Exec, from, to int) (losses []float32) {
	t.Helper()
	for i := from; i < to; i++ {
		x, y := data(i)
		out, err := e.Call(x, y, float32(0.01*CosineWarmup(i+1, 20, 3)))
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, tensors.ToScalar[float32](out[0]))
	}
	return losses
}

// TestResumeBitIdentical stops after 4 steps, writes all variables, reads them
// into an empty store and goes on; dropout's random numbers included, every
// loss and every variable must be that of the run without a stop.
func TestResumeBitIdentical(t *testing.T) {
	b := backend(t)
	through := newStore(t, 9)
	whole := steps(t, trainStep(t, b, through, NewAdamW()), 0, 8)

	first := newStore(t, 9)
	got := steps(t, trainStep(t, b, first, NewAdamW()), 0, 4)
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	if err := SaveStore(path, first, nil, nil); err != nil {
		t.Fatal(err)
	}
	second := model.NewStore()
	if err := LoadStore(second, path, LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	got = append(got, steps(t, trainStep(t, b, second, NewAdamW()), 4, 8)...)
	if !slices.Equal(got, whole) {
		t.Errorf("losses %v, without the stop %v", got, whole)
	}
	if whole[7] == whole[3] {
		t.Error("the losses do not move")
	}
	want, have := values(t, through), values(t, second)
	if !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(have))) {
		t.Fatalf("variables %v, want %v", slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)))
	}
	for path := range want {
		if string(want[path]) != string(have[path]) {
			t.Errorf("%s differs after the resume", path)
		}
	}
}

func TestFrozenVariablesStay(t *testing.T) {
	s := newStore(t, 4)
	e := trainStep(t, backend(t), s, NewAdamW())
	steps(t, e, 0, 1)
	before := values(t, s)
	steps(t, e, 1, 4)
	after := values(t, s)
	for path := range before {
		frozen := path == "/base/weight" || path == "/base/bias"
		if same := string(before[path]) == string(after[path]); same != frozen {
			t.Errorf("%s: unchanged is %v, frozen is %v", path, same, frozen)
		}
	}
	if s.GetVariable("/adamw/m/base/weight") != nil || s.GetVariable("/adamw/m/base/lora_A/weight") == nil {
		t.Error("moments must exist for the trained variables alone")
	}
}

// handAdamW is the optimizer in plain float64 Go, straight from the formulas.
type handAdamW struct {
	AdamW
	t    int
	m, v map[string][]float64
}

func (a *handAdamW) step(w, g map[string][]float64, lr float64, scale func(string) float64, decays func(string) bool) (norm float64) {
	for _, d := range g {
		for _, x := range d {
			norm += x * x
		}
	}
	norm = math.Sqrt(norm)
	clip := math.Min(1, a.ClipNorm/(norm+1e-6))
	a.t++
	for key := range w {
		if a.m[key] == nil {
			a.m[key], a.v[key] = make([]float64, len(w[key])), make([]float64, len(w[key]))
		}
		rate := lr * scale(key)
		for i := range w[key] {
			d := g[key][i] * clip
			if decays(key) {
				w[key][i] *= 1 - rate*a.WeightDecay
			}
			a.m[key][i] = a.Beta1*a.m[key][i] + (1-a.Beta1)*d
			a.v[key][i] = a.Beta2*a.v[key][i] + (1-a.Beta2)*d*d
			mHat := a.m[key][i] / (1 - math.Pow(a.Beta1, float64(a.t)))
			vHat := a.v[key][i] / (1 - math.Pow(a.Beta2, float64(a.t)))
			w[key][i] -= rate * mHat / (math.Sqrt(vHat) + a.Epsilon)
		}
	}
	return norm
}

func TestAdamWByHand(t *testing.T) {
	s := newStore(t, 1)
	w := map[string][]float64{"slow.weight": {0.5, -1, 2, 0.25}, "fast.weight": {1, 2, -3, 0.1}, "fast.bias": {0.3, -0.7}, "still.weight": {1, 1, 1, 1}}
	load := func(key string, dims ...int) {
		f := make([]float32, len(w[key]))
		for i, x := range w[key] {
			f[i] = float32(x)
		}
		set(t, s, Path(key), tensors.FromFlatDataAndDimensions(f, dims...))
	}
	load("slow.weight", 2, 2)
	load("fast.weight", 2, 2)
	load("fast.bias", 2)
	load("still.weight", 4, 1)
	a := NewAdamW()
	a.Groups = []Group{{Match: regexp.MustCompile(`^slow\.`), Scale: 0.1}, {Match: regexp.MustCompile(`^still\.`), Scale: 0}}
	exec, err := model.NewExec(backend(t), s, func(s *model.Scope, pull, lr *Node) []*Node {
		// The gradients are given: 3·pull, pull, and so on.
		at := func(key string) *Node { return s.Store().GetVariable(Path(key)).NodeValue(pull) }
		loss := ReduceAllSum(Mul(at("slow.weight"), MulScalar(pull, 3)))
		loss = Add(loss, ReduceAllSum(Mul(at("fast.weight"), pull)))
		loss = Add(loss, ReduceAllSum(Square(at("fast.bias"))))
		loss = Add(loss, ReduceAllSum(at("still.weight")))
		return []*Node{a.Update(s.Store(), loss, lr)}
	})
	if err != nil {
		t.Fatal(err)
	}
	hand := &handAdamW{AdamW: *a, m: map[string][]float64{}, v: map[string][]float64{}}
	scale := func(key string) float64 {
		return map[string]float64{"slow.weight": 0.1, "still.weight": 0}[key] + map[string]float64{"fast.weight": 1, "fast.bias": 1}[key]
	}
	decays := func(key string) bool { return key != "fast.bias" }
	for i := range 10 {
		pull := hashPixels(4, i)
		lr := 0.05 * CosineWarmup(i, 10, 2)
		out, err := exec.Call(tensors.FromFlatDataAndDimensions(pull, 2, 2), lr)
		if err != nil {
			t.Fatal(err)
		}
		g := map[string][]float64{"slow.weight": make([]float64, 4), "fast.weight": make([]float64, 4), "fast.bias": {2 * w["fast.bias"][0], 2 * w["fast.bias"][1]}, "still.weight": {1, 1, 1, 1}}
		for j, x := range pull {
			g["slow.weight"][j], g["fast.weight"][j] = 3*float64(x), float64(x)
		}
		norm := hand.step(w, g, lr, scale, decays)
		near(t, fmt.Sprintf("step %d norm", i), floats(t, out[0]), []float32{float32(norm)}, 1e-6)
		for key := range w {
			want := make([]float32, len(w[key]))
			for j, x := range w[key] {
				want[j] = float32(x)
			}
			near(t, fmt.Sprintf("step %d %s", i, key), floats(t, s.GetVariable(Path(key)).MustValue()), want, 1e-6)
		}
	}
}

// TestBadBatchKeepsWeights feeds a NaN: the norm tells, the weights live on.
func TestBadBatchKeepsWeights(t *testing.T) {
	s := newStore(t, 1)
	set(t, s, "/w", []float32{1, 2})
	exec, err := model.NewExec(backend(t), s, func(s *model.Scope, x *Node) []*Node {
		loss := ReduceAllSum(Mul(s.Store().GetVariable("/w").NodeValue(x), x))
		return []*Node{NewAdamW().Update(s.Store(), loss, Scalar(x.Graph(), dtypes.Float32, 0.1))}
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call([]float32{1, float32(math.NaN())})
	if err != nil {
		t.Fatal(err)
	}
	if n := floats(t, out[0])[0]; n == n {
		t.Errorf("norm %g of a gradient with a NaN", n)
	}
	near(t, "weights", floats(t, s.GetVariable("/w").MustValue()), []float32{1, 2}, 0)
}

func TestUpdateWithoutTrainable(t *testing.T) {
	s := newStore(t, 1)
	set(t, s, "/w", []float32{1, 2})
	s.GetVariable("/w").SetTrainable(false)
	_, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x *Node) []*Node {
		loss := ReduceAllSum(Mul(s.Store().GetVariable("/w").NodeValue(x), x))
		return []*Node{NewAdamW().Update(s.Store(), loss, x)}
	}, []float32{1, 1})
	if err == nil {
		t.Error("no error although nothing is trainable")
	}
}

func TestCosineWarmupGolden(t *testing.T) {
	want := tensors.MustCopyFlatData[float64](golden(t, "testdata/losses.safetensors")["cosine_warmup5_of100_lr5e-5"])
	for i, w := range want {
		if got := 5e-5 * CosineWarmup(i, 100, 5); math.Abs(got-w) > 1e-18 {
			t.Errorf("step %d: %g, transformers %g", i, got, w)
		}
	}
	if got := CosineWarmup(0, 0, 0); got != 1 {
		t.Errorf("no steps at all: %g", got)
	}
}
