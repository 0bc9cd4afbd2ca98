package caption

import (
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// bridges is a river from north to south, a railway beside it, and an avenue
// that crosses both on a bridge; a tunnel; a hill; and a street under a viaduct.
func bridges() *city.City {
	tags := func(kv ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	return &city.City{
		Name: "bridges", Title: "Bridges", Frame: frame,
		Nodes: []city.Node{
			{OSM: 1, Kind: city.Street, Name: "River Avenue", Type: "secondary", Geometry: line(-100, 0, 100, 0), Tags: tags("bridge", "yes", "layer", "1")},
			{OSM: 2, Kind: city.Street, Name: "Low Tunnel", Type: "primary", Geometry: line(-100, 500, 100, 500), Tags: tags("tunnel", "yes", "oneway", "-1")},
			{OSM: 3, Kind: city.Street, Name: "Hill Street", Type: "residential", Geometry: line(0, 1000, 0, 1200), Tags: tags("incline", "12%")},
			{OSM: 4, Kind: city.Street, Name: "Quay", Type: "service", Geometry: line(300, -100, 300, 100)},
			{OSM: 5, Kind: city.Street, Name: "Viaduct", Type: "motorway", Geometry: line(200, 0, 400, 0), Tags: tags("bridge", "viaduct")},
			{OSM: 6, Kind: city.Street, Type: "tertiary_link", Geometry: line(1000, 0, 1020, 20), Tags: tags("junction", "roundabout", "oneway", "yes", "lanes", "2")},
			{OSM: 8, Kind: city.Street, Name: "High Deck", Type: "service", Geometry: line(370, -100, 370, 100), Tags: tags("layer", "2")},
			{OSM: 7, Kind: city.POI, Name: "Above", Category: "food", Type: "cafe", Geometry: at(10, 510)},
		},
		Scenery: []city.Feature{
			{OSM: 20, Layer: "water", Tags: tags("waterway", "riverbank"), Geometry: box(-20, -300, 20, 300)},
			{OSM: 21, Layer: "water", Tags: tags("waterway", "river", "name", "Elm River"), Geometry: line(0, -300, 0, 300)},
			{OSM: 22, Layer: "rail", Tags: tags("railway", "rail"), Geometry: line(60, -300, 60, 300)},
		},
	}
}

func TestSetting(t *testing.T) {
	c := bridges()
	for _, x := range []struct {
		name        string
		view        streetview.View
		short, full string // a part of each text
	}{
		{"over the river", view(0, 0, 90), "River Avenue, a secondary road on a bridge over Elm River in Bridges.", "A bridge carries it over Elm River."},
		{"over the railway", view(60, 0, 90), "on a bridge over the railway in Bridges.", "A bridge carries it over the railway."},
		{"over land", view(-90, 0, 90), "a secondary road on a bridge in Bridges.", "It is on a bridge here."},
		{"tunnel", view(0, 500, 90), "Low Tunnel, a one-way primary road in a tunnel in Bridges.", "runs through a tunnel"},
		{"uphill", view(0, 1100, 10), "Facing north, uphill, on Hill Street", "The street climbs ahead."},
		{"downhill", view(0, 1100, 180), "Facing south, downhill, on Hill Street", "The street falls ahead."},
		{"across the hill", view(0, 1100, 90), "Facing east on Hill Street", "The street lies on a slope."},
		{"under the viaduct", view(300, 5, 0), "Quay, a service road under Viaduct in Bridges.", "Viaduct passes overhead on a bridge."},
		{"over the viaduct", view(370, 5, 0), "High Deck, a service road in Bridges.", "High Deck, a service road, in Bridges."},
		{"roundabout", view(1010, 10, 45), "on a one-way tertiary link road on a roundabout in Bridges.", "a one-way tertiary link road with two lanes"},
	} {
		about := Describe(c, x.view)
		if got := about.Text(); !strings.Contains(got, x.short) {
			t.Errorf("%s: %q is not in %q", x.name, x.short, got)
		}
		if got := about.Full(Options{}); !strings.Contains(got, x.full) {
			t.Errorf("%s: %q is not in %q", x.name, x.full, got)
		}
	}
	if got := Describe(c, view(0, 0, 0)).Text(); strings.Count(got, "Elm River") != 1 {
		t.Errorf("the river is told of more than once: %q", got)
	}
	if got := Describe(c, view(0, 500, 0)); strings.Contains(got.Text(), "Above") || len(got.Far) > 0 || got.Open {
		t.Errorf("from the tunnel one sees %q", got.Text())
	}
}

func TestSlopeTags(t *testing.T) {
	c := bridges()
	for tag, want := range map[string]Slope{
		"": Level, "up": Uphill, "down": Downhill, "yes": Sloping, "12 %": Uphill, "-8%": Downhill, "-5°": Downhill, "1%": Level, "steep": Level, "NaN": Level,
	} {
		c.Nodes[2].Tags = map[string]string{"incline": tag}
		if got := slope(c, view(0, 1100, 0), 2); got != want {
			t.Errorf("incline=%s is %d, want %d", tag, got, want)
		}
	}
	unknown := view(0, 1100, 0)
	unknown.HasHeading = false
	c.Nodes[2].Tags = map[string]string{"incline": "up"}
	if got := slope(c, unknown, 2); got != Sloping {
		t.Errorf("without a heading it is %d", got)
	}
}

func TestZone(t *testing.T) {
	shop := func(x float64) city.Node {
		return city.Node{Kind: city.POI, Name: "S", Category: "commercial", Type: "clothes", Geometry: at(x, 10)}
	}
	home := func(x float64) city.Feature {
		return city.Feature{Layer: "building", Tags: map[string]string{"building": "house"}, Geometry: box(x, 10, x+8, 20)}
	}
	street := city.Node{Kind: city.Street, Name: "Elm", Type: "tertiary", Geometry: line(-100, 0, 100, 0)}
	area := func(use string, half float64) city.Feature {
		return city.Feature{Layer: "landuse", Tags: map[string]string{"landuse": use}, Geometry: box(-half, -half, half, half)}
	}
	for _, x := range []struct {
		name    string
		nodes   []city.Node
		scenery []city.Feature
		want    string
	}{
		{"nothing", nil, nil, ""},
		{"one shop", []city.Node{shop(0)}, nil, ""},
		{"shops", []city.Node{shop(0), shop(10), shop(20)}, nil, "commercial area"},
		{"houses", nil, []city.Feature{home(-40), home(-20), home(0), home(20)}, "residential area"},
		{"both", []city.Node{shop(0), shop(10), shop(20)}, []city.Feature{home(-40), home(-20), home(0), home(20)}, "mixed-use area"},
		{"halls", nil, []city.Feature{{Layer: "building", Tags: map[string]string{"building": "industrial"}, Geometry: box(0, 10, 50, 60)}, {Layer: "building", Tags: map[string]string{"building": "warehouse"}, Geometry: box(60, 10, 90, 60)}}, "industrial area"},
		{"landuse", nil, []city.Feature{area("industrial", 200)}, "industrial area"},
		{"the smallest", nil, []city.Feature{area("industrial", 200), area("retail", 50), area("port", 400)}, "shopping area"},
		{"a town that is residential all over", []city.Node{shop(0), shop(10), shop(20)}, []city.Feature{area("residential", 500)}, "commercial area"},
		{"beside it", nil, []city.Feature{{Layer: "landuse", Tags: map[string]string{"landuse": "military"}, Geometry: box(50, 50, 90, 90)}}, ""},
	} {
		c := &city.City{Name: "z", Frame: frame, Nodes: append([]city.Node{street}, x.nodes...), Scenery: x.scenery}
		if got := Describe(c, view(0, 0, 90)); got.Zone != x.want {
			t.Errorf("%s: %q, want %q", x.name, got.Zone, x.want)
		} else if x.want != "" && !strings.Contains(got.Text(), " in a"+strings.TrimPrefix(article(x.want), "a")+" of z.") {
			t.Errorf("%s: %q", x.name, got.Text())
		}
	}
}

func TestRepeats(t *testing.T) {
	c := &city.City{Name: "r", Title: "R", Frame: frame, Nodes: []city.Node{
		{OSM: 1, Kind: city.Street, Name: "Elm", Type: "tertiary", Geometry: line(-200, 0, 200, 0)},
		{OSM: 2, Kind: city.Street, Name: "Oak", Type: "tertiary", Geometry: line(20, -50, 20, 50)},
		{OSM: 3, Kind: city.Crossing, Geometry: at(20, 0), Streets: []city.NodeID{0, 1}},
		{OSM: 4, Kind: city.Crossing, Geometry: at(-20, 0), Streets: []city.NodeID{0, 1}},
		{OSM: 5, Kind: city.POI, Name: "Joe's", Category: "food", Type: "bar", Geometry: at(-30, 5)},
		{OSM: 6, Kind: city.POI, Name: "Joe's", Category: "building", Type: "yes", Geometry: at(40, 5)},
	}}
	for i := range 3 {
		c.Scenery = append(c.Scenery,
			city.Feature{OSM: int64(30 + i), Layer: "zebra", Geometry: at(48+3*float64(i), 0)},
			city.Feature{OSM: int64(40 + i), Layer: "rail", Tags: map[string]string{"railway": "rail"}, Geometry: line(30+4*float64(i), -50, 30+4*float64(i), 50)},
			city.Feature{OSM: int64(50 + i), Layer: "parking", Geometry: box(30, 12+12*float64(i), 40, 20+12*float64(i))})
	}
	want := "Facing east on Elm, a tertiary road in R. Open ground. Ahead, 20 m: crossing with Oak. Ahead, 30 m: railway. " +
		"Ahead on the left, 30 m: three car parks. Ahead, 40 m east: building Joe's."
	if got := Describe(c, view(0, 0, 90)).Text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	all := Describe(c, view(0, 0, 90)).Short(Options{Things: 20})
	if !strings.Contains(all, "two zebra crossings") && !strings.Contains(all, "three zebra crossings") {
		t.Errorf("no count of zebra crossings: %s", all)
	}
	if got := Describe(c, view(0, 0, 90)).Short(Options{Things: 1}); strings.Count(got, ":") != 1 {
		t.Errorf("one thing: %s", got)
	}
}

func TestOptions(t *testing.T) {
	for _, x := range []struct {
		o    Options
		d    float64
		want string
	}{
		{Options{}, 0.5, "5 m"}, {Options{}, 52.4, "50 m"}, {Options{}, 996, "995 m"}, {Options{}, 998, "1.0 km"}, {Options{}, 1240, "1.2 km"},
		{Options{Units: Imperial}, 0.5, "10 ft"}, {Options{Units: Imperial}, 30, "100 ft"}, {Options{Units: Imperial}, 304, "1000 ft"}, {Options{Units: Imperial}, 1609, "1.0 mi"},
	} {
		if got := x.o.far(geo.Metres(x.d)); got != x.want {
			t.Errorf("%v in %q is %q, want %q", x.d, x.o.Units, got, x.want)
		}
	}
	if (Options{}).Check() != nil || (Options{Units: Imperial, Things: 9}).Check() != nil {
		t.Error("good options are refused")
	}
	for _, o := range []Options{{Units: "cubits"}, {Things: -1}, {Things: 51}} {
		if o.Check() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
