package streetview

import (
	"math"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// TestAnchor uses a cross of two streets, 0 eastwards and 1 northwards, with a
// footway, 2, six metres north of the first.
func TestAnchor(t *testing.T) {
	line := func(kind string, pts ...orb.Point) city.Node {
		return city.Node{Kind: city.Street, Type: kind, Geometry: orb.LineString(pts)}
	}
	c := &city.City{Frame: geo.Frame{Origin: orb.Point{10, 50}}, Nodes: []city.Node{
		line("primary", at(-200, 0), at(0, 0), at(200, 0)),
		line("residential", at(0, -200), at(0, 0), at(0, 200)),
		line("footway", at(-200, 6), at(200, 6)),
	}}
	const none = city.None
	for _, tt := range []struct {
		name    string
		pos     orb.Point
		heading float64 // negative: unknown
		max     geo.Metres
		want    city.NodeID
	}{
		{"on the street, along it", at(-50, 1), 90, 50, 0},
		{"on the street, across it", at(-50, 1), 0, 50, 0},
		{"before the junction, along the first", at(-3, 3.5), 90, 50, 0},
		{"before the junction, along the second", at(-3, -3.5), 0, 50, 1},
		{"at the junction, backwards along the second", at(-3, -2.5), 180, 50, 1},
		{"at the junction, no heading", at(-3, -2.5), -1, 50, 0},
		{"nearer to the footway than to the street", at(-50, 3.5), 90, 50, 0},
		{"on the footway", at(-50, 6.5), 90, 50, 2},
		{"well behind the footway", at(-50, 14), 90, 50, 2},
		{"looks at the second street from afar", at(-12, -14), 90, 50, 1},
		{"beyond reach", at(100, -60), 0, 50, none},
		{"within a longer reach", at(100, -60), 0, 100, 0},
	} {
		v := View{Pos: tt.pos, HasHeading: tt.heading >= 0, Heading: geo.Bearing(math.Max(tt.heading, 0))}
		ok := Anchor(c, &v, tt.max)
		if v.Street != tt.want || ok != (tt.want != none) {
			t.Errorf("%s: street %d (%v), want %d", tt.name, v.Street, ok, tt.want)
		}
		if !ok {
			continue
		}
		foot, d := c.DistanceTo(v.Street, v.Pos)
		if geo.Distance(foot, v.Foot) > 0.01 || math.Abs(float64(d-v.Distance)) > 0.02 {
			t.Errorf("%s: foot %v at %v, want %v at %v", tt.name, v.Foot, v.Distance, foot, d)
		}
		if d > 0.1 && math.Abs(v.Bearing.Diff(geo.BearingTo(v.Pos, foot))) > 0.1 {
			t.Errorf("%s: bearing %v, want %v", tt.name, v.Bearing, geo.BearingTo(v.Pos, foot))
		}
	}
}
