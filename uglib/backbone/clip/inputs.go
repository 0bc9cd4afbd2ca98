package clip

import (
	. "github.com/gomlx/gomlx/core/graph"
	. "github.com/gomlx/gomlx/support/exceptions"

	"urbangraph/uglib/backbone/transformer"
)

// Counts of the tensors of a batch, in the order of [Batch.Tensors].
const (
	TextInputs  = 6 // tensors of a batch without pictures
	ImageInputs = 7 // tensors of a batch with pictures
)

// Inputs are the nodes of a batch's tensors; see [Batch] for their meaning.
type Inputs struct {
	IDs, Index *Node // int32 [B, S]
	Mask       *Node // float32 [B, S]
	Cos, Sin   *Node // float32 [B, S, d]
	Last       *Node // int32 [B]
	Pixels     *Node // float32 [T, P, 3·patch_size²], nil without pictures
}

// NewInputs names the nodes of [Batch.Tensors]. It panics unless there are [TextInputs] or [ImageInputs] of them.
func NewInputs(n []*Node) Inputs {
	if len(n) != TextInputs && len(n) != ImageInputs {
		Panicf("clip: a batch has %d tensors, or %d with pictures, not %d", TextInputs, ImageInputs, len(n))
	}
	in := Inputs{IDs: n[0], Index: n[1], Mask: n[2], Cos: n[3], Sin: n[4], Last: n[5]}
	if len(n) == ImageInputs {
		in.Pixels = n[6]
	}
	return in
}

// Rotary gives the angles of the decoder's positions.
func (in *Inputs) Rotary() transformer.Rotary { return transformer.Rotary{Cos: in.Cos, Sin: in.Sin} }
