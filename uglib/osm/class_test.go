package osm

import (
	"strings"
	"testing"
)

func TestPlaceClass(t *testing.T) {
	for _, c := range []struct {
		tags           Tags
		category, kind string
	}{
		{Tags{"amenity": "restaurant"}, "food", "restaurant"},
		{Tags{"amenity": "school"}, "education", "school"},
		{Tags{"amenity": "bank"}, "financial", "bank"},
		{Tags{"amenity": "pharmacy"}, "healthcare", "pharmacy"},
		{Tags{"amenity": "fire_station"}, "emergency", "fire_station"},
		{Tags{"amenity": "post_office"}, "service", "post_office"},
		{Tags{"amenity": "theatre"}, "culture", "theatre"},
		{Tags{"amenity": "parking"}, "transport", "parking"},
		{Tags{"amenity": "place_of_worship"}, "amenity", "place_of_worship"},
		{Tags{"tourism": "hotel"}, "accommodation", "hotel"},
		{Tags{"tourism": "viewpoint"}, "tourism", "viewpoint"},
		{Tags{"office": "lawyer"}, "business", "lawyer"},
		{Tags{"leisure": "park"}, "leisure", "park"},
		{Tags{"historic": "monument"}, "historic", "monument"},
		{Tags{"landuse": "cemetery"}, "funeral", "cemetery"},
		{Tags{"landuse": "residential"}, "other", "residential"},
		{Tags{"natural": "peak"}, "natural", "peak"},
		{Tags{"railway": "station"}, "transport", "station"},
		{Tags{"railway": "rail"}, "", ""},
		{Tags{"highway": "bus_stop"}, "transport", "bus_stop"},
		{Tags{"shop": "yes"}, "commercial", "shop"},
		{Tags{"shop": "no", "building": "yes"}, "building", "building"},
		{Tags{"name": "Nothing", "surface": "paved"}, "", ""},
		// What the reference overwrites with "building" or "tourism".
		{Tags{"building": "yes", "shop": "bakery"}, "commercial", "bakery"},
		{Tags{"building": "retail", "amenity": "cafe", "cuisine": "coffee"}, "food", "cafe"},
		{Tags{"building": "yes", "tourism": "museum"}, "culture", "museum"},
		{Tags{"building": "yes", "office": "company"}, "business", "company"},
		{Tags{"building": "church", "amenity": "place_of_worship", "historic": "heritage"}, "amenity", "place_of_worship"},
		{Tags{"building": "school"}, "education", "school"},
		{Tags{"amenity": "restaurant", "tourism": "hotel"}, "food", "restaurant"},
	} {
		if category, kind := PlaceClass(c.tags); category != c.category || kind != c.kind {
			t.Errorf("%v is %q %q, want %q %q", c.tags, category, kind, c.category, c.kind)
		}
	}
}

func TestStreetClass(t *testing.T) {
	for _, c := range []struct {
		tags     Tags
		category string
		street   bool
	}{
		{Tags{"highway": "motorway"}, "motorway", true},
		{Tags{"highway": "motorway_link"}, "motorway", true},
		{Tags{"highway": "primary"}, "major_road", true},
		{Tags{"highway": "tertiary_link"}, "major_road", true},
		{Tags{"highway": "residential"}, "residential", true},
		{Tags{"highway": "living_street"}, "residential", true},
		{Tags{"highway": "service"}, "service_road", true},
		{Tags{"highway": "unclassified"}, "minor_road", true},
		{Tags{"highway": "footway"}, "pedestrian", true},
		{Tags{"highway": "footway", "bicycle": "designated"}, "bicycle_road", true},
		{Tags{"highway": "path"}, "path", true},
		{Tags{"highway": "path", "foot": "designated"}, "foot_path", true},
		{Tags{"highway": "track"}, "track", true},
		{Tags{"highway": "cycleway"}, "cycleway", true},
		{Tags{"highway": "secodnary"}, "other", true}, // a slip that stands in the Delaware extract
		// What the reference turns into "sidewalk", "foot_path" and the like.
		{Tags{"highway": "residential", "sidewalk": "both"}, "residential", true},
		{Tags{"highway": "primary", "foot": "yes", "bicycle": "yes"}, "major_road", true},
		{Tags{"highway": "construction"}, "other", false},
		{Tags{"highway": "proposed"}, "other", false},
		{Tags{"highway": "pedestrian", "area": "yes"}, "pedestrian", false},
		{Tags{"railway": "rail"}, "other", false},
	} {
		category, kind := StreetClass(c.tags)
		if category != c.category || kind != c.tags["highway"] || IsStreet(c.tags) != c.street {
			t.Errorf("%v is %q %q, street %v; want %q, street %v", c.tags, category, kind, IsStreet(c.tags), c.category, c.street)
		}
	}
	if !IsRoad("living_street") || !IsRoad("motorway_link") || IsRoad("service") || IsRoad("footway") || IsRoad("") {
		t.Error("IsRoad draws the line at the wrong place")
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		tags         Tags
		name, street string
	}{
		{Tags{"name": " Main  Street ", "ref": "US 13"}, "Main Street", "Main Street"},
		{Tags{"official_name": "Saint Mary", "alt_name": "St Mary"}, "Saint Mary", "Saint Mary"},
		{Tags{"name": " ", "name:en": "Harbour", "name:fr": "Port"}, "Harbour", "Harbour"},
		{Tags{"name:zh-Hans": "街"}, "街", "街"},
		{Tags{"ref": "I 95;US 202"}, "", "I 95"},
		{Tags{"brand": "Elf"}, "", ""},
		{nil, "", ""},
	} {
		if Name(c.tags) != c.name || StreetName(c.tags) != c.street {
			t.Errorf("%v: %q and %q, want %q and %q", c.tags, Name(c.tags), StreetName(c.tags), c.name, c.street)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		want string
	}{
		{Tags{"addr:housenumber": "12", "addr:street": "Elm Lane", "addr:postcode": "19801", "addr:city": "Wilmington"}, "12 Elm Lane, 19801, Wilmington"},
		{Tags{"addr:housename": "The Mill", "addr:street": "Elm Lane"}, "The Mill Elm Lane"},
		{Tags{"addr:street": "Elm Lane"}, "Elm Lane"},
		{Tags{"addr:city": "Dover"}, "Dover"},
		{Tags{"addr:housenumber": "7", "addr:city": "Dover"}, "7, Dover"},
		{Tags{"addr:housenumber": "7"}, ""},
		{nil, ""},
	} {
		if got := Address(c.tags); got != c.want {
			t.Errorf("%v: %q, want %q", c.tags, got, c.want)
		}
	}
}

// FuzzClass checks what must hold of the classes of any tags.
func FuzzClass(f *testing.F) {
	f.Add("amenity", "cafe", "name", "A\t B", "highway", "service")
	f.Add("building", "yes", "ref", ";", "shop", "no")
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2, k3, v3 string) {
		tags := Tags{k1: v1, k2: v2, k3: v3}
		category, kind := PlaceClass(tags)
		if (category == "") != (kind == "") {
			t.Fatalf("%q: category %q, type %q", tags, category, kind)
		}
		if c, _ := StreetClass(tags); c == "" {
			t.Fatalf("%q: no category of street", tags)
		}
		for _, s := range []string{Name(tags), StreetName(tags), Address(tags)} {
			if s != strings.TrimSpace(s) || strings.ContainsAny(s, "\t\n") || strings.Contains(s, "  ") {
				t.Fatalf("%q: text %q is not clean", tags, s)
			}
		}
	})
}
