package qwen2vl

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"

	"urbangraph/uglib/nn"
)

// kernels builds matrix products, softmax and norms in one of two forms with the same values and gradients up to
// rounding: as GoMLX does, or (true) with gradients laid out for the pure Go backend.
//
// There GoMLX's own gradient of a matrix product transposes operands and results value by value, also by permutations
// that change nothing, which costs more than the products; here at most one operand, the smaller, is transposed. And the
// gradients of softmax and norms are made from their results where GoMLX computes the forward pass a second time.
//
// The gradients are replaced by way of identities: one catches the gradient dy of the result, others, on the operands,
// give gradients made from dy instead of GoMLX's, on which then nothing depends, so that compiling drops them. Since
// they hold on to the operands, they would undo [Options].Checkpoint, which therefore gets GoMLX's form.
type kernels bool

// kernels chooses the form for the graph's backend.
func (o *Options) kernels(g *Graph) kernels {
	return kernels(fmt.Sprint(g.Backend()) == "go" && !o.Checkpoint)
}

// product gives f(a, b), with gradients da(dy) and db(dy) with respect to a and b.
func (k kernels) product(a, b *Node, f func(a, b *Node) *Node, da, db func(dy *Node) *Node) *Node {
	if !k {
		return f(a, b)
	}
	var dy *Node
	a = IdentityWithCustomGradient(a, func(_, _ *Node) *Node { return da(dy) })
	b = IdentityWithCustomGradient(b, func(_, _ *Node) *Node { return db(dy) })
	return IdentityWithCustomGradient(f(a, b), func(_, v *Node) *Node { dy = v; return v })
}

// dense is x·Wᵀ + b for x [..., in], w [out, in] and b [out] or nil. With shared, x goes through several such layers, as
// the heads of an attention: then the gradient of the weights transposes x, once for all of them, rather than dy.
func (k kernels) dense(x, w, b *Node, shared bool) *Node {
	plain := func() *Node {
		y := k.times(x, w, shared)
		if b != nil {
			y = Add(y, ExpandLeftToRank(b, y.Rank()))
		}
		return y
	}
	if b == nil || !k {
		return plain()
	}
	y, _ := InternalFusedOpCaller(func() *Node {
		return BackendFusedDense(x, w, b, compute.DenseConfig{WeightLayout: compute.DenseLayoutOutputsInput})
	}, plain, true)
	return y
}

// times is dense without b.
func (k kernels) times(x, w *Node, shared bool) *Node {
	out, in := w.Shape().Dim(0), w.Shape().Dim(1)
	return k.product(x, w,
		func(x, w *Node) *Node { return DotGeneral(x, []int{-1}, nil, w, []int{1}, nil) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{-1}, nil, w, []int{0}, nil) },
		func(dy *Node) *Node {
			rows, dy := Reshape(x, -1, in), Reshape(dy, -1, out)
			if in > out && !shared {
				return DotGeneral(Transpose(dy, 0, 1), []int{1}, nil, rows, []int{0}, nil)
			}
			return Transpose(DotGeneral(Transpose(rows, 0, 1), []int{1}, nil, dy, []int{0}, nil), 0, 1)
		})
}

// scores is q·keyᵀ for q [N, Tq, d] and key [N, Tk, d]: [N, Tq, Tk].
func (k kernels) scores(q, key *Node) *Node {
	return k.product(q, key,
		func(q, key *Node) *Node { return DotGeneral(q, []int{2}, []int{0}, key, []int{2}, []int{0}) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, key, []int{1}, []int{0}) },
		func(dy *Node) *Node {
			return Transpose(DotGeneral(Transpose(q, 1, 2), []int{2}, []int{0}, dy, []int{1}, []int{0}), 1, 2)
		})
}

// weighted is w·v for w [N, Tq, Tk] and v [N, Tk, d]: [N, Tq, d].
func (k kernels) weighted(w, v *Node) *Node {
	return k.product(w, v,
		func(w, v *Node) *Node { return DotGeneral(w, []int{2}, []int{0}, v, []int{1}, []int{0}) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, v, []int{2}, []int{0}) },
		func(dy *Node) *Node {
			return Transpose(DotGeneral(Transpose(dy, 1, 2), []int{2}, []int{0}, w, []int{1}, []int{0}), 1, 2)
		})
}

// rotateHalf is (-x₂, x₁) for the two halves of the last axis of x, as a product with a constant matrix: exact, and
// quicker than slicing.
func (k kernels) rotateHalf(x *Node) *Node {
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
	return k.product(x, m,
		func(x, m *Node) *Node { return DotGeneral(x, []int{-1}, nil, m, []int{0}, nil) },
		func(dy *Node) *Node { return DotGeneral(Neg(dy), []int{-1}, nil, m, []int{0}, nil) }, // mᵀ = -m
		func(*Node) *Node { return ZerosLike(m) })
}

// softmax is taken over the last axis.
func (k kernels) softmax(x *Node) *Node {
	if y := k.replaced(x, func() *Node { return BackendFusedSoftmax(x, x.Rank()-1) },
		func(y, dy *Node) *Node { return Mul(y, Sub(dy, meanOf(Mul(dy, y), 1))) }); y != nil {
		return y
	}
	return Softmax(x, -1)
}

// rmsNorm is [nn.RMSNorm].
func (k kernels) rmsNorm(s *model.Scope, x *Node, eps float64) *Node {
	if !k {
		return nn.RMSNorm(s, x, eps)
	}
	w := vector(s, "weight", x, initializer.One)
	root := Sqrt(AddScalar(meanOf(Square(x), x.Shape().Dim(-1)), eps))
	y := k.replaced(x, func() *Node { return Div(x, root) },
		func(y, dy *Node) *Node { return Div(Sub(dy, Mul(y, meanOf(Mul(dy, y), y.Shape().Dim(-1)))), root) })
	if y == nil {
		y = Div(x, root)
	}
	return Mul(y, ExpandLeftToRank(w, x.Rank()))
}

// layerNorm is [nn.LayerNorm].
func (k kernels) layerNorm(s *model.Scope, x *Node, eps float64) *Node {
	last, dim := x.Rank()-1, x.Shape().Dim(-1)
	y := k.replaced(x, func() *Node { return BackendFusedLayerNorm(x, []int{last}, eps, nil, nil) },
		func(y, dy *Node) *Node {
			// With σ = sqrt(var + eps), mean(y·x) is var/σ = (σ² - eps)/σ.
			m := meanOf(Mul(y, x), dim)
			sigma := MulScalar(Add(m, Sqrt(AddScalar(Square(m), 4*eps))), 0.5)
			return Div(Sub(Sub(dy, meanOf(dy, dim)), Mul(y, meanOf(Mul(dy, y), dim))), sigma)
		})
	if y == nil {
		return nn.LayerNorm(s, x, eps)
	}
	w, b := vector(s, "weight", x, initializer.One), vector(s, "bias", x, initializer.Zero)
	out, _ := InternalFusedOpCaller(
		func() *Node { return BackendFusedLayerNorm(x, []int{last}, eps, w, b) },
		func() *Node { return Add(Mul(y, ExpandLeftToRank(w, x.Rank())), ExpandLeftToRank(b, x.Rank())) }, true)
	return out
}

// vector is a variable as long as the last axis of x.
func vector(s *model.Scope, name string, x *Node, start model.VariableInitializer) *Node {
	return s.WithInitializer(start).VariableWithShape(name, shapes.Make(x.DType(), x.Shape().Dim(-1))).NodeValue(x.Graph())
}

// meanOf is the sum over the last axis, kept as an axis of 1, divided by n.
func meanOf(x *Node, n int) *Node {
	sum := ReduceAndKeep(x, ReduceSum, -1)
	if n == 1 {
		return sum
	}
	return MulScalar(sum, 1/float64(n))
}

// replaced gives y = f(), a function of x of its shape, whose gradient with respect to x is grad(y, dy): f itself is not
// differentiated. It is nil where k says so or GoMLX's fused operations, whose door this takes, are switched off.
func (k kernels) replaced(x *Node, f func() *Node, grad func(y, dy *Node) *Node) *Node {
	if !k {
		return nil
	}
	var y *Node
	y, done := InternalFusedOpCaller(f, func() *Node {
		return IdentityWithCustomGradient(x, func(_, dy *Node) *Node { return grad(y, dy) })
	}, true)
	if !done {
		return nil
	}
	return y
}
