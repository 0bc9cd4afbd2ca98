package qwen2vl

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
)

// WeightsName is the file in a model folder that [Config.SaveWeights] writes.
const WeightsName = "model.safetensors"

// Shapes gives the dimensions of every tensor of the model by its key on the hub.
func (c *Config) Shapes() map[string][]int {
	m := map[string][]int{}
	linear := func(key string, out, in int, bias bool) {
		m[key+".weight"] = []int{out, in}
		if bias {
			m[key+".bias"] = []int{out}
		}
	}
	v, h := &c.Vision, c.HiddenSize
	e := v.EmbedDim
	m["visual.patch_embed.proj.weight"] = []int{e, v.Channels, v.TemporalPatchSize, v.PatchSize, v.PatchSize}
	norm := func(key string) {
		m[key+".weight"] = []int{e}
		if !v.Gated() {
			m[key+".bias"] = []int{e}
		}
	}
	for i := range v.Depth {
		block := fmt.Sprintf("visual.blocks.%d.", i)
		norm(block + "norm1")
		norm(block + "norm2")
		linear(block+"attn.qkv", 3*e, e, true)
		linear(block+"attn.proj", e, e, true)
		if v.Gated() {
			linear(block+"mlp.gate_proj", v.Intermediate, e, true)
			linear(block+"mlp.up_proj", v.Intermediate, e, true)
			linear(block+"mlp.down_proj", e, v.Intermediate, true)
		} else {
			linear(block+"mlp.fc1", v.mlpDim(), e, true)
			linear(block+"mlp.fc2", e, v.mlpDim(), true)
		}
	}
	wide := e * v.MergeUnit()
	norm("visual.merger.ln_q")
	linear("visual.merger.mlp.0", wide, wide, true)
	linear("visual.merger.mlp.2", h, wide, true)
	m["model.embed_tokens.weight"] = []int{c.VocabSize, h}
	c.decoder().Shapes(m)
	return m
}

// HubKey gives the hub's key for a tensor name of any Qwen2-VL file, or "" for the output layer, which is not used.
func HubKey(name string) string {
	switch {
	case name == "lm_head.weight":
		return ""
	case strings.HasPrefix(name, "model.visual."):
		return strings.TrimPrefix(name, "model.")
	case strings.HasPrefix(name, "model.language_model."):
		return "model." + strings.TrimPrefix(name, "model.language_model.")
	}
	return name
}

// Load reads the weights of path, a safetensors file, its shard index or a model folder, into the store as float32.
// A missing, surplus or misshapen tensor is an [*nn.MismatchError] that names it, and then the store is left as it was.
func (c *Config) Load(store *model.Store, path string) error {
	if err := nn.LoadStore(store, path, nn.LoadOptions{Rename: HubKey, Expect: c.Shapes(), DType: dtypes.Float32}); err != nil {
		return fmt.Errorf("qwen2vl: %w", err)
	}
	return nil
}

// SaveWeights writes the model's tensors, without adapters or training state, to path: a safetensors file, or a folder,
// in which it becomes model.safetensors.
func (c *Config) SaveWeights(store *model.Store, path string) error {
	if filepath.Ext(path) != ".safetensors" {
		path = filepath.Join(path, WeightsName)
	}
	want := c.Shapes()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		v := store.GetVariable(nn.Path(key))
		if v == nil {
			return fmt.Errorf("qwen2vl: %s not written: the store has no variable for the tensor %s; try Init or Load first", path, key)
		}
		if !slices.Equal(v.Shape().Dimensions, want[key]) {
			return fmt.Errorf("qwen2vl: %s not written: the tensor %s is %s in the store and %v in the configuration", path, key, v.Shape(), want[key])
		}
	}
	has := func(key string) bool { _, ok := want[key]; return ok }
	if err := nn.SaveStore(path, store, has, map[string]string{"format": "pt"}); err != nil {
		return fmt.Errorf("qwen2vl: %w", err)
	}
	return nil
}

// Init fills the store with random weights as transformers starts them: normal with standard deviation
// initializer_range, norms at one, biases at zero. The same seed gives the same weights; each tensor has a stream of its
// own, so another depth leaves the others as they are. Variables that exist already are an error.
func (c *Config) Init(store *model.Store, seed uint64) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("qwen2vl: %w", err)
	}
	all := c.Shapes()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if store.GetVariable(nn.Path(key)) != nil {
			return fmt.Errorf("qwen2vl: the store already has %s", key)
		}
		dims := all[key]
		size := 1
		for _, d := range dims {
			size *= d
		}
		values := make([]float32, size)
		switch {
		case len(dims) > 1:
			h := fnv.New64a()
			h.Write([]byte(key))
			rng := rand.New(rand.NewPCG(seed, h.Sum64()))
			for i := range values {
				values[i] = float32(rng.NormFloat64() * c.InitializerRange)
			}
		case strings.HasSuffix(key, ".weight"):
			for i := range values {
				values[i] = 1
			}
		}
		if _, err := store.CreateVariable(nn.Path(key), tensors.FromFlatDataAndDimensions(values, dims...)); err != nil {
			return fmt.Errorf("qwen2vl: %s: %w", key, err)
		}
	}
	return nil
}
