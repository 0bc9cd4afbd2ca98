package transformer

import (
	. "github.com/gomlx/gomlx/core/graph"

	"urbangraph/uglib/nn"
)

// Options change what a forward pass does besides the plain model.
type Options struct {
	// LoRA adds low-rank terms to the linear layers that it targets by their dotted path; nil adds none.
	LoRA *nn.LoRA
	// Graph holds the graph vectors [..., H] that graph tokens stand for, G of them when flattened, in the order that a
	// row counts them. Nil when the batch has none.
	Graph *Node
	// Tap, if set, is shown intermediate results by name: what the vision tower and each of its layers give, the image
	// features, inputs_embeds and llm.layerN [B, S, H].
	Tap func(name string, x *Node)
	// Checkpoint recomputes each layer during the backward pass instead of keeping its results: less memory, more time.
	Checkpoint bool
}

// Show shows an intermediate result to the tap.
func (o *Options) Show(name string, x *Node) {
	if o.Tap != nil {
		o.Tap(name, x)
	}
}

// Begin begins a layer whose insides are recomputed in the backward pass, if so asked.
func (o *Options) Begin(x *Node) *Node {
	if o.Checkpoint {
		return x.Checkpoint()
	}
	return x
}

// End ends the recomputed part.
func (o *Options) End(x *Node) *Node {
	if o.Checkpoint {
		return x.StopCheckpoint()
	}
	return x
}

// Pick takes rows index [B] of x [B, S, d] flattened to [B·S, d]: [B, 1, d].
func Pick(x, index *Node) *Node {
	flat := Reshape(x, -1, x.Shape().Dim(-1))
	return ExpandAxes(Gather(flat, ExpandAxes(index, -1)), 1)
}

// Join puts features of pictures and graph vectors where they belong among the embeddings of tokens: index [B, S] counts
// through the embeddings h [B, S, H], the features [..., H] and the graph vectors of the options, joined in that order.
// One gather does it. Features may be nil.
func (o *Options) Join(h, features, index *Node) *Node {
	width := h.Shape().Dim(-1)
	parts := []*Node{Reshape(h, -1, width)}
	for _, x := range []*Node{features, o.Graph} {
		if x != nil {
			parts = append(parts, ConvertDType(Reshape(x, -1, width), h.DType()))
		}
	}
	if len(parts) == 1 {
		return h
	}
	return Gather(Concatenate(parts, 0), ExpandAxes(index, -1))
}
