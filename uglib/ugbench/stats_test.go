package ugbench

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestWilson(t *testing.T) {
	// scipy.stats: binomtest(hits, n).proportion_ci(0.95, "wilson") (testdata/statistics.py).
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{
		{0, 10, 0, 0.27753279986288926},
		{10, 10, 0.7224672001371109, 1},
		{167, 260, 0.5823620063488971, 0.6981094568197862},
		{65, 260, 0.20126438949446024, 0.3060154725065014},
		{413, 700, 0.5531701860436609, 0.6258474015407882},
	} {
		e := Wilson(c.hits, c.n)
		near(t, "value", e.Value, float64(c.hits)/float64(c.n), 1e-15)
		near(t, "low", e.Low, c.low, 1e-9)
		near(t, "high", e.High, c.high, 1e-9)
	}
	if e := Wilson(0, 0); e.Low != 0 || e.High != 1 {
		t.Errorf("Wilson(0, 0) = %v", e)
	}
}

func TestBootstrap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	values := make([]float64, 400)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	e := Bootstrap(values, 9)
	// The standard error is 1/20, so that the interval is about the mean +- 0.098.
	near(t, "width", e.High-e.Low, 2*1.96/20, 0.02)
	near(t, "value", e.Value, mean(values), 0)
	if again := Bootstrap(values, 9); again != e {
		t.Error("another interval from the same seed")
	}
	if other := Bootstrap(values, 10); other == e {
		t.Error("the same interval from another seed")
	}
	if e := Bootstrap([]float64{2, 2, 2}, 1); e != (Estimate{2, 2, 2}) {
		t.Errorf("constant values: %v", e)
	}
	if e := Bootstrap([]float64{3}, 1); e != (Estimate{3, 3, 3}) {
		t.Errorf("one value: %v", e)
	}
	if e := Bootstrap(nil, 1); !math.IsNaN(e.Value) {
		t.Errorf("no values: %v", e)
	}
}

func TestMcNemar(t *testing.T) {
	// scipy.stats: binomtest(min(b, c), b+c, 0.5).pvalue (testdata/statistics.py).
	for _, c := range []struct {
		b, c int
		want float64
	}{
		{0, 0, 1}, {1, 1, 1}, {0, 5, 0.0625}, {5, 0, 0.0625}, {2, 8, 0.109375},
		{10, 25, 0.016673847800120715}, {30, 60, 0.0020602656809630745}, {200, 260, 0.0058839224731039984},
	} {
		near(t, "p", McNemar(c.b, c.c), c.want, 1e-9)
	}
}

func TestPermutation(t *testing.T) {
	// Five equal signs: all 32 choices of signs are as likely, 2 of them as far.
	near(t, "five alike", PermutationTest([]float64{1, 1, 1, 1, 1}, 1), 2./32, 0.01)
	// 0.5 and 0.25 against -0.25: sums +-1, +-0.5, +-0.5, 0, 0 of which 6 of 8 reach 0.5.
	near(t, "three", PermutationTest([]float64{0.5, 0.25, -0.25}, 1), 6./8, 0.02)
	near(t, "none", PermutationTest([]float64{0, 0, 0}, 1), 1, 0)
	near(t, "empty", PermutationTest(nil, 1), 1, 0)
	if p := PermutationTest(make100(0.1), 1); p > 2e-4 {
		t.Errorf("a clear difference has p = %v", p)
	}
	a, b := PermutationTest(make100(0), 3), PermutationTest(make100(0), 3)
	if a != b {
		t.Error("another p from the same seed")
	}
}

// make100 returns 100 seeded differences about shift, more than 64 so that signs
// are drawn twice.
func make100(shift float64) []float64 {
	rng := rand.New(rand.NewPCG(2, 2))
	d := make([]float64, 100)
	for i := range d {
		d[i] = shift + 0.1*rng.NormFloat64()
	}
	return d
}

// TestPermutationKeepsItsLevel draws many samples without a difference: about
// one in ten has p below 0.1.
func TestPermutationKeepsItsLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	below := 0
	const trials = 200
	for i := range trials {
		d := make([]float64, 30)
		for j := range d {
			d[j] = rng.NormFloat64()
		}
		if PermutationTest(d, uint64(i)) < 0.1 {
			below++
		}
	}
	if below < 8 || below > 34 { // 20 +- 3.3 standard deviations
		t.Errorf("%d of %d below 0.1", below, trials)
	}
}

func TestCompare(t *testing.T) {
	a := &Result{Model: "two", Task: Geolocation, Region: TrainingCities, Checksum: "x"}
	b := &Result{Model: "one", Task: Geolocation, Region: TrainingCities, Checksum: "x"}
	for i := range 100 {
		switch {
		case i < 60: // both right
			a.Ranks, b.Ranks = append(a.Ranks, 1), append(b.Ranks, 1)
		case i < 85: // A alone
			a.Ranks, b.Ranks = append(a.Ranks, 2), append(b.Ranks, 10)
		case i < 95: // B alone
			a.Ranks, b.Ranks = append(a.Ranks, 8), append(b.Ranks, 4)
		default:
			a.Ranks, b.Ranks = append(a.Ranks, 9), append(b.Ranks, 9)
		}
	}
	c, err := Compare(a, b, 1)
	if err != nil {
		t.Fatal(err)
	}
	if c.OnlyA != 25 || c.OnlyB != 10 || c.N != 100 {
		t.Errorf("comparison = %+v", c)
	}
	near(t, "Hit@5", c.Hit5, 0.15, 1e-12)
	near(t, "McNemar", c.McNemar, 0.016673847800120715, 1e-9)
	near(t, "MRR", c.MRR.Value, (25*(0.5-0.1)+10*(0.125-0.25))/100, 1e-12)
	if !(c.Hit5Interval[0] > 0 && c.Hit5Interval[0] < 0.15 && c.Hit5Interval[1] > 0.15) || c.Permutation > 0.001 {
		t.Errorf("comparison = %+v", c)
	}
	back, err := Compare(b, a, 1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "B-A", back.Hit5, -0.15, 1e-12)
	near(t, "McNemar both ways", back.McNemar, c.McNemar, 0)

	for what, other := range map[string]*Result{
		"queries differ": {Task: Retrieval, Region: TrainingCities, Ranks: b.Ranks, Checksum: "x"},
		"(99 queries)":   {Task: Geolocation, Region: TrainingCities, Ranks: b.Ranks[1:], Checksum: "x"},
		"same set":       {Task: Geolocation, Region: TrainingCities, Ranks: b.Ranks, Checksum: "y"},
	} {
		if _, err := Compare(a, other, 1); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error = %v, want %q", err, what)
		}
	}
}
