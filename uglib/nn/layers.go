package nn

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	. "github.com/gomlx/gomlx/support/exceptions"
)

// Linear returns x·Wᵀ + b for x [..., in]: [..., out] in the dtype of x.
//
// The variables of scope s are those of PyTorch's nn.Linear: weight [out, in],
// started by the scope's initializer, and, if bias is set, bias [out], started
// at zero. Where lora is not nil and its Target matches the dotted path of s,
// the low-rank term of [LoRA] is added.
func Linear(s *model.Scope, x *Node, out int, bias bool, lora *LoRA) *Node {
	return KernelsOf(x.Graph()).Project(s, x, out, bias, lora).Rows(0, out)
}

// Embedding looks up ids, integers of any shape [...], in the table "weight"
// [vocab, dim] of scope s: [..., dim] in dtype. Ids must lie in [0, vocab).
func Embedding(s *model.Scope, ids *Node, dtype dtypes.DType, vocab, dim int) *Node {
	if !ids.DType().IsInt() {
		Panicf("nn.Embedding: ids must be integers, not %s", ids.Shape())
	}
	return Gather(EmbeddingTable(s, ids.Graph(), dtype, vocab, dim), InsertAxes(ids, -1))
}

// EmbeddingTable returns the table "weight" [vocab, dim] of scope s, for
// models that gather from it together with other vectors or use it again as
// the output layer.
func EmbeddingTable(s *model.Scope, g *Graph, dtype dtypes.DType, vocab, dim int) *Node {
	return s.VariableWithShape("weight", shapes.Make(dtype, vocab, dim)).NodeValue(g)
}

// RMSNorm returns weight · x / sqrt(mean(x²) + eps) over the last axis, with
// the variable weight [dim], started at one. As in Hugging Face's
// Qwen2RMSNorm the statistics are taken in float32 and the result is brought
// back to the dtype of x before the weight multiplies it.
func RMSNorm(s *model.Scope, x *Node, eps float64) *Node {
	return KernelsOf(x.Graph()).RMSNorm(s, x, eps)
}

// LayerNorm normalises the last axis to mean 0 and variance 1 (the biased
// one, plus eps) and applies the variables weight [dim], started at one, and
// bias [dim], started at zero: PyTorch's nn.LayerNorm. It is computed in
// float32 where x is of lower precision.
func LayerNorm(s *model.Scope, x *Node, eps float64) *Node {
	return KernelsOf(x.Graph()).LayerNorm(s, x, eps)
}

// ReLU returns max(x, 0); its gradient at 0 is 0, as PyTorch's.
//
// Here and in the next two functions a factor that takes no gradient does what
// a choice would: on the pure Go backend Where is several times slower, in the
// backward pass above all.
func ReLU(x *Node) *Node {
	return Mul(x, StopGradient(ConvertDType(IsPositive(x), x.DType())))
}

// LeakyReLU returns x where it is positive and slope·x elsewhere; its gradient
// at 0 is slope, as PyTorch's.
func LeakyReLU(x *Node, slope float64) *Node {
	positive := ConvertDType(IsPositive(x), x.DType())
	return Mul(x, StopGradient(AddScalar(MulScalar(positive, 1-slope), slope)))
}

// Dropout sets each value of x to zero with probability rate and scales the
// others by 1/(1-rate), in graphs marked for training; elsewhere, or with rate
// 0, it returns x. The random numbers come from the store's own state, which
// is a variable: a resumed run goes on with the same ones.
func Dropout(s *model.Scope, x *Node, rate float64) *Node {
	if rate < 0 || rate >= 1 {
		Panicf("nn.Dropout: rate %g is not in [0, 1)", rate)
	}
	if rate == 0 || !s.IsTraining(x.Graph()) {
		return x
	}
	g := x.Graph()
	uniform := s.RandomUniform(g, shapes.Make(dtypes.Float32, x.Shape().Dimensions...))
	keep := ConvertDType(LessThan(uniform, Scalar(g, dtypes.Float32, 1-rate)), x.DType())
	return Mul(x, StopGradient(MulScalar(keep, 1/(1-rate))))
}

// Normal starts variables of rank 2 and more from the normal distribution with
// the given standard deviation (Hugging Face's initializer_range), and others
// at zero.
func Normal(s *model.Scope, std float64) model.VariableInitializer {
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() < 2 || !shape.DType.IsFloat() {
			return Zeros(g, shape)
		}
		f := shape.Clone()
		f.DType = dtypes.Float32
		return ConvertDType(MulScalar(s.RandomNormal(g, f), std), shape.DType)
	}
}

// KaimingUniform starts a weight [out, in] uniformly in ±1/sqrt(in), which is
// what PyTorch's nn.Linear and PEFT's lora_A do (Kaiming's bound with
// a = sqrt(5)).
func KaimingUniform(s *model.Scope) model.VariableInitializer {
	return uniform(s, func(out, in int) float64 { return 1 / math.Sqrt(float64(in)) })
}

// XavierUniform starts a weight [out, in] uniformly in ±sqrt(6/(in+out)).
func XavierUniform(s *model.Scope) model.VariableInitializer {
	return uniform(s, func(out, in int) float64 { return math.Sqrt(6 / float64(in+out)) })
}

func uniform(s *model.Scope, bound func(out, in int) float64) model.VariableInitializer {
	return func(g *Graph, shape shapes.Shape) *Node {
		if shape.Rank() < 2 || !shape.DType.IsFloat() {
			return Zeros(g, shape)
		}
		b := bound(shape.Dim(0), shape.Size()/shape.Dim(0))
		f := shape.Clone()
		f.DType = dtypes.Float32
		u := s.RandomUniform(g, f)
		return ConvertDType(AddScalar(MulScalar(u, 2*b), -b), shape.DType)
	}
}

func zeros(s *model.Scope, name string, dtype dtypes.DType, dims ...int) *model.Variable {
	return s.WithInitializer(initializer.Zero).VariableWithShape(name, shapes.Make(dtype, dims...))
}

func ones(s *model.Scope, name string, dtype dtypes.DType, dims ...int) *model.Variable {
	return s.WithInitializer(initializer.One).VariableWithShape(name, shapes.Make(dtype, dims...))
}

func atLeastFloat32(x *Node) *Node {
	if x.DType() == dtypes.Float64 {
		return x
	}
	return ConvertDType(x, dtypes.Float32)
}

func lastDim(layer string, x *Node) int {
	if x.Rank() == 0 {
		Panicf("nn.%s: the input must have at least one axis, not %s", layer, x.Shape())
	}
	return x.Shape().Dim(-1)
}
