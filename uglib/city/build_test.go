package city

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// milli is a thousandth of a degree on the equator in metres.
const milli = 111.19493

func town(t testing.TB) *City {
	t.Helper()
	s, err := FromFile("testdata/town.osm", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Build(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// osmNode returns the node made of an OSM element.
func (c *City) osmNode(t testing.TB, kind Kind, id int64) NodeID {
	t.Helper()
	i := slices.IndexFunc(c.Nodes, func(n Node) bool { return n.Kind == kind && n.OSM == id })
	if i < 0 {
		t.Fatalf("OSM element %d is no %s", id, kind)
	}
	return NodeID(i)
}

// edgesOf returns the edges of a type at a node.
func (c *City) edgesOf(id NodeID, typ EdgeType) []*Edge {
	var out []*Edge
	for _, e := range c.Neighbours(id) {
		if e.Type == typ {
			out = append(out, e)
		}
	}
	return out
}

// joined returns the edges between two nodes.
func (c *City) joined(a, b NodeID) []*Edge {
	var out []*Edge
	for n, e := range c.Neighbours(a) {
		if n == b {
			out = append(out, e)
		}
	}
	return out
}

func about(got geo.Metres, want float64) bool { return math.Abs(float64(got)-want) < 0.01+want*1e-4 }

func TestNodesOfTown(t *testing.T) {
	c := town(t)
	var got []string
	for _, n := range c.Nodes {
		got = append(got, fmt.Sprintf("%s %d %q %s/%s %q", n.Kind, n.OSM, n.Name, n.Category, n.Type, n.Address))
	}
	want := []string{
		`street 100 "Main Street" major_road/secondary ""`,
		`street 101 "Main Street" major_road/secondary ""`,
		`street 102 "Main Street" major_road/secondary ""`,
		`street 110 "Oak Avenue" residential/residential ""`,
		`street 111 "Oak Avenue" residential/residential ""`,
		`street 120 "Elm Lane" residential/residential ""`,
		`street 130 "Hill Bridge" residential/residential ""`,
		`street 140 "" service_road/service ""`,
		`street 141 "" pedestrian/footway ""`,
		`street 150 "Loop Court" residential/residential ""`,
		`street 160 "" service_road/service ""`,
		`street 180 "Park Road" major_road/tertiary ""`,
		`street 181 "" path/path ""`,
		`street 182 "Park Road" major_road/tertiary ""`,
		`crossing 3 "Intersection of Main Street and Oak Avenue" crossing/crossing ""`,
		`crossing 6 "Intersection of Main Street and Elm Lane" crossing/crossing ""`,
		`crossing 50 "Intersection of Loop Court and Oak Avenue" crossing/crossing ""`,
		`area 300 "Central Park" leisure/park ""`,
		`area 192 "Town Library" education/library "Main Street"`,
		`area 193 "Old Mill" building/building ""`,
		`poi 200 "Golden Crust" commercial/bakery "7 Main Street"`,
		`poi 201 "Café Pont" food/cafe ""`,
		`poi 203 "Lonely Ruin" historic/ruins ""`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("nodes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c.Name != "town" || c.Bound.Min != (orb.Point{0, 0}) || c.Credit != osm.Credit {
		t.Errorf("%q %v %q", c.Name, c.Bound, c.Credit)
	}
}

func TestCrossings(t *testing.T) {
	c := town(t)
	at := c.osmNode(t, Crossing, 3)
	var streets []int64
	for _, s := range c.Nodes[at].Streets {
		streets = append(streets, c.Nodes[s].OSM)
		es := c.joined(at, s)
		if len(es) != 1 || es[0].Type != Nearest || es[0].From != at || es[0].Distance != 0 || es[0].At != c.Nodes[at].Geometry {
			t.Errorf("crossing and street %d: %v", c.Nodes[s].OSM, es)
		}
	}
	if !slices.Equal(streets, []int64{100, 101, 110, 111}) {
		t.Errorf("streets at the crossing: %v", streets)
	}
	s := func(id int64) NodeID { return c.osmNode(t, Street, id) }
	for _, e := range []struct {
		a, b int64
		typ  EdgeType
		via  NodeID
	}{
		{100, 101, Continues, None},
		{110, 111, Continues, None},
		{100, 110, Crosses, at},
		{101, 111, Crosses, at},
		{101, 102, Continues, None},
		{102, 120, Crosses, c.osmNode(t, Crossing, 6)},
		{111, 150, Crosses, c.osmNode(t, Crossing, 50)},
		// A driveway and a footway join without a crossing.
		{100, 140, Crosses, None},
		{140, 141, Crosses, None},
		{180, 182, Continues, None},
	} {
		es := c.joined(s(e.a), s(e.b))
		if len(es) != 1 || es[0].Type != e.typ || es[0].Via != e.via || es[0].Distance != 0 {
			t.Errorf("ways %d and %d: %v, want one %v via %d", e.a, e.b, es, e.typ, e.via)
		}
	}
	if n := c.Degree(s(130)); n != 0 {
		t.Errorf("the bridge has %d edges", n)
	}
}

func TestAlong(t *testing.T) {
	c := town(t)
	a, b, d := c.osmNode(t, Crossing, 3), c.osmNode(t, Crossing, 6), c.osmNode(t, Crossing, 50)
	// Way 101 ends at no crossing and way 102 continues it.
	es := c.joined(a, b)
	if len(es) != 1 || es[0].Type != Along || es[0].Via != c.osmNode(t, Street, 101) || !about(es[0].Distance, 4*milli) || es[0].Bearing.Wind8() != "E" {
		t.Errorf("along Main Street: %v", es)
	}
	es = c.joined(a, d)
	if len(es) != 1 || es[0].Via != c.osmNode(t, Street, 111) || !about(es[0].Distance, 1.5*milli) || es[0].Bearing.Wind8() != "N" {
		t.Errorf("along Oak Avenue: %v", es)
	}
	if es := c.joined(d, d); len(es) != 0 {
		t.Errorf("the loop joins its crossing with itself: %v", es)
	}
}

func TestNearestEdges(t *testing.T) {
	c := town(t)
	// The bakery stands by a parking aisle without a name, and by Main Street.
	es := c.edgesOf(c.osmNode(t, POI, 200), Nearest)
	if len(es) != 2 || c.Nodes[es[0].To].OSM != 160 || c.Nodes[es[1].To].OSM != 102 {
		t.Fatalf("the bakery: %v", es)
	}
	if !about(es[0].Distance, 0.1*milli) || !about(es[1].Distance, 0.5*milli) || es[1].Bearing.Wind8() != "S" || geo.Distance(es[1].At, orb.Point{0.0074, 0.001}) > 0.01 {
		t.Errorf("the bakery: %v %v", es[0], es[1])
	}
	es = c.edgesOf(c.osmNode(t, POI, 201), Nearest)
	if len(es) != 1 || c.Nodes[es[0].To].OSM != 101 || !about(es[0].Distance, 0.2*milli) || es[0].Bearing.Wind8() != "N" {
		t.Errorf("the café: %v", es)
	}
	if n := c.Degree(c.osmNode(t, POI, 203)); n != 0 {
		t.Errorf("the ruin, 300 m from any street, has %d edges", n)
	}
	if n := c.Degree(c.osmNode(t, Area, 193)); n != 0 {
		t.Errorf("the mill, far from any street, has %d edges", n)
	}
}

func TestBounds(t *testing.T) {
	c := town(t)
	park := c.osmNode(t, Area, 300)
	if g, ok := c.Nodes[park].Geometry.(orb.Polygon); !ok || len(g) != 2 {
		t.Errorf("the park has lost its pond: %v", c.Nodes[park].Geometry)
	}
	var streets []int64
	for _, e := range c.edgesOf(park, Bounds) {
		streets = append(streets, c.Nodes[e.To].OSM)
		if e.From != park || e.Via != None {
			t.Errorf("edge %v", e)
		}
		if c.Nodes[e.To].OSM == 180 && (!about(e.Distance, 1.05*milli) || e.Bearing.Wind8() != "S") {
			t.Errorf("from the middle of the park to Park Road: %v %v", e.Distance, e.Bearing)
		}
	}
	// Way 180 runs along the park, 181 into it, 182 away from it.
	if !slices.Equal(streets, []int64{180, 181}) {
		t.Errorf("the park is bounded by %v", streets)
	}
	// The library stands 11 m from Main Street: no bound, so the nearest street.
	es := c.edgesOf(c.osmNode(t, Area, 192), Nearest)
	if len(es) != 1 || c.Nodes[es[0].To].OSM != 101 && c.Nodes[es[0].To].OSM != 111 {
		t.Errorf("the library: %v", es)
	}
}

func TestScenery(t *testing.T) {
	c := town(t)
	var got []string
	for _, f := range c.Scenery {
		got = append(got, fmt.Sprint(f.Layer, " ", f.OSM))
		if !slices.Contains(Layers, f.Layer) {
			t.Errorf("layer %q is not in Layers", f.Layer)
		}
		if len(f.Tags) == 0 {
			t.Errorf("feature %d has no tags", f.OSM)
		}
	}
	want := []string{"green 300", "water 191", "building 192", "building 193", "signal 3", "shop 202", "amenity 204", "amenity 206", "tree 207"}
	if !slices.Equal(got, want) {
		t.Errorf("scenery %q, want %q", got, want)
	}
	near := c.SceneryWithin(orb.Point{0.0036, 0.0009}, 50)
	if len(near) != 3 || near[0].Layer != "tree" || near[1].OSM != 206 || near[2].OSM != 202 {
		t.Errorf("around the tree: %v", near)
	}
	if near[0].Tags["natural"] != "tree" || c.Scenery[2].Tags["building:levels"] != "2" {
		t.Error("tags for drawing are lost")
	}
}

func TestLayersAreComplete(t *testing.T) {
	for _, rules := range [][]layer{areaLayers, lineLayers, pointLayers} {
		for _, r := range rules {
			if !slices.Contains(Layers, r.layer) {
				t.Errorf("layer %q is not in Layers", r.layer)
			}
			if !slices.Contains(drawn, r.key) {
				t.Errorf("tag %q puts things into layer %q but is not kept", r.key, r.layer)
			}
		}
	}
}

func TestDisplayName(t *testing.T) {
	c := &City{Nodes: []Node{
		{Name: "Café", Address: "1 Elm Lane"},
		{Address: "1 Elm Lane", Tags: map[string]string{"addr:street": "Elm Lane"}},
		{Tags: map[string]string{"addr:street": "Elm Lane"}, Type: "cafe"},
		{Type: "cafe", Category: "food"},
		{Category: "food"},
		{Name: " "},
	}}
	for i, want := range []string{"Café", "1 Elm Lane", "Elm Lane", "cafe", "food", "5"} {
		if got := c.DisplayName(NodeID(i)); got != want {
			t.Errorf("node %d: %q, want %q", i, got, want)
		}
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	a, b := town(t), town(t)
	if !reflect.DeepEqual(a.Nodes, b.Nodes) || !reflect.DeepEqual(a.Edges, b.Edges) || !reflect.DeepEqual(a.Scenery, b.Scenery) {
		t.Error("the same extract gives two cities")
	}
}

// builtin builds a built-in city once for all tests.
var builtin = func() func(testing.TB, string) *City {
	var mu sync.Mutex
	cities := map[string]*City{}
	return func(t testing.TB, name string) *City {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if cities[name] == nil {
			s, err := Builtin(name)
			if err != nil {
				t.Fatal(err)
			}
			c, err := Build(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			cities[name] = c
		}
		return cities[name]
	}
}()

// TestBuiltinCities checks sizes, that nearly all of each city hangs together,
// and what must hold of every node and edge.
func TestBuiltinCities(t *testing.T) {
	for _, want := range []struct {
		name                            string
		streets, crossings, pois, areas int // as this code counts them: the extracts never change, so a difference is a change of the rules
		street, poi                     string
	}{
		{"wilmington", 3404, 2844, 91, 172, "North Market Street", ""},
		{"newark", 3210, 1424, 105, 585, "East Main Street", ""},
		{"dover", 2088, 1386, 85, 151, "South State Street", ""},
		{"andorra", 1500, 682, 378, 154, "Avinguda Meritxell", ""},
	} {
		c := builtin(t, want.name)
		counts := map[Kind]int{}
		for i := range c.Nodes {
			counts[c.Nodes[i].Kind]++
		}
		if counts[Street] != want.streets || counts[Crossing] != want.crossings || counts[POI] != want.pois || counts[Area] != want.areas {
			t.Errorf("%s: %v", want.name, counts)
		}
		if !slices.ContainsFunc(c.Nodes, func(n Node) bool { return n.Kind == Street && n.Name == want.street }) {
			t.Errorf("%s has no %s", want.name, want.street)
		}
		if c.Title == "" || c.Country == "" {
			t.Errorf("%s: title %q, country %q", want.name, c.Title, c.Country)
		}
		largest := 0
		seen := make([]bool, len(c.Nodes))
		for i := range c.Nodes {
			if seen[i] {
				continue
			}
			part, _ := c.Hops([]NodeID{NodeID(i)}, len(c.Nodes), 0)
			for _, id := range part {
				seen[id] = true
			}
			largest = max(largest, len(part))
		}
		if share := float64(largest) / float64(len(c.Nodes)); share < 0.95 {
			t.Errorf("%s: the largest part holds only %.1f%% of the nodes", want.name, 100*share)
		}
		checkInvariants(t, c)
	}
}

func checkInvariants(t *testing.T, c *City) {
	t.Helper()
	for i := range c.Nodes {
		n := &c.Nodes[i]
		if !fits(n.Kind, n.Geometry) {
			t.Fatalf("%s: node %d, a %s, is a %s", c.Name, i, n.Kind, n.Geometry.GeoJSONType())
		}
		if n.Kind != Street && n.Kind != Crossing && n.Name == "" || n.Category == "" || n.Type == "" {
			t.Fatalf("%s: node %d lacks name, category or type: %+v", c.Name, i, n)
		}
		for _, s := range n.Streets {
			if _, d := c.DistanceTo(s, n.Geometry.(orb.Point)); d > 0.01 {
				t.Fatalf("%s: crossing %d is %v from its street %d", c.Name, i, d, s)
			}
			if len(c.joined(NodeID(i), s)) == 0 {
				t.Fatalf("%s: crossing %d is not joined to its street %d", c.Name, i, s)
			}
		}
		if (n.Kind == Crossing) != (len(n.Streets) >= 2) {
			t.Fatalf("%s: node %d, a %s, lists %d streets", c.Name, i, n.Kind, len(n.Streets))
		}
	}
	for i := range c.Edges {
		e := &c.Edges[i]
		from, to := &c.Nodes[e.From], &c.Nodes[e.To]
		ok := false
		switch e.Type {
		case Nearest:
			ok = from.Kind != Street && to.Kind == Street && e.Via == None
			_, d := c.DistanceTo(e.To, c.Centroid(e.From))
			ok = ok && math.Abs(float64(d-e.Distance)) < 0.01 && math.Abs(float64(geo.Distance(c.Centroid(e.From), e.At)-e.Distance)) < 0.5
			ok = ok && (from.Kind != POI || e.Distance <= Reach)
		case Crosses:
			ok = from.Kind == Street && to.Kind == Street && (e.Via == None || c.Nodes[e.Via].Kind == Crossing)
		case Continues:
			ok = from.Kind == Street && to.Kind == Street && from.Name == to.Name
		case Along:
			ok = from.Kind == Crossing && to.Kind == Crossing && c.Nodes[e.Via].Kind == Street && e.From != e.To &&
				e.Distance >= geo.Distance(from.Geometry.(orb.Point), to.Geometry.(orb.Point))*0.999
		case Bounds:
			ok = from.Kind == Area && to.Kind == Street && e.Relation >= Through && e.Overlap > 0 && e.Overlap <= 1
			ok = ok && (e.Relation != Through || e.Overlap == 1) && (e.Relation != Adjacent || e.Overlap >= boundaryShare)
		case Inside:
			_, d := c.DistanceTo(e.To, from.Geometry.(orb.Point))
			ok = from.Kind == POI && to.Kind == Area && d <= touching && math.Abs(float64(geo.Distance(from.Geometry.(orb.Point), e.At)-e.Distance)) < 0.5
		}
		if (e.Relation != NoRelation) != (from.Kind == Area) || e.Type != Bounds && e.Overlap != 0 {
			ok = false
		}
		if !ok || e.Bearing < 0 || e.Bearing >= 360 {
			t.Fatalf("%s: edge %d is wrong: %+v from %q to %q", c.Name, i, *e, from.Name, to.Name)
		}
	}
}

func TestWrongSpecs(t *testing.T) {
	for _, c := range []struct {
		name string
		try  func() error
		want []string
	}{
		{"unknown city", func() error { _, err := Builtin("gotham"); return err },
			[]string{`"gotham"`, "wilmington, newark, dover, andorra", "--pbf FILE"}},
		{"missing file", func() error { _, err := FromFile("none.osm.pbf", "x", nil); return err }, []string{"none.osm.pbf is missing"}},
		{"name of a built-in", func() error { _, err := FromFile("testdata/town.osm", "Dover", nil); return err }, []string{"give another"}},
		{"name without a letter", func() error { _, err := FromFile("testdata/town.osm", "--", nil); return err }, []string{"letter or digit"}},
		{"empty box", func() error {
			_, err := FromFile("testdata/town.osm", "x", &orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{1, 2}})
			return err
		}, []string{"1,1,1,2 is empty"}},
		{"box with no streets", func() error {
			s, err := FromFile("testdata/town.osm", "x", &orb.Bound{Min: orb.Point{5, 5}, Max: orb.Point{6, 6}})
			if err != nil {
				return err
			}
			_, err = Build(context.Background(), s)
			if !errors.Is(err, osm.ErrEmptyBox) {
				return fmt.Errorf("not osm.ErrEmptyBox: %w", err)
			}
			return err
		}, []string{"no streets in the bounding box 5,5,6,6", "town.osm covers -0.001,-0.001,0.01,0.01"}},
	} {
		err := c.try()
		for _, w := range c.want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %v does not say %q", c.name, err, w)
			}
		}
	}
}

func TestFromFileNames(t *testing.T) {
	for _, c := range []struct{ file, name, key string }{
		{"town.osm", "", "town"},
		{"town.osm", "Île de la Cité", "le-de-la-cit"},
		{"town.osm", "My Town", "my-town"},
	} {
		s, err := FromFile(filepath.Join("testdata", c.file), c.name, nil)
		if err != nil || s.Name != c.key {
			t.Errorf("%q: %q, %v", c.name, s.Name, err)
		}
	}
}
