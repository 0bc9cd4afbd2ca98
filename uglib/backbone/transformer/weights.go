package transformer

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// WeightsName is the file in a model folder that [Weights.Save] writes.
const WeightsName = "model.safetensors"

// Weights are the tensors of a backbone.
type Weights struct {
	Name   string                   // of the backbone, for errors
	Shapes map[string][]int         // dimensions by key on the hub
	HubKey func(name string) string // the hub's key for a name of any file, "" for a tensor that is not used
	Range  float64                  // standard deviation of random weights
}

// LoadOptions say how weights are read.
type LoadOptions struct {
	// Backend is where the weights are put. Nil is host memory, which any backend may copy them from. The pure Go backend
	// uses weights of its type where the file has them, mapped, without reading or copying anything beforehand; see
	// [nn.TensorFile.ReadOn].
	Backend compute.Backend
	// DType is the type of the model; dtypes.InvalidDType stands for float32. Files of float32, float16 and bfloat16 are
	// read into any.
	DType dtypes.DType
}

// DTypeOf gives the type of the weight of that name in scope s, float32 if the store has none. A model is computed in the
// type of its weights: in that of [LoadOptions].
func DTypeOf(s *model.Scope, name string) dtypes.DType {
	if v := s.GetVariable(name); v != nil {
		return v.DType()
	}
	return dtypes.Float32
}

// Variable gives the weight of that name in scope s, in its type in the store.
func Variable(s *model.Scope, g *graph.Graph, name string, dims ...int) *graph.Node {
	return s.VariableWithShape(name, shapes.Make(DTypeOf(s, name), dims...)).NodeValue(g)
}

// Lookup gives the input embeddings of ids [B, S] in the table of scope s: [B, S, width].
func Lookup(s *model.Scope, ids *graph.Node, vocabulary, width int) *graph.Node {
	table := Variable(s, ids.Graph(), "weight", vocabulary, width)
	return graph.Gather(table, graph.ExpandAxes(ids, -1))
}

// Load reads the weights of path, a safetensors file, its shard index or a model folder, into the store as float32, in
// host memory. A missing, surplus or misshapen tensor is an [*nn.MismatchError] that names it, and then the store is left
// as it was.
func (w Weights) Load(store *model.Store, path string) error {
	return w.LoadWith(store, path, LoadOptions{})
}

// LoadWith is Load with options.
func (w Weights) LoadWith(store *model.Store, path string, o LoadOptions) error {
	if o.DType == dtypes.InvalidDType {
		o.DType = dtypes.Float32
	}
	err := nn.LoadStore(store, path, nn.LoadOptions{Rename: w.HubKey, Expect: w.Shapes, DType: o.DType, Backend: o.Backend})
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	return nil
}

// Save writes the model's tensors, without adapters or training state, to path: a safetensors file, or a folder, in
// which it becomes model.safetensors.
func (w Weights) Save(store *model.Store, path string) error {
	if filepath.Ext(path) != ".safetensors" {
		path = filepath.Join(path, WeightsName)
	}
	for _, key := range slices.Sorted(maps.Keys(w.Shapes)) {
		v := store.GetVariable(nn.Path(key))
		if v == nil {
			return fmt.Errorf("%s: %s not written: the store has no variable for the tensor %s; try Init or Load first", w.Name, path, key)
		}
		if !slices.Equal(v.Shape().Dimensions, w.Shapes[key]) {
			return fmt.Errorf("%s: %s not written: the tensor %s is %s in the store and %v in the configuration", w.Name, path, key, v.Shape(), w.Shapes[key])
		}
	}
	has := func(key string) bool { _, ok := w.Shapes[key]; return ok }
	if err := nn.SaveStore(path, store, has, map[string]string{"format": "pt"}); err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	return nil
}

// Init fills the store with random weights as transformers starts them: normal with standard deviation Range, norms at
// one, biases at zero. The same seed gives the same weights; each tensor has a stream of its own, so another depth leaves
// the others as they are. Variables that exist already are an error.
func (w Weights) Init(store *model.Store, seed uint64) error {
	for _, key := range slices.Sorted(maps.Keys(w.Shapes)) {
		if store.GetVariable(nn.Path(key)) != nil {
			return fmt.Errorf("%s: the store already has %s", w.Name, key)
		}
		dims := w.Shapes[key]
		size := 1
		for _, d := range dims {
			size *= d
		}
		values := make([]float32, size)
		switch {
		case len(dims) > 1 || !strings.HasSuffix(key, ".weight") && !strings.HasSuffix(key, ".bias"):
			h := fnv.New64a()
			h.Write([]byte(key))
			rng := rand.New(rand.NewPCG(seed, h.Sum64()))
			for i := range values {
				values[i] = float32(rng.NormFloat64() * w.Range)
			}
		case strings.HasSuffix(key, ".weight"):
			for i := range values {
				values[i] = 1
			}
		}
		if _, err := store.CreateVariable(nn.Path(key), tensors.FromFlatDataAndDimensions(values, dims...)); err != nil {
			return fmt.Errorf("%s: %s: %w", w.Name, key, err)
		}
	}
	return nil
}
