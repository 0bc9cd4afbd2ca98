package caption

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Side is where a thing lies as seen from the camera.
type Side uint8

const (
	Ahead      Side = iota // within 15 degrees of the axis
	AheadLeft              // within the field of view of 90 degrees, to the left
	AheadRight             //
	Left                   // beside the camera, out of view
	Right                  //
	Behind                 // more than 135 degrees off the axis
	Here                   // the camera stands in it
	Around                 // somewhere around a camera whose heading is not known
)

var sideWords = [...]string{"ahead", "ahead on the left", "ahead on the right", "left", "right", "behind", "here", "around"}

func (s Side) String() string { return sideWords[s] }

// inView reports whether a side is within the field of view, or may be.
func (s Side) inView() bool { return s <= AheadRight || s == Around }

// halfView is half of the field of view of a street view, in degrees.
const halfView = 45

func sideOf(turn float64) Side {
	switch a := math.Abs(turn); {
	case a <= 15:
		return Ahead
	case a <= halfView && turn < 0:
		return AheadLeft
	case a <= halfView:
		return AheadRight
	case a <= 135 && turn < 0:
		return Left
	case a <= 135:
		return Right
	}
	return Behind
}

// scene is what stands around a camera, in metres east and north of it.
type scene struct {
	frame   geo.Frame
	heading geo.Bearing
	walls   []wall
}

// wall is the outline of a building.
type wall struct {
	feature *city.Feature
	ring    orb.Ring
	area    float64 // square metres
}

// turn returns the angle from the camera's axis to a place, positive to the right.
func (s *scene) turn(at orb.Point) float64 {
	return s.heading.Diff(geo.NormalBearing(math.Atan2(at[0], at[1]) * 180 / math.Pi))
}

func (s *scene) add(f *city.Feature) {
	ring := func(p orb.Polygon) {
		if len(p) == 0 || len(p[0]) < 3 {
			return
		}
		r := make(orb.Ring, len(p[0]))
		for i, q := range p[0] {
			r[i] = s.frame.Local(q)
		}
		s.walls = append(s.walls, wall{feature: f, ring: r, area: math.Abs(planar.Area(r))})
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

// hidden reports whether a building stands between the camera and a place.
func (s *scene) hidden(at orb.Point) bool { return s.hiddenBut(at, -1, own) }

// hiddenBut is hidden with one of the walls left out, and those that stand no
// farther than near from the place.
func (s *scene) hiddenBut(at orb.Point, self int, near float64) bool {
	for i := range s.walls {
		r := s.walls[i].ring
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

// seen returns the mean direction of what of a building lies in view within a
// distance, as a turn in degrees, and the nearest such point; ok is false if
// nothing of it does.
func (s *scene) seen(w *wall, reach float64) (turn float64, nearest orb.Point, ok bool) {
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
			if turn := s.turn(p); math.Abs(turn) <= halfView {
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
