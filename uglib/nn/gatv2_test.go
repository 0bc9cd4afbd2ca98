package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func golden(t testing.TB, path string) map[string]*tensors.Tensor {
	t.Helper()
	all, err := LoadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// gatGraph is one graph of the golden file, padded to nodes and edges.
type gatGraph struct {
	name   string
	n, e   int
	source []int32
	target []int32
}

func gatGraphs(t testing.TB, all map[string]*tensors.Tensor) []gatGraph {
	t.Helper()
	var gs []gatGraph
	for _, name := range []string{"g0", "g1", "g2"} {
		index := all[name+".edge_index"]
		e := index.Shape().Dim(1)
		flat := tensors.MustCopyFlatData[int32](index)
		gs = append(gs, gatGraph{name: name, n: all[name+".y"].Shape().Dim(0), e: e, source: flat[:e], target: flat[e:]})
	}
	return gs
}

// pad copies rows [n, width] into [size, width] and fills the rest with junk,
// which must not matter.
func pad(rows []float32, width, size int) []float32 {
	out := slices.Repeat([]float32{7}, width*size)
	copy(out, rows)
	return out
}

// TestGATv2Golden compares output and all gradients with PyTorch Geometric's
// layer, for the three graphs of testdata/references/gen_gatv2.py in one
// padded batch: isolated nodes, a self loop, a duplicate edge, no edges.
func TestGATv2Golden(t *testing.T) {
	const width, edgeWidth, maxN, maxE = 32, 64, 14, 43
	all := golden(t, "testdata/gatv2.safetensors")
	gs := gatGraphs(t, all)
	var x, features, weights []float32
	var source, target []int32
	var mask []bool
	for _, g := range gs {
		x = append(x, pad(hashPixels(g.n*width, 21), width, maxN)...)
		w := make([]float32, maxN*width)
		copy(w, hashPixels(g.n*width, 23))
		weights = append(weights, w...)
		features = append(features, pad(hashPixels(g.e*edgeWidth, 22), edgeWidth, maxE)...)
		for i := range maxE {
			if i < g.e {
				source, target = append(source, g.source[i]), append(target, g.target[i])
			} else {
				source, target = append(source, 1), append(target, 0)
			}
			mask = append(mask, i < g.e)
		}
	}
	s := newStore(t, 1)
	params := []string{"att", "bias", "lin_edge.weight", "lin_l.bias", "lin_l.weight", "lin_r.bias", "lin_r.weight"}
	for _, p := range params {
		set(t, s, "/conv"+Path(p), all["param."+p])
	}
	b := backend(t)
	dense := 0
	run := func(batch []int) []*tensors.Tensor {
		take := func(v []float32, each int) []float32 {
			var out []float32
			for _, i := range batch {
				out = append(out, v[i*each:(i+1)*each]...)
			}
			return out
		}
		ints := func(v []int32) (out []int32) {
			for _, i := range batch {
				out = append(out, v[i*maxE:(i+1)*maxE]...)
			}
			return out
		}
		var m []bool
		for _, i := range batch {
			m = append(m, mask[i*maxE:(i+1)*maxE]...)
		}
		k := len(batch)
		out, err := model.CallOnceN(b, s, func(s *model.Scope, in []*Node) []*Node {
			s = s.At("conv")
			y := GATv2{Heads: 4, Out: width, Slope: 0.2, Dropout: 0.1, DenseNodes: dense}.Apply(s, in[0], Edges{in[2], in[3], in[4]}, in[1])
			by := []*Node{in[0], in[1]}
			for _, p := range params {
				by = append(by, s.Store().GetVariable("/conv"+Path(p)).NodeValue(y))
			}
			return append([]*Node{y}, Gradient(ReduceAllSum(Mul(y, in[5])), by...)...)
		},
			tensors.FromFlatDataAndDimensions(take(x, maxN*width), k, maxN, width),
			tensors.FromFlatDataAndDimensions(take(features, maxE*edgeWidth), k, maxE, edgeWidth),
			tensors.FromFlatDataAndDimensions(ints(source), k, maxE),
			tensors.FromFlatDataAndDimensions(ints(target), k, maxE),
			tensors.FromFlatDataAndDimensions(m, k, maxE),
			tensors.FromFlatDataAndDimensions(take(weights, maxN*width), k, maxN, width))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := func(name string) []float32 { return floats(t, all[name]) }
	const tol = 1e-5
	for _, dense = range []int{0, -1} {
		// Each graph alone, for the gradients of the parameters.
		for i, g := range gs {
			out := run([]int{i})
			near(t, g.name+" output", floats(t, out[0])[:g.n*width], want(g.name+".y"), tol)
			near(t, g.name+" gradient of x", floats(t, out[1])[:g.n*width], want(g.name+".dx"), tol)
			near(t, g.name+" gradient of edge features", floats(t, out[2])[:g.e*edgeWidth], want(g.name+".d_edge_attr"), tol)
			for j, p := range params {
				near(t, g.name+" gradient of "+p, floats(t, out[3+j]), want(g.name+".d."+p), tol)
			}
			for j, x := range floats(t, out[1])[g.n*width:] {
				if x != 0 {
					t.Fatalf("%s: padding node value %d has gradient %g", g.name, j, x)
				}
			}
		}
		// All in one batch.
		out := run([]int{0, 1, 2})
		for i, g := range gs {
			near(t, g.name+" output in a batch", floats(t, out[0])[i*maxN*width:][:g.n*width], want(g.name+".y"), tol)
			near(t, g.name+" gradient of x in a batch", floats(t, out[1])[i*maxN*width:][:g.n*width], want(g.name+".dx"), tol)
		}
		for j, p := range params {
			sum := make([]float32, all["param."+p].Size())
			for _, g := range gs {
				for k, x := range want(g.name + ".d." + p) {
					sum[k] += x
				}
			}
			near(t, "batch gradient of "+p, floats(t, out[3+j]), sum, tol)
		}
	}
}

// TestGATv2Gradients checks every gradient against central differences in
// float64, without edge features too.
func TestGATv2Gradients(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	random := func(dims ...int) *tensors.Tensor {
		n := 1
		for _, d := range dims {
			n *= d
		}
		v := make([]float64, n)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		return tensors.FromFlatDataAndDimensions(v, dims...)
	}
	b := backend(t)
	for _, c := range []struct {
		withFeatures bool
		dense        int
	}{{true, 0}, {true, -1}, {false, 0}, {false, -1}} {
		withFeatures, dense := c.withFeatures, c.dense
		s := newStore(t, 2)
		for path, dims := range map[string][]int{"att": {1, 2, 3}, "bias": {3}, "lin_l/weight": {6, 4}, "lin_l/bias": {6}, "lin_r/weight": {6, 4}, "lin_r/bias": {6}, "lin_edge/weight": {6, 2}} {
			if withFeatures || path != "lin_edge/weight" {
				set(t, s, "/"+path, random(dims...))
			}
		}
		x, f, w := random(2, 3, 4), random(2, 4, 2), random(2, 3, 3)
		exec, err := model.NewExec(b, s, func(s *model.Scope, x, f, w *Node) []*Node {
			g := x.Graph()
			e := Edges{Const(g, [][]int32{{0, 1, 2, 1}, {2, 2, 0, 0}}), Const(g, [][]int32{{1, 2, 1, 1}, {0, 1, 0, 0}}), Const(g, [][]bool{{true, true, true, true}, {true, true, false, false}})}
			feat := f
			if !withFeatures {
				feat = nil
			}
			loss := ReduceAllSum(Mul(GATv2{Heads: 2, Out: 3, Slope: 0.2, DenseNodes: dense}.Apply(s, x, e, feat), w))
			_, grads := Gradients(s.Store(), loss)
			return append([]*Node{loss}, grads...)
		})
		if err != nil {
			t.Fatal(err)
		}
		call := func() []*tensors.Tensor {
			out, err := exec.Call(x, f, w)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		out := call()
		paths := slices.Sorted(func(yield func(string) bool) {
			for v := range s.IterVariables() {
				if v.DType() == dtypes.Float64 && !yield(v.Path()) {
					return
				}
			}
		})
		for i, path := range paths {
			grad := tensors.MustCopyFlatData[float64](out[1+i])
			for k := range grad {
				at := func(d float64) float64 {
					v := s.GetVariable(path).MustValue()
					tensors.MustMutableFlatData(v, func(flat []float64) { flat[k] += d })
					loss := tensors.ToScalar[float64](call()[0])
					tensors.MustMutableFlatData(v, func(flat []float64) { flat[k] -= d })
					return loss
				}
				const h = 1e-6
				if want := (at(h) - at(-h)) / (2 * h); math.Abs(want-grad[k]) > 1e-6*math.Max(1, math.Abs(want)) {
					t.Errorf("features %v, dense %d: gradient of %s[%d] is %g, difference quotient %g", withFeatures, dense, path, k, grad[k], want)
				}
			}
		}
	}
}
