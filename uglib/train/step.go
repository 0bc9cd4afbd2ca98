package train

import (
	"fmt"
	"regexp"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/nn"
	"urbangraph/uglib/uge"
)

// pairs is a batch of training pairs on the host.
type pairs struct {
	queries, positives *uge.Batch
	falseNegatives     []bool // [B, B]: the same place or the same text, not on the diagonal
	size               int
}

// stepper computes one optimizer step. Its graph is compiled anew for each
// combination of sizes, which the rounding of batches keeps few.
type stepper struct {
	model *uge.Model
	exec  *model.Exec
	query uge.Form
}

// measures are what a step tells.
type measures struct{ loss, margin, gradNorm float64 }

func newStepper(m *uge.Model, backend compute.Backend, spec Spec) (*stepper, error) {
	t := &stepper{model: m, query: uge.Form{Image: true, Graph: spec.Stage == 2}}
	optimizer := nn.NewAdamW()
	optimizer.WeightDecay = spec.WeightDecay
	if spec.Stage == 2 {
		optimizer.Groups = []nn.Group{{Match: regexp.MustCompile(`\.lora_`), Scale: spec.BaseScale}}
	}
	loss := nn.InfoNCE{Temperature: spec.Temperature, Symmetric: true}
	var err error
	t.exec, err = model.NewExec(backend, m.Vars, func(s *model.Scope, nodes []*Node) (*Node, *Node, *Node) {
		store := m.Vars
		store.SetTraining(nodes[0].Graph(), true)
		n := m.NumInputs(t.query)
		k := n + m.NumInputs(uge.Form{})
		q := m.Embed(s, t.query, nodes[:n])
		p := m.Embed(s, uge.Form{}, nodes[n:k])
		falseNegatives, rate := nodes[k], nodes[k+1]
		nn.SetTrainable(store, m.IsTrained)
		value := loss.Loss(q, p, falseNegatives)
		margin, _, _ := nn.Margin(q, p, falseNegatives)
		norm := optimizer.Update(store, value, rate)
		return value, margin, norm
	})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t.exec.SetMaxCache(-1)
	return t, nil
}

// do makes one step.
func (t *stepper) do(b *pairs, learningRate float64) (measures, error) {
	var args []any
	for _, batch := range []*uge.Batch{b.queries, b.positives} {
		for _, x := range batch.Tensors() {
			args = append(args, x)
		}
	}
	args = append(args, tensors.FromFlatDataAndDimensions(b.falseNegatives, b.size, b.size), float32(learningRate))
	out, err := t.exec.Call(args...)
	if err != nil {
		return measures{}, fmt.Errorf("train: step: %w", err)
	}
	scalar := func(i int) float64 { return float64(tensors.ToScalar[float32](out[i])) }
	return measures{loss: scalar(0), margin: scalar(1), gradNorm: scalar(2)}, nil
}
