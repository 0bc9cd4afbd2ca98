package nn

import (
	"math"
	"regexp"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// LoRA adds low-rank trainable terms to the linear layers that it targets
// (Hu et al. 2021, arXiv 2106.09685), as PEFT does:
//
//	y = x·Wᵀ + b + dropout(x)·Aᵀ·Bᵀ · scale
//
// with the variables lora_A/weight [rank, in], started by [KaimingUniform],
// and lora_B/weight [out, rank], started at zero, under the layer's scope. The
// terms are float32 even where the base is of lower precision. Nothing is
// frozen here: see [SetTrainable].
//
// A nil *LoRA targets nothing.
type LoRA struct {
	Rank    int
	Alpha   float64        // scale is Alpha/Rank, or Alpha/sqrt(Rank) with RS
	Dropout float64        // of the term's input, in training
	Target  *regexp.Regexp // over dotted module paths, such as model.layers.0.self_attn.q_proj
	RS      bool           // rank-stabilised scale (Kalajdzievski 2023)
}

// Matches reports whether the linear layer at the dotted module path gets a
// term.
func (l *LoRA) Matches(module string) bool {
	return l != nil && l.Rank > 0 && l.Target != nil && l.Target.MatchString(module)
}

// Scale is the factor of the low-rank term.
func (l *LoRA) Scale() float64 {
	if l.RS {
		return l.Alpha / math.Sqrt(float64(l.Rank))
	}
	return l.Alpha / float64(l.Rank)
}

// term returns dropout(x)·Aᵀ·Bᵀ·scale in the dtype of x.
func (l *LoRA) term(s *model.Scope, x *Node, out int) *Node {
	g, in := x.Graph(), x.Shape().Dim(-1)
	f := atLeastFloat32(x)
	a := s.At("lora_A").WithInitializer(KaimingUniform(s)).
		VariableWithShape("weight", shapes.Make(f.DType(), l.Rank, in)).NodeValue(g)
	b := s.At("lora_B").WithInitializer(initializer.Zero).
		VariableWithShape("weight", shapes.Make(f.DType(), out, l.Rank)).NodeValue(g)
	f = Dropout(s, f, l.Dropout)
	k := KernelsOf(g)
	y := MulScalar(k.ProductT(k.ProductT(f, a, false), b, false), l.Scale())
	return ConvertDType(y, x.DType())
}

// SetTrainable marks each floating-point variable of the store, by its dotted
// key, as trainable or frozen, and every other variable as frozen. The mark is
// not part of a checkpoint: a training step sets it in its graph function,
// after the forward pass has made the variables and before
// [AdamW.Update].
func SetTrainable(store *model.Store, trainable func(key string) bool) {
	for v := range store.IterVariables() {
		v.SetTrainable(isWeight(v) && trainable(Key(v.Path())))
	}
}

// isWeight reports whether the variable can be trained at all: it is of a
// floating-point type and belongs neither to the optimizer nor to the random
// number generator.
func isWeight(v *model.Variable) bool {
	return isFloat(v.DType()) && !isInternal(v.Path())
}

func isFloat(d dtypes.DType) bool {
	return d == dtypes.Float32 || d == dtypes.Float64 || d == dtypes.BFloat16 || d == dtypes.Float16
}
