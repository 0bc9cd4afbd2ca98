package phi3v

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
)

func TestCheckpoints(t *testing.T) {
	cfg := load(t).cfg
	const tower = "model.vision_embed_tokens.img_processor."
	golden.Checkpoint{Dir: "testdata", Shapes: cfg.Shapes(), Load: cfg.LoadWith, Names: map[string]func(string) string{
		"without vision_model": func(key string) string { return strings.Replace(key, tower+"vision_model.", tower, 1) },
	}, Unused: []string{tower + "vision_model.embeddings.position_ids", "model.vision_embed_tokens.wte.weight"}}.Test(t)
}

func TestNothingIsRandom(t *testing.T) {
	r := load(t)
	_, args := r.args(t, clip.Sizes{})
	golden.NothingRandom(t, r.store(t), args, func(s *model.Scope, nodes []*Node) *Node { return r.hidden(s, nodes, false) })
}

// TestGoldenLoRA puts an adapter on every linear layer of the decoder, the default qkv_proj among them.
func TestGoldenLoRA(t *testing.T) {
	r := load(t)
	_, args := r.args(t, clip.Sizes{})
	golden.LoRA(t, r.store(t), args, `^model\.layers\..*_proj$`, r.acts, r.grads, func(s *model.Scope, nodes []*Node, lora *nn.LoRA) *Node {
		last := len(nodes) - 1
		return r.cfg.LastHidden(s, clip.NewInputs(nodes[:last]), transformer.Options{Graph: nodes[last], LoRA: lora})
	})
}
