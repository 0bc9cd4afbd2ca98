package osm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// grid returns a reader that knows the nodes of a grid of n by n steps of
// 0.001 degrees: node 1+x+n·y.
func grid(n int) *reader {
	r := &reader{}
	for y := range n {
		for x := range n {
			r.nodes.Add(int64(1+x+n*y), orb.Point{float64(x) / 1000, float64(y) / 1000})
		}
	}
	r.nodes.Sort()
	return r
}

// TestSurface makes areas of lines on a grid of 6 by 6 nodes:
//
//	31 32 33 34 35 36
//	25 26 27 28 29 30
//	19 20 21 22 23 24
//	13 14 15 16 17 18
//	 7  8  9 10 11 12
//	 1  2  3  4  5  6
func TestSurface(t *testing.T) {
	out, in := func(n ...int64) part { return part{n, outer} }, func(n ...int64) part { return part{n, inner} }
	way := func(n ...int64) part { return part{nodes: n} }
	for _, c := range []struct {
		name  string
		lines []part
		area  float64 // in squares of the grid
		polys int
		holes int
		fault string
	}{
		{"a square", []part{way(1, 3, 15, 13, 1)}, 4, 1, 0, ""},
		{"a square of two lines, one backwards", []part{out(1, 3, 15), out(1, 13, 15)}, 4, 1, 0, ""},
		{"a square with a hole", []part{out(1, 6, 36, 31, 1), in(8, 10, 22, 20, 8)}, 21, 1, 1, ""},
		{"the same without roles", []part{way(1, 6, 36, 31, 1), way(8, 10, 22, 20, 8)}, 21, 1, 1, ""},
		{"an island in the hole", []part{out(1, 6, 36, 31, 1), in(8, 11, 29, 26, 8), out(15, 16, 22, 21, 15)}, 17, 2, 1, ""},
		{"two holes side by side", []part{out(1, 6, 36, 31, 1), in(8, 9, 15, 14, 8), in(9, 10, 16, 15, 9)}, 23, 1, 1, ""},
		{"a hole that touches the outline at a node", []part{out(1, 6, 36, 31, 13, 1), in(13, 8, 20, 13)}, 24, 1, 1, ""},
		{"a hole that shares a side with the outline", []part{out(1, 6, 36, 31, 19, 13, 1), in(13, 14, 20, 19, 13)}, 24, 1, 0, ""},
		{"two squares that meet at a node", []part{way(1, 2, 8, 9, 15, 14, 8, 7, 1)}, 2, 2, 0, ""},
		{"two outer rings side by side", []part{out(1, 3, 15, 13, 1), out(13, 15, 27, 25, 13)}, 8, 1, 0, ""},
		{"a line that is there three times", []part{out(1, 3, 15, 13, 1), out(1, 3), out(1, 3)}, 4, 1, 0, ""},
		{"a bow tie", []part{way(1, 15, 13, 3, 1)}, 2, 2, 0, "outline that touches or crosses itself"},
		{"a spike", []part{way(1, 3, 15, 27, 15, 13, 1)}, 4, 1, 0, ""},
		{"a keyhole", []part{way(1, 6, 36, 31, 1, 8, 20, 22, 10, 8, 1)}, 21, 1, 1, ""},
		{"an open line", []part{out(1, 3, 15)}, 0, 0, 0, "outline that does not close"},
		{"an open line beside a ring", []part{out(1, 3, 15, 13, 1), out(5, 6, 12)}, 4, 1, 0, "outline that does not close"},
		{"a tail on a ring", []part{out(1, 3, 15, 13, 1), out(15, 16)}, 4, 1, 0, "outline that does not close"},
		{"three nodes in a line", []part{way(1, 2, 3, 1)}, 0, 0, 0, "area without a surface"},
		{"no line", nil, 0, 0, 0, "area without a surface"},
		{"a hole outside", []part{out(1, 3, 15, 13, 1), in(22, 24, 36, 34, 22)}, 4, 1, 0, "ring that lies where its role may not"},
		{"an outer ring in another", []part{out(1, 6, 36, 31, 1), out(8, 10, 22, 20, 8)}, 25, 1, 0, "ring that lies where its role may not"},
		{"an unknown node", []part{way(1, 3, 999, 15, 13, 1)}, 4, 1, 0, ""},
	} {
		r := grid(6)
		g := r.surface(c.lines, element{"way", 7}, false)
		polys, holes := 0, 0
		for _, p := range polygons(g) {
			polys++
			holes += len(p) - 1
		}
		if area := size(g) * 1e6; math.Abs(area-c.area) > 1e-6 || polys != c.polys || holes != c.holes {
			t.Errorf("%s: %.3f squares, %d polygons, %d holes: %v", c.name, area, polys, holes, g)
		}
		if got := ""; len(r.faults) > 0 {
			got = r.faults[0].What
			if got != c.fault || len(r.faults) > 1 {
				t.Errorf("%s: faults %v", c.name, r.faults)
			}
		} else if c.fault != "" {
			t.Errorf("%s: no fault", c.name)
		}
		if problem := unsound(g); problem != "" {
			t.Errorf("%s: %s: %v", c.name, problem, g)
		}
	}
}

// TestGaps closes gaps of up to five metres and no wider.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		metres float64
		closes bool
	}{{0.5, true}, {4.9, true}, {5.2, false}} {
		r := &reader{}
		for id, p := range map[int64]orb.Point{1: {0, 0}, 2: {0.001, 0}, 3: {0.001, 0.001}, 4: {0, 0.001}, 5: {0, c.metres / 111195}} {
			r.nodes.Add(id, p)
		}
		r.nodes.Sort()
		g := r.surface([]part{{[]int64{1, 2, 3}, outer}, {[]int64{3, 4, 5}, outer}}, element{"relation", 1}, false)
		if (g != nil) != c.closes || len(r.faults) != 1 {
			t.Errorf("a gap of %g m: %v, %v", c.metres, g, r.faults)
		}
	}
}

func polygons(g orb.Geometry) orb.MultiPolygon {
	switch g := g.(type) {
	case orb.Polygon:
		return orb.MultiPolygon{g}
	case orb.MultiPolygon:
		return g
	}
	return nil
}

func size(g orb.Geometry) (area float64) {
	for _, p := range polygons(g) {
		for i, r := range p {
			if a := math.Abs(planar.Area(r)); i == 0 {
				area += a
			} else {
				area -= a
			}
		}
	}
	return area
}

// unsound says what is wrong with an area, nothing if it is sound.
func unsound(g orb.Geometry) string {
	for _, p := range polygons(g) {
		for i, r := range p {
			want := orb.CW
			if i == 0 {
				want = orb.CCW
			}
			switch {
			case len(r) < 4 || r[0] != r[len(r)-1]:
				return "a ring is not closed"
			case r.Orientation() != want:
				return "a ring turns the wrong way"
			case i > 0 && !within(r.Bound(), p[0].Bound()):
				return "a hole reaches out of its ring"
			}
			if cuts, ok := crossingsOf(r[:len(r)-1]); !ok || len(cuts) > 0 {
				return "a ring crosses itself"
			}
		}
	}
	return ""
}

// TestUntangle takes random stars apart, and compares what is inside with the
// even-odd rule at random points.
func TestUntangle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for round := range 400 {
		points := make([]orb.Point, 3+r.IntN(9))
		for i := range points {
			points[i] = orb.Point{r.Float64(), r.Float64()}
		}
		whole := append(slices.Clone(orb.Ring(points)), points[0])
		parts := untangle(points)
		for _, p := range parts {
			if cuts, _ := crossingsOf(p); len(cuts) > 0 {
				t.Fatalf("round %d: part %v crosses itself", round, p)
			}
		}
		for range 50 {
			at := orb.Point{r.Float64(), r.Float64()}
			in := false
			for _, p := range parts {
				if evenOdd(append(slices.Clone(orb.Ring(p)), p[0]), at) {
					in = !in
				}
			}
			if in != evenOdd(whole, at) {
				t.Fatalf("round %d: %v is inside: %v", round, at, in)
			}
		}
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		name string
		lons []float64
		want [2]float64
	}{
		{"one place", []float64{5}, [2]float64{5, 5}},
		{"a town", []float64{-75.6, -75.5}, [2]float64{-75.6, -75.5}},
		{"across the 180th meridian", []float64{179.8, -179.7, 179.9, -179.9}, [2]float64{179.8, 180.3}},
		{"the line itself", []float64{180, 179.5}, [2]float64{179.5, 180}},
		{"both names of the line", []float64{180, -180}, [2]float64{180, 180}},
		{"across Greenwich", []float64{-1, 2}, [2]float64{-1, 2}},
		{"far apart", []float64{-120, 0, 120}, [2]float64{-120, 120}},
	} {
		var s span
		for _, lon := range c.lons {
			s.add(orb.Point{lon, 1})
		}
		b := s.bound()
		if math.Abs(b.Min[0]-c.want[0])+math.Abs(b.Max[0]-c.want[1]) > 1e-9 {
			t.Errorf("%s: %v to %v", c.name, b.Min[0], b.Max[0])
		}
	}
	if !(&span{}).bound().IsEmpty() {
		t.Error("no nodes have a box")
	}
}

// FuzzSurface makes areas of random lines between the nodes of a grid.
func FuzzSurface(f *testing.F) {
	f.Add([]byte{0, 1, 8, 7, 0, 255})
	f.Add([]byte{0, 8, 1, 7, 0, 255, 14, 15, 21, 20, 14, 254})
	f.Add([]byte{0, 1, 2, 8, 14, 13, 12, 6, 0, 253, 7, 8, 9, 15, 7, 254, 40, 41, 200})
	r := grid(6)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 300 {
			return
		}
		var lines []part
		var line []int64
		for _, v := range b {
			if v >= 253 {
				lines = append(lines, part{line, role(255 - v)})
				line = nil
				continue
			}
			line = append(line, 1+int64(v)%40) // 37 to 40 are no nodes
		}
		lines = append(lines, part{nodes: line})
		r.faults = nil
		g := r.surface(lines, element{"way", 1}, false)
		if problem := unsound(g); problem != "" {
			t.Fatalf("%s: %v of %v", problem, g, lines)
		}
	})
}
