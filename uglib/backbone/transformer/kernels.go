package transformer

import (
	. "github.com/gomlx/gomlx/core/graph"

	"urbangraph/uglib/nn"
)

// Kernels are [nn.Kernels] with the products of an attention.
type Kernels struct{ nn.Kernels }

// Kernels chooses the form for the graph's backend. Gradients for the pure Go backend hold on to the operands, which
// would undo [Options].Checkpoint; that therefore gets GoMLX's form.
func (o *Options) Kernels(g *Graph) Kernels {
	return Kernels{nn.KernelsOf(g) && nn.Kernels(!o.Checkpoint)}
}

// scores is q·keyᵀ for q [N, Tq, d] and key [N, Tk, d]: [N, Tq, Tk].
func (k Kernels) scores(q, key *Node) *Node {
	return k.Product(q, key,
		func(q, key *Node) *Node { return k.Across(q, key, 1) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, key, []int{1}, []int{0}) },
		func(dy *Node) *Node {
			return Transpose(DotGeneral(Transpose(q, 1, 2), []int{2}, []int{0}, dy, []int{1}, []int{0}), 1, 2)
		})
}

// weighted is w·v for w [N, Tq, Tk] and v [N, Tk, d]: [N, Tq, d].
func (k Kernels) weighted(w, v *Node) *Node {
	return k.Product(w, v,
		func(w, v *Node) *Node { return DotGeneral(w, []int{2}, []int{0}, v, []int{1}, []int{0}) },
		func(dy *Node) *Node { return k.Across(dy, v, 1) },
		func(dy *Node) *Node {
			return Transpose(DotGeneral(Transpose(dy, 1, 2), []int{2}, []int{0}, w, []int{1}, []int{0}), 1, 2)
		})
}

// rotateHalf is (-x₂, x₁) for the two halves of the last axis of x, as a product with a constant matrix: exact, and
// quicker than slicing.
func (k Kernels) rotateHalf(x *Node) *Node {
	d := x.Shape().Dim(-1)
	r := make([][]float32, d)
	for i := range r {
		r[i] = make([]float32, d)
		if i < d/2 {
			r[i][i+d/2] = 1
		} else {
			r[i][i-d/2] = -1
		}
	}
	m := ConvertDType(Const(x.Graph(), r), x.DType())
	return k.Product(x, m,
		func(x, m *Node) *Node { return DotGeneral(x, []int{-1}, nil, m, []int{0}, nil) },
		func(dy *Node) *Node { return DotGeneral(Neg(dy), []int{-1}, nil, m, []int{0}, nil) }, // mᵀ = -m
		func(*Node) *Node { return ZerosLike(m) })
}
