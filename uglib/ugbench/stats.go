package ugbench

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	bootstrapDraws   = 2_000
	permutationDraws = 10_000
	z95              = 1.959963984540054 // 97.5% quantile of the normal distribution
)

// newRand returns the source of one statistic; the stream keeps statistics of
// the same seed apart.
func newRand(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

const (
	streamBootstrap = 1 + iota
	streamPermutation
	streamDifference
	streamDraw
)

// Wilson returns the fraction of hits among n with the 95% score interval
// (Wilson 1927), which keeps its level also near 0 and 1.
func Wilson(hits, n int) Estimate {
	if n <= 0 {
		return Estimate{math.NaN(), 0, 1}
	}
	p, z2, size := float64(hits)/float64(n), z95*z95, float64(n)
	centre := (p + z2/(2*size)) / (1 + z2/size)
	half := z95 / (1 + z2/size) * math.Sqrt(p*(1-p)/size+z2/(4*size*size))
	// Rounding must not put the interval beside the value at 0 and 1.
	return Estimate{p, min(p, max(0, centre-half)), max(p, min(1, centre+half))}
}

// Bootstrap returns the mean of values with the 95% percentile interval over
// 2,000 resamples drawn from seed.
func Bootstrap(values []float64, seed uint64) Estimate {
	return bootstrap(values, newRand(seed, streamBootstrap))
}

func bootstrap(values []float64, rng *rand.Rand) Estimate {
	if len(values) == 0 {
		return Estimate{math.NaN(), math.NaN(), math.NaN()}
	}
	means := make([]float64, bootstrapDraws)
	for i := range means {
		var sum float64
		for range values {
			sum += values[rng.IntN(len(values))]
		}
		means[i] = sum / float64(len(values))
	}
	slices.Sort(means)
	return Estimate{mean(values), quantile(means, 0.025), quantile(means, 0.975)}
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// quantile interpolates linearly in sorted values.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-2)
	if i < 0 {
		return sorted[0]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// McNemar returns the two-sided p-value of the exact test (McNemar 1947) that
// two systems differ, given the numbers of queries that only one of them gets
// right.
func McNemar(onlyA, onlyB int) float64 {
	n, k := onlyA+onlyB, min(onlyA, onlyB)
	// 2 P(X <= k) for X binomial over n fair coins, by logarithms.
	logSum := func(i int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		return a - b - c - float64(n)*math.Ln2
	}
	var p float64
	for i := 0; i <= k; i++ {
		p += math.Exp(logSum(i))
	}
	return min(1, 2*p)
}

// PermutationTest returns the two-sided p-value of the paired permutation test
// that the mean of differences is not 0: the share of 10,000 random changes of
// sign, drawn from seed, whose mean is as far from 0, the observed one counted
// among them.
func PermutationTest(differences []float64, seed uint64) float64 {
	if len(differences) == 0 {
		return 1
	}
	rng := newRand(seed, streamPermutation)
	var observed float64
	for _, d := range differences {
		observed += d
	}
	// Sums of the same numbers in another order may differ in the last bits.
	observed = math.Abs(observed) * (1 - 1e-12)
	asFar := 1
	for range permutationDraws {
		var sum float64
		var signs uint64
		for i, d := range differences {
			if i%64 == 0 {
				signs = rng.Uint64()
			}
			if signs&1 == 1 {
				d = -d
			}
			signs >>= 1
			sum += d
		}
		if math.Abs(sum) >= observed {
			asFar++
		}
	}
	return float64(asFar) / (permutationDraws + 1)
}

// Comparison is the paired test of two systems on the same queries; differences
// are A's value less B's.
type Comparison struct {
	A      string  `json:"a"` // names of the models
	B      string  `json:"b"`
	Task   Task    `json:"task"`
	Region Region  `json:"region"`
	N      int     `json:"n"`
	Hit5   float64 `json:"hit5_difference"`
	// Hit5Interval is the 95% bootstrap interval of the difference in Hit@5.
	Hit5Interval [2]float64 `json:"hit5_interval"`
	OnlyA        int        `json:"only_a"` // queries that A alone has among its first five
	OnlyB        int        `json:"only_b"`
	McNemar      float64    `json:"mcnemar_p"` // exact, two-sided, on Hit@5
	// MRR is the difference in reciprocal rank with its 95% bootstrap interval.
	MRR         Estimate `json:"mrr_difference"`
	Permutation float64  `json:"permutation_p"` // two-sided, on reciprocal rank
	Seed        uint64   `json:"seed"`
}

// Compare tests two results on the same queries with the same candidates; any
// other two are an error.
func Compare(a, b *Result, seed uint64) (Comparison, error) {
	switch {
	case a.Task != b.Task || a.Region != b.Region:
		return Comparison{}, fmt.Errorf("ugbench: cannot compare %s in %s with %s in %s: the queries differ", a.Task, a.Region, b.Task, b.Region)
	case len(a.Ranks) != len(b.Ranks) || len(a.Ranks) == 0:
		return Comparison{}, fmt.Errorf("ugbench: cannot compare %q (%d queries) with %q (%d queries): the queries differ", a.Model, len(a.Ranks), b.Model, len(b.Ranks))
	case a.Checksum != b.Checksum:
		return Comparison{}, fmt.Errorf("ugbench: cannot compare %q with %q: they ranked other queries or candidates (%s, %s); evaluate both on the same set", a.Model, b.Model, a.Checksum, b.Checksum)
	}
	c := Comparison{A: a.Model, B: b.Model, Task: a.Task, Region: a.Region, N: len(a.Ranks), Seed: seed}
	hitDiff, rrDiff := make([]float64, c.N), make([]float64, c.N)
	for i := range a.Ranks {
		ha, hb := hit(a.Ranks[i], 5), hit(b.Ranks[i], 5)
		switch {
		case ha > hb:
			c.OnlyA++
		case hb > ha:
			c.OnlyB++
		}
		hitDiff[i] = ha - hb
		rrDiff[i] = 1/a.Ranks[i] - 1/b.Ranks[i]
	}
	hitEstimate := bootstrap(hitDiff, newRand(seed, streamDifference))
	c.Hit5, c.Hit5Interval = hitEstimate.Value, [2]float64{hitEstimate.Low, hitEstimate.High}
	c.McNemar = McNemar(c.OnlyA, c.OnlyB)
	c.MRR = bootstrap(rrDiff, newRand(seed, streamDifference))
	c.Permutation = PermutationTest(rrDiff, seed)
	return c, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
