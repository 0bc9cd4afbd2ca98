package ugdata

import (
	"strings"
	"testing"

	"urbangraph/uglib/city"
)

func TestParseSelection(t *testing.T) {
	for text, want := range map[string]Selection{
		"": "places", "places": "places", "no_intersection_nodes": "places", "pois+areas": "places", "areas + pois": "places",
		"no_intersection": "places+streets", "linestring_nodes": "streets+crossings", "with_intersection": "areas+streets+crossings",
		"all_point": "places+crossings", "all_nodes": "all", "all": "all", "crossings+streets+places": "all", "pois": "pois", "areas": "areas",
		"streets+pois": "pois+streets", "places+pois": "places",
	} {
		got, err := ParseSelection(text)
		if err != nil || got != want {
			t.Errorf("ParseSelection(%q) = %q (%v), want %q", text, got, err, want)
		}
		again, err := ParseSelection(string(got))
		if err != nil || again != got {
			t.Errorf("ParseSelection(%q) = %q (%v)", got, again, err)
		}
	}
	for _, text := range []string{"houses", "places+", "pois,areas", "+"} {
		if _, err := ParseSelection(text); err == nil || !strings.Contains(err.Error(), "no class of nodes") {
			t.Errorf("ParseSelection(%q): %v", text, err)
		}
	}
	set, _ := Selection("with_intersection").kinds()
	for kind, want := range map[city.Kind]bool{city.POI: false, city.Area: true, city.Street: true, city.Crossing: true} {
		if set.has(kind) != want {
			t.Errorf("with_intersection has %v: %v", kind, set.has(kind))
		}
	}
}
