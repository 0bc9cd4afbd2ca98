package nn_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// A training step applies one tower to queries and positives, takes InfoNCE,
// and lets AdamW update the variables.
func Example() {
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		panic(err)
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		panic(err)
	}
	tower := func(s *model.Scope, x *Node) *Node {
		s = s.At("tower").WithInitializer(nn.KaimingUniform(s))
		return L2Normalize(nn.Linear(s.At("proj"), nn.LayerNorm(s.At("norm"), x, 1e-5), 8, true, nil), -1)
	}
	optimizer := nn.NewAdamW()
	step, err := model.NewExec(backend, store, func(s *model.Scope, queries, positives, lr *Node) []*Node {
		s.Store().SetTraining(queries.Graph(), true)
		loss := nn.InfoNCE{Temperature: 0.05}.Loss(tower(s, queries), tower(s, positives), nil)
		return []*Node{loss, optimizer.Update(s.Store(), loss, lr)}
	})
	if err != nil {
		panic(err)
	}
	queries := [][]float32{{1, 0, 0, 2}, {0, 1, 0, -1}, {0, 0, 1, 1}}
	positives := [][]float32{{2, 0, 1, 0}, {0, 2, 0, 1}, {1, 1, 2, 0}}
	var first, last float32
	for i := range 50 {
		out, err := step.Call(queries, positives, 0.01*nn.CosineWarmup(i, 50, 5))
		if err != nil {
			panic(err)
		}
		last = tensors.ToScalar[float32](out[0])
		if i == 0 {
			first = last
		}
	}
	fmt.Println("the loss falls below a hundredth:", last < first/100)
	// Output: the loss falls below a hundredth: true
}

// SaveStore writes a model under Hugging Face's names; LoadStore refuses a
// file that does not fit.
func ExampleLoadStore() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")

	store := model.NewStore()
	if _, err := store.CreateVariable("/model/norm/weight", tensors.FromValue([]float32{1, 2})); err != nil {
		panic(err)
	}
	if err := nn.SaveStore(path, store, nn.IsWeight, nil); err != nil {
		panic(err)
	}
	fmt.Println(nn.LoadStore(model.NewStore(), path, nn.LoadOptions{Expect: map[string][]int{"model.norm.weight": {2}}}))

	err = nn.LoadStore(model.NewStore(), path, nn.LoadOptions{Expect: map[string][]int{"model.norm.weight": {3}}})
	fmt.Println(err.(*nn.MismatchError).Misshapen)
	// Output:
	// <nil>
	// [model.norm.weight is [2] in model.safetensors and [3] in the model]
}
