package phi3v

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
)

// Shapes gives the dimensions of every tensor of the model by its key on the hub.
func (c *Config) Shapes() map[string][]int {
	const image = "model.vision_embed_tokens."
	h, wide := c.Text.Hidden, 4*c.Vision.Hidden
	m := map[string][]int{
		"model.embed_tokens.weight":       {c.VocabSize, h},
		image + "glb_GN":                  {1, 1, wide},
		image + "sub_GN":                  {1, 1, 1, wide},
		image + "img_projection.0.weight": {h, wide}, image + "img_projection.0.bias": {h},
		image + "img_projection.2.weight": {h, h}, image + "img_projection.2.bias": {h},
	}
	c.Text.Shapes(m)
	c.Vision.Shapes(m, image+"img_processor.vision_model.")
	return m
}

// HubKey gives the hub's key for a tensor name of any Phi-3-Vision file, or "" for the output layer, which is not used,
// for a second copy of the embeddings, and for the positions that old files number.
func HubKey(name string) string {
	switch {
	case name == "lm_head.weight", name == "model.vision_embed_tokens.wte.weight", strings.HasSuffix(name, ".position_ids"):
		return ""
	}
	const tower = "model.vision_embed_tokens.img_processor."
	if rest, ok := strings.CutPrefix(name, tower); ok && !strings.HasPrefix(rest, "vision_model.") {
		return tower + "vision_model." + rest
	}
	return name
}

// weights are the tensors of the model.
func (c *Config) weights() transformer.Weights {
	return transformer.Weights{Name: "phi3v", Shapes: c.Shapes(), HubKey: HubKey, Range: c.InitializerRange}
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
		return fmt.Errorf("phi3v: %w", err)
	}
	return c.weights().Init(store, seed)
}
