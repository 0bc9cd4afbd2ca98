package city

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// TestAdminOfBuiltinCities asks for places whose answer can be looked up on any
// map.
func TestAdminOfBuiltinCities(t *testing.T) {
	for _, c := range []struct {
		city string
		at   orb.Point
		want Admin
	}{
		{"wilmington", orb.Point{-75.5466, 39.7447}, Admin{Country: "United States", CountryCode: "US", State: "Delaware", County: "New Castle County", City: "Wilmington"}},
		{"wilmington", orb.Point{-75.5960, 39.7390}, Admin{Country: "United States", CountryCode: "US", State: "Delaware", County: "New Castle County", City: "Elsmere"}},
		{"newark", orb.Point{-75.7497, 39.6837}, Admin{Country: "United States", CountryCode: "US", State: "Delaware", County: "New Castle County", City: "Newark"}},
		// West of the state's border: of Maryland and Cecil County the extract has this line only.
		{"newark", orb.Point{-75.7898, 39.6700}, Admin{Country: "United States", CountryCode: "US", State: "Maryland", County: "Cecil County"}},
		{"dover", orb.Point{-75.5244, 39.1582}, Admin{Country: "United States", CountryCode: "US", State: "Delaware", County: "Kent County", City: "Dover"}},
		// The parishes of Andorra are its first-order divisions.
		{"andorra", orb.Point{1.5330, 42.5560}, Admin{Country: "Andorra", CountryCode: "AD", State: "Ordino", City: "Ordino"}},
		{"andorra", orb.Point{1.4985, 42.4953}, Admin{Country: "Andorra", CountryCode: "AD", State: "Andorra la Vella", City: "Santa Coloma"}},
	} {
		got := builtin(t, c.city).AdminAt(c.at)
		got.District, got.Neighbourhood = "", "" // of labels, which are many
		if c.want.City == "" {
			got.City = ""
		}
		if got != c.want {
			t.Errorf("%s %v: %+v, want %+v", c.city, c.at, got, c.want)
		}
	}
}

// TestCutBorder asks around a border of which the extract of Andorra has only
// a part on the Spanish side: everything outside of Andorra in the box is in
// Spain.
func TestCutBorder(t *testing.T) {
	src, err := osm.Builtin("andorra")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Build(context.Background(), Spec{Name: "border", Source: src, Bound: orb.Bound{Min: orb.Point{1.40, 42.42}, Max: orb.Point{1.48, 42.48}}})
	if err != nil {
		t.Fatal(err)
	}
	var andorra *Region
	for i := range c.Regions {
		if r := &c.Regions[i]; r.Division == osm.Country && r.Country == "AD" {
			andorra = r
		}
	}
	if andorra == nil {
		t.Fatal("no Andorra")
	}
	r := rand.New(rand.NewPCG(4, 2))
	abroad := 0
	for range 3000 {
		p := c.somewhere(r)
		want := "Spain"
		if planar.PolygonContains(andorra.Geometry.(orb.Polygon), p) {
			want = "Andorra"
		} else {
			abroad++
		}
		if got := c.AdminAt(p); got.Country != want {
			t.Fatalf("%v lies in %q, not in %s", p, got.Country, want)
		}
	}
	if abroad < 10 {
		t.Errorf("only %d points abroad", abroad)
	}
}

func TestAdminWithoutRegions(t *testing.T) {
	c := &City{Country: "Nowhere", Nodes: []Node{{Kind: POI, Geometry: orb.Point{1, 2}}}}
	if got := c.AdminOf(0); got != (Admin{Country: "Nowhere"}) {
		t.Errorf("%+v", got)
	}
	c = &City{Country: "Nowhere", CountryCode: "AD"}
	if got := c.AdminAt(orb.Point{}); got != (Admin{Country: "Andorra", CountryCode: "AD"}) {
		t.Errorf("%+v", got)
	}
}

// TestSlabs compares containment by slabs with that by all sides, and the sides
// of borders with the crossings of the straight way.
func TestSlabs(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 3))
	for range 60 {
		ring := make(orb.Ring, 3+r.IntN(60))
		for i := range ring {
			ring[i] = orb.Point{r.Float64(), float64(r.IntN(20)) / 20} // many sides due east, many vertices on a line
		}
		ring = append(ring, ring[0])
		s := newSlabs(orb.MultiLineString{orb.LineString(ring)})
		centre := orb.Point{r.Float64(), r.Float64()}
		border := newBorder(orb.MultiLineString{orb.LineString(ring)}, centre)
		for range 200 {
			p := orb.Point{r.Float64()*1.2 - 0.1, r.Float64()*1.2 - 0.1}
			if want := planar.RingContains(ring, p); s.contains(p) != want {
				t.Fatalf("%v in %v: %v", p, ring, !want)
			}
			if want := s.contains(p) == s.contains(centre); border.even(p) != want {
				t.Fatalf("%v and %v on one side of %v: %v", p, centre, ring, !want)
			}
		}
	}
}

// TestBordersMap asks on both sides of the border of the hand-written map.
func TestBordersMap(t *testing.T) {
	c := mapCity(t, "testdata/maps/borders.osm")
	for _, w := range []struct {
		at   orb.Point
		want string
	}{
		{orb.Point{0.0001, 0.0001}, "Switzerland > West State > Westtown >  > Mill Corner"},
		{orb.Point{0.0040, 0.0050}, "Switzerland > West State > Westtown > Old Town > Mill Corner"},
		{orb.Point{0.0049, 0.0079}, "Switzerland > West State > Westtown >  > Mill Corner"},
		{orb.Point{0.0051, 0.0079}, "France > East State > Easttown >  > "},
		{orb.Point{0.0079, 0.0001}, "France > East State > Easttown >  > "},
	} {
		a := c.AdminAt(w.at)
		if got := strings.Join([]string{a.Country, a.State, a.City, a.District, a.Neighbourhood}, " > "); got != w.want {
			t.Errorf("%v: %s, want %s", w.at, got, w.want)
		}
	}
}

// TestAcrossTheMeridian asks for the same places by both names of their
// longitudes.
func TestAcrossTheMeridian(t *testing.T) {
	c := mapCity(t, "testdata/maps/taveuni.osm")
	for _, p := range []orb.Point{{179.9995, -16.8002}, {-179.9995, -16.8002}, {180.0002, -16.7995}} {
		other := orb.Point{p[0] - 360, p[1]}
		if p[0] < 0 {
			other[0] = p[0] + 360
		}
		a, ok1 := c.NearestStreet(p, 300, nil)
		b, ok2 := c.NearestStreet(other, 300, nil)
		if !ok1 || !ok2 || a.Street != b.Street || a.Distance-b.Distance > 1e-6 || b.Distance-a.Distance > 1e-6 {
			t.Errorf("%v: %+v, and as %v %+v", p, a, other, b)
		}
		if x, y := c.AdminAt(p), c.AdminAt(other); x != y || x.Country != "Fiji" || x.City != "Waiyevo" {
			t.Errorf("%v: %+v, and as %v %+v", p, x, other, y)
		}
		if m, n := c.Within(p, 100), c.Within(other, 100); len(m) != len(n) || len(m) == 0 {
			t.Errorf("%v: %v, and as %v %v", p, m, other, n)
		}
	}
}

// TestBoxAcrossTheMeridian cuts a box out of the map that lies on both sides of
// the 180th meridian, and one on the east side alone.
func TestBoxAcrossTheMeridian(t *testing.T) {
	for _, c := range []struct {
		box           string
		streets, pois int
		middle        float64
	}{
		{"179.9985,-16.8015,-179.998,-16.798", 2, 1, 180.00025},
		{"-180,-16.8015,-179.998,-16.798", 2, 1, -179.999},
		{"179.996,-16.8015,180,-16.798", 1, 0, 179.998},
	} {
		bound, err := geo.ParseBound(c.box)
		if err != nil {
			t.Fatal(err)
		}
		s, err := FromFile("testdata/maps/taveuni.osm", "", &bound)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Build(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		count := map[Kind]int{}
		for i := range got.Nodes {
			count[got.Nodes[i].Kind]++
			if b := got.Nodes[i].Geometry.Bound(); b.Max[0]-b.Min[0] > 1 || math.Abs(b.Min[0]-c.middle) > 1 {
				t.Errorf("%s: node %d spans %v", c.box, i, b)
			}
		}
		if count[Street] != c.streets || count[POI] != c.pois || count[Area] != 1 || math.Abs(got.Frame.Origin[0]-c.middle) > 1e-9 {
			t.Errorf("%s: %v around %v", c.box, count, got.Frame.Origin)
		}
		checkInvariants(t, got)
		dir := t.TempDir()
		if err := Write(dir, got); err != nil {
			t.Fatal(err)
		}
		if read, err := Read(dir); err != nil || same(got, read) != nil {
			t.Errorf("%s: %v, %v", c.box, err, same(got, read))
		}
	}
}
