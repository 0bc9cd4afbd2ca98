package nn

import (
	"math"
	"regexp"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	ugbackend "urbangraph/uglib/backend"
)

// backend gives the backend that the environment names, pure Go by default.
func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := ugbackend.Default()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newStore returns a store whose random numbers start at the seed.
func newStore(t testing.TB, seed int64) *model.Store {
	t.Helper()
	s := model.NewStore()
	if err := s.SetRNGStateFromSeed(seed); err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t testing.TB, s *model.Store, path string, value any) {
	t.Helper()
	if err := setVariable(s, path, tensors.MustFromAnyValue(value)); err != nil {
		t.Fatal(err)
	}
}

func floats(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	f, err := Floats(x)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// near fails unless got and want agree within tol (absolute, or relative where
// want is larger than one).
func near(t testing.TB, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	worst, at := 0.0, 0
	for i := range got {
		d := math.Abs(float64(got[i])-float64(want[i])) / math.Max(1, math.Abs(float64(want[i])))
		if !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tol) {
		t.Errorf("%s: value %d is %g, want %g (off by %.2g, tolerance %.2g)", what, at, got[at], want[at], worst, tol)
	}
}

// hashPixels is the generator of the reference scripts:
// ((x>>16)&255)/127.5-1 with x = uint32(i*2654435761 + seed*40503).
func hashPixels(n, seed int) []float32 {
	v := make([]float32, n)
	for i := range v {
		x := uint32(uint64(i)*2654435761 + uint64(seed)*40503)
		v[i] = float32(float64((x>>16)&255)/127.5 - 1)
	}
	return v
}

func TestKeyAndPath(t *testing.T) {
	for _, c := range []struct{ path, key string }{
		{"/model/layers/0/self_attn/q_proj/weight", "model.layers.0.self_attn.q_proj.weight"},
		{"/weight", "weight"},
		{"/convs/0/att", "convs.0.att"},
	} {
		if got := Key(c.path); got != c.key {
			t.Errorf("Key(%q) = %q, want %q", c.path, got, c.key)
		}
		if got := Path(c.key); got != c.path {
			t.Errorf("Path(%q) = %q, want %q", c.key, got, c.path)
		}
	}
}

func TestLayersByHand(t *testing.T) {
	s := newStore(t, 1)
	set(t, s, "/lin/weight", [][]float32{{1, 2}, {3, 4}, {5, 6}})
	set(t, s, "/lin/bias", []float32{0.5, 0, -0.5})
	set(t, s, "/rms/weight", []float32{1, 2})
	set(t, s, "/ln/weight", []float32{1, 2})
	set(t, s, "/ln/bias", []float32{10, 20})
	set(t, s, "/emb/weight", [][]float32{{1, 1}, {2, 2}, {3, 3}})
	x := [][]float32{{3, 4}, {0, -2}}
	out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x, ids *Node) []*Node {
		return []*Node{
			Linear(s.At("lin"), x, 3, true, nil), RMSNorm(s.At("rms"), x, 0), LayerNorm(s.At("ln"), x, 0),
			Embedding(s.At("emb"), ids, dtypes.Float32, 3, 2), KernelsOf(x.Graph()).QuickGELU(x), ReLU(x), LeakyReLU(x, 0.2),
		}
	}, x, []int32{2, 0})
	if err != nil {
		t.Fatal(err)
	}
	r := float32(math.Sqrt(12.5))
	q := func(x float64) float32 { return float32(x / (1 + math.Exp(-1.702*x))) }
	for i, want := range [][]float32{
		{11.5, 25, 38.5, -3.5, -8, -12.5},
		{3 / r, 8 / r, 0, -2 * 2 / float32(math.Sqrt2)},
		{9, 22, 11, 18},
		{3, 3, 1, 1},
		{q(3), q(4), 0, q(-2)},
		{3, 4, 0, 0},
		{3, 4, 0, -0.4},
	} {
		near(t, []string{"Linear", "RMSNorm", "LayerNorm", "Embedding", "QuickGELU", "ReLU", "LeakyReLU"}[i], floats(t, out[i]), want, 1e-6)
	}
}

// TestTowerTwice applies the same layers to two inputs in one graph: the
// variables must be made once, and the gradient be the sum over both uses.
func TestTowerTwice(t *testing.T) {
	s := newStore(t, 1)
	lora := &LoRA{Rank: 2, Alpha: 4, Target: regexp.MustCompile(`\.q_proj$`)}
	tower := func(s *model.Scope, x *Node) *Node {
		s = s.At("tower")
		return Linear(s.At("q_proj"), RMSNorm(s.At("norm"), x, 1e-6), 3, true, lora)
	}
	grads := func(s *model.Scope, x *Node) *Node {
		loss := ReduceAllSum(Square(tower(s, x)))
		return Gradient(loss, s.At("tower").At("q_proj").GetVariable("weight").NodeValue(x))[0]
	}
	x, y := [][]float32{{1, 2}, {3, -1}}, [][]float32{{-2, 0.5}}
	out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x, y *Node) []*Node {
		loss := Add(ReduceAllSum(Square(tower(s, x))), ReduceAllSum(Square(tower(s, y))))
		w := s.At("tower").At("q_proj").GetVariable("weight").NodeValue(x)
		return []*Node{Gradient(loss, w)[0], grads(s, x), grads(s, y)}
	}, x, y)
	if err != nil {
		t.Fatal(err)
	}
	sum, gx, gy := floats(t, out[0]), floats(t, out[1]), floats(t, out[2])
	for i := range gx {
		gx[i] += gy[i]
	}
	near(t, "gradient over two uses", sum, gx, 1e-6)
	if n := s.Scope("/tower").NumVariables(); n != 5 {
		t.Errorf("%d variables, want weight, bias, lora_A, lora_B and the norm's weight", n)
	}
}

func TestDropout(t *testing.T) {
	b := backend(t)
	run := func(training bool, seed int64) []float32 {
		out, err := model.CallOnce(b, newStore(t, seed), func(s *model.Scope, g *Graph) *Node {
			s.Store().SetTraining(g, training)
			return Dropout(s, Ones(g, tensors.FromShape(f32(100, 100)).Shape()), 0.25)
		})
		if err != nil {
			t.Fatal(err)
		}
		return floats(t, out)
	}
	for _, x := range run(false, 1) {
		if x != 1 {
			t.Fatal("dropout acts outside of training")
		}
	}
	v := run(true, 1)
	zero := 0
	for _, x := range v {
		switch {
		case x == 0:
			zero++
		case math.Abs(float64(x)-4./3) > 1e-6:
			t.Fatalf("kept value is %g, want 4/3", x)
		}
	}
	if zero < 2300 || zero > 2700 {
		t.Errorf("%d of 10000 values dropped at rate 0.25", zero)
	}
	near(t, "the same seed", run(true, 1), v, 0)
}

// TestHalfPrecision runs the layers in bfloat16: the types stay, the numbers
// are near those of float32.
func TestHalfPrecision(t *testing.T) {
	lora := &LoRA{Rank: 2, Alpha: 4, Target: regexp.MustCompile(`^lin$`)}
	x := tensors.FromFlatDataAndDimensions(hashPixels(2*3*8, 1), 2, 3, 8)
	run := func(dtype dtypes.DType) []float32 {
		s := newStore(t, 2)
		w, err := ConvertTensor(tensors.FromFlatDataAndDimensions(hashPixels(4*8, 2), 4, 8), dtype)
		if err != nil {
			t.Fatal(err)
		}
		set(t, s, "/lin/weight", w)
		set(t, s, "/lin/lora_A/weight", tensors.FromFlatDataAndDimensions(hashPixels(2*8, 3), 2, 8))
		set(t, s, "/lin/lora_B/weight", tensors.FromFlatDataAndDimensions(hashPixels(4*2, 4), 4, 2))
		out, err := model.CallOnce(backend(t), s, func(s *model.Scope, x *Node) *Node {
			x = ConvertDType(x, dtype)
			y := Linear(s.At("lin"), LayerNorm(s.At("ln"), x, 1e-5), 4, true, lora)
			y = KernelsOf(y.Graph()).QuickGELU(RMSNorm(s.At("rms"), y, 1e-6))
			loss := ReduceAllSum(ConvertDType(y, dtypes.Float32))
			_, grads := Gradients(s.Store(), loss)
			return Concatenate([]*Node{Reshape(y, -1), Reshape(grads[3], -1)}, 0)
		}, x)
		if err != nil {
			t.Fatal(err)
		}
		if out.DType() != dtype {
			t.Errorf("result in %s, want %s", out.DType(), dtype)
		}
		return floats(t, out)
	}
	near(t, "bfloat16", run(dtypes.BFloat16)[:24], run(dtypes.Float32)[:24], 0.05)
}
