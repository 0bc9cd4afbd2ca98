package nn

import (
	"slices"

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
		func(x, w *Node) *Node { return k.Across(x, w, 0) },
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
		if turns(x, w, 0) {
			return BackendFusedDense(x, Transpose(w, 0, 1), b, compute.DenseConfig{WeightLayout: compute.DenseLayoutInputOutputs})
		}
		return BackendFusedDense(x, w, b, compute.DenseConfig{WeightLayout: compute.DenseLayoutOutputsInput})
	}, plain, true)
	return y
}

// Across is the product of all rows of x with all rows of w, x·wᵀ, for
// x [..., K] and w [N, K] and no batch axes, or x [B, M, K] and w [B, N, K] and
// one.
func (k Kernels) Across(x, w *Node, batchAxes int) *Node {
	batch := []int{0}[:batchAxes]
	if k.fit(x) && turns(x, w, batchAxes) {
		return DotGeneral(x, []int{-1}, batch, Transpose(w, -2, -1), []int{batchAxes}, batch)
	}
	return DotGeneral(x, []int{-1}, batch, w, []int{-1}, batch)
}

// turns reports whether the pure Go backend is quicker with x·(wᵀ) than with
// x·wᵀ, although it has to transpose w first. For large products both are done
// in blocks and take the same time; small ones, as the backend sees them, run
// in plain loops, which for x·wᵀ add up a register of partial sums at every
// value, and for x·w need more columns than a register holds.
func turns(x, w *Node, batchAxes int) bool {
	const small, register = 4 << 20, 16
	n := w.Shape().Dim(batchAxes)
	values := x.Shape().Size() / x.Shape().Dim(-1) * n
	return n > register && x.Shape().Size()*n < small && 2*values >= w.Shape().Size()
}

// Softmax is taken over the last axis.
func (k Kernels) Softmax(x *Node) *Node {
	y := k.replaced(x, func() *Node { return BackendFusedSoftmax(x, x.Rank()-1) },
		func(y, dy *Node) *Node { return Mul(y, Sub(dy, k.lastDot(dy, y))) })
	if y == nil {
		return Softmax(x, -1)
	}
	return y
}

// SiLU is x·sigmoid(x), the activation of Llama's family.
func (k Kernels) SiLU(x *Node) *Node { return k.swish(x, 1) }

// QuickGELU is x·sigmoid(1.702·x), the activation of CLIP and of Qwen2-VL's
// vision tower.
func (k Kernels) QuickGELU(x *Node) *Node { return k.swish(x, 1.702) }

// swish is x·sigmoid(beta·x).
func (k Kernels) swish(x *Node, beta float64) *Node {
	d := AddScalar(Exp(MulScalar(x, -beta)), 1) // infinite far below 0, where y becomes 0
	y := k.replaced(x, func() *Node { return Div(x, d) },
		func(y, dy *Node) *Node { return Mul(dy, Div(AddScalar(MulScalar(Sub(x, y), beta), 1), d)) })
	if y == nil {
		return Mul(x, Logistic(MulScalar(x, beta)))
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
	f := atLeastFloat32(x)
	root := k.rms(f, eps)
	plain := func() *Node {
		return Mul(ConvertDType(k.rmsNorm(f, root), x.DType()), ExpandLeftToRank(weight, x.Rank()))
	}
	if !k.fit(x) {
		return plain()
	}
	y, _ := InternalFusedOpCaller(func() *Node { // one factor for every value: nothing is broadcast
		factors := DotGeneral(Inverse(root), []int{-1}, nil, ExpandAxes(weight, 0), []int{0}, nil)
		return Mul(x, factors)
	}, plain, true)
	return y
}

// layerNorm normalises the last axis of x and applies weight and bias, vectors
// of its length.
func (k Kernels) layerNorm(x *Node, eps float64, weight, bias *Node) *Node {
	axis := []int{x.Rank() - 1}
	y := k.replaced(x, func() *Node { return BackendFusedLayerNorm(x, axis, eps, nil, nil) },
		func(y, dy *Node) *Node {
			// With y = (x-μ)/σ and σ² = var+eps, mean(x·y) is var/σ, which is m = σ - eps/σ.
			m := k.lastMean(x, y)
			sigma := MulScalar(Add(m, Sqrt(AddScalar(Square(m), 4*eps))), 0.5)
			return Div(Sub(Sub(dy, k.lastMean(dy, OnesLike(dy))), Mul(y, k.lastMean(dy, y))), sigma)
		})
	if y == nil {
		return gomlxnn.LayerNorm(x, axis, eps, weight, bias, nil)
	}
	out, _ := InternalFusedOpCaller(
		func() *Node { return BackendFusedLayerNorm(x, axis, eps, weight, bias) },
		func() *Node { return Add(Mul(y, ExpandLeftToRank(weight, x.Rank())), ExpandLeftToRank(bias, x.Rank())) }, true)
	return out
}

// rms is sqrt(mean(x²) + eps) over the last axis, kept with length 1.
func (k Kernels) rms(x *Node, eps float64) *Node {
	return Sqrt(AddScalar(k.lastMean(x, x), eps))
}

// rmsNorm is x / root, where root is rms(x).
func (k Kernels) rmsNorm(x, root *Node) *Node {
	y := k.replaced(x, func() *Node { return Div(x, root) },
		func(y, dy *Node) *Node { return Div(Sub(dy, Mul(y, k.lastMean(dy, y))), root) })
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

// lastDot is the sum of x·y over the last axis, kept with length 1: for the pure
// Go backend as products of rows with rows, which it does a good deal quicker
// than sums.
func (k Kernels) lastDot(x, y *Node) *Node {
	if !k.fit(x) {
		return ReduceAndKeep(Mul(x, y), ReduceSum, -1)
	}
	n := x.Shape().Dim(-1)
	rows := func(x *Node) *Node { return Reshape(x, -1, 1, n) }
	dims := slices.Clone(x.Shape().Dimensions)
	dims[len(dims)-1] = 1
	return Reshape(DotGeneral(rows(x), []int{2}, []int{0}, rows(y), []int{2}, []int{0}), dims...)
}

// lastMean is the mean of x·y over the last axis, kept with length 1.
func (k Kernels) lastMean(x, y *Node) *Node {
	return MulScalar(k.lastDot(x, y), 1/float64(x.Shape().Dim(-1)))
}

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
