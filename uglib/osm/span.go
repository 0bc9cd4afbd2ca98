package osm

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// span keeps the box of the nodes of an extract. Of two boxes, one of which
// crosses the 180th meridian, it takes the narrower.
type span struct {
	south, north float64
	west, east   [361]float64 // of the nodes in each degree of longitude from -180
	taken        [361]bool
	any          bool
}

func (s *span) add(p orb.Point) {
	if !s.any {
		s.south, s.north, s.any = p[1], p[1], true
	}
	s.south, s.north = math.Min(s.south, p[1]), math.Max(s.north, p[1])
	i := int(math.Floor(p[0])) + 180
	if !s.taken[i] {
		s.taken[i], s.west[i], s.east[i] = true, p[0], p[0]
	}
	s.west[i], s.east[i] = math.Min(s.west[i], p[0]), math.Max(s.east[i], p[0])
}

// bound returns the box; its east is beyond 180 where it crosses that
// meridian.
func (s *span) bound() orb.Bound {
	if !s.any {
		return emptyBound()
	}
	first, last := -1, -1
	gap, west, east := 0.0, 0.0, 0.0 // the widest gap between degrees with nodes
	for i := range s.taken {
		if !s.taken[i] {
			continue
		}
		if first < 0 {
			first = i
		} else if g := s.west[i] - s.east[last]; g > gap {
			gap, west, east = g, s.west[i], s.east[last]+360
		}
		last = i
	}
	b := orb.Bound{Min: orb.Point{s.west[first], s.south}, Max: orb.Point{s.east[last], s.north}}
	if gap > 180 && gap > 360-(b.Max[0]-b.Min[0]) {
		b.Min[0], b.Max[0] = west, east
	}
	return b
}

// unwrap brings a place to the side of the 180th meridian on which the map is.
func (r *reader) unwrap(p orb.Point) orb.Point { return geo.Unwrap(p, r.middle) }

// at returns the place of a node.
func (r *reader) at(id int64) (orb.Point, bool) {
	p, ok := r.nodes.At(id)
	if ok {
		p = r.unwrap(p)
	}
	return p, ok
}
