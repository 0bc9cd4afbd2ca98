package uge

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/progress"
)

// encodeRows is the number of rows of a batch when encoding.
const encodeRows = 32

// Encoder embeds inputs with a model. It keeps the compiled graphs, so use one
// for all encoding with a model. It is not for use by several goroutines.
type Encoder struct {
	model   *Model
	backend compute.Backend
	execs   map[Form]*model.Exec
	graphs  int
}

// NewEncoder returns an encoder on the backend.
func NewEncoder(m *Model, backend compute.Backend) *Encoder {
	return &Encoder{model: m, backend: backend, execs: map[Form]*model.Exec{}}
}

// Encode returns the unit vectors of n inputs, each of the model's hidden size.
// Inputs are asked for by index when their turn comes, while the batch before
// them is computed. The name is shown as the task's.
func (e *Encoder) Encode(ctx context.Context, name string, n int, input func(i int) (Input, error)) ([][]float32, error) {
	task := progress.Start(ctx, name, n)
	defer task.Done()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	type part struct {
		at    []int
		batch *Batch
	}
	parts := make(chan part, 2)
	go func() {
		defer close(parts)
		waiting := map[Form][]Input{} // inputs of mixed forms are sorted into batches of one
		index := map[Form][]int{}
		flush := func(f Form) bool {
			batch, err := e.model.Batch(waiting[f], encodeRows)
			if err != nil {
				stop(err)
				return false
			}
			select {
			case parts <- part{index[f], batch}:
			case <-ctx.Done():
				return false
			}
			waiting[f], index[f] = nil, nil
			return true
		}
		for i := range n {
			if ctx.Err() != nil {
				return
			}
			in, err := input(i)
			if err != nil {
				stop(fmt.Errorf("uge: input %d: %w", i, err))
				return
			}
			f := formOf(in)
			waiting[f], index[f] = append(waiting[f], in), append(index[f], i)
			if len(waiting[f]) == encodeRows && !flush(f) {
				return
			}
		}
		for _, f := range []Form{{}, {Image: true}, {Graph: true}, {true, true}} {
			if len(waiting[f]) > 0 && !flush(f) {
				return
			}
		}
	}()
	vectors := make([][]float32, n)
	for p := range parts {
		if ctx.Err() != nil {
			break
		}
		out, err := e.Run(p.batch)
		if err != nil {
			return nil, err
		}
		for row, i := range p.at {
			if err := CheckUnit(out[row]); err != nil {
				return nil, fmt.Errorf("uge: encode: input %d: %w", i, err)
			}
			vectors[i] = out[row]
		}
		task.Add(len(p.at))
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return vectors, nil
}

// Run computes one batch: a vector for each of its rows, those of padding too.
// The graph for its form and sizes is compiled where it is the first of them.
func (e *Encoder) Run(b *Batch) ([][]float32, error) {
	exec := e.execs[b.Form]
	if exec == nil {
		var err error
		exec, err = model.NewExec(e.backend, e.model.Vars, func(s *model.Scope, nodes []*Node) *Node {
			e.graphs++
			return e.model.Embed(s, b.Form, nodes)
		})
		if err != nil {
			return nil, fmt.Errorf("uge: %w", err)
		}
		exec.SetMaxCache(-1)
		e.execs[b.Form] = exec
	}
	args := make([]any, 0, e.model.NumInputs(b.Form))
	for _, t := range b.Tensors() {
		args = append(args, t)
	}
	out, err := exec.Call(args...)
	if err != nil {
		return nil, fmt.Errorf("uge: encode: %w", err)
	}
	rows := tensors.MustCopyFlatData[float32](out[0])
	h := e.model.Backbone.HiddenSize()
	vectors := make([][]float32, len(rows)/h)
	for i := range vectors {
		vectors[i] = rows[i*h : (i+1)*h : (i+1)*h]
	}
	return vectors, nil
}

// Graphs is the number of graphs that were compiled so far, one for each form
// and size of a batch.
func (e *Encoder) Graphs() int { return e.graphs }

// Forget frees the compiled graphs of a form.
func (e *Encoder) Forget(f Form) {
	if exec := e.execs[f]; exec != nil {
		exec.Finalize()
		delete(e.execs, f)
	}
}

// CheckUnit reports a vector that is not finite or not of length 1.
func CheckUnit(v []float32) error {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return errors.New("the vector is not finite: the weights have diverged or are damaged; use an earlier checkpoint or train with a smaller learning rate")
	}
	if math.Abs(math.Sqrt(sum)-1) > 1e-3 {
		return fmt.Errorf("the vector has length %g, not 1: the weights are damaged; use an earlier checkpoint", math.Sqrt(sum))
	}
	return nil
}

// Close frees the compiled graphs.
func (e *Encoder) Close() {
	for _, exec := range e.execs {
		exec.Finalize()
	}
	clear(e.execs)
}

// Similarity is the score of two vectors of equal length: their dot product,
// which for unit vectors is the cosine. It sums in float64.
func Similarity(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}
