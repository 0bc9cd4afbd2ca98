package qwen2vl

import (
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/internal/golden"
	"urbangraph/uglib/nn"
)

func TestCheckpoints(t *testing.T) {
	newer := func(key string) string {
		if strings.HasPrefix(key, "visual.") {
			return "model." + key
		}
		if rest, ok := strings.CutPrefix(key, "model."); ok {
			return "model.language_model." + rest
		}
		return key
	}
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			cfg := loadGolden(t, dir).cfg
			golden.Checkpoint{Dir: dir, Shapes: cfg.Shapes(), Load: cfg.LoadWith,
				Names: map[string]func(string) string{"newer": newer}, Unused: []string{"lm_head.weight"}}.Test(t)
		})
	}
}

func TestNothingIsRandom(t *testing.T) {
	for _, dir := range folders {
		g := loadGolden(t, dir)
		golden.NothingRandom(t, g.store(t), g.args(g.layout(t, Sizes{})), func(s *model.Scope, nodes []*Node) *Node {
			last := len(nodes) - 1
			return g.cfg.LastHidden(s, NewInputs(nodes[:last]), Options{Graph: nodes[last]})
		})
	}
}

// TestGoldenLoRAOfAllLayers puts an adapter on every linear layer of the decoder, the default query and value projections
// among them.
func TestGoldenLoRAOfAllLayers(t *testing.T) {
	for _, dir := range folders {
		t.Run(dir, func(t *testing.T) {
			g := loadGolden(t, dir)
			golden.LoRA(t, g.store(t), g.args(g.layout(t, Sizes{})), `^model\.layers\..*_proj$`, g.acts, g.grads, func(s *model.Scope, nodes []*Node, lora *nn.LoRA) *Node {
				last := len(nodes) - 1
				return g.cfg.LastHidden(s, NewInputs(nodes[:last]), Options{Graph: nodes[last], LoRA: lora})
			})
		})
	}
}
