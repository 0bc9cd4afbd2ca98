package uge

import (
	"errors"
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/vision"
)

// Input is one thing to embed: a text with an <image> tag for each image and a
// <graph> tag for the graph.
type Input struct {
	Text   string
	Images []vision.Picture
	Graph  *graphenc.Graph
}

// Form says which kinds of tensors a batch has; batches of one form and equal
// sizes share a compiled graph.
type Form struct{ Image, Graph bool }

// Batch is a set of inputs as tensors on the host.
type Batch struct {
	Form  Form
	rows  backbone.Batch
	graph *graphenc.Batch
}

// Size is what an input takes of a batch; see [Model.Round].
type Size struct {
	Form  Form
	Row   backbone.Size
	Graph graphenc.Size
}

// Row is an input as the model reads it: tokens, pictures and graph.
type Row struct {
	Size Size // exact, not rounded

	row   backbone.Row
	graph *graphenc.Graph
}

// Row tokenises an input and measures it. It may be called from several
// goroutines.
func (m *Model) Row(in Input) (Row, error) {
	r := Row{Size: Size{Form: formOf(in)}, row: backbone.Row{Images: in.Images}, graph: in.Graph}
	features := make([]int, len(in.Images))
	var err error
	for i, p := range in.Images {
		if features[i], err = m.Backbone.ImageTokens(p); err != nil {
			return r, err
		}
	}
	nodes := 0
	if in.Graph != nil {
		if m.Graph == nil {
			return r, errors.New("uge: the input has a graph, and the model no graph encoder; train stage 2 first")
		}
		nodes = len(in.Graph.Nodes)
		r.Size.Graph = m.Graph.Need([]graphenc.Graph{*in.Graph})
	}
	if r.row.IDs, err = m.tokens(in.Text, features, nodes); err != nil {
		return r, err
	}
	r.Size.Row, err = m.Backbone.Need(r.row)
	return r, err
}

// Round rounds a size up to one of few.
func (m *Model) Round(s Size) Size {
	s.Row = m.Backbone.Round(s.Row)
	if s.Form.Graph {
		s.Graph = s.Graph.Bucket()
	}
	return s
}

// Batch lays inputs out, padded to rounded sizes and to the given number of
// rows. All must be of one form: with an image or none, with a graph or none.
func (m *Model) Batch(inputs []Input, rows int) (*Batch, error) {
	laid := make([]Row, len(inputs))
	for i, in := range inputs {
		if f := formOf(in); f != formOf(inputs[0]) {
			return nil, fmt.Errorf("uge: input %d is of form %+v in a batch of form %+v", i, f, formOf(inputs[0]))
		}
	}
	for i, in := range inputs {
		var err error
		if laid[i], err = m.Row(in); err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
	}
	return m.layout(laid, rows, backbone.Size{}, graphenc.Size{})
}

// BatchOf lays rows out, each padded to the size, as a batch of so many rows.
// The size must be of their form and hold each of them.
func (m *Model) BatchOf(laid []Row, rows int, size Size) (*Batch, error) {
	for i, r := range laid {
		if r.Size.Form != size.Form {
			return nil, fmt.Errorf("uge: row %d is of form %+v in a batch of form %+v", i, r.Size.Form, size.Form)
		}
	}
	return m.layout(laid, rows, size.Row, size.Graph)
}

// layout lays rows of one form out; sizes of zero are what they need, rounded.
func (m *Model) layout(laid []Row, rows int, size backbone.Size, graph graphenc.Size) (*Batch, error) {
	if len(laid) == 0 || len(laid) > rows {
		return nil, fmt.Errorf("uge: %d inputs for a batch of %d rows", len(laid), rows)
	}
	b := &Batch{Form: laid[0].Size.Form}
	if b.Form.Graph {
		graphs := make([]graphenc.Graph, rows)
		for i := range graphs { // padding rows take the last input's graph
			graphs[i] = *laid[min(i, len(laid)-1)].graph
		}
		if graph == (graphenc.Size{}) {
			graph = m.Graph.Need(graphs).Bucket()
		} else if need := m.Graph.Need(graphs); need.Max(graph) != graph {
			return nil, fmt.Errorf("uge: graphs that take %+v in a batch of %+v", need, graph)
		}
		var err error
		if b.graph, err = m.Graph.Batch(graphs, graph); err != nil {
			return nil, err
		}
	}
	list := make([]backbone.Row, len(laid))
	for i, r := range laid {
		list[i] = r.row
		if r.graph != nil {
			vectors := make([]int, len(r.graph.Nodes)) // of this batch
			for j := range vectors {
				vectors[j] = i*graph.Nodes + j
			}
			list[i].Graph = vectors
		}
	}
	var err error
	b.rows, err = m.Backbone.Layout(list, rows, rows*graph.Nodes, size)
	return b, err
}

func formOf(in Input) Form { return Form{Image: len(in.Images) > 0, Graph: in.Graph != nil} }

// Tensors returns the batch in the order that [Model.Embed] takes.
func (b *Batch) Tensors() []*tensors.Tensor {
	all := b.rows.Tensors()
	if b.graph != nil {
		all = append(all, b.graph.Tensors()...)
	}
	return all
}

// NumInputs is the number of tensors of a batch of a form.
func (m *Model) NumInputs(f Form) int {
	n := m.Backbone.Inputs(f.Image)
	if f.Graph {
		n += graphenc.NumInputs
	}
	return n
}

// Embed builds the computation from a batch's tensors to unit vectors, float32
// [B, H]: last-token pooling, then division by the length.
func (m *Model) Embed(s *model.Scope, form Form, nodes []*Node) *Node {
	n := m.Backbone.Inputs(form.Image)
	options := transformer.Options{LoRA: m.LoRA}
	if form.Graph {
		at := s
		for part := range strings.SplitSeq(strings.TrimSuffix(m.Backbone.Embeddings(), ".weight"), ".") {
			at = at.At("%s", part)
		}
		table := transformer.Variable(at, nodes[0].Graph(), "weight", m.Backbone.VocabSize(), m.Backbone.HiddenSize())
		scope := s.Store().Scope(graphScope)
		options.Graph, _ = graphenc.Forward(scope, *m.Graph, graphenc.Unpack(nodes[n:], table))
	}
	return L2Normalize(m.Backbone.LastHidden(s, nodes[:n], options), -1)
}

// Bytes is roughly what a row keeps in memory.
func (r *Row) Bytes() int {
	n := 4 * (len(r.row.IDs) + len(r.row.Graph))
	for _, p := range r.row.Images {
		n += 4 * p.Values()
	}
	if r.graph != nil {
		n += 64*len(r.graph.Nodes) + 48*len(r.graph.Edges)
	}
	return n
}
