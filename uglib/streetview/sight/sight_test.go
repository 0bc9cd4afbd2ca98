package sight

import (
	"math"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

var frame = geo.Frame{Origin: orb.Point{10, 50}}

func at(x, y float64) orb.Point { return frame.LonLat(orb.Point{x, y}) }

func box(x0, y0, x1, y1 float64) orb.Polygon {
	return orb.Polygon{{at(x0, y0), at(x1, y0), at(x1, y1), at(x0, y1), at(x0, y0)}}
}

// town is a street eastwards, one that crosses it 40 m east of the camera, a
// café and a park ahead of it, and a shop that a building hides.
func town() *city.City {
	node := func(kind city.Kind, name string, g orb.Geometry) city.Node {
		return city.Node{Kind: kind, Name: name, Geometry: g}
	}
	return &city.City{
		Frame: frame,
		Nodes: []city.Node{
			node(city.Street, "High Street", orb.LineString{at(-200, 0), at(200, 0)}),
			node(city.Street, "Elm Lane", orb.LineString{at(40, -200), at(40, 200)}),
			node(city.POI, "Café", at(-20, 45)),
			node(city.Area, "Park", box(-90, -60, -40, -10)),
			node(city.POI, "Hidden Shop", at(0, -35)),
			node(city.Area, "Square", box(-10, -10, 10, 10)),
			node(city.Area, "Yard", box(-10, -58, 10, -45)), // behind the building
		},
		Scenery: []city.Feature{{Layer: "building", Geometry: box(-10, -25, 10, -15)}},
	}
}

func TestLook(t *testing.T) {
	c := town()
	for _, tt := range []struct {
		name     string
		heading  geo.Bearing
		want     string // of what lies straight ahead
		along    bool
		side     Side
		distance float64
	}{
		{"along the street", 90, "High Street", true, Ahead, 60},
		{"along it, a little aside", 100, "High Street", true, Ahead, 60},
		{"at the café", geo.NormalBearing(math.Atan2(-20, 45) * 180 / math.Pi), "Café", false, Ahead, math.Hypot(20, 45)},
		{"at the street across", 60, "Elm Lane", false, Ahead, 40 / math.Sin(math.Pi/3)},
		{"past the café", 10, "Café", false, AheadLeft, math.Hypot(20, 45)},
		{"at the park", 225, "Park", false, Ahead, 40 * math.Sqrt2},
		{"at a wall", 180, "", false, Ahead, 0},
	} {
		seen := Look(c, at(0, 0.5), tt.heading, 60)
		if tt.want == "" {
			if len(seen) > 0 && seen[0].Side == Ahead {
				t.Errorf("%s: sees %s", tt.name, c.Nodes[seen[0].Node].Name)
			}
			continue
		}
		if len(seen) == 0 {
			t.Errorf("%s: sees nothing, want %s", tt.name, tt.want)
			continue
		}
		s := seen[0]
		if name := c.Nodes[s.Node].Name; name != tt.want || s.Along != tt.along || s.Side != tt.side {
			t.Errorf("%s: sees %s (along %v, %v), want %s (along %v, %v)", tt.name, name, s.Along, s.Side, tt.want, tt.along, tt.side)
		}
		if tt.distance > 0 && math.Abs(float64(s.Distance)-tt.distance) > 1.5 {
			t.Errorf("%s: %v away, want %.1f m", tt.name, s.Distance, tt.distance)
		}
		if d := geo.Distance(at(0, 0.5), s.At); math.Abs(float64(d-s.Distance)) > 0.2 {
			t.Errorf("%s: the point seen is %v away, the distance says %v", tt.name, d, s.Distance)
		}
		if b := geo.BearingTo(at(0, 0.5), s.At); math.Abs(b.Diff(s.Bearing)) > 0.5 {
			t.Errorf("%s: bearing %v, the point seen lies at %v", tt.name, s.Bearing, b)
		}
		for _, s := range seen {
			if n := c.Nodes[s.Node].Name; n == "Hidden Shop" || n == "Square" || s.Distance > 60 || !s.Side.InView() {
				t.Errorf("%s: sees %s at %v, %v", tt.name, n, s.Distance, s.Side)
			}
		}
	}
}

func TestSideOf(t *testing.T) {
	for _, x := range []struct {
		turn float64
		want Side
	}{{0, Ahead}, {15, Ahead}, {-15, Ahead}, {16, AheadRight}, {-45, AheadLeft}, {46, Right}, {-90, Left}, {135, Right}, {-136, Behind}, {180, Behind}} {
		if got := SideOf(x.turn); got != x.want {
			t.Errorf("SideOf(%v) = %v, want %v", x.turn, got, x.want)
		}
	}
}

func BenchmarkLook(b *testing.B) {
	c := town()
	for b.Loop() {
		Look(c, at(0, 0.5), 60, 60)
	}
}
