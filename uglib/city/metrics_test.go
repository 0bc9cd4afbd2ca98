package city

import (
	"math"
	"testing"

	"github.com/paulmach/orb"
)

func TestMetrics(t *testing.T) {
	c := &City{Nodes: []Node{
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0, 0.001}, {0, 0.002}}},
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0.001, 0}, {0.001, 0.001}}},
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0.001, 0}, {0.001, 0.001}, {0, 0}}},
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0, 0.0005}}},
		{Kind: POI, Geometry: orb.Point{0, 0}},
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0, 0}}},
	}}
	for i, want := range []struct {
		length, bearing, straight float64
		turns                     int
		simple                    bool
	}{
		{2 * milli, 0, 1, 0, true},
		{2 * milli, 45, math.Sqrt2 / 2, 1, false},
		{(2 + math.Sqrt2) * milli, 0, 0, 2, false},
		{milli / 2, 0, 1, 0, false}, // too short
		{0, 0, 0, 0, false},
		{0, 0, 0, 0, false},
	} {
		m := c.Metrics(NodeID(i))
		if !about(m.Length, want.length) || math.Abs(float64(m.Bearing)-want.bearing) > 0.01 || math.Abs(m.Straightness-want.straight) > 1e-6 || m.Turns != want.turns || m.Simple() != want.simple {
			t.Errorf("node %d: %+v, simple %v", i, m, m.Simple())
		}
	}
}
