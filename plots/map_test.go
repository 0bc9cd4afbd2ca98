package plots

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// layers maps the names of a map's layers to their features.
func layers(m *Map) map[string][]carto.Feature {
	out := map[string][]carto.Feature{}
	for _, l := range m.Scene().Layers {
		key := l.Name
		if key == "" {
			key = l.Group
		}
		out[key] = append(out[key], l.Features...)
	}
	return out
}

func TestCityMapHoldsTheGraph(t *testing.T) {
	m := CityMap(town())
	got := layers(m)
	for name, want := range map[string]int{"Street": 1, "Main street": 1, "Path": 1, "Crossing": 1, "Food": 1, "Shops, services": 1, "Area": 1,
		"Ground": 2 /* water and the park */, "Buildings": 1} {
		if len(got[name]) != want {
			t.Errorf("layer %q holds %d features, want %d", name, len(got[name]), want)
		}
	}
	if n := got["Shops, services"][0].Name; n != "bench" {
		t.Errorf("the nameless bench is called %q", n)
	}
	if m.Scene().Bound != town().Bound {
		t.Error("the whole city is not in view")
	}
	for _, want := range []string{"Elm Town", "3 streets, 1 crossings, 2 points of interest, 1 areas, 3 edges", "OpenStreetMap"} {
		if !strings.Contains(m.Text(), want) {
			t.Errorf("text lacks %q:\n%s", want, m.Text())
		}
	}
}

func TestMapForms(t *testing.T) {
	m := CityMap(town()).Size(300, 200)
	html, err := m.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<img alt="Elm Town"`, "data:image/png;base64,", `<iframe sandbox="allow-scripts"`, "position:absolute"} {
		if !strings.Contains(html, want) {
			t.Errorf("HTML lacks %q", want)
		}
	}
	if strings.Contains(html, "<b onclick") || strings.Contains(html, "allow-same-origin") {
		t.Error("a name stands raw in the HTML, or the frame is not closed off")
	}
	data, err := m.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() != 600 {
		t.Errorf("the picture is %v, want twice 300 wide", img.Bounds())
	}
	with, err := m.htmlWith(data)
	if err != nil || with != html {
		t.Errorf("HTML around a given picture differs (%v)", err)
	}
}

func TestViewsSayThatTheyAreRendered(t *testing.T) {
	m := CityMap(town()).Views(townViews())
	if !strings.Contains(m.Text(), "rendered, not photographs") {
		t.Errorf("text: %s", m.Text())
	}
	fs := layers(m)["Street view"]
	if len(fs) != 2 || fs[0].Heading != 90 || !strings.Contains(fs[0].Detail, "looks east, on Elm Lane, 1.5 m from its axis, rendered") {
		t.Errorf("views: %+v", fs)
	}
	for _, l := range m.Scene().Layers {
		if hidden := l.Group == groupPOI || l.Group == groupCrossings || l.Group == groupAreas; l.Hidden != hidden {
			t.Errorf("layer %q of group %q: hidden is %v", l.Name, l.Group, l.Hidden)
		}
	}
	photos := &streetview.Set{Views: []streetview.View{{Origin: streetview.Photo}, {Origin: streetview.Rendered}}}
	if s := BaseMap(town()).Views(photos).Text(); !strings.Contains(s, "some rendered") {
		t.Errorf("text: %s", s)
	}
}

func TestPlaceMap(t *testing.T) {
	m := PlaceMap(town(), townPlace())
	got := layers(m)
	for name, want := range map[string]int{"Street of the subgraph": 2, "Area of the subgraph": 1, "Point of interest": 1, "Crossing": 1,
		"Nearest street": 2, "Streets cross": 1, "Area borders street": 1, "Along a street": 0, "Reasoning path (2 hops, 368.0 m)": 1, "Destination": 1, "Street view": 1} {
		if len(got[name]) != want {
			t.Errorf("layer %q holds %d features, want %d", name, len(got[name]), want)
		}
	}
	// The edge from the café ends on the street.
	e := got["Nearest street"][1].Geometry.(orb.LineString)
	foot, _ := e[1], e[0]
	if d := geo.Distance(e[0], town().Nodes[4].Geometry.(orb.Point)); d > 0.01 {
		t.Errorf("edge starts %v from the café", d)
	}
	// The foot of (80, -30) on the line from (0, 0) to (280, 20).
	if x := town().Frame.Local(foot); math.Abs(x[0]-77.46) > 0.1 || math.Abs(x[1]-5.53) > 0.1 {
		t.Errorf("edge ends at %v, want (77.46, 5.53)", x)
	}
	b := m.Scene().Bound
	for _, p := range []orb.Point{townPlace().Pos, town().Nodes[4].Geometry.(orb.Point)} {
		if !b.Contains(p) {
			t.Errorf("%v is out of view %v", p, b)
		}
	}
	if !strings.Contains(m.Text(), "rendered, not a photograph") {
		t.Errorf("text: %s", m.Text())
	}
	if _, err := m.Size(200, 150).PNG(); err != nil {
		t.Error(err)
	}
	set := PlaceMap(town(), townPlace()).Around(orb.Point{1, 2}, 100).Fit().Scene().Bound
	if set.Contains(orb.Point{1, 2}) {
		t.Error("Fit keeps the extent that was set")
	}
}

func TestBrokenPlacesDoNotPanic(t *testing.T) {
	for _, p := range []ugdata.Place{
		{}, {Graph: ugdata.Subgraph{Nodes: []city.NodeID{99, -5}, Edges: []ugdata.SubEdge{{From: -1, To: 7}, {From: 0, To: 1}}}},
		{Paths: []ugdata.Path{{Destination: 99, Nodes: []city.NodeID{-3, 99}}}},
	} {
		if _, err := PlaceMap(town(), p).Size(100, 80).PNG(); err != nil {
			t.Error(err)
		}
	}
	empty := &city.City{}
	if _, err := CityMap(empty).Views(&streetview.Set{}).Coverage(nil).Size(100, 80).HTML(); err != nil {
		t.Error(err)
	}
}

func TestSplitMap(t *testing.T) {
	a, b, c := townPlace(), townPlace(), townPlace()
	b.Split, b.Block = ugdata.Test, 0x89c6fd1000000000
	c.City = "elsewhere"
	m := SplitMap(town(), []ugdata.Place{a, b, a, c})
	got := layers(m)
	if len(got["Train (2)"]) != 2 || len(got["Test (1)"]) != 1 || len(got["Blocks"]) != 2 {
		t.Errorf("layers %v", got)
	}
	if !strings.Contains(m.Text(), "3 places: 2 train, 1 test") {
		t.Errorf("text: %s", m.Text())
	}
}

func TestCoverage(t *testing.T) {
	got := layers(BaseMap(town()).Coverage(townViews()))
	// Elm Lane is 560 m of about 1125 m.
	if len(got["Street with a view (50% of the length)"]) != 1 || len(got["Street without a view"]) != 2 {
		t.Errorf("layers %v", got)
	}
}

func TestHeat(t *testing.T) {
	c := town()
	at := func(x, y float64) orb.Point { return geo.Frame{Origin: c.Bound.Center()}.LonLat(orb.Point{x, y}) }
	m := BaseMap(c)
	pts := []orb.Point{at(10, 10), at(20, 30), at(150, 10), at(-10, -10), at(1, 1)}
	sq := m.squares(pts, []float64{1, 3, 5, math.NaN(), math.Inf(1)}, 100)
	if len(sq) != 2 || sq[0].n != 2 || sq[0].value != 2 || sq[1].value != 5 {
		t.Errorf("squares %+v", sq)
	}
	if side := geo.Distance(sq[0].shape[0][0], sq[0].shape[0][1]); math.Abs(float64(side)-100) > 0.1 {
		t.Errorf("side is %v", side)
	}
	if n := m.squares(pts, nil, 100); len(n) != 3 || n[0].value != 1 || n[1].value != 3 {
		t.Errorf("counts %+v", n)
	}
	total := 0
	m.Heat("Hits", pts, nil, 100)
	for name, fs := range layers(m) {
		if strings.HasPrefix(name, "Hits") {
			total += len(fs)
		}
	}
	if total != 3 {
		t.Errorf("%d squares are drawn, want 3", total)
	}
	if BaseMap(c).Heat("none", nil, nil, 100) == nil {
		t.Error("no map")
	}
}

func TestEdgesOfTheGraph(t *testing.T) {
	got := layers(BaseMap(town()).Edges(city.Nearest, city.Crosses))
	if len(got["Nearest street"]) != 1 || len(got["Streets cross"]) != 1 || len(got["Area borders street"]) != 0 {
		t.Errorf("layers %v", got)
	}
	if got := layers(BaseMap(town()).Edges()); len(got["Area borders street"]) != 1 {
		t.Errorf("layers %v", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -12: "-12", -123: "-123", -1234: "-1,234"} {
		if got := count(n); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.25: "0.25", 37.24: "37.2", 18: "18", 262: "262", 999.6: "1000", 12345.4: "12,345", 1e-5: "1e-05", 2.5e12: "2.5e+12"} {
		if got := brief(v); got != want {
			t.Errorf("brief(%g) = %q, want %q", v, got, want)
		}
	}
}
