package streetview

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
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
		{"across the footway, along a street 7.5 m farther", at(8.5, 7), 0, 50, 1},
		{"beyond reach", at(100, -60), 0, 50, none},
		{"far beyond reach", at(100, -5000), 0, 100, none},
		{"within a longer reach", at(100, -60), 0, 100, 0},
	} {
		v := View{Pos: tt.pos, HasHeading: tt.heading >= 0, Heading: geo.Bearing(math.Max(tt.heading, 0))}
		ok := Anchor(c, &v, tt.max)
		if v.Street != tt.want || ok != (tt.want != none) {
			t.Errorf("%s: street %d (%v), want %d", tt.name, v.Street, ok, tt.want)
		}
		street := v.Street
		if !ok { // then the nearest street is told of
			if v.Distance <= tt.max || !v.HasFoot() {
				t.Errorf("%s: the nearest street is told to be %v away", tt.name, v.Distance)
			}
			street = 0
			for id := range c.Nodes {
				if _, d := c.DistanceTo(city.NodeID(id), v.Pos); d < v.Distance-0.001 {
					t.Errorf("%s: street %d is nearer, %v away", tt.name, id, d)
				} else if d <= v.Distance {
					street = city.NodeID(id)
				}
			}
		}
		foot, d := c.DistanceTo(street, v.Pos)
		if geo.Distance(foot, v.Foot) > 0.01 || math.Abs(float64(d-v.Distance)) > 0.02 {
			t.Errorf("%s: foot %v at %v, want %v at %v", tt.name, v.Foot, v.Distance, foot, d)
		}
		if d > 0.1 && math.Abs(v.Bearing.Diff(geo.BearingTo(v.Pos, foot))) > 0.1 {
			t.Errorf("%s: bearing %v, want %v", tt.name, v.Bearing, geo.BearingTo(v.Pos, foot))
		}
	}
}

// TestAnchorAll compares with one view at a time, on a city without streets too.
func TestAnchorAll(t *testing.T) {
	c := villageCity(t)
	rng := rand.New(rand.NewPCG(1, 1))
	views := make([]View, 700)
	for i := range views {
		views[i] = View{Pos: at(rng.Float64()*800-400, rng.Float64()*800-400), HasHeading: i%3 > 0, Heading: geo.NormalBearing(rng.Float64() * 360)}
	}
	want := slices.Clone(views)
	for i := range want {
		Anchor(c, &want[i], 30)
	}
	AnchorAll(c, views, 30)
	if !slices.Equal(views, want) {
		t.Error("anchored together, views stand elsewhere than one by one")
	}
	bare := &city.City{Frame: c.Frame}
	AnchorAll(bare, views[:1], 30)
	if r := (&Set{Views: views[:1]}).Report(); len(r.Streetless) != 1 || r.Streetless[0].Nearest != -1 {
		t.Errorf("report of a city without streets: %+v", r)
	}
	if v := views[0]; v.Street != city.None || v.HasFoot() || v.Distance != 0 {
		t.Errorf("in a city without streets: %+v", v)
	}
}

// BenchmarkAnchor anchors one view with a heading in Wilmington; views/s is
// that of one core.
func BenchmarkAnchor(b *testing.B) {
	spec, err := city.Builtin("wilmington")
	if err != nil {
		b.Fatal(err)
	}
	c, err := city.Build(context.Background(), spec)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	views := make([]View, 4096)
	for i := range views {
		street := &c.Nodes[rng.IntN(len(c.Nodes))]
		for street.Kind != city.Street {
			street = &c.Nodes[rng.IntN(len(c.Nodes))]
		}
		line := street.Geometry.(orb.LineString)
		f := geo.Frame{Origin: line[rng.IntN(len(line))]}
		views[i] = View{Pos: f.LonLat(orb.Point{rng.NormFloat64() * 8, rng.NormFloat64() * 8}), HasHeading: true, Heading: geo.NormalBearing(rng.Float64() * 360)}
	}
	Anchor(c, &views[0], 50) // makes the index
	b.Run("one", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			Anchor(c, &views[i%len(views)], 50)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "views/s")
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			AnchorAll(c, views, 50)
		}
		b.ReportMetric(float64(b.N*len(views))/b.Elapsed().Seconds(), "views/s")
	})
}
