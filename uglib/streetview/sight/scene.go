package sight

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Scene is what stands around a camera, in metres east and north of it.
type Scene struct {
	Frame   geo.Frame   // its origin is the camera
	Heading geo.Bearing // of the camera's axis
	Walls   []Wall      // buildings; see Scene.Add
}

// Wall is the outline of a building.
type Wall struct {
	Feature *city.Feature
	Area    float64 // square metres
	ring    orb.Ring
}

// New returns the scene around a camera without buildings.
func New(pos orb.Point, heading geo.Bearing) *Scene {
	return &Scene{Frame: geo.Frame{Origin: pos}, Heading: heading}
}

// Turn returns the angle from the camera's axis to a place, positive to the right.
func (s *Scene) Turn(at orb.Point) float64 {
	return s.Heading.Diff(geo.NormalBearing(math.Atan2(at[0], at[1]) * 180 / math.Pi))
}

// Add puts up the outlines of a building; a feature that is no area has none.
func (s *Scene) Add(f *city.Feature) {
	ring := func(p orb.Polygon) {
		if len(p) == 0 || len(p[0]) < 3 {
			return
		}
		r := make(orb.Ring, len(p[0]))
		for i, q := range p[0] {
			r[i] = s.Frame.Local(q)
		}
		s.Walls = append(s.Walls, Wall{Feature: f, ring: r, Area: math.Abs(planar.Area(r))})
	}
	switch g := f.Geometry.(type) {
	case orb.Polygon:
		ring(g)
	case orb.MultiPolygon:
		for _, p := range g {
			ring(p)
		}
	}
}

// own is how near to a place's point its own building may stand without
// hiding it, in metres.
const own = 8

// Hidden reports whether a building stands between the camera and a place.
func (s *Scene) Hidden(at orb.Point) bool { return s.HiddenBut(at, -1, own) }

// HiddenBut is [Scene.Hidden] with one of the walls left out (by its index), and those that
// stand no farther than near metres from the place.
func (s *Scene) HiddenBut(at orb.Point, self int, near float64) bool {
	for i := range s.Walls {
		r := s.Walls[i].ring
		if i == self || planar.RingContains(r, at) || planar.RingContains(r, orb.Point{}) {
			continue
		}
		crossed := false
		for j := 1; j < len(r) && !crossed; j++ {
			crossed = cross(orb.Point{}, at, r[j-1], r[j])
		}
		if crossed && planar.DistanceFrom(r, at) > near {
			return true
		}
	}
	return false
}

// cross reports whether the segments ab and cd cross.
func cross(a, b, c, d orb.Point) bool {
	side := func(p, q, r orb.Point) float64 { return (q[0]-p[0])*(r[1]-p[1]) - (q[1]-p[1])*(r[0]-p[0]) }
	return (side(a, b, c) > 0) != (side(a, b, d) > 0) && (side(c, d, a) > 0) != (side(c, d, b) > 0)
}

// Seen returns the mean direction of what of a building lies in view within a
// distance, as a turn in degrees, and the nearest such point; ok is false if
// nothing of it does.
func (s *Scene) Seen(w *Wall, reach float64) (turn float64, nearest orb.Point, ok bool) {
	const step = 4 // metres between the points tried along a wall
	least := math.Inf(1)
	sum, n := 0.0, 0
	for i := 1; i < len(w.ring); i++ {
		a, b := w.ring[i-1], w.ring[i]
		for k, m := 0, int(planar.Distance(a, b)/step)+1; k < m; k++ {
			t := float64(k) / float64(m)
			p := orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])}
			d := math.Hypot(p[0], p[1])
			if d > reach || d < 1 {
				continue
			}
			if turn := s.Turn(p); math.Abs(turn) <= HalfView {
				sum += turn
				n++
				if d < least {
					nearest, least = p, d
				}
			}
		}
	}
	if n == 0 {
		return 0, orb.Point{}, false
	}
	return sum / float64(n), nearest, true
}

// Nearest returns the point of a geometry nearest to the camera among those in
// view and within reach, or of all if none is, in metres; an area that the
// camera stands in is at distance 0.
func (s *Scene) Nearest(g orb.Geometry, reach geo.Metres) (at orb.Point, d float64, ok bool) {
	bestIn, bestAll := math.Inf(1), math.Inf(1)
	var in, all orb.Point
	try := func(p orb.Point) {
		d := math.Hypot(p[0], p[1])
		if d < bestAll {
			all, bestAll = p, d
		}
		if d < bestIn && d <= float64(reach) && math.Abs(s.Turn(p)) <= HalfView {
			in, bestIn = p, d
		}
	}
	line := func(ps []orb.Point) {
		const step = 4 // metres
		for i := range ps {
			a := s.Frame.Local(ps[i])
			try(a)
			if i == 0 {
				continue
			}
			b := s.Frame.Local(ps[i-1])
			if planar.DistanceFromSegment(a, b, orb.Point{}) > float64(reach) {
				continue
			}
			for k, m := 1, int(planar.Distance(a, b)/step); k < m; k++ {
				t := float64(k) / float64(m)
				try(orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])})
			}
		}
	}
	polygon := func(p orb.Polygon) {
		if planar.PolygonContains(p, s.Frame.Origin) {
			bestIn, bestAll = 0, 0
			return
		}
		for _, r := range p {
			line(r)
		}
	}
	switch g := g.(type) {
	case orb.Point:
		try(s.Frame.Local(g))
	case orb.LineString:
		line(g)
	case orb.MultiLineString:
		for _, l := range g {
			line(l)
		}
	case orb.Polygon:
		polygon(g)
	case orb.MultiPolygon:
		for _, p := range g {
			polygon(p)
		}
	}
	switch {
	case !math.IsInf(bestIn, 1):
		return in, bestIn, true
	case !math.IsInf(bestAll, 1):
		return all, bestAll, true
	}
	return orb.Point{}, 0, false
}
