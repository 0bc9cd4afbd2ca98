package nn

import (
	"math"
	"regexp"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	. "github.com/gomlx/gomlx/support/exceptions"
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
// With DoRA (Liu et al. 2024, arXiv 2402.09353) the layer's weight is
//
//	W' = m · (W + scale·B·A) / |W + scale·B·A|
//
// row by row, with the variable lora_magnitude_vector/weight [out], m, started
// at the lengths of W's rows, so that the layer starts unchanged here too. The
// length in the denominator takes no gradient, as the paper and PEFT have it.
// The layer's weight must be in the store before the graph is built.
//
// A nil *LoRA targets nothing.
type LoRA struct {
	Rank    int
	Alpha   float64        // scale is Alpha/Rank, or Alpha/sqrt(Rank) with RS
	Dropout float64        // of the term's input, in training
	Target  *regexp.Regexp // over dotted module paths, such as model.layers.0.self_attn.q_proj; see [Suffixes]
	RS      bool           // rank-stabilised scale (Kalajdzievski 2023)
	DoRA    bool           // magnitude and direction apart
}

// Suffixes is PEFT's rule for a list of target_modules: a module is targeted
// if its path ends with one of the names.
//
// It is a trap for models of several parts. The reference's q_proj and v_proj
// are layers of the language model on Qwen2-VL and Qwen2.5-VL, but of the CLIP
// tower as well on LLaVA, and of the CLIP tower alone on Phi-3-Vision, whose
// language model has one qkv_proj. A pattern over whole paths says which part
// is meant.
func Suffixes(names ...string) *regexp.Regexp {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return regexp.MustCompile(`(^|\.)(` + strings.Join(quoted, "|") + `)$`)
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

// term is what a LoRA adds to one layer.
type term struct {
	x      *Node // input, after dropout
	low    *Node // the scaled x·Aᵀ [..., rank]
	up     *Node // B [out, rank]
	factor *Node // DoRA: m / |W + scale·B·A| [out]; else nil
}

// term prepares what is added to the layer of scope s and of the weight.
func (l *LoRA) term(s *model.Scope, k Kernels, x, weight *Node) *term {
	g, out, in := x.Graph(), weight.Shape().Dim(0), weight.Shape().Dim(1)
	t := &term{x: Dropout(s, x, l.Dropout)}
	f := atLeastFloat32(t.x)
	a := s.At("lora_A").WithInitializer(KaimingUniform(s)).
		VariableWithShape("weight", shapes.Make(f.DType(), l.Rank, in)).NodeValue(g)
	t.up = s.At("lora_B").WithInitializer(initializer.Zero).
		VariableWithShape("weight", shapes.Make(f.DType(), out, l.Rank)).NodeValue(g)
	t.low = MulScalar(k.ProductT(f, a, false), l.Scale())
	if l.DoRA {
		sum := Add(atLeastFloat32(weight), MulScalar(DotGeneral(t.up, []int{1}, nil, a, []int{0}, nil), l.Scale()))
		length := StopGradient(Sqrt(ReduceSum(Square(sum), -1)))
		t.factor = Div(ConvertDType(l.magnitude(s, out).NodeValue(g), f.DType()), length)
	}
	return t
}

// magnitude is the variable m of DoRA for the layer of scope s.
func (l *LoRA) magnitude(s *model.Scope, out int) *model.Variable {
	if s.At("lora_magnitude_vector").GetVariable("weight") == nil {
		if err := l.startMagnitude(s.Store(), Key(s.Scope())); err != nil {
			Panicf("nn.LoRA: DoRA on %s: %v", Key(s.Scope()), err)
		}
	}
	return s.At("lora_magnitude_vector").VariableWithShape("weight", shapes.Make(dtypes.Float32, out))
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
