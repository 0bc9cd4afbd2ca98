package nn

import (
	"cmp"
	"math"
	"regexp"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	. "github.com/gomlx/gomlx/support/exceptions"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2017, arXiv
// 1711.05101) in PyTorch's form, with PyTorch's clipping of the gradients'
// global norm:
//
//	g ← g · min(1, ClipNorm/(‖all g‖ + 1e-6))
//	w ← w · (1 - lr·decay)
//	m ← β₁m + (1-β₁)g,  v ← β₂v + (1-β₂)g²
//	w ← w - lr/(1-β₁ᵗ) · m / (sqrt(v/(1-β₂ᵗ)) + ε)
//
// The moments and the step are variables of the store (under /adamw, not
// trainable, float32 or float64), so a checkpoint of all
// variables resumes bit for bit.
type AdamW struct {
	Beta1, Beta2 float64
	Epsilon      float64
	WeightDecay  float64 // of variables of two or more axes: biases and norms do not decay
	ClipNorm     float64 // 0 for no clipping
	Groups       []Group // the first whose Match fits rules a variable
}

// Group scales the learning rate of a set of variables.
type Group struct {
	Match   *regexp.Regexp // over dotted keys, such as graph_encoder.convs.0.lin_l.weight
	Scale   float64        // times the learning rate; 0 holds the variables still
	NoDecay bool
}

// NewAdamW returns the UGE reference's setting: betas 0.9 and 0.95, epsilon
// 1e-8, weight decay 0.1, gradients clipped to a global norm of 1.
func NewAdamW() *AdamW {
	return &AdamW{Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, WeightDecay: 0.1, ClipNorm: 1}
}

// Update adds one optimizer step to the graph: it differentiates the scalar
// loss with respect to the trainable variables that the graph uses and gives
// these their new values, which [model.Exec] stores after the call. The
// learning rate is a scalar input, so that a schedule needs no new graph; see
// [CosineWarmup]. It returns the global norm of the gradients before clipping.
//
// Frozen variables get no gradient and hold no moments.
func (a *AdamW) Update(store *model.Store, loss, learningRate *Node) (gradNorm *Node) {
	vars, grads := Gradients(store, loss)
	return a.Apply(store, vars, grads, learningRate)
}

// Gradients returns the trainable variables that the graph of loss uses, in
// the order of their paths, and the gradients of the loss by them.
func Gradients(store *model.Store, loss *Node) ([]*model.Variable, []*Node) {
	g := loss.Graph()
	var vars []*model.Variable
	for v := range store.IterVariables() {
		if v.Trainable && isWeight(v) && v.InUseByGraph(g) {
			vars = append(vars, v)
		}
	}
	if len(vars) == 0 {
		Panicf("nn.AdamW: the loss uses no trainable variable; try SetTrainable after the forward pass")
	}
	// The order of the paths, not of creation, which a resumed run may change, fixes that of the norm's sum.
	slices.SortFunc(vars, func(x, y *model.Variable) int { return cmp.Compare(x.Path(), y.Path()) })
	values := make([]*Node, len(vars))
	for i, v := range vars {
		values[i] = v.NodeValue(g)
	}
	return vars, Gradient(loss, values...)
}

// Apply is [AdamW.Update] for gradients that the caller has, such as those
// accumulated over parts of a batch. If their norm is not finite they are
// taken as zero, so that one bad batch does not destroy the weights; the
// returned norm tells.
func (a *AdamW) Apply(store *model.Store, vars []*model.Variable, grads []*Node, learningRate *Node) (gradNorm *Node) {
	g := learningRate.Graph()
	squares := make([]*Node, len(grads))
	for i, d := range grads {
		grads[i] = atLeastFloat32(d)
		squares[i] = ConvertDType(ReduceAllSum(Square(grads[i])), dtypes.Float32)
	}
	gradNorm = Sqrt(ReduceAllSum(Stack(squares, 0)))
	finite := IsFinite(gradNorm)
	factor := ScalarOne(g, dtypes.Float32)
	if a.ClipNorm > 0 {
		factor = MinScalar(Div(Scalar(g, dtypes.Float32, a.ClipNorm), AddScalar(gradNorm, 1e-6)), 1)
	}

	root := store.Scope(optimizerScope)
	stepVar := frozen(root, "step", shapes.Make(dtypes.Int64))
	stepNode := OnePlus(stepVar.NodeValue(g))
	stepVar.SetNodeValue(stepNode)
	step, lr := ConvertDType(stepNode, dtypes.Float64), ConvertDType(learningRate, dtypes.Float64)
	correct1 := OneMinus(Exp(MulScalar(step, math.Log(a.Beta1))))
	correct2 := OneMinus(Exp(MulScalar(step, math.Log(a.Beta2))))
	root2 := Sqrt(correct2)

	for i, v := range vars {
		grad := grads[i]
		dtype := grad.DType()
		as := func(x *Node) *Node { return ConvertDType(x, dtype) }
		grad = Where(finite, Mul(grad, as(factor)), ZerosLike(grad))
		group := a.group(v)
		rate := MulScalar(lr, group.Scale)

		mVar := frozen(store.Scope(optimizerScope+"/m"+v.Scope()), v.Name(), grad.Shape())
		vVar := frozen(store.Scope(optimizerScope+"/v"+v.Scope()), v.Name(), grad.Shape())
		m := Add(MulScalar(mVar.NodeValue(g), a.Beta1), MulScalar(grad, 1-a.Beta1))
		s := Add(MulScalar(vVar.NodeValue(g), a.Beta2), MulScalar(Square(grad), 1-a.Beta2))
		mVar.SetNodeValue(m)
		vVar.SetNodeValue(s)

		w := as(v.NodeValue(g))
		if !group.NoDecay && a.WeightDecay != 0 && v.Shape().Rank() >= 2 {
			w = Mul(w, as(OneMinus(MulScalar(rate, a.WeightDecay))))
		}
		denominator := AddScalar(Div(Sqrt(s), as(root2)), a.Epsilon)
		w = Sub(w, Mul(as(Div(rate, correct1)), Div(m, denominator)))
		v.SetNodeValue(ConvertDType(w, v.DType()))
	}
	return gradNorm
}

// group returns the group that rules a variable.
func (a *AdamW) group(v *model.Variable) Group {
	key := Key(v.Path())
	for _, g := range a.Groups {
		if g.Match.MatchString(key) {
			return g
		}
	}
	return Group{Scale: 1}
}

// frozen is a variable that starts at zero and is not trained.
func frozen(s *model.Scope, name string, shape shapes.Shape) *model.Variable {
	return s.WithInitializer(initializer.Zero).VariableWithShape(name, shape).SetTrainable(false)
}

// CosineWarmup is the factor of the learning rate at a step (the first is 0):
// it rises linearly from 0 over the warm-up steps and then falls to 0 at total
// along half a cosine, as transformers' get_cosine_schedule_with_warmup.
func CosineWarmup(step, total, warmup int) float64 {
	if step < warmup {
		return float64(step) / float64(max(1, warmup))
	}
	progress := float64(step-warmup) / float64(max(1, total-warmup))
	return math.Max(0, 0.5*(1+math.Cos(math.Pi*progress)))
}
