package plots

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/ugdata"
)

func townData(t *testing.T) *ugdata.Dataset {
	p, other := townPlace(), townPlace()
	p.Image = photo(t, 448, 336)
	p.NamesOnly = "Elm Lane."
	p.Paths[0].Text = "(1, nearest, Elm Lane) (1.5m, 0°(N)) -> (Elm Lane, near, Café) (34.0m, 170°(S))"
	p.Paths = append(p.Paths, ugdata.Path{Plain: "Walk to the park.", Destination: 6, Hops: 3, Length: 120, Nodes: []city.NodeID{0, 6}})
	other.ID++
	return &ugdata.Dataset{
		Cities: map[string]*city.City{"town": town()}, Places: []ugdata.Place{other, p},
		Samples: []ugdata.Sample{
			{Place: 0, Kind: ugdata.SCC, Stage: 1, Query: "<image> Of the other place?", Positive: "No."},
			{Place: 1, Kind: ugdata.SCC, Stage: 1, Query: "<image> Where is this?", Positive: "On <Elm Lane>."},
		},
	}
}

func TestInspect(t *testing.T) {
	ds := townData(t)
	f := Inspect(ds, ds.Places[1]).Title("One & only").ImageWidth(300)
	got, err := f.HTML()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
	for _, want := range []string{
		"One &amp; only", "data:image/jpeg;base64,", `<iframe sandbox="allow-scripts"`, "Elm Town", "rendered from the map, not a photograph",
		"6 nodes, 5 edges, street 2, crossing 1, point of interest 1, area 1, along a street 1, streets cross 1, nearest street 2, area borders street 1",
		"<li>(1, nearest, Elm Lane) (1.5m, 0°(N))</li><li>(Elm Lane, near, Café) (34.0m, 170°(S))</li>",
		"Path 2 (SRP): 3 hops, 120.0 m", hex(pathColour(1)), "Where is this?<br>→ On &lt;Elm Lane&gt;.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the inspector lacks %q", want)
		}
	}
	if strings.Contains(got, "Of the other place") {
		t.Error("the inspector shows a pair of another place")
	}
	text := f.Text()
	for _, want := range []string{"heading: 90° (east)", "caption: A residential street", "in words: Walk to the park.", "training pair, stage 1 (scc): <image> Where is this?"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	// Both paths are on the map, the first above the second.
	var order []string
	for _, l := range f.Map().Scene().Layers {
		if strings.HasPrefix(l.Name, "Reasoning path") {
			order = append(order, l.Name)
		}
	}
	if len(order) != 2 || !strings.Contains(order[1], "2 hops") {
		t.Errorf("paths on the map: %q", order)
	}
	if _, err := f.PNG(); err != nil {
		t.Error(err)
	}
}

func TestInspectWithoutImageAndCity(t *testing.T) {
	ds := townData(t)
	p := ds.Places[1]
	p.Image = filepath.Join(t.TempDir(), "missing.jpg")
	ds.Cities = nil
	f := Inspect(ds, p)
	got, err := f.HTML()
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, got)
	if !strings.Contains(got, "missing.jpg") || !strings.Contains(got, "not open: no map") {
		t.Errorf("the inspector does not say what is missing: %s", got)
	}
	if _, err := f.PNG(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("PNG without a city: %v", err)
	}
}
