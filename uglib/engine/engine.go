package engine

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"urbangraph/uglib/nn"
	"urbangraph/uglib/uge"
)

// Options say how an engine works. The zero value is a good choice.
type Options struct {
	// Instruction is how inputs are asked about; that of [DefaultTask] if it is
	// the zero value.
	Instruction Instruction
	// Batch is the most rows that are computed together, 1 to 4096; 0 is 32. Long
	// rows go in smaller batches.
	Batch int
	// Graphs is the most compiled graphs that are held, 4 to 256; 0 is 12.
	Graphs int
	// Workers prepare items; 0 is one for each processor.
	Workers int
	// Memory bounds, in bytes, the prepared inputs that wait; 0 is 256 MiB.
	Memory int
}

func (o *Options) complete() error {
	if o.Instruction == (Instruction{}) {
		all, err := DefaultInstructions()
		if err != nil {
			return err
		}
		if o.Instruction, err = all.Task(DefaultTask); err != nil {
			return err
		}
	}
	if err := o.Instruction.check(); err != nil {
		return fmt.Errorf("instruction: %w", err)
	}
	for _, x := range []struct {
		name          string
		value         *int
		usual, lo, hi int
	}{
		{"batch", &o.Batch, 32, 1, 4096}, {"graphs", &o.Graphs, 12, 4, 256},
		{"workers", &o.Workers, runtime.GOMAXPROCS(0), 1, 1024}, {"memory", &o.Memory, 256 << 20, 1 << 20, 1 << 50},
	} {
		if *x.value == 0 {
			*x.value = x.usual
		}
		if *x.value < x.lo || *x.value > x.hi {
			return fmt.Errorf("%s is %d, want %d to %d", x.name, *x.value, x.lo, x.hi)
		}
	}
	return nil
}

// Engine embeds items with one model. Its methods may be called from several
// goroutines, which then take turns at the model.
type Engine struct {
	model *uge.Model
	o     Options

	mu      sync.Mutex // of what follows
	encoder *uge.Encoder
	plan    planner
}

// New returns an engine on the backend.
func New(m *uge.Model, backend compute.Backend, o Options) (*Engine, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	e := &Engine{model: m, o: o, encoder: uge.NewEncoder(m, backend)}
	e.plan = planner{round: m.Round, forget: e.encoder.Forget, graphs: o.Graphs, batch: o.Batch}
	return e, nil
}

// Width is the number of components of a vector.
func (e *Engine) Width() int { return e.model.Backbone.HiddenSize() }

// DType names the type that the backbone is computed in, which is that of its
// weights: bfloat16 or float16, empty for float32. Vectors are float32 always.
func (e *Engine) DType() string {
	v := e.model.Vars.GetVariable(nn.Path(e.model.Backbone.Embeddings()))
	if v == nil || v.DType() == dtypes.Float32 {
		return ""
	}
	return strings.ToLower(v.DType().String())
}

// Graphs is the number of graphs that were compiled so far.
func (e *Engine) Graphs() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.encoder.Graphs()
}

// Close frees the compiled graphs.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.encoder.Close()
	e.plan.shapes = nil
}

// Encoded is the vector of all items of a sum.
type Encoded struct {
	Sum    Sum
	Vector []float32 // of length 1; nil if Err is not
	Err    error     // why there is none
}

// batch is what is computed at once.
type batch struct {
	rows  []waiting
	shape shape
}

// cut takes the next batch from waiting rows of one form, the largest of them.
func (e *Engine) cut(rows []waiting) (batch, []waiting) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sortRows(rows)
	taken, rest, s := e.plan.cut(rows)
	return batch{taken, s}, rest
}

// laidBatch is a batch as tensors.
type laidBatch struct {
	rows []waiting
	laid *uge.Batch
}

// layout pads a batch.
func (e *Engine) layout(b batch) (laidBatch, error) {
	rows := make([]uge.Row, len(b.rows))
	for i, w := range b.rows {
		rows[i] = w.row
	}
	laid, err := e.model.BatchOf(rows, b.shape.rows, b.shape.size)
	if err != nil {
		return laidBatch{}, fmt.Errorf("engine: %w", err)
	}
	return laidBatch{b.rows, laid}, nil
}

// compute runs a batch.
func (e *Engine) compute(b laidBatch) ([]Encoded, error) {
	e.mu.Lock()
	vectors, err := e.encoder.Run(b.laid)
	e.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	out := make([]Encoded, len(b.rows))
	for i, w := range b.rows {
		out[i] = Encoded{Sum: w.sum, Vector: slices.Clone(vectors[i])}
		if err := uge.CheckUnit(vectors[i]); err != nil {
			out[i] = Encoded{Sum: w.sum, Err: err}
		}
	}
	return out, nil
}

// Embed embeds items that fit into memory with their vectors. Vectors are in the
// order of the items; one that cannot be used has a nil vector, and its reason
// stands in the summary. The error is one that ended the work.
func (e *Engine) Embed(ctx context.Context, items []Item) ([][]float32, Summary, error) {
	vectors := map[Sum][]float32{}
	sums := make([]Sum, len(items))
	summary, err := e.Run(ctx, each(items), Sink{
		Total: len(items),
		Vectors: func(list []Encoded) error {
			for _, x := range list {
				vectors[x.Sum] = x.Vector
			}
			return nil
		},
		Item: func(r Result) error {
			sums[r.Index] = r.Sum
			return nil
		},
	})
	if err != nil {
		return nil, summary, err
	}
	out := make([][]float32, len(items))
	for i, s := range sums {
		out[i] = vectors[s]
	}
	return out, summary, nil
}

// each is a list as a stream without errors.
func each(items []Item) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, it := range items {
			if !yield(it, nil) {
				return
			}
		}
	}
}
