package ugdata

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// Strings are written as Python writes them, but for characters that its
// Unicode tables do not know yet and Go's do, or the other way round.
func TestPythonString(t *testing.T) {
	data, err := os.ReadFile("testdata/python/repr.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Text, Repr string }
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	other := 0
	for i, x := range all {
		if got := pythonString(x.Text); got != x.Repr {
			if i < 22 {
				t.Errorf("%q is written %s, Python writes %s", x.Text, got, x.Repr)
			}
			other++
		}
	}
	if other > len(all)/50 {
		t.Errorf("%d of %d strings differ from Python's", other, len(all))
	}
}

func TestShape(t *testing.T) {
	c := &city.City{Nodes: []city.Node{
		{Kind: city.POI, Geometry: orb.Point{103.8481, -1.3502}},
		{Kind: city.Street, Geometry: orb.LineString{{1, 2}, {5, 6}, {3, 4}}},
		{Kind: city.Area, Geometry: orb.Polygon{{{0, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 0}}}},
		{Kind: city.Area, Geometry: orb.MultiPolygon{{{{0, 0}, {2, 0}, {2, 2}, {0, 2}, {0, 0}}}}},
		{Kind: city.POI},
	}}
	for i, want := range []string{
		"POINT(103.84810000, -1.35020000)", "LINE(1.00000000, 2.00000000 to 3.00000000, 4.00000000)",
		"CENTROID(1.00000000, 1.00000000)", "MULTI_CENTROID(1.00000000, 1.00000000)", "unavailable",
	} {
		if got := shape(c, city.NodeID(i)); got != want {
			t.Errorf("shape %d is %s, want %s", i, got, want)
		}
	}
}

func TestComposedSummary(t *testing.T) {
	pos := orb.Point{103.8479, 1.3501}
	const plain = "You can reach City Library from the current location shown in the image with id 42."
	for _, x := range []struct{ summary, facing, want string }{
		{plain, "", "You can reach City Library from the current location shown in the image with id 42 at (103.8479, 1.3501)."},
		{"The image with id 42 at (1.0000, 2.0000) is it.", "", "The image with id 42 at (1.0000, 2.0000) is it."},
		{"Another image.", "", "Another image."},
		{plain, "northeast", "You can reach City Library from the current location shown in the image with id 42 at (103.8479, 1.3501). Facing northeast from there shows the scene of the image."},
	} {
		if got := composedSummary(x.summary, 42, pos, x.facing); got != x.want {
			t.Errorf("got  %s\nwant %s", got, x.want)
		}
	}
}
