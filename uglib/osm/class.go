package osm

import (
	"slices"
	"strings"
)

// rule gives a category to elements with a tag.
type rule struct {
	key      string
	values   []string // empty: any value
	category string
}

// rules gives the category of places. The first rule that holds decides, and
// its tag is the type. The categories are those of the UGE reference, where a
// later tag overwrites an earlier one so that most shops and restaurants end as
// "building"; here the special tag comes before the general one and building
// is the last of all. A few values that the reference leaves in "amenity"
// join the category of their kind (a doctor's to healthcare, a court to
// government), and landuse and man_made, which it does not read, end in "other".
var rules = []rule{
	{"amenity", []string{"restaurant", "cafe", "bar", "pub", "fast_food", "food_court", "ice_cream", "biergarten"}, "food"},
	{"amenity", []string{"school", "university", "college", "kindergarten", "preschool", "library", "childcare", "language_school", "music_school", "driving_school"}, "education"},
	{"amenity", []string{"bank", "atm", "bureau_de_change"}, "financial"},
	{"amenity", []string{"hospital", "pharmacy", "clinic", "dentist", "doctors", "veterinary", "nursing_home"}, "healthcare"},
	{"amenity", []string{"police", "fire_station", "ambulance_station"}, "emergency"},
	{"amenity", []string{"post_office"}, "service"},
	{"amenity", []string{"theatre", "cinema", "arts_centre", "museum"}, "culture"},
	{"amenity", []string{"community_centre", "social_centre"}, "community"},
	{"amenity", []string{"townhall", "courthouse"}, "government"},
	{"amenity", []string{"embassy"}, "diplomatic"},
	{"amenity", []string{"grave_yard"}, "funeral"},
	{"amenity", []string{"parking", "car_rental", "bicycle_rental", "bicycle_parking", "bus_station", "taxi", "fuel", "charging_station", "ferry_terminal", "car_sharing", "parking_entrance", "parking_space"}, "transport"},
	{"tourism", []string{"hotel", "hostel", "motel", "guest_house", "camp_site", "caravan_site", "apartment", "chalet", "alpine_hut", "wilderness_hut"}, "accommodation"},
	{"tourism", []string{"museum", "gallery"}, "culture"},
	{"tourism", []string{"zoo"}, "tourism"},
	{"shop", nil, "commercial"},
	{"healthcare", nil, "healthcare"},
	{"emergency", []string{"ambulance_station", "fire_hydrant", "phone", "defibrillator", "assembly_point", "lifeguard"}, "emergency"},
	{"diplomatic", nil, "diplomatic"},
	{"embassy", nil, "diplomatic"},
	{"consulate", nil, "diplomatic"},
	{"government", nil, "government"},
	{"office", []string{"government", "administrative"}, "government"},
	{"office", []string{"diplomatic"}, "diplomatic"},
	{"office", nil, "business"},
	{"craft", nil, "craft"},
	{"landuse", []string{"cemetery"}, "funeral"},
	{"cemetery", nil, "funeral"},
	{"amenity", nil, "amenity"},
	{"historic", nil, "historic"},
	{"memorial", nil, "historic"},
	{"castle_type", nil, "historic"},
	{"archaeological_site", nil, "historic"},
	{"tomb", nil, "historic"},
	{"ruins", nil, "historic"},
	{"tourism", nil, "tourism"},
	{"military", nil, "military"},
	{"aeroway", nil, "transport"},
	{"railway", []string{"station", "halt", "tram_stop", "subway_entrance", "stop", "platform"}, "transport"},
	{"public_transport", nil, "transport"},
	{"highway", []string{"bus_stop", "services", "rest_area"}, "transport"},
	{"club", nil, "recreation"},
	{"leisure", nil, "leisure"},
	{"sport", nil, "sport"},
	{"cuisine", nil, "food"},
	{"community_centre", nil, "community"},
	{"school", nil, "education"},
	{"heritage", nil, "historic"},
	{"natural", nil, "natural"},
	{"place", nil, "place"},
	{"building", []string{"school", "university", "college", "kindergarten"}, "education"},
	{"building", []string{"hotel"}, "accommodation"},
	{"building", []string{"hospital"}, "healthcare"},
	{"building", nil, "building"},
	{"landuse", nil, "other"},
	{"man_made", nil, "other"},
}

// PlaceClass returns the category of a place of the UGE reference and the
// value of the tag that decided it, the key where the value is only "yes".
// The category is empty if no tag says what the place is.
func PlaceClass(t Tags) (category, kind string) {
	for _, r := range rules {
		v := t[r.key]
		if v == "" || v == "no" || len(r.values) > 0 && !slices.Contains(r.values, v) {
			continue
		}
		if v == "yes" {
			v = r.key
		}
		return r.category, v
	}
	return "", ""
}

// noStreet are the values of highway that are no street that one can use, or
// no line of travel at all.
var noStreet = []string{
	"proposed", "construction", "planned", "abandoned", "disused", "razed", "demolished", "no",
	"platform", "elevator", "corridor", "rest_area", "services", "bus_stop", "raceway", "emergency_bay", "via_ferrata",
}

// IsStreet reports whether the tags of a way are those of a street.
func IsStreet(t Tags) bool {
	h := t["highway"]
	return h != "" && t["area"] != "yes" && !slices.Contains(noStreet, h)
}

// StreetClass returns the category of a street of the UGE reference and its
// type, the value of highway. A category by bicycle, cycleway, sidewalk or foot
// overwrites one by highway there, so that most town streets would end as
// "foot_path"; here those tags decide only where the class by highway is
// "path", "pedestrian" or "other". Links have the category of their road.
func StreetClass(t Tags) (category, kind string) {
	kind = t["highway"]
	switch strings.TrimSuffix(kind, "_link") {
	case "motorway":
		return "motorway", kind
	case "trunk", "primary", "secondary", "tertiary":
		return "major_road", kind
	case "residential", "living_street":
		return "residential", kind
	case "service":
		return "service_road", kind
	case "unclassified", "road":
		return "minor_road", kind
	case "track":
		return "track", kind
	case "cycleway":
		return "cycleway", kind
	case "pedestrian", "footway", "steps":
		category = "pedestrian"
	case "path", "bridleway":
		category = "path"
	default:
		category = "other"
	}
	allowed := []string{"yes", "designated", "permitted"}
	switch {
	case category != "other" && t["bicycle"] == "designated", category == "other" && slices.Contains(allowed, t["bicycle"]):
		category = "bicycle_road"
	case category == "path" && slices.Contains(allowed, t["foot"]), category == "other" && slices.Contains(allowed, t["foot"]):
		category = "foot_path"
	}
	return category, kind
}

// IsRoad reports whether a street of this type is a road for vehicles rather
// than a way for walking or cycling, a track or a driveway.
func IsRoad(kind string) bool { return Rank(kind) <= Rank("living_street") }

var ranks = []string{
	"motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "road", "residential", "living_street",
	"pedestrian", "service", "track", "cycleway", "bridleway", "footway", "path", "steps",
}

// Rank orders the types of streets from the most important (0) down. A link
// ranks as its road; an unknown type comes behind all.
func Rank(kind string) int {
	if i := slices.Index(ranks, strings.TrimSuffix(kind, "_link")); i >= 0 {
		return i
	}
	return len(ranks)
}
