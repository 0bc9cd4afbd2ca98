package qwen2vl

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
)

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

// weights are the tensors of the model.
func (c *Config) weights() transformer.Weights {
	return transformer.Weights{Name: "qwen2vl", Shapes: c.Shapes(), HubKey: HubKey, Range: c.InitializerRange}
}

// Load reads the weights of path; see [transformer.Weights.Load].
func (c *Config) Load(store *model.Store, path string) error { return c.weights().Load(store, path) }

// LoadWith is Load with options; see [transformer.LoadOptions].
func (c *Config) LoadWith(store *model.Store, path string, o transformer.LoadOptions) error {
	return c.weights().LoadWith(store, path, o)
}

// SaveWeights writes the weights to path; see [transformer.Weights.Save].
func (c *Config) SaveWeights(store *model.Store, path string) error {
	return c.weights().Save(store, path)
}

// Init fills the store with random weights; see [transformer.Weights.Init].
func (c *Config) Init(store *model.Store, seed uint64) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("qwen2vl: %w", err)
	}
	return c.weights().Init(store, seed)
}
