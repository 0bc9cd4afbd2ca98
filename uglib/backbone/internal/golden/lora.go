package golden

import (
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// LoRA compares the gradients of an adapter on the layers that target matches with the reference's, and checks that
// nothing else is trained.
//
// The adapter is drawn at random and its terms are taken off the weights, W - s·B·A, so that the model with it is the
// reference's model. Then the reference's gradient by a weight gives those by the adapter, as its forward pass is
// x·(W + s·B·A)ᵀ: for A it is s·Bᵀ·dW, for B it is s·dW·Aᵀ. embedding gives the hidden states of the last tokens.
func LoRA(t *testing.T, store *model.Store, args []any, target string, acts, grads map[string]*tensors.Tensor,
	embedding func(s *model.Scope, nodes []*graph.Node, lora *nn.LoRA) *graph.Node) {
	t.Helper()
	t.Logf("computed by %s", Backend().Description())
	lora := &nn.LoRA{Rank: 3, Alpha: 6, RS: true, Dropout: 0.1, Target: regexp.MustCompile(target)}
	want := map[string][]float32{}
	rng := rand.New(rand.NewPCG(5, 8))
	for _, path := range slices.Sorted(maps.Keys(weights(t, store))) {
		module, ok := strings.CutSuffix(nn.Key(path), ".weight")
		if !ok || !lora.Matches(module) {
			continue
		}
		v := store.GetVariable(path)
		out, in := v.Shape().Dim(0), v.Shape().Dim(1)
		w := Floats(t, v.MustValue())
		dw := Floats(t, grads["d_"+nn.Key(path)])
		a, b := make([]float32, lora.Rank*in), make([]float32, out*lora.Rank)
		for i := range a {
			a[i] = float32(rng.NormFloat64() * 0.12)
		}
		for i := range b {
			b[i] = float32(rng.NormFloat64() * 0.05)
		}
		da, db := make([]float64, len(a)), make([]float64, len(b))
		for o := range out {
			for i := range in {
				sum := 0.0
				for r := range lora.Rank {
					bx, ax, d := float64(b[o*lora.Rank+r]), float64(a[r*in+i]), lora.Scale()*float64(dw[o*in+i])
					sum += bx * ax
					da[r*in+i] += bx * d
					db[o*lora.Rank+r] += ax * d
				}
				w[o*in+i] = float32(float64(w[o*in+i]) - lora.Scale()*sum)
			}
		}
		v.MustSetValue(tensors.FromFlatDataAndDimensions(w, out, in))
		for key, x := range map[string]struct {
			values []float32
			grad   []float64
			dims   []int
		}{
			module + ".lora_A.weight": {a, da, []int{lora.Rank, in}}, module + ".lora_B.weight": {b, db, []int{out, lora.Rank}},
		} {
			if _, err := store.CreateVariable(nn.Path(key), tensors.FromFlatDataAndDimensions(x.values, x.dims...)); err != nil {
				t.Fatal(err)
			}
			want[key] = make([]float32, len(x.grad))
			for i, g := range x.grad {
				want[key][i] = float32(g)
			}
		}
	}
	if len(want) == 0 {
		t.Fatalf("%s matches no layer", target)
	}
	trained := func(key string) bool { return strings.Contains(key, ".lora_") }
	before := weights(t, store)
	var keys []string
	out := Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		e := graph.L2Normalize(embedding(s, nodes, lora), -1)
		loss := Loss(e)
		nn.SetTrainable(store, trained)
		vars, d := nn.Gradients(store, loss)
		keys = nil
		for _, v := range vars {
			keys = append(keys, nn.Key(v.Path()))
		}
		return append([]*graph.Node{e, loss}, d...)
	})
	Near(t, "embedding", Floats(t, out[0]), Floats(t, acts["embedding"]), 1e-5, nil)
	Near(t, "loss", Floats(t, out[1]), Floats(t, acts["loss"]), 1e-5, nil)
	if !slices.Equal(keys, slices.Sorted(maps.Keys(want))) {
		t.Fatalf("gradients of %v, want of %v", keys, slices.Sorted(maps.Keys(want)))
	}
	for i, key := range keys {
		NearGradient(t, key, Floats(t, out[2+i]), want[key])
	}
	frozen(t, store, args, before, trained, func(s *model.Scope, nodes []*graph.Node) *graph.Node {
		return Loss(graph.L2Normalize(embedding(s, nodes, lora), -1))
	})

	// Merged, the model is the same without the adapter; unmerged, it is bit for bit what it was.
	with := Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.L2Normalize(embedding(s, nodes, lora), -1)}
	})
	before = weights(t, store)
	merged, err := lora.Merge(store)
	if err != nil {
		t.Fatal(err)
	}
	without := Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		return []*graph.Node{graph.L2Normalize(embedding(s, nodes, nil), -1)}
	})
	Near(t, "embedding of the merged model", Floats(t, without[0]), Floats(t, with[0]), 1e-5, nil)
	if err := merged.Unmerge(store); err != nil {
		t.Fatal(err)
	}
	same(t, "after Unmerge", store, before, func(string) bool { return true })
}

// frozen makes a training step and checks that the optimizer holds two moments of each trained variable and nothing of
// any other, and that these are bit for bit what they were.
func frozen(t *testing.T, store *model.Store, args []any, before map[string][]float32, trained func(key string) bool,
	loss func(s *model.Scope, nodes []*graph.Node) *graph.Node) {
	t.Helper()
	optimizer := nn.NewAdamW()
	Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node {
		l := loss(s, nodes)
		nn.SetTrainable(store, trained)
		return []*graph.Node{optimizer.Update(store, l, graph.Scalar(l.Graph(), dtypes.Float64, 1e-3))}
	})
	same(t, "after a step", store, before, func(key string) bool { return !trained(key) })
	moments, terms := 0, 0
	for v := range store.IterVariables() {
		key := nn.Key(v.Path())
		switch {
		case nn.IsWeight(key) && trained(key):
			terms++
			if slices.Equal(Floats(t, v.MustValue()), before[v.Path()]) {
				t.Errorf("%s did not move", key)
			}
		case !nn.IsWeight(key) && v.Shape().Rank() > 0 && v.DType().IsFloat():
			moments++
			if !trained(key) {
				t.Errorf("the optimizer holds %s", key)
			}
		}
	}
	if terms == 0 || moments != 2*terms {
		t.Errorf("%d moments of %d trained variables, want two each", moments, terms)
	}
}

// weights are the values of a model's variables by path.
func weights(t testing.TB, store *model.Store) map[string][]float32 {
	all := map[string][]float32{}
	for v := range store.IterVariables() {
		if nn.IsWeight(nn.Key(v.Path())) {
			all[v.Path()] = Floats(t, v.MustValue())
		}
	}
	return all
}

// same compares a store's weights bit for bit.
func same(t *testing.T, when string, store *model.Store, want map[string][]float32, of func(key string) bool) {
	t.Helper()
	got := weights(t, store)
	if len(got) != len(want) {
		t.Errorf("%s there are %d weights, want %d", when, len(got), len(want))
	}
	for path, w := range want {
		if of(nn.Key(path)) && !slices.EqualFunc(got[path], w, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			t.Errorf("%s %s is changed", when, path)
		}
	}
}
