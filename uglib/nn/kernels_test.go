package nn

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// TestLayerGradients compares the gradients of layers with central differences
// in float64: with the gradients of this package, and with GoMLX's where its
// fused operations are off.
func TestLayerGradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	random := func(dims ...int) *tensors.Tensor {
		n := 1
		for _, d := range dims {
			n *= d
		}
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64() + 0.5
		}
		return tensors.FromFlatDataAndDimensions(v, dims...)
	}
	layers := map[string]struct {
		vars  map[string][]int
		apply func(s *model.Scope, x *Node) *Node
		out   int
	}{
		"narrow":  {map[string][]int{"weight": {3, 5}, "bias": {3}}, func(s *model.Scope, x *Node) *Node { return Linear(s, x, 3, true, nil) }, 3},
		"wide":    {map[string][]int{"weight": {7, 5}}, func(s *model.Scope, x *Node) *Node { return Linear(s, x, 7, false, nil) }, 7},
		"layer":   {map[string][]int{"weight": {5}, "bias": {5}}, func(s *model.Scope, x *Node) *Node { return LayerNorm(s, x, 0.1) }, 5},
		"rms":     {map[string][]int{"weight": {5}}, func(s *model.Scope, x *Node) *Node { return RMSNorm(s, x, 0.1) }, 5},
		"relu":    {nil, func(_ *model.Scope, x *Node) *Node { return Add(ReLU(x), LeakyReLU(MulScalar(x, -1), 0.2)) }, 5},
		"softmax": {nil, func(_ *model.Scope, x *Node) *Node { return KernelsOf(x.Graph()).Softmax(x) }, 5},
		"shared": {map[string][]int{"weight": {3, 5}}, func(s *model.Scope, x *Node) *Node {
			return KernelsOf(x.Graph()).ProductT(x, s.Store().GetVariable("/l/weight").NodeValue(x), true)
		}, 3},
		"gelu": {nil, func(_ *model.Scope, x *Node) *Node { return KernelsOf(x.Graph()).QuickGELU(x) }, 5},
		"silu": {nil, func(_ *model.Scope, x *Node) *Node { return KernelsOf(x.Graph()).SiLU(x) }, 5},
		"parts": {map[string][]int{"weight": {7, 5}, "bias": {7}}, func(s *model.Scope, x *Node) *Node {
			p := KernelsOf(x.Graph()).Project(s, x, 7, true, nil)
			return Mul(p.Rows(0, 3), p.Rows(3, 3))
		}, 3},
		"product": {map[string][]int{"weight": {2, 4, 3}}, func(s *model.Scope, x *Node) *Node {
			w := s.Store().GetVariable("/l/weight").NodeValue(x)
			return Concatenate([]*Node{product(w, Reshape(x, 2, 3, 5), nil), product(w, Reshape(x, 2, 3, 5), Transpose(w, 1, 2))}, 1)
		}, 0},
	}
	for _, fusion := range []string{"1", "0"} {
		t.Setenv(FusionEnv, fusion)
		for name, l := range layers {
			s := newStore(t, 1)
			for v, dims := range l.vars {
				set(t, s, "/l/"+v, random(dims...))
			}
			set(t, s, "/x", random(2, 3, 5))
			weights := random(2, 3, l.out)
			if l.out == 0 {
				weights = random(2, 8, 5)
			}
			exec, err := model.NewExec(backend(t), s, func(s *model.Scope, w *Node) []*Node {
				y := l.apply(s.At("l"), s.Store().GetVariable("/x").NodeValue(w))
				loss := ReduceAllSum(Mul(Sin(y), w))
				vars, grads := Gradients(s.Store(), loss)
				if len(vars) != len(l.vars)+1 {
					t.Errorf("%s: %d variables have gradients", name, len(vars))
				}
				return append([]*Node{loss}, grads...)
			})
			if err != nil {
				t.Fatal(err)
			}
			call := func() []*tensors.Tensor {
				out, err := exec.Call(weights)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			out := call()
			for i, path := range []string{"/l/bias", "/l/weight", "/x"} {
				v := s.GetVariable(path)
				if v == nil {
					continue
				}
				k := i - (3 - len(out) + 1)
				grad := tensors.MustCopyFlatData[float64](out[1+max(k, 0)])
				for j := range grad {
					at := func(d float64) float64 {
						x := v.MustValue()
						tensors.MustMutableFlatData(x, func(flat []float64) { flat[j] += d })
						loss := tensors.ToScalar[float64](call()[0])
						tensors.MustMutableFlatData(x, func(flat []float64) { flat[j] -= d })
						return loss
					}
					const h = 1e-6
					if want := (at(h) - at(-h)) / (2 * h); math.Abs(want-grad[j]) > 1e-7*math.Max(1, math.Abs(want)) {
						t.Errorf("%s, fusion %s: gradient of %s[%d] is %g, difference quotient %g", name, fusion, path, j, grad[j], want)
					}
				}
			}
		}
	}
}

// TestKernelForms: both forms give the same values and gradients.
func TestKernelForms(t *testing.T) {
	results := map[Kernels][]*tensors.Tensor{}
	for _, k := range []Kernels{true, false} {
		rng := rand.New(rand.NewPCG(3, 4))
		random := func(dims ...int) *tensors.Tensor {
			n := 1
			for _, d := range dims {
				n *= d
			}
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(rng.NormFloat64())
			}
			return tensors.FromFlatDataAndDimensions(v, dims...)
		}
		s := newStore(t, 1)
		for _, v := range []struct {
			path string
			dims []int
		}{{"/x", []int{2, 3, 6}}, {"/d/weight", []int{6, 6}}, {"/d/bias", []int{6}}, {"/n/weight", []int{6}}, {"/n/bias", []int{6}}, {"/r/weight", []int{6}}, {"/wide/weight", []int{20, 6}}, {"/wide/bias", []int{20}},
			{"/wide/lora_A/weight", []int{2, 6}}, {"/wide/lora_B/weight", []int{20, 2}}} {
			set(t, s, v.path, random(v.dims...))
		}
		exec, err := model.NewExec(backend(t), s, func(scope *model.Scope, w *Node) []*Node {
			get := func(path string) *Node { return s.GetVariable(path).NodeValue(w) }
			y := k.Dense(get("/x"), get("/d/weight"), get("/d/bias"), false)
			y = k.RMSNorm(scope.At("r"), k.LayerNorm(scope.At("n"), y, 1e-5), 1e-5)
			y = k.ProductT(k.Softmax(y), get("/d/weight"), true)
			loss := ReduceAllSum(Mul(Sin(y), w))
			p := k.Project(scope.At("wide"), get("/x"), 20, true, &LoRA{Rank: 2, Alpha: 3, Target: Suffixes("wide")})
			z := Mul(k.SiLU(p.Rows(0, 18)), k.QuickGELU(p.Rows(2, 18)))
			z = Tanh(Mul(z, k.ProductT(w, Slice(get("/wide/weight"), AxisRange(2, 20)), false)))
			pairs := k.Product(z, z, func(x, y *Node) *Node { return k.Across(x, y, 1) },
				func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, z, []int{1}, []int{0}) },
				func(dy *Node) *Node { return DotGeneral(dy, []int{1}, []int{0}, z, []int{1}, []int{0}) })
			loss = Add(loss, ReduceAllSum(Sin(pairs)))
			_, grads := Gradients(s, loss)
			return append([]*Node{y, z, pairs, loss}, grads...)
		})
		if err != nil {
			t.Fatal(err)
		}
		if results[k], err = exec.Call(random(2, 3, 6)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(results[true]); n != 14 || n != len(results[false]) {
		t.Fatalf("%d and %d results, want 14", n, len(results[false]))
	}
	for i, want := range results[false] {
		a, b := tensors.MustCopyFlatData[float32](results[true][i]), tensors.MustCopyFlatData[float32](want)
		for j := range b {
			if d := math.Abs(float64(a[j] - b[j])); d > 2e-5*math.Max(1, math.Abs(float64(b[j]))) {
				t.Errorf("result %d[%d] is %g in one form and %g in the other", i, j, a[j], b[j])
			}
		}
	}
}

// SiLU far from 0, where the exponential in it overflows or vanishes.
func TestSiLUFarOut(t *testing.T) {
	exec := MustNewExec(backend(t), func(x *Node) []*Node {
		y := KernelsOf(x.Graph()).SiLU(x)
		return []*Node{y, Gradient(ReduceAllSum(y), x)[0]}
	})
	x := []float32{-3e38, -1000, -90, -20, 20, 90, 1000, 3e38}
	out := exec.MustCall(x)
	y, dy := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
	for i, v := range x {
		want, slope := max(v, 0), max(min(v, 1), 0)
		if math.Abs(float64(y[i]-want)) > 1e-6*max(1, math.Abs(float64(want))) || math.Abs(float64(dy[i]-slope)) > 1e-6 {
			t.Errorf("at %g: %g with gradient %g, want %g and %g", v, y[i], dy[i], want, slope)
		}
	}
}

// A forward pass computes with the weights where they are.
func TestProductCopiesNothing(t *testing.T) {
	b := backend(t)
	if !isGoBackend(b) {
		t.Skip("other backends compute in GoMLX's form")
	}
	const n = 1 << 11
	s := newStore(t, 1)
	set(t, s, "/weight", tensors.FromFlatDataAndDimensions(make([]float32, n*n), n, n))
	exec, err := model.NewExec(b, s, func(s *model.Scope, x *Node) *Node {
		return KernelsOf(x.Graph()).ProductT(x, s.GetVariable("weight").NodeValue(x.Graph()), false)
	})
	if err != nil {
		t.Fatal(err)
	}
	x := tensors.FromFlatDataAndDimensions(make([]float32, 8*n), 8, n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := exec.Call(x); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	// The weight comes from host memory, which takes one copy.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 6*n*n {
		t.Errorf("%d bytes were taken for a weight of %d, want them once", grown, 4*n*n)
	}
}
