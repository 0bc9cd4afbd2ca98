package city

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Metrics is the shape of a street (UGE reference, street metrics; lengths are
// those of the local frame where it has those of the ellipsoid).
type Metrics struct {
	Length       geo.Metres
	Bearing      geo.Bearing // initial bearing from the first vertex to the last
	Straightness float64     // distance of the first and the last vertex, by Length; 0 of a closed street
	Turns        int         // vertices at which the bearing changes by more than 30 degrees
	Vertices     int
}

// Simple reports whether a street is straight enough to be described by its
// ends: straightness above 0.75, at most 3 turns and 15 vertices, and more than
// 100 m long.
func (m Metrics) Simple() bool {
	return m.Straightness > 0.75 && m.Turns <= 3 && m.Vertices <= 15 && m.Length > 100
}

// turn is the least change of bearing, in degrees, that is a turn.
const turn = 30

// Metrics returns the shape of a street; the zero Metrics for any other node.
func (c *City) Metrics(id NodeID) Metrics {
	line, ok := c.Nodes[id].Geometry.(orb.LineString)
	if !ok || len(line) < 2 {
		return Metrics{}
	}
	x := c.index()
	first, last := line[0], line[len(line)-1]
	m := Metrics{Length: geo.Metres(x.length(line)), Bearing: geo.BearingTo(first, last), Vertices: len(line)}
	if m.Length > 0 {
		a, b := x.frame.Local(first), x.frame.Local(last)
		m.Straightness = math.Min(1, math.Sqrt(squared(a, b))/float64(m.Length))
	}
	for i := 2; i < len(line); i++ {
		if math.Abs(geo.BearingTo(line[i-2], line[i-1]).Diff(geo.BearingTo(line[i-1], line[i]))) > turn {
			m.Turns++
		}
	}
	return m
}
