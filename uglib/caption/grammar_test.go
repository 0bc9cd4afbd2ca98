package caption

import (
	"strings"
	"testing"

	"urbangraph/uglib/city"
)

func TestArticle(t *testing.T) {
	for words, want := range map[string]string{
		"office building": "an office building", "one-way road": "a one-way road", "8-storey building": "an 8-storey building",
		"18-storey building": "an 18-storey building", "11-lane road": "an 11-lane road", "110-storey building": "a 110-storey building",
		"1-lane road": "a 1-lane road", "university": "a university", "unclassified road": "an unclassified road", "uninhabited area": "an uninhabited area",
		"hotel": "a hotel", "hour hotel": "an hour hotel", "ATM": "an ATM", "DIY store": "a DIY store", "IT company": "an IT company", "école": "an école",
		"traffic signals": "traffic signals", "water": "water", "": "", "European school": "a European school", "utility building": "a utility building",
	} {
		if got := article(words); got != want {
			t.Errorf("article(%q) = %q, want %q", words, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for word, want := range map[string]string{
		"church": "churches", "house": "houses", "library": "libraries", "play": "plays", "bus stop": "bus stops", "bus": "buses", "wash": "washes",
		"place of worship": "places of worship", "gallery": "galleries", "box": "boxes", "roof": "roofs", "trees": "trees", "public toilets": "public toilets",
		"post office": "post offices", "café": "cafés", "pharmacy": "pharmacies", "business": "businesses",
	} {
		if got := plural(word); got != want {
			t.Errorf("plural(%q) = %q, want %q", word, got, want)
		}
	}
	for _, x := range []struct {
		n    int
		want string
	}{{1, "a school"}, {2, "two schools"}, {12, "twelve schools"}, {13, "13 schools"}} {
		if got := counted(x.n, "school"); got != x.want {
			t.Errorf("%d: %q, want %q", x.n, got, x.want)
		}
	}
	if got := list([]string{"a", "b", "c"}); got != "a, b and c" {
		t.Errorf("list: %q", got)
	}
}

func TestNamesOfEveryScript(t *testing.T) {
	for name, want := range map[string]string{
		"  Elm   Lane ": "Elm Lane", "שדרות רוטשילד": "שדרות רוטשילד", "شارع\u200f النيل": "شارع النيل", "\u202eevil\u202c": "evil", "a\nb\tc": "a b c",
		"天安门广场": "天安门广场", "café\x00": "café", "\u2067x\u2069": "x", "\xff": "", "नेहरू मार्ग": "नेहरू मार्ग", "": "",
	} {
		if got := tidy(name); got != want {
			t.Errorf("tidy(%q) = %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string]string{
		"Acme Co.": "Acme Co.", "Yahoo!": "Yahoo!", "麺屋。": "麺屋。", "Elm Lane": "Elm Lane.", "ماذا؟": "ماذا؟",
	} {
		if got := sentence(text); got != want {
			t.Errorf("sentence(%q) = %q, want %q", text, got, want)
		}
	}
	if got := upper("école"); got != "École" {
		t.Errorf("upper: %q", got)
	}
}

func TestKinds(t *testing.T) {
	for _, x := range []struct {
		node city.Node
		want string // with the name
	}{
		{city.Node{Category: "food", Type: "restaurant", Name: "Joe's"}, "restaurant Joe's"},
		{city.Node{Category: "commercial", Type: "clothes", Name: "Outlet Mango"}, "clothes shop Outlet Mango"},
		{city.Node{Category: "commercial", Type: "tyres", Name: "KM0"}, "tyre shop KM0"},
		{city.Node{Category: "commercial", Type: "computer", Name: "Bit"}, "computer shop Bit"},
		{city.Node{Category: "commercial", Type: "supermarket"}, "supermarket"},
		{city.Node{Category: "commercial", Type: "shop", Name: "Elm Shop"}, "Elm Shop"},
		{city.Node{Category: "business", Type: "lawyer", Name: "A & B"}, "law office A & B"},
		{city.Node{Category: "business", Type: "surveyor"}, "surveyor office"},
		{city.Node{Category: "education", Type: "school", Name: "Howard High School"}, "Howard High School"},
		{city.Node{Category: "education", Type: "school", Name: "Schoolhouse Lane"}, "school Schoolhouse Lane"},
		{city.Node{Category: "accommodation", Type: "hotel", Name: "Hotel Plaza"}, "Hotel Plaza"},
		{city.Node{Category: "amenity", Type: "place_of_worship", Name: "St. Mary", Tags: map[string]string{"religion": "christian"}}, "church St. Mary"},
		{city.Node{Category: "amenity", Type: "place_of_worship", Name: "X"}, "place of worship X"},
		{city.Node{Category: "emergency", Type: "police"}, "police station"},
		{city.Node{Category: "building", Type: "yes", Name: "Casa"}, "building Casa"},
		{city.Node{Category: "building", Type: "apartments", Name: "Elm Court"}, "apartment building Elm Court"},
		{city.Node{Category: "natural", Type: "water", Name: "Silver Lake"}, "Silver Lake"},
		{city.Node{Category: "natural", Type: "water", Name: "Le Loch"}, "water Le Loch"},
		{city.Node{Category: "leisure", Type: "pitch", Tags: map[string]string{"sport": "tennis;padel"}}, "tennis pitch"},
		{city.Node{Category: "food"}, "food place"},
		{city.Node{Category: "amenity", Type: "moon_base", Name: "天"}, "moon base 天"},
		{city.Node{}, "place"},
	} {
		if got := called(kindOf(&x.node), x.node.Name); got != x.want {
			t.Errorf("%+v is %q, want %q", x.node, got, x.want)
		}
	}
	for kind, words := range kindWords {
		if words == "" || words != strings.TrimSpace(words) || strings.ContainsAny(words, "_;") {
			t.Errorf("%s is %q", kind, words)
		}
	}
}
