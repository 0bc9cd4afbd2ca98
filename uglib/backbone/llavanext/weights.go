package llavanext

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
)

// Shapes gives the dimensions of every tensor of the model by its key on the hub.
func (c *Config) Shapes() map[string][]int {
	h := c.Text.Hidden
	text := map[string][]int{"model.embed_tokens.weight": {c.VocabSize, h}}
	c.Text.Shapes(text)
	m := map[string][]int{
		"image_newline":                         {h},
		"multi_modal_projector.linear_1.weight": {h, c.Vision.Hidden}, "multi_modal_projector.linear_1.bias": {h},
		"multi_modal_projector.linear_2.weight": {h, h}, "multi_modal_projector.linear_2.bias": {h},
	}
	for key, dims := range text {
		m["language_model."+key] = dims
	}
	c.Vision.Shapes(m, "vision_tower.vision_model.")
	return m
}

// HubKey gives the hub's key for a tensor name of any LLaVA-NeXT file, or "" for the output layer, which is not used, and
// for the positions that old files number.
func HubKey(name string) string {
	if strings.HasSuffix(name, "lm_head.weight") || strings.HasSuffix(name, ".position_ids") || strings.HasSuffix(name, ".rotary_emb.inv_freq") {
		return ""
	}
	if rest, ok := strings.CutPrefix(name, "model.language_model."); ok {
		return "language_model.model." + rest
	}
	for _, part := range []string{"vision_tower.", "multi_modal_projector.", "image_newline"} {
		if strings.HasPrefix(name, "model."+part) {
			name = strings.TrimPrefix(name, "model.")
		}
	}
	if rest, ok := strings.CutPrefix(name, "vision_tower."); ok && !strings.HasPrefix(rest, "vision_model.") {
		return "vision_tower.vision_model." + rest
	}
	return name
}

// weights are the tensors of the model.
func (c *Config) weights() transformer.Weights {
	return transformer.Weights{Name: "llavanext", Shapes: c.Shapes(), HubKey: HubKey, Range: c.InitializerRange}
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
		return fmt.Errorf("llavanext: %w", err)
	}
	return c.weights().Init(store, seed)
}
