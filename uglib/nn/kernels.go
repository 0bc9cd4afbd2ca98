package nn

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	gomlxnn "github.com/gomlx/gomlx/ml/nn"
)

// Kernels builds matrix products, softmax and norms in one of two forms with
// the same values and gradients up to rounding: as GoMLX does, or (true) with
// gradients laid out for the pure Go backend.
//
// That backend multiplies matrices quickly and does everything else slowly,
// transpositions above all. GoMLX's own gradient of a product transposes both
// operands and the result, also where the permutation changes nothing; here at
// most the smaller operand is transposed. And GoMLX's gradients of softmax and
// norms compute the forward pass a second time, where these are made from its
// results.
//
// These gradients hold on to the operands. In a part of a graph that is to be
// recomputed in the backward pass ([Node.Checkpoint]) they would undo that, so
// such a part takes Kernels(false).
type Kernels bool

// KernelsOf chooses the form for the graph's backend. The layers of this
// package use it.
func KernelsOf(g *Graph) Kernels { return Kernels(isPureGo(g)) }

func isPureGo(g *Graph) bool { return g.Backend().String() == "go" }

// fit reports whether x gets gradients of this package: the backend's fused
// operations exist for its type.
func (k Kernels) fit(x *Node) bool {
	d := x.DType()
	return bool(k) && (d == dtypes.Float32 || d == dtypes.Float64)
}

// Product gives y = f(a, b), with da(dy) and db(dy) in place of its gradients
// by a and b. GoMLX's form leaves them to f.
//
// The gradient flows through a copy of the computation that is never run: an
// identity after f catches dy, and identities before it hand on what is made
// from dy; f's own gradients then feed nothing, and compiling drops them, as it
// drops the copy. In the computation itself an identity would copy what it is
// given, weights above all.
func (k Kernels) Product(a, b *Node, f func(a, b *Node) *Node, da, db func(dy *Node) *Node) *Node {
	if !k.fit(a) {
		return f(a, b)
	}
	y, _ := InternalFusedOpCaller(func() *Node { return f(a, b) }, func() *Node {
		var dy *Node
		x := IdentityWithCustomGradient(a, func(_, _ *Node) *Node { return da(dy) })
		w := IdentityWithCustomGradient(b, func(_, _ *Node) *Node { return db(dy) })
		return IdentityWithCustomGradient(f(x, w), func(_, v *Node) *Node { dy = v; return v })
	}, true)
	return y
}

// ProductT is x·wᵀ for x [..., in] and w [out, in]: [..., out]. With shared, x
// goes through several such products, as through the heads of an attention:
// then the gradient of w transposes x, once for all of them, rather than dy.
func (k Kernels) ProductT(x, w *Node, shared bool) *Node {
	out, in := w.Shape().Dim(0), w.Shape().Dim(1)
	return k.Product(x, w,
		func(x, w *Node) *Node { return DotGeneral(x, []int{-1}, nil, w, []int{1}, nil) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{-1}, nil, w, []int{0}, nil) },
		func(dy *Node) *Node {
			rows, dy := Reshape(x, -1, in), Reshape(dy, -1, out)
			if out <= in && !shared { // transpose the narrower one
				return DotGeneral(Transpose(dy, 0, 1), []int{1}, nil, rows, []int{0}, nil)
			}
			return Transpose(DotGeneral(Transpose(rows, 0, 1), []int{1}, nil, dy, []int{0}, nil), 0, 1)
		})
}

// Dense is x·wᵀ + b with x [..., in], w [out, in] and b [out] or nil; shared as
// in [Kernels.ProductT].
func (k Kernels) Dense(x, w, b *Node, shared bool) *Node {
	plain := func() *Node {
		y := k.ProductT(x, w, shared)
		if b != nil {
			y = Add(y, ExpandLeftToRank(b, y.Rank()))
		}
		return y
	}
	if b == nil || !k.fit(x) {
		return plain()
	}
	y, _ := InternalFusedOpCaller(func() *Node {
		return BackendFusedDense(x, w, b, compute.DenseConfig{WeightLayout: compute.DenseLayoutOutputsInput})
	}, plain, true)
	return y
}

// Softmax is taken over the last axis.
func (k Kernels) Softmax(x *Node) *Node {
	y := k.replaced(x, func() *Node { return BackendFusedSoftmax(x, x.Rank()-1) },
		func(y, dy *Node) *Node { return Mul(y, Sub(dy, lastSum(Mul(dy, y)))) })
	if y == nil {
		return Softmax(x, -1)
	}
	return y
}

// LayerNorm is [LayerNorm] in this form.
func (k Kernels) LayerNorm(s *model.Scope, x *Node, eps float64) *Node {
	g, dim := x.Graph(), lastDim("LayerNorm", x)
	f := atLeastFloat32(x)
	weight := ConvertDType(ones(s, "weight", x.DType(), dim).NodeValue(g), f.DType())
	bias := ConvertDType(zeros(s, "bias", x.DType(), dim).NodeValue(g), f.DType())
	return ConvertDType(k.layerNorm(f, eps, weight, bias), x.DType())
}

// RMSNorm is [RMSNorm] in this form.
func (k Kernels) RMSNorm(s *model.Scope, x *Node, eps float64) *Node {
	weight := ones(s, "weight", x.DType(), lastDim("RMSNorm", x)).NodeValue(x.Graph())
	f := k.rmsNorm(atLeastFloat32(x), eps)
	return Mul(ConvertDType(f, x.DType()), ExpandLeftToRank(weight, x.Rank()))
}

// layerNorm normalises the last axis of x and applies weight and bias, vectors
// of its length.
func (k Kernels) layerNorm(x *Node, eps float64, weight, bias *Node) *Node {
	axis := []int{x.Rank() - 1}
	y := k.replaced(x, func() *Node { return BackendFusedLayerNorm(x, axis, eps, nil, nil) },
		func(y, dy *Node) *Node {
			// With y = (x-μ)/σ and σ² = var+eps, mean(x·y) is var/σ, which is m = σ - eps/σ.
			m := lastMean(Mul(x, y))
			sigma := MulScalar(Add(m, Sqrt(AddScalar(Square(m), 4*eps))), 0.5)
			return Div(Sub(Sub(dy, lastMean(dy)), Mul(y, lastMean(Mul(dy, y)))), sigma)
		})
	if y == nil {
		return gomlxnn.LayerNorm(x, axis, eps, weight, bias, nil)
	}
	out, _ := InternalFusedOpCaller(
		func() *Node { return BackendFusedLayerNorm(x, axis, eps, weight, bias) },
		func() *Node { return Add(Mul(y, ExpandLeftToRank(weight, x.Rank())), ExpandLeftToRank(bias, x.Rank())) }, true)
	return out
}

// rmsNorm is x / sqrt(mean(x²) + eps) over the last axis.
func (k Kernels) rmsNorm(x *Node, eps float64) *Node {
	root := Sqrt(AddScalar(lastMean(Square(x)), eps))
	y := k.replaced(x, func() *Node { return Div(x, root) },
		func(y, dy *Node) *Node { return Div(Sub(dy, Mul(y, lastMean(Mul(dy, y)))), root) })
	if y == nil {
		return Div(x, root)
	}
	return y
}

// replaced gives y = f(), a function of x of its shape, whose gradient by x is
// grad(y, dy): f itself is not differentiated. It is nil in GoMLX's form, and
// where GoMLX's fused operations, whose door this takes, are switched off.
func (k Kernels) replaced(x *Node, f func() *Node, grad func(y, dy *Node) *Node) *Node {
	if !k.fit(x) {
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

// lastSum is the sum over the last axis, kept with length 1.
func lastSum(x *Node) *Node { return ReduceAndKeep(x, ReduceSum, -1) }

// lastMean is the mean over the last axis, kept with length 1.
func lastMean(x *Node) *Node { return MulScalar(lastSum(x), 1/float64(x.Shape().Dim(-1))) }

// product is a·b for a [B, M, K] and b [B, K, N]: [B, M, N]. aT, [B, K, M], is
// the transposed a if the caller has it, or nil.
func product(a, b, aT *Node) *Node {
	return KernelsOf(a.Graph()).Product(a, b,
		func(a, b *Node) *Node { return DotGeneral(a, []int{2}, []int{0}, b, []int{1}, []int{0}) },
		func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, b, []int{2}, []int{0}) },
		func(dy *Node) *Node {
			if aT == nil {
				aT = Transpose(a, 1, 2)
			}
			return DotGeneral(aT, []int{2}, []int{0}, dy, []int{1}, []int{0})
		})
}
