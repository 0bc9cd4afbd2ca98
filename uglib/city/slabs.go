package city

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// slabs finds out whether a point is in a polygon without a look at all of its
// sides: they are sorted into slabs of latitude.
//
// The polygon is given by its rings, in degrees or metres.
type slabs struct {
	south, height float64
	sides         [][][4]float64 // x, y of both ends, by slab
}

func newSlabs(lines orb.MultiLineString) *slabs {
	sides := 0
	for _, l := range lines {
		sides += len(l)
	}
	b := lines.Bound()
	n := min(max(sides/4, 1), 4096)
	s := &slabs{south: b.Min[1], height: (b.Max[1] - b.Min[1]) / float64(n), sides: make([][][4]float64, n)}
	if s.height == 0 {
		s.height = 1
	}
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			a, b := l[i-1], l[i]
			if a[1] == b[1] {
				continue
			}
			for k := s.slab(math.Min(a[1], b[1])); k <= s.slab(math.Max(a[1], b[1])); k++ {
				s.sides[k] = append(s.sides[k], [4]float64{a[0], a[1], b[0], b[1]})
			}
		}
	}
	return s
}

func (s *slabs) slab(y float64) int {
	return min(max(int((y-s.south)/s.height), 0), len(s.sides)-1)
}

// contains reports whether p is in the polygon, by the even-odd rule.
func (s *slabs) contains(p orb.Point) bool {
	in := false
	for _, e := range s.sides[s.slab(p[1])] {
		if (e[1] > p[1]) != (e[3] > p[1]) && p[0] < e[0]+(p[1]-e[1])*(e[2]-e[0])/(e[3]-e[1]) {
			in = !in
		}
	}
	return in
}

// border finds out on which side of lines a point lies, seen from a centre: it
// counts the crossings of the way due east or west to the longitude of the
// centre, and from there due north or south.
type border struct {
	centre orb.Point
	slabs  *slabs
	cuts   []float64 // latitudes at which the lines cross the longitude of the centre
}

func newBorder(lines orb.MultiLineString, centre orb.Point) *border {
	b := &border{centre: centre, slabs: newSlabs(lines)}
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			p, q := l[i-1], l[i]
			if (p[0] > centre[0]) != (q[0] > centre[0]) {
				b.cuts = append(b.cuts, p[1]+(centre[0]-p[0])*(q[1]-p[1])/(q[0]-p[0]))
			}
		}
	}
	slices.Sort(b.cuts)
	return b
}

// even reports whether p lies on the side of the centre.
func (b *border) even(p orb.Point) bool {
	n := 0
	if s := b.slabs; p[1] >= s.south && p[1] <= s.south+s.height*float64(len(s.sides)) {
		for _, e := range s.sides[s.slab(p[1])] {
			if (e[1] > p[1]) != (e[3] > p[1]) {
				if x := e[0] + (p[1]-e[1])*(e[2]-e[0])/(e[3]-e[1]); (x > p[0]) != (x > b.centre[0]) {
					n++
				}
			}
		}
	}
	to, _ := slices.BinarySearch(b.cuts, b.centre[1])
	from, _ := slices.BinarySearch(b.cuts, p[1])
	return (n+to-from)%2 == 0
}
