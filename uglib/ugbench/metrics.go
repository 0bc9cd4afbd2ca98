package ugbench

import (
	"fmt"
	"math"
)

// Names of the metrics, in the order of a table.
const (
	Hit1   = "Hit@1"
	Hit3   = "Hit@3"
	Hit5   = "Hit@5"
	Hit10  = "Hit@10"
	NDCG5  = "NDCG@5"
	NDCG10 = "NDCG@10"
	MRR    = "MRR"
	Margin = "Margin" // truth's score less the best other score, -2 to 2
)

// MetricNames lists the metrics in the order of a table.
var MetricNames = []string{Hit1, Hit3, Hit5, Hit10, NDCG5, NDCG10, MRR, Margin}

// hits and ndcgs are the cut-offs of the two families.
var (
	hits  = map[string]int{Hit1: 1, Hit3: 3, Hit5: 5, Hit10: 10}
	ndcgs = map[string]int{NDCG5: 5, NDCG10: 10}
)

// Estimate is a mean over queries with its 95% interval. Hit@k, NDCG@k and MRR
// are fractions of 1.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Metrics maps the name of a metric to its estimate.
type Metrics map[string]Estimate

// Rank returns the rank of the candidate truth among scores: 1 + the number of
// strictly greater scores + half the number of equal ones of others (the
// expected rank if ties are broken at random). It is an error if a score is not
// finite or truth is out of range.
func Rank(scores []float64, truth int) (float64, error) {
	if truth < 0 || truth >= len(scores) {
		return 0, fmt.Errorf("ugbench: truth %d of %d candidates", truth, len(scores))
	}
	rank := 1.0
	for i, s := range scores {
		switch {
		case math.IsNaN(s) || math.IsInf(s, 0):
			return 0, fmt.Errorf("ugbench: score of candidate %d is %v", i, s)
		case i == truth:
		case s > scores[truth]:
			rank++
		case s == scores[truth]:
			rank += 0.5
		}
	}
	return rank, nil
}

// margin returns the truth's score less the greatest of the others.
func margin(scores []float64, truth int) float64 {
	best := math.Inf(-1)
	for i, s := range scores {
		if i != truth {
			best = max(best, s)
		}
	}
	return scores[truth] - best
}

// hit is 1 if the truth is among the first k, else 0.
func hit(rank float64, k int) float64 {
	if rank <= float64(k) {
		return 1
	}
	return 0
}

// ndcg is the normalised discounted cumulative gain with one relevant candidate
// and the gain 1: 1/log2(1+rank) among the first k, else 0.
func ndcg(rank float64, k int) float64 {
	if rank <= float64(k) {
		return 1 / math.Log2(1+rank)
	}
	return 0
}

// Summarize returns the metrics of queries with these ranks and margins, with
// Wilson intervals for Hit@k and bootstrap intervals (2,000 draws from seed) for
// the rest. Without margins (nil) there is no margin among the metrics.
func Summarize(ranks, margins []float64, seed uint64) (Metrics, error) {
	if len(ranks) == 0 {
		return nil, fmt.Errorf("ugbench: no queries to summarize")
	}
	if margins != nil && len(margins) != len(ranks) {
		return nil, fmt.Errorf("ugbench: %d ranks but %d margins", len(ranks), len(margins))
	}
	for i, r := range ranks {
		if !(r >= 1) || math.IsInf(r, 0) {
			return nil, fmt.Errorf("ugbench: rank %v of query %d is not at least 1", r, i)
		}
	}
	m := Metrics{}
	values := make([]float64, len(ranks))
	each := func(f func(rank float64) float64) []float64 {
		for i, r := range ranks {
			values[i] = f(r)
		}
		return values
	}
	for name, k := range hits {
		n := 0
		for _, r := range ranks {
			n += int(hit(r, k))
		}
		m[name] = Wilson(n, len(ranks))
	}
	for name, k := range ndcgs {
		m[name] = Bootstrap(each(func(r float64) float64 { return ndcg(r, k) }), seed)
	}
	m[MRR] = Bootstrap(each(func(r float64) float64 { return 1 / r }), seed)
	if margins != nil {
		m[Margin] = Bootstrap(margins, seed)
	}
	return m, m.Check()
}

// Check refuses metrics that cannot be: with one relevant candidate NDCG@k is
// at most Hit@k, all but the margin lie between 0 and 1, and Hit@k does not fall as
// k grows.
func (m Metrics) Check() error {
	const slack = 1e-9
	for name, e := range m {
		if math.IsNaN(e.Value) || name != Margin && (e.Value < -slack || e.Value > 1+slack) {
			return fmt.Errorf("ugbench: %s = %v is no fraction", name, e.Value)
		}
	}
	pairs := [][2]string{{NDCG5, Hit5}, {NDCG10, Hit10}, {Hit1, Hit3}, {Hit3, Hit5}, {Hit5, Hit10}, {Hit1, MRR}}
	for _, p := range pairs {
		a, okA := m[p[0]]
		b, okB := m[p[1]]
		if okA && okB && a.Value > b.Value+slack {
			return fmt.Errorf("ugbench: %s = %.4f above %s = %.4f is impossible with one right answer a query: the numbers are wrong",
				p[0], a.Value, p[1], b.Value)
		}
	}
	return nil
}

// Chance returns the expected metrics of a random order of candidates, averaged
// over queries with these numbers of them: Hit@k = min(k, n)/n, NDCG@k the sum of
// 1/(n log2(1+r)) for r up to min(k, n), MRR the n-th harmonic number over n. The
// values are exact, so their intervals have no width.
func Chance(candidates ...int) (Metrics, error) {
	if len(candidates) == 0 {
		return nil, fmt.Errorf("ugbench: chance of no queries")
	}
	counts := map[int]int{}
	for _, n := range candidates {
		if n < 1 {
			return nil, fmt.Errorf("ugbench: chance among %d candidates", n)
		}
		counts[n]++
	}
	sums := map[string]float64{}
	for _, n := range sortedKeys(counts) {
		weight := float64(counts[n]) / float64(len(candidates))
		for name, k := range hits {
			sums[name] += weight * float64(min(k, n)) / float64(n)
		}
		for name, k := range ndcgs {
			for r := 1; r <= min(k, n); r++ {
				sums[name] += weight / float64(n) / math.Log2(1+float64(r))
			}
		}
		for r := 1; r <= n; r++ {
			sums[MRR] += weight / float64(n) / float64(r)
		}
	}
	m := Metrics{}
	for name, v := range sums {
		m[name] = Estimate{v, v, v}
	}
	return m, nil
}
