package nn

import (
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Projection is a linear layer, with its low-rank term if a [LoRA] targets it,
// of which parts of the output can be taken, such as one head's.
type Projection struct {
	k            Kernels
	out          int
	x            *Node // [..., in]
	weight, bias *Node // [out, in], and [out] or nil
	term         *term // or nil
	all          *Node // the whole output, once it was needed
}

// Project prepares the linear layer of scope s for x [..., in]; see [Linear]
// for its variables.
func (k Kernels) Project(s *model.Scope, x *Node, out int, bias bool, lora *LoRA) *Projection {
	g, in := x.Graph(), lastDim("Linear", x)
	p := &Projection{k: k, out: out, x: x}
	p.weight = s.VariableWithShape("weight", shapes.Make(x.DType(), out, in)).NodeValue(g)
	if bias {
		p.bias = zeros(s, "bias", x.DType(), out).NodeValue(g)
	}
	if lora.Matches(Key(s.Scope())) {
		p.term = lora.term(s, k, x, p.weight)
	}
	return p
}

// Rows gives components [from, from+n) of the layer's output: [..., n].
//
// For the pure Go backend they are cut out of the whole output: one large
// product is quicker there than several narrow ones. The gradient goes through
// the product of that part, as cuts have slow gradients.
func (p *Projection) Rows(from, n int) *Node {
	if !p.k.fit(p.x) || n == p.out || p.term != nil && p.term.factor != nil {
		return p.rows(from, n)
	}
	if p.all == nil {
		p.all = p.rows(0, p.out)
	}
	y, _ := InternalFusedOpCaller(func() *Node { return SliceAxis(p.all, -1, AxisRange(from, from+n)) },
		func() *Node { return p.rows(from, n) }, true)
	return y
}

// rows is Rows by the rows of the weights.
func (p *Projection) rows(from, n int) *Node {
	shared := n < p.out
	part := func(x *Node) *Node {
		if x == nil || !shared {
			return x
		}
		return Slice(x, AxisRange(from, from+n))
	}
	t := p.term
	switch {
	case t == nil:
		return p.k.Dense(p.x, part(p.weight), part(p.bias), shared)
	case t.factor == nil:
		y := p.k.Dense(p.x, part(p.weight), part(p.bias), shared)
		return Add(y, ConvertDType(p.k.ProductT(t.low, part(t.up), shared), y.DType()))
	}
	// DoRA: the whole weight has another length, row by row.
	y := p.k.ProductT(p.x, part(p.weight), shared)
	low := ConvertDType(p.k.ProductT(t.low, part(t.up), shared), y.DType())
	factor := ExpandLeftToRank(ConvertDType(part(t.factor), y.DType()), y.Rank())
	if t.x == p.x {
		y = Mul(Add(y, low), factor)
	} else { // with dropout, what is added to the layer comes from the thinned input alone
		again := p.k.ProductT(t.x, part(p.weight), shared)
		y = Add(y, Add(Mul(again, AddScalar(factor, -1)), Mul(low, factor)))
	}
	if p.bias != nil {
		y = Add(y, ExpandLeftToRank(part(p.bias), y.Rank()))
	}
	return y
}
