package llavanext

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
	newer := func(key string) string {
		if rest, ok := strings.CutPrefix(key, "language_model.model."); ok {
			return "model.language_model." + rest
		}
		if key == "language_model.lm_head.weight" {
			return "lm_head.weight"
		}
		return "model." + key
	}
	bare := func(key string) string { return strings.Replace(key, "vision_tower.vision_model.", "vision_tower.", 1) }
	golden.Checkpoint{Dir: "testdata", Shapes: cfg.Shapes(), Load: cfg.LoadWith, Names: map[string]func(string) string{
		"newer": newer, "without vision_model": bare, "newer, without vision_model": func(key string) string { return newer(bare(key)) },
	}, Unused: []string{"vision_tower.vision_model.embeddings.position_ids"}}.Test(t)
}

func TestNothingIsRandom(t *testing.T) {
	r := load(t)
	_, args := r.args(t, clip.Sizes{})
	golden.NothingRandom(t, r.store(t), args, func(s *model.Scope, nodes []*Node) *Node { return r.hidden(s, nodes, false) })
}

// TestGoldenLoRA puts an adapter on every linear layer of the decoder, the default query and value projections among them.
func TestGoldenLoRA(t *testing.T) {
	r := load(t)
	_, args := r.args(t, clip.Sizes{})
	golden.LoRA(t, r.store(t), args, `^language_model\.model\.layers\..*_proj$`, r.acts, r.grads, func(s *model.Scope, nodes []*Node, lora *nn.LoRA) *Node {
		last := len(nodes) - 1
		return r.cfg.LastHidden(s, clip.NewInputs(nodes[:last]), transformer.Options{Graph: nodes[last], LoRA: lora})
	})
}
