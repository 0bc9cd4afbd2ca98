package city

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// TestSegments compares searches of the packed tree with a look at all
// segments.
func TestSegments(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 7))
	for _, n := range []int{0, 1, 2, 15, 16, 17, 255, 256, 257, 3000} {
		all := make([]segment, n)
		for i := range all {
			a := orb.Point{float64(r.IntN(1000)), float64(r.IntN(1000))}
			all[i] = segment{street: NodeID(r.IntN(n)), a: a, b: orb.Point{a[0] + float64(r.IntN(50)), a[1] - float64(r.IntN(50))}}
		}
		s := newSegments(slices.Clone(all))
		for range 300 {
			p := orb.Point{r.Float64()*1400 - 200, r.Float64()*1400 - 200}
			max := r.Float64() * 300
			even := func(id NodeID) bool { return id%2 == 0 }
			got, d := s.nearest(p, max, even)
			var want *segment
			least := max * max
			for i := range all {
				e := squared(p, footOn(all[i].a, all[i].b, p))
				if even(all[i].street) && (e < least || e == least && (want == nil || all[i].street < want.street)) {
					want, least = &all[i], e
				}
			}
			if (got == nil) != (want == nil) || got != nil && (got.street != want.street || d != least) {
				t.Fatalf("%d segments: nearest to %v is %+v, want %+v", n, p, got, want)
			}
			box := p.Bound().Pad(max / 3)
			var found, expect []segment
			s.within(box, func(o *segment) { found = append(found, *o) })
			for i := range all {
				if b := all[i].box(); b[0] <= box.Max[0] && b[2] >= box.Min[0] && b[1] <= box.Max[1] && b[3] >= box.Min[1] {
					expect = append(expect, all[i])
				}
			}
			if len(found) != len(expect) {
				t.Fatalf("%d segments: %d in a box, want %d", n, len(found), len(expect))
			}
		}
	}
}

// TestNearestStreets compares the batch with one search after another.
func TestNearestStreets(t *testing.T) {
	c := builtin(t, "newark")
	r := rand.New(rand.NewPCG(6, 6))
	points := make([]orb.Point, 3000)
	for i := range points {
		points[i] = c.somewhere(r)
	}
	points[7] = orb.Point{10, 10}
	none := 0
	for i, hit := range c.NearestStreets(points, 60) {
		want, ok := c.NearestStreet(points[i], 60, nil)
		if !ok {
			want = Hit{Street: None}
			none++
		}
		if hit != want {
			t.Fatalf("%v: %+v, want %+v", points[i], hit, want)
		}
	}
	if none == 0 || none == len(points) {
		t.Errorf("%d of %d have no street", none, len(points))
	}
	if hits := c.NearestStreets(nil, 60); len(hits) != 0 {
		t.Errorf("no points: %v", hits)
	}
}
