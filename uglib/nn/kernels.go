package nn

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	gomlxnn "github.com/gomlx/gomlx/ml/nn"
)

// The pure Go backend multiplies matrices quickly and does everything else
// slowly, transpositions above all. GoMLX's own gradient of a product
// transposes both operands and the result, also where the permutation changes
// nothing, and that of a norm computes the forward pass again. So on that
// backend the functions of this file give the same values with gradients of
// their own; elsewhere they leave both to GoMLX.

// ownGradients reports whether x is on the pure Go backend, in a type for
// which its fused operations exist.
func ownGradients(x *Node) bool {
	d := x.DType()
	return isPureGo(x.Graph()) && (d == dtypes.Float32 || d == dtypes.Float64)
}

func isPureGo(g *Graph) bool { return g.Backend().String() == "go" }

// withGradients gives y = f(a, b), with da(dy) and db(dy) in place of its
// gradients by a and b. An identity after f catches dy, and identities before
// it hand on what is made from dy; f's own gradients then feed nothing, and
// compiling drops them.
func withGradients(a, b *Node, f func(a, b *Node) *Node, da, db func(dy *Node) *Node) *Node {
	var dy *Node
	a = IdentityWithCustomGradient(a, func(_, _ *Node) *Node { return da(dy) })
	b = IdentityWithCustomGradient(b, func(_, _ *Node) *Node { return db(dy) })
	return IdentityWithCustomGradient(f(a, b), func(_, v *Node) *Node { dy = v; return v })
}

// productT is x·wᵀ for x [..., in] and w [out, in]: [..., out].
func productT(x, w *Node) *Node {
	out, in := w.Shape().Dim(0), w.Shape().Dim(1)
	f := func(x, w *Node) *Node { return DotGeneral(x, []int{-1}, nil, w, []int{1}, nil) }
	if !ownGradients(x) {
		return f(x, w)
	}
	return withGradients(x, w, f,
		func(dy *Node) *Node { return DotGeneral(dy, []int{-1}, nil, w, []int{0}, nil) },
		func(dy *Node) *Node {
			rows, dy := Reshape(x, -1, in), Reshape(dy, -1, out)
			if out <= in { // transpose the narrower one
				return DotGeneral(Transpose(dy, 0, 1), []int{1}, nil, rows, []int{0}, nil)
			}
			return Transpose(DotGeneral(Transpose(rows, 0, 1), []int{1}, nil, dy, []int{0}, nil), 0, 1)
		})
}

// product is a·b for a [B, M, K] and b [B, K, N]: [B, M, N]. aT, [B, K, M], is
// the transposed a if the caller has it, or nil.
func product(a, b, aT *Node) *Node {
	f := func(a, b *Node) *Node { return DotGeneral(a, []int{2}, []int{0}, b, []int{1}, []int{0}) }
	if !ownGradients(a) {
		return f(a, b)
	}
	return withGradients(a, b, f,
		func(dy *Node) *Node { return DotGeneral(dy, []int{2}, []int{0}, b, []int{2}, []int{0}) },
		func(dy *Node) *Node {
			if aT == nil {
				aT = Transpose(a, 1, 2)
			}
			return DotGeneral(aT, []int{2}, []int{0}, dy, []int{1}, []int{0})
		})
}

// dense is x·wᵀ + b with x [..., in], w [out, in] and b [out] or nil.
func dense(x, w, b *Node) *Node {
	plain := func() *Node {
		y := productT(x, w)
		if b != nil {
			y = Add(y, ExpandLeftToRank(b, y.Rank()))
		}
		return y
	}
	if b == nil || !ownGradients(x) {
		return plain()
	}
	y, _ := InternalFusedOpCaller(func() *Node {
		return BackendFusedDense(x, w, b, compute.DenseConfig{WeightLayout: compute.DenseLayoutOutputsInput})
	}, plain, true)
	return y
}

// layerNorm normalises the last axis of x and applies weight and bias, vectors
// of its length.
func layerNorm(x *Node, eps float64, weight, bias *Node) *Node {
	axis := []int{x.Rank() - 1}
	if !ownGradients(x) {
		return gomlxnn.LayerNorm(x, axis, eps, weight, bias, nil)
	}
	var y *Node
	y, done := InternalFusedOpCaller(
		func() *Node { return BackendFusedLayerNorm(x, axis, eps, nil, nil) },
		func() *Node {
			return IdentityWithCustomGradient(x, func(_, dy *Node) *Node {
				// With y = (x-μ)/σ and σ² = var+eps, mean(x·y) is var/σ, which is m = σ - eps/σ.
				m := lastMean(Mul(x, y))
				sigma := MulScalar(Add(m, Sqrt(AddScalar(Square(m), 4*eps))), 0.5)
				return Div(Sub(Sub(dy, lastMean(dy)), Mul(y, lastMean(Mul(dy, y)))), sigma)
			})
		}, true)
	if !done { // GoMLX's fused operations are switched off
		return gomlxnn.LayerNorm(x, axis, eps, weight, bias, nil)
	}
	out, _ := InternalFusedOpCaller(
		func() *Node { return BackendFusedLayerNorm(x, axis, eps, weight, bias) },
		func() *Node { return Add(Mul(y, ExpandLeftToRank(weight, x.Rank())), ExpandLeftToRank(bias, x.Rank())) }, true)
	return out
}

// rmsNorm is x / sqrt(mean(x²) + eps) over the last axis.
func rmsNorm(x *Node, eps float64) *Node {
	root := Sqrt(AddScalar(lastMean(Square(x)), eps))
	if !ownGradients(x) {
		return Div(x, root)
	}
	var y *Node
	y, done := InternalFusedOpCaller(
		func() *Node { return Div(x, root) },
		func() *Node {
			return IdentityWithCustomGradient(x, func(_, dy *Node) *Node {
				return Div(Sub(dy, Mul(y, lastMean(Mul(dy, y)))), root)
			})
		}, true)
	if !done {
		return Div(x, root)
	}
	return y
}

// lastMean is the mean over the last axis, kept with length 1.
func lastMean(x *Node) *Node {
	return MulScalar(ReduceAndKeep(x, ReduceSum, -1), 1/float64(x.Shape().Dim(-1)))
}
