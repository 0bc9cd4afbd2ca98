package fetch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// crowd makes candidates, nine of ten of them in one street.
func crowd(n int, at orb.Point) []candidate {
	r := rand.New(rand.NewPCG(3, 3))
	all := make([]candidate, n)
	for i := range all {
		p := orb.Point{at[0] + r.Float64()*0.02, at[1] + r.Float64()*0.02}
		if i%10 > 0 {
			p = orb.Point{at[0] + 0.01 + r.Float64()*0.0005, at[1] + 0.01 + r.Float64()*0.0005}
		}
		all[i] = candidate{id: int64(1e15) + int64(i)*31, pos: geo.Unwrap(p, 0)}
	}
	return all
}

func TestChooseEvenly(t *testing.T) {
	all := crowd(5000, orb.Point{9.9, 53.5})
	perCell := func(l Limits) map[uint64]int {
		n := map[uint64]int{}
		for _, c := range l.choose(all) {
			n[geo.Cell(c.pos, DefaultCellLevel)]++
		}
		return n
	}
	everything := perCell(Limits{})
	even := perCell(Limits{Max: 300})
	total, most, least := 0, 0, 1000
	for cell := range everything {
		total += even[cell]
		most, least = max(most, even[cell]), min(least, even[cell])
	}
	if total != 300 || most > 7 || least < 1 {
		t.Errorf("%d photographs, %d to %d in each of %d cells", total, least, most, len(everything))
	}
	for cell, n := range perCell(Limits{PerCell: 2}) {
		if n > 2 || n < min(2, everything[cell]) {
			t.Errorf("%d of %d photographs in cell %d", n, everything[cell], cell)
		}
	}
}

// TestChoose says that a choice keeps its limits, is as large as can be, and
// depends on the set and the seed alone.
func TestChoose(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, at := range []orb.Point{{9.9, 53.5}, {179.99, -16.8}, {30, 89.9}, {-70, -89.99}} {
		all := crowd(1500, at)
		for _, l := range []Limits{{}, {Max: 40}, {Spacing: 25}, {Spacing: 25, PerCell: 3}, {Spacing: 3, Max: 500, CellLevel: 13}, {Spacing: 3000}, {Seed: 9, Max: 40}} {
			got := l.choose(slices.Clone(all))
			if l.Max > 0 && len(got) > l.Max {
				t.Errorf("%+v: %d photographs", l, len(got))
			}
			if l.Spacing == 0 && l.PerCell == 0 && len(got) != min(len(all), max(l.Max, len(all)*(1-min(1, l.Max)))) {
				t.Errorf("%+v: %d of %d photographs", l, len(got), len(all))
			}
			taken := map[int64]bool{}
			for i, a := range got {
				taken[a.id] = true
				for _, b := range got[:i] {
					if d := geo.Distance(a.pos, b.pos); d < l.Spacing {
						t.Fatalf("%+v at %v: %v between two photographs", l, at, d)
					}
				}
			}
			if l.Spacing > 0 && l.Max == 0 && l.PerCell == 0 { // nothing more would fit
				for _, c := range all {
					if !taken[c.id] && !slices.ContainsFunc(got, func(o candidate) bool { return geo.Distance(o.pos, c.pos) < l.Spacing }) {
						t.Fatalf("%+v: %d could be taken too", l, c.id)
					}
				}
			}
			shuffled := slices.Clone(all)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if again := l.choose(shuffled); !slices.Equal(again, got) {
				t.Errorf("%+v: the choice depends on the order", l)
			}
		}
		if a, b := (Limits{Max: 40}).choose(all), (Limits{Max: 40, Seed: 9}).choose(all); slices.Equal(a, b) {
			t.Error("the choice does not depend on the seed")
		}
	}
}

func TestChoosePhotos(t *testing.T) {
	area := orb.Bound{Min: orb.Point{0, 0}, Max: orb.Point{1, 1}}
	photo := func(id ID, lon float64) Photo {
		return Photo{MapillaryID: id, Geometry: &Point{lon, 0.5}}
	}
	all := []Photo{photo(3, 0.2), photo(1, 0.1), photo(3, 0.3), photo(4, 2), {MapillaryID: 5}, photo(6, 0.1)}
	got, left := Limits{Spacing: 10}.Choose(all, area)
	if len(got) != 2 || got[1].MapillaryID != 3 || *got[1].Geometry != (Point{0.2, 0.5}) ||
		left[repeated] != 1 || left[outside] != 1 || left[noPosition] != 1 || left[thinned] != 1 {
		t.Errorf("chosen %v, left %v", got, left)
	}
}

func BenchmarkChoose(b *testing.B) {
	all := crowd(200_000, orb.Point{9.9, 53.5})
	b.ReportAllocs()
	for b.Loop() {
		if got := (Limits{Max: 20_000, Spacing: 2}).choose(all); len(got) == 0 {
			b.Fatal("none")
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(all))/b.Elapsed().Seconds(), "photographs/s")
}
