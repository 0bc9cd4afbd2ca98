package render

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
)

// TestGrid compares the grid with a search of everything.
func TestGrid(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var g grid[int]
	for i := range 500 {
		p := orb.Point{rng.Float64()*1000 - 500, rng.Float64()*1000 - 500}
		box := p.Bound().Pad(rng.Float64() * 20)
		if i%100 == 0 {
			box = p.Bound().Pad(700) // goes to the list of large ones
		}
		g.add(i, box)
	}
	var seen marks
	for range 200 {
		p, r := orb.Point{rng.Float64()*1000 - 500, rng.Float64()*1000 - 500}, rng.Float64()*150
		var want []int32
		for i, b := range g.boxes {
			if boxDist(p, b) <= r {
				want = append(want, int32(i))
			}
		}
		if got := g.near(p, r, nil, &seen); !slices.Equal(got, want) {
			t.Fatalf("near %v within %v: got %v, want %v", p, r, got, want)
		}
	}
}

func TestOffset(t *testing.T) {
	line := []orb.Point{{0, 0}, {0, 10}, {10, 10}} // north, then east
	got := offset(line, 2)
	want := []orb.Point{{2, 0}, {2, 8}, {10, 8}}
	for i := range want {
		if dist(got[i], want[i]) > 1e-9 {
			t.Errorf("point %d: got %v, want %v", i, got[i], want[i])
		}
	}
	ring := []orb.Point{{0, 0}, {10, 0}, {10, 10}, {0, 10}}
	if a := signedArea(around(ring, 1)); math.Abs(a-144) > 1e-9 {
		t.Errorf("a square of 10 m with 1 m around it has %v m², want 144", a)
	}
}

func TestInside(t *testing.T) {
	rings := [][]orb.Point{{{0, 0}, {10, 0}, {10, 10}, {0, 10}}, {{4, 4}, {4, 6}, {6, 6}, {6, 4}}}
	for _, c := range []struct {
		p    orb.Point
		want bool
	}{{orb.Point{1, 1}, true}, {orb.Point{5, 5}, false}, {orb.Point{11, 5}, false}, {orb.Point{-1, 5}, false}, {orb.Point{9, 5}, true}} {
		if got := inside(c.p, rings); got != c.want {
			t.Errorf("inside(%v) = %v", c.p, got)
		}
	}
}

func TestHeights(t *testing.T) {
	for _, c := range []struct {
		tags map[string]string
		want float64
	}{
		{map[string]string{"height": "12"}, 12},
		{map[string]string{"height": "12.5 m"}, 12.5},
		{map[string]string{"height": "40'"}, 12.192},
		{map[string]string{"height": "100 ft"}, 30.48},
		{map[string]string{"building:levels": "3"}, 10.2},
		{map[string]string{"height": "9", "building:levels": "7"}, 9},
		{map[string]string{"height": "nonsense", "building:levels": "2"}, 7},
		{map[string]string{"height": "-4"}, 5.5},
		{map[string]string{"height": "NaN"}, 5.5},
		{map[string]string{}, 5.5},
	} {
		if got := heightOf(c.tags, dwelling, 0); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v m, want %v", c.tags, got, c.want)
		}
	}
}

func TestWidths(t *testing.T) {
	for _, c := range []struct {
		highway string
		tags    map[string]string
		want    float64
	}{
		{"residential", nil, 6},
		{"primary", map[string]string{"lanes": "5"}, 17.5},
		{"primary", map[string]string{"lanes": "5", "width": "12"}, 12},
		{"primary", map[string]string{"oneway": "yes"}, 7},
		{"primary", map[string]string{"lanes": "many"}, 10.5},
		{"footway", map[string]string{"lanes": "4"}, 2},
		{"corridor", nil, 3.6},
	} {
		r, n := roadOf(c.highway, c.tags)
		if got := widthOf(r, n, c.tags); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s %v: %v m wide, want %v", c.highway, c.tags, got, c.want)
		}
	}
}
