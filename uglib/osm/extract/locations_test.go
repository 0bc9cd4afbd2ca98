package extract

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
)

func TestLocations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for _, spread := range []int64{1, 100, 1 << 40, math.MaxInt64} {
		want := map[int64]orb.Point{}
		var l Locations
		for i := range 5000 {
			id := r.Int64N(spread)
			if i%3 == 0 {
				id = -id
			}
			p := Round(orb.Point{r.Float64()*360 - 180, r.Float64()*180 - 90})
			l.Add(id, p)
			if _, ok := want[id]; !ok {
				want[id] = p
			}
		}
		l.Sort()
		for id, p := range want {
			if got, ok := l.At(id); !ok || got != p {
				t.Fatalf("spread %d: node %d lies at %v, found %v, %v", spread, id, p, got, ok)
			}
		}
		for range 5000 {
			id := r.Int64() - r.Int64()
			if _, ok := l.At(id); ok != (want[id] != orb.Point{}) {
				t.Fatalf("spread %d: node %d is found", spread, id)
			}
		}
	}
	var none Locations
	none.Sort()
	if _, ok := none.At(0); ok {
		t.Error("an empty store finds a node")
	}
	var edges Locations
	for _, id := range []int64{math.MinInt64, 0, math.MaxInt64} {
		edges.Add(id, orb.Point{180, -90})
	}
	edges.Sort()
	for _, id := range []int64{math.MinInt64, 0, math.MaxInt64} {
		if p, ok := edges.At(id); !ok || p != (orb.Point{180, -90}) {
			t.Errorf("node %d: %v %v", id, p, ok)
		}
	}
}

func BenchmarkLocations(b *testing.B) {
	var l Locations
	id := int64(0)
	r := rand.New(rand.NewPCG(1, 0))
	for range 1 << 20 {
		id += 1 + r.Int64N(1000)
		l.Add(id, orb.Point{})
	}
	l.Sort()
	for b.Loop() {
		l.Find(r.Int64N(id))
	}
}
