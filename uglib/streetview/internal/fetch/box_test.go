package fetch

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// TestTilesCover says that tiles cover an area without overlap, whatever its
// place.
func TestTilesCover(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		side := []float64{0.01, 0.005, 0.003}[r.IntN(3)]
		west, south := r.Float64()*359-180, r.Float64()*179-90
		area := orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{west + 1e-6 + r.Float64()*0.05, min(90, south+1e-6+r.Float64()*0.05)}}
		tiles := Tiles(area, side)
		sum, paths := 0.0, map[string]bool{}
		for _, b := range tiles {
			sum += squareDegrees(b.Bound)
			if paths[b.Path] {
				t.Fatalf("path %s twice", b.Path)
			}
			paths[b.Path] = true
			if w, h := b.Bound.Max[0]-b.Bound.Min[0], b.Bound.Max[1]-b.Bound.Min[1]; w <= 0 || h <= 0 || w > side*(1+1e-9) || h > side*(1+1e-9) {
				t.Fatalf("tile %v of side %g", b, side)
			}
			if b.Bound.Min[0] < 180 && b.Bound.Max[0] > 180 {
				t.Fatalf("tile %v crosses the 180th meridian", b.Bound)
			}
			quarters := 0.0
			for _, q := range b.Quarters() {
				quarters += squareDegrees(q.Bound)
				if !strings.HasPrefix(q.Path, b.Path+".") {
					t.Fatalf("path %s of a quarter of %s", q.Path, b.Path)
				}
			}
			if math.Abs(quarters-squareDegrees(b.Bound)) > 1e-12 {
				t.Fatalf("quarters of %v have %g of %g", b, quarters, squareDegrees(b.Bound))
			}
			if _, err := geo.ParseBound(b.String()); err != nil && b.Bound.Max[0]-b.Bound.Min[0] > 1e-6 && b.Bound.Max[1]-b.Bound.Min[1] > 1e-6 {
				t.Fatal(err)
			}
			centre, radius := b.Circle()
			for _, p := range []orb.Point{b.Bound.Min, b.Bound.Max, b.Bound.LeftTop(), b.Bound.RightBottom()} {
				if d := geo.Distance(centre, p); d > radius+1e-6 || !OnEarth(centre) {
					t.Fatalf("corner %v of %v is %v from %v, the radius is %v", p, b, d, centre, radius)
				}
			}
		}
		if math.Abs(sum-squareDegrees(area)) > 1e-10 {
			t.Fatalf("%d tiles of %v have %g of %g", len(tiles), area, sum, squareDegrees(area))
		}
	}
}

// TestTilesOfAnyArea says that the same square has the same path.
func TestTilesOfAnyArea(t *testing.T) {
	a := Tiles(orb.Bound{Min: orb.Point{9.97, 53.54}, Max: orb.Point{10.01, 53.58}}, 0.01)
	b := Tiles(orb.Bound{Min: orb.Point{9.98, 53.55}, Max: orb.Point{9.99, 53.56}}, 0.01)
	if len(a) != 16 || len(b) != 1 {
		t.Fatalf("%d and %d tiles", len(a), len(b))
	}
	for _, x := range a {
		if x.Path == b[0].Path {
			if x.Bound.Center() != b[0].Bound.Center() {
				t.Errorf("%v and %v have the path %s", x, b[0], x.Path)
			}
			return
		}
	}
	t.Errorf("no tile has the path %s", b[0].Path)
}

func TestBoxBeyond180(t *testing.T) {
	for _, tc := range []struct {
		west, east float64
		want       string
	}{{180, 180.01, "-180,-17,-179.99,-16.99"}, {179.99, 180, "179.99,-17,180,-16.99"}, {10, 10.01, "10,-17,10.01,-16.99"}} {
		b := Box{Bound: orb.Bound{Min: orb.Point{tc.west, -17}, Max: orb.Point{tc.east, -16.99}}}
		if got := b.String(); got != tc.want {
			t.Errorf("box from %g to %g is %s, want %s", tc.west, tc.east, got, tc.want)
		}
	}
}

func TestWithin(t *testing.T) {
	bound := func(w, s, e, n float64) orb.Bound { return orb.Bound{Min: orb.Point{w, s}, Max: orb.Point{e, n}} }
	for _, tc := range []struct{ area, limit, want orb.Bound }{
		{bound(1, 1, 2, 2), orb.Bound{}, bound(1, 1, 2, 2)},
		{bound(1, 1, 2, 2), bound(1.5, 0, 3, 1.5), bound(1.5, 1, 2, 1.5)},
		{bound(179, 1, 181, 2), bound(-180, 1, -179.5, 2), bound(180, 1, 180.5, 2)},
		{bound(179, 1, 181, 2), bound(179.5, 1, 180.5, 2), bound(179.5, 1, 180.5, 2)},
	} {
		got, err := Limits{Bound: tc.limit}.Within(tc.area)
		if err != nil || got != tc.want {
			t.Errorf("%v within %v is %v, %v, want %v", tc.limit, tc.area, got, err, tc.want)
		}
	}
	if _, err := (Limits{Bound: bound(3, 3, 4, 4)}).Within(bound(1, 1, 2, 2)); err == nil || !strings.Contains(err.Error(), "does not touch") {
		t.Errorf("error %v", err)
	}
}
