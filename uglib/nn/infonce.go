package nn

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	. "github.com/gomlx/gomlx/support/exceptions"
)

// InfoNCE is the contrastive loss (van den Oord et al. 2018, arXiv
// 1807.03748) of queries against candidates, in the form of the UGE
// reference: the cross-entropy of each query's cosines, divided by the
// temperature, with its own positive as the class.
type InfoNCE struct {
	Temperature float64 // the reference's is 0.01

	// Negatives is the number of explicit negatives that follow each positive
	// among the candidates.
	Negatives int

	// OwnOnly compares a query with its own candidates alone, not with those
	// of the other rows of the batch.
	OwnOnly bool

	// MaskAbove, if it is not 0, leaves out candidates of the batch whose
	// cosine exceeds the positive's by more than it (the reference's masking of
	// fake negatives: 0.1, off by default). It has no effect with OwnOnly.
	MaskAbove float64

	// Symmetric adds the loss of positives against queries and halves the sum.
	// It needs Negatives 0 and the whole batch. The reference has one direction.
	Symmetric bool
}

// Loss returns the scalar mean over the batch. Queries are [B, H] and
// candidates [B·(1+Negatives), H], row i's positive at i·(1+Negatives) with
// its negatives after it; all are unit vectors.
//
// FalseNegatives, bool [B, B·(1+Negatives)] or nil, is true for candidates
// that are no true negatives of a query, such as the same place or the same
// text; they are left out. The positive always counts.
func (l InfoNCE) Loss(queries, candidates, falseNegatives *Node) *Node {
	b, each := queries.Shape().Dim(0), 1+l.Negatives
	switch {
	case l.Temperature <= 0:
		Panicf("nn.InfoNCE: temperature %g is not positive", l.Temperature)
	case queries.Rank() != 2 || candidates.Rank() != 2 || candidates.Shape().Dim(0) != b*each:
		Panicf("nn.InfoNCE: %s candidates for %s queries with %d negatives each", candidates.Shape(), queries.Shape(), l.Negatives)
	case l.Symmetric && (l.Negatives > 0 || l.OwnOnly):
		Panicf("nn.InfoNCE: the symmetric loss needs in-batch candidates without explicit negatives")
	}
	g := queries.Graph()
	if l.OwnOnly {
		own := Einsum("bh,bkh->bk", queries, Reshape(candidates, b, each, -1))
		first := Equal(Iota(g, shapes.Make(dtypes.Int32, b, each), 1), ScalarZero(g, dtypes.Int32))
		return l.crossEntropy(own, first, nil)
	}
	cosine := Dot(queries, candidates).General([]int{1}, nil, []int{1}, nil) // [B, B·each]
	positive := positives(g, b, each)
	out := falseNegatives
	if l.MaskAbove != 0 {
		above := GreaterThan(cosine, AddScalar(pick(cosine, positive), l.MaskAbove))
		if out == nil {
			out = above
		} else {
			out = LogicalOr(out, above)
		}
	}
	loss := l.crossEntropy(cosine, positive, out)
	if l.Symmetric {
		if out != nil {
			out = Transpose(out, 0, 1)
		}
		loss = MulScalar(Add(loss, l.crossEntropy(Transpose(cosine, 0, 1), positive, out)), 0.5)
	}
	return loss
}

// crossEntropy is the mean over rows of logsumexp - positive, over the cosines
// divided by the temperature, without those of the mask out.
func (l InfoNCE) crossEntropy(cosine, positive, out *Node) *Node {
	logits := MulScalar(cosine, 1/l.Temperature)
	if out != nil {
		out = LogicalAnd(out, LogicalNot(positive))
		logits = Where(out, BroadcastToShape(ConstAs(logits, -1e30), logits.Shape()), logits)
	}
	top := StopGradient(ReduceAndKeep(logits, ReduceMax, -1))
	logSum := Add(Log(ReduceAndKeep(Exp(Sub(logits, top)), ReduceSum, -1)), top)
	return ReduceAllMean(Sub(logSum, pick(logits, positive)))
}

// Margin returns the scalar means over the batch of the positive's cosine, of
// the largest cosine among the negatives, and of their difference, the metric
// by which the UGE reference chooses its checkpoint. Queries and positives are
// unit vectors [B, H]; falseNegatives as in [InfoNCE.Loss]. A query without
// any negative counts as one of cosine -1.
func Margin(queries, positiveVectors, falseNegatives *Node) (margin, positive, negative *Node) {
	g, b := queries.Graph(), queries.Shape().Dim(0)
	cosine := Dot(queries, positiveVectors).General([]int{1}, nil, []int{1}, nil)
	own := positives(g, b, 1)
	out := own
	if falseNegatives != nil {
		out = LogicalOr(out, falseNegatives)
	}
	hardest := ReduceMax(Where(out, BroadcastToShape(ConstAs(cosine, -1.0), cosine.Shape()), cosine), -1)
	positive, negative = ReduceAllMean(pick(cosine, own)), ReduceAllMean(hardest)
	return Sub(positive, negative), positive, negative
}

// positives is true at [i, i·each]: bool [b, b·each].
func positives(g *Graph, b, each int) *Node {
	shape := shapes.Make(dtypes.Int32, b, b*each)
	return Equal(MulScalar(Iota(g, shape, 0), each), Iota(g, shape, 1))
}

// pick takes the one value of each row where the mask is true: [rows, 1].
func pick(x, mask *Node) *Node {
	return ReduceAndKeep(Where(mask, x, ZerosLike(x)), ReduceSum, -1)
}
