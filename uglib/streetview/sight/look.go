package sight

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Rules of [Look].
const (
	standsOn  = 12.0 // metres within which a camera stands on a street
	underfoot = 5.0  // metres within which a crossing of the axis with a street is not ahead
	alongAxis = 25.0 // degrees between the camera's axis and a street that it looks along
)

// Sight is a street, place or area in a camera's view.
type Sight struct {
	Node     city.NodeID // of kind Street, POI or Area
	Along    bool        // a street that the camera stands on and looks along
	At       orb.Point   // the point looked at, longitude and latitude in degrees
	Distance geo.Metres  // from the camera to At
	Bearing  geo.Bearing // from the camera to At
	Side     Side        // Ahead, AheadLeft or AheadRight
}

// Look returns the streets, places and areas in view of a camera within reach
// that no building hides, the one straight ahead first. The order is: places
// and areas within 15 degrees of the axis; the street that the camera stands
// on (within 12 m) and looks along (within 25 degrees, either way); streets
// that the axis crosses; places and areas elsewhere in the field of view of 90
// degrees; each by distance. Of a street the point is the crossing with the
// axis, 5 m ahead or more, and of one looked along the end of the reach or of
// the street's piece; of an area it is where the axis enters it, or the nearest
// point in view. An area that the camera stands in is not looked at.
func Look(c *city.City, pos orb.Point, heading geo.Bearing, reach geo.Metres) []Sight {
	s := New(pos, heading)
	for _, f := range c.SceneryWithin(pos, reach) {
		if f.Layer == "building" {
			s.Add(f)
		}
	}
	var all []Sight
	for _, id := range c.Within(pos, reach) {
		n := &c.Nodes[id]
		g, along := sight{}, false
		ok := false
		switch n.Kind {
		case city.Street:
			if line, isLine := n.Geometry.(orb.LineString); isLine {
				g, along, ok = s.street(line, float64(reach))
			}
		case city.POI, city.Area:
			g, ok = s.thing(n.Geometry, reach)
		}
		if !ok {
			continue
		}
		at := s.Frame.LonLat(g.at)
		all = append(all, Sight{
			Node: id, Along: along, At: at, Distance: geo.Metres(g.far), Side: g.side,
			Bearing: geo.NormalBearing(math.Atan2(g.at[0], g.at[1]) * 180 / math.Pi),
		})
	}
	slices.SortStableFunc(all, func(a, b Sight) int {
		return cmp.Or(cmp.Compare(rank(c, a), rank(c, b)), cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Node, b.Node))
	})
	return all
}

func rank(c *city.City, s Sight) int {
	switch {
	case c.Nodes[s.Node].Kind != city.Street && s.Side == Ahead:
		return 0
	case s.Along:
		return 1
	case c.Nodes[s.Node].Kind == city.Street:
		return 2
	}
	return 3
}

// sight is a point in view, in metres.
type sight struct {
	at   orb.Point
	far  float64
	side Side
}

// thing returns the point of a place or an area that is in view: where the axis
// enters it, else the nearest one.
func (s *Scene) thing(g orb.Geometry, reach geo.Metres) (sight, bool) {
	at, far, ok := s.Nearest(g, reach)
	if !ok || far == 0 {
		return sight{}, false
	}
	var polygons orb.MultiPolygon
	switch g := g.(type) {
	case orb.Polygon:
		polygons = orb.MultiPolygon{g}
	case orb.MultiPolygon:
		polygons = g
	}
	first := math.Inf(1)
	for _, p := range polygons {
		for _, ring := range p {
			first = math.Min(first, s.axis().meets(s.local(ring), 0))
		}
	}
	if on := s.axis().point(first); first <= float64(reach) && !s.Hidden(on) {
		return sight{on, first, Ahead}, true
	}
	side := SideOf(s.Turn(at))
	return sight{at, far, side}, far <= float64(reach) && side.InView() && !s.Hidden(at)
}

// axis is the direction that the camera looks to: metres east and north.
type axis orb.Point

func (s *Scene) axis() axis {
	return axis{math.Sin(s.Heading.Radians()), math.Cos(s.Heading.Radians())}
}

func (a axis) point(far float64) orb.Point { return orb.Point{a[0] * far, a[1] * far} }

// ahead is how far along the axis a point lies, right how far to its right.
func (a axis) ahead(p orb.Point) float64 { return p[0]*a[0] + p[1]*a[1] }
func (a axis) right(p orb.Point) float64 { return p[0]*a[1] - p[1]*a[0] }

// meets returns how far along the axis it first meets a line, from a distance
// on; infinite where it does not.
func (a axis) meets(line []orb.Point, from float64) float64 {
	first := math.Inf(1)
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		if rp, rq := a.right(p), a.right(q); (rp > 0) != (rq > 0) {
			u := rp / (rp - rq)
			far := a.ahead(p) + u*(a.ahead(q)-a.ahead(p))
			if far >= from && far < first {
				first = far
			}
		}
	}
	return first
}

func (s *Scene) local(line []orb.Point) []orb.Point {
	out := make([]orb.Point, len(line))
	for i, p := range line {
		out[i] = s.Frame.Local(p)
	}
	return out
}

// street returns where the camera's axis first meets a street, or that the
// camera looks along it.
func (s *Scene) street(line orb.LineString, reach float64) (g sight, along, ok bool) {
	ax, pts := s.axis(), s.local(line)
	foot := standsOn
	var run float64 // how far ahead the piece that the camera stands on goes
	for i := 1; i < len(pts); i++ {
		a, b := pts[i-1], pts[i]
		length := planar.Distance(a, b)
		if length == 0 {
			continue
		}
		if off := planar.DistanceFromSegment(a, b, orb.Point{}); off <= foot {
			foot = off
			along = math.Abs(ax.ahead(b)-ax.ahead(a)) >= length*math.Cos(alongAxis*math.Pi/180)
			run = math.Max(ax.ahead(a), ax.ahead(b))
		}
	}
	if along && run > 0 {
		far := math.Min(run, reach)
		return sight{ax.point(far), far, Ahead}, true, true
	}
	far := ax.meets(pts, underfoot)
	if far > reach {
		return sight{}, false, false
	}
	return sight{ax.point(far), far, Ahead}, false, !s.Hidden(ax.point(far))
}
