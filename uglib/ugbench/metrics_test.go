package ugbench

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestRank(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		truth  int
		want   float64
	}{
		{[]float64{0.9, 0.5, 0.1}, 0, 1},
		{[]float64{0.9, 0.5, 0.1}, 1, 2},
		{[]float64{0.9, 0.5, 0.1}, 2, 3},
		{[]float64{0.5, 0.5, 0.1}, 0, 1.5},
		{[]float64{0.5, 0.5, 0.5}, 1, 2},
		{[]float64{0.9, 0.5, 0.5, 0.5, 0.5}, 3, 3.5},
		{make([]float64, 20), 7, 10.5},
		{[]float64{-1}, 0, 1},
	} {
		got, err := Rank(c.scores, c.truth)
		if err != nil || got != c.want {
			t.Errorf("Rank(%v, %d) = %v, %v, want %v", c.scores, c.truth, got, err, c.want)
		}
	}
	for _, bad := range [][]float64{{0, math.NaN()}, {math.Inf(1), 0}, {0, math.Inf(-1)}, {}} {
		if _, err := Rank(bad, 0); err == nil {
			t.Errorf("Rank(%v) gives no error", bad)
		}
	}
	if _, err := Rank([]float64{1}, 1); err == nil {
		t.Error("Rank takes a truth beyond the candidates")
	}
}

func TestSummarizeByHand(t *testing.T) {
	// Five queries, worked out by hand: reciprocal ranks 1, 1/2, 1/3, 1/6, 1/20;
	// 1/log2(1+r) = 1, 0.63093, 0.5, 0.35621, and nothing at 20.
	m, err := Summarize([]float64{1, 2, 3, 6, 20}, []float64{0.4, -0.1, -0.1, -0.2, -0.5}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		Hit1: 0.2, Hit3: 0.6, Hit5: 0.6, Hit10: 0.8,
		NDCG5:  (1 + 0.6309297536 + 0.5) / 5,
		NDCG10: (1 + 0.6309297536 + 0.5 + 0.3562071871) / 5,
		MRR:    (1 + 0.5 + 1./3 + 1./6 + 0.05) / 5,
		Margin: -0.1,
	} {
		e := m[name]
		near(t, name, e.Value, want, 1e-9)
		if !(e.Low <= e.Value && e.Value <= e.High) {
			t.Errorf("%s = %v lies outside its interval", name, e)
		}
	}
	if len(m) != len(MetricNames) {
		t.Errorf("%d metrics, want %d", len(m), len(MetricNames))
	}
	for _, bad := range [][]float64{nil, {0.5}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := Summarize(bad, nil, 1); err == nil {
			t.Errorf("Summarize(%v) gives no error", bad)
		}
	}
	if _, err := Summarize([]float64{1}, []float64{1, 2}, 1); err == nil {
		t.Error("Summarize takes margins of other queries")
	}
}

func TestImpossibleMetricsAreRefused(t *testing.T) {
	// A row as once published: NDCG@5 above Hit@5.
	err := Metrics{Hit5: {Value: 0.1596}, NDCG5: {Value: 0.2260}}.Check()
	if err == nil || !strings.Contains(err.Error(), "impossible") {
		t.Errorf("error = %v", err)
	}
	for _, m := range []Metrics{
		{Hit5: {Value: 0.3}, Hit10: {Value: 0.2}}, {MRR: {Value: 1.2}}, {Hit1: {Value: math.NaN()}}, {Hit1: {Value: 0.5}, MRR: {Value: 0.4}},
	} {
		if m.Check() == nil {
			t.Errorf("%v passes", m)
		}
	}
}

func TestChance(t *testing.T) {
	m, err := Chance(20)
	if err != nil {
		t.Fatal(err)
	}
	// Hit@5 and NDCG@5 as printed for the UGE protocol: 25.00 and 14.74.
	near(t, Hit5, m[Hit5].Value, 0.25, 1e-12)
	near(t, NDCG5, m[NDCG5].Value, 0.1474, 5e-5)
	near(t, Hit10, m[Hit10].Value, 0.5, 1e-12)
	near(t, MRR, m[MRR].Value, 3.597739657/20, 1e-9) // the 20th harmonic number
	if m, err = Chance(100); err != nil {
		t.Fatal(err)
	}
	near(t, "Hit@5 of 100", m[Hit5].Value, 0.05, 1e-12)
	if m, err = Chance(2, 4); err != nil {
		t.Fatal(err)
	}
	near(t, "mixed Hit@1", m[Hit1].Value, (0.5+0.25)/2, 1e-12)
	near(t, "mixed Hit@3", m[Hit3].Value, (1+0.75)/2, 1e-12)
	for _, bad := range [][]int{nil, {0}} {
		if _, err := Chance(bad...); err == nil {
			t.Errorf("Chance(%v) gives no error", bad)
		}
	}
}

// TestChanceIsWhatRandomScoresGive checks the formulas against simulation.
func TestChanceIsWhatRandomScoresGive(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ranks := make([]float64, 20_000)
	scores := make([]float64, 20)
	for i := range ranks {
		for j := range scores {
			scores[j] = rng.Float64()
		}
		var err error
		if ranks[i], err = Rank(scores, rng.IntN(20)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := Chance(20)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range hits {
		n := 0
		for _, r := range ranks {
			n += int(hit(r, k))
		}
		near(t, name, float64(n)/float64(len(ranks)), want[name].Value, 0.015)
	}
	var rr float64
	for _, r := range ranks {
		rr += 1 / r
	}
	near(t, MRR, rr/float64(len(ranks)), want[MRR].Value, 0.01)
}

func TestProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		n := 2 + rng.IntN(30)
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = float64(rng.IntN(8)) / 8 // with ties
		}
		truth := rng.IntN(n)
		rank, err := Rank(scores, truth)
		if err != nil {
			t.Fatal(err)
		}
		if rank < 1 || rank > float64(n) {
			t.Fatalf("rank %v of %d", rank, n)
		}
		// The order of candidates does not matter.
		order := rng.Perm(n)
		shuffled := make([]float64, n)
		for i, j := range order {
			shuffled[j] = scores[i]
		}
		if again, err := Rank(shuffled, order[truth]); err != nil || again != rank {
			t.Fatalf("rank %v became %v by shuffling, %v", rank, again, err)
		}
		// A better score never has a worse rank.
		scores[truth] += 0.1
		if better, err := Rank(scores, truth); err != nil || better > rank {
			t.Fatalf("rank %v fell to %v with a better score, %v", rank, better, err)
		}
		for _, k := range []int{1, 3, 5, 10} {
			if ndcg(rank, k) > hit(rank, k) {
				t.Fatalf("NDCG@%d above Hit@%d at rank %v", k, k, rank)
			}
		}
	}
	// The mean of all ranks is (n+1)/2, ties or not.
	scores := []float64{3, 1, 1, 2, 2, 2, 0}
	var sum float64
	for i := range scores {
		r, err := Rank(scores, i)
		if err != nil {
			t.Fatal(err)
		}
		sum += r
	}
	near(t, "mean rank", sum/7, 4, 1e-12)
}
