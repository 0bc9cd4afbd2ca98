package uge

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
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

// Batch lays inputs out, padded to rounded sizes and to the given number of
// rows. All must be of one form: with an image or none, with a graph or none.
func (m *Model) Batch(inputs []Input, rows int) (*Batch, error) {
	if len(inputs) == 0 || len(inputs) > rows {
		return nil, fmt.Errorf("uge: %d inputs for a batch of %d rows", len(inputs), rows)
	}
	b := &Batch{Form: formOf(inputs[0])}
	for i, in := range inputs {
		if f := formOf(in); f != b.Form {
			return nil, fmt.Errorf("uge: input %d is of form %+v in a batch of form %+v", i, f, b.Form)
		}
	}
	if b.Form.Graph && m.Graph == nil {
		return nil, fmt.Errorf("uge: the input has a graph, and the model no graph encoder; train stage 2 first")
	}
	var graphs []graphenc.Graph
	if b.Form.Graph {
		graphs = make([]graphenc.Graph, rows)
		for i := range graphs { // padding rows take the last input's graph
			graphs[i] = *inputs[min(i, len(inputs)-1)].Graph
		}
	}
	nodes := 0
	if b.Form.Graph {
		size := m.Graph.Need(graphs).Bucket()
		var err error
		if b.graph, err = m.Graph.Batch(graphs, size); err != nil {
			return nil, err
		}
		nodes = size.Nodes
	}
	laid := make([]backbone.Row, len(inputs))
	for i, in := range inputs {
		var err error
		if laid[i], err = m.row(in, i*nodes); err != nil {
			return nil, fmt.Errorf("input %d: %w", i, err)
		}
	}
	var err error
	b.rows, err = m.Backbone.Layout(laid, rows, rows*nodes)
	return b, err
}

func formOf(in Input) Form { return Form{Image: len(in.Images) > 0, Graph: in.Graph != nil} }

// row tokenises one input; firstVector is where its graph's vectors start.
func (m *Model) row(in Input, firstVector int) (backbone.Row, error) {
	row := backbone.Row{Images: in.Images}
	features := make([]int, len(in.Images))
	var err error
	for i, p := range in.Images {
		if features[i], err = m.Backbone.ImageTokens(p); err != nil {
			return row, err
		}
	}
	nodes := 0
	if in.Graph != nil {
		nodes = len(in.Graph.Nodes)
	}
	if row.IDs, err = m.tokens(in.Text, features, nodes); err != nil {
		return row, err
	}
	for j := range nodes {
		row.Graph = append(row.Graph, firstVector+j)
	}
	return row, nil
}

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
		table := nn.EmbeddingTable(at, nodes[0].Graph(), dtypes.Float32, m.Backbone.VocabSize(), m.Backbone.HiddenSize())
		scope := s.Store().Scope(graphScope)
		options.Graph, _ = graphenc.Forward(scope, *m.Graph, graphenc.Unpack(nodes[n:], table))
	}
	return L2Normalize(m.Backbone.LastHidden(s, nodes[:n], options), -1)
}
