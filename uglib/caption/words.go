package caption

import (
	"math"
	"strconv"
	"strings"

	"urbangraph/uglib/city"
)

// streetWords says what a class of street is, by the value of highway.
var streetWords = map[string]string{
	"motorway": "motorway", "trunk": "trunk road", "primary": "primary road", "secondary": "secondary road", "tertiary": "tertiary road",
	"unclassified": "minor road", "road": "road", "residential": "residential street", "living_street": "living street",
	"service": "service road", "pedestrian": "pedestrian street", "track": "track", "cycleway": "cycleway", "bridleway": "bridleway",
	"footway": "footway", "path": "path", "steps": "stairway",
}

// StreetClass says in words what class of street a street is, such as "primary
// road" or "residential street".
func StreetClass(kind string) string {
	if w, ok := streetWords[kind]; ok {
		return w
	}
	switch base, link := strings.CutSuffix(kind, "_link"); {
	case link && base == "motorway":
		return "motorway ramp"
	case link:
		return strings.TrimSuffix(StreetClass(base), " road") + " link road"
	}
	return strings.TrimSpace(plain(kind) + " way")
}

// ways are the types of street that are no landmark where they meet another
// and have no name.
var ways = map[string]bool{"footway": true, "path": true, "steps": true, "cycleway": true, "bridleway": true, "track": true}

// plain turns a tag value into words.
func plain(value string) string {
	value, _, _ = strings.Cut(value, ";")
	return strings.TrimSpace(strings.ReplaceAll(value, "_", " "))
}

// silent categories add nothing to the type.
var silent = map[string]bool{"": true, "other": true, "amenity": true, "building": true, "natural": true, "place": true}

// placeWords says what a place is by category and type, such as "food
// restaurant" or "education school".
func placeWords(n *city.Node) string {
	kind, category := plain(n.Type), plain(n.Category)
	if n.Category == "building" && kind == "building" {
		return "building"
	}
	switch {
	case kind == "" && category == "":
		return "place"
	case kind == "":
		return category
	case silent[n.Category] || strings.Contains(kind, category):
		return kind
	}
	return category + " " + kind
}

// PlaceName says what a place is and its name, if it has one: "food restaurant
// Joe's", "parking".
func PlaceName(n *city.Node) string {
	return strings.TrimSpace(placeWords(n) + " " + n.Name)
}

// ground says what an unnamed feature is, by the first tag that tells; empty
// if it is nothing that a caption speaks of.
func ground(layer string, tags map[string]string) string {
	switch layer {
	case "parking":
		return "car park"
	case "water":
		for _, k := range []string{"water", "waterway", "natural", "landuse", "leisure"} {
			switch v := plain(tags[k]); v {
			case "", "water", "yes", "dock":
			case "riverbank":
				return "river"
			case "basin", "reservoir":
				return "pond"
			default:
				return v
			}
		}
		return "water"
	case "rail":
		if v := plain(tags["railway"]); v == "tram" || v == "light rail" {
			return v + " track"
		}
		return "railway"
	case "tree":
		return "trees"
	case "signal":
		return "traffic signals"
	case "zebra":
		return "zebra crossing"
	case "stop":
		if tags["highway"] == "give_way" {
			return "give-way sign"
		}
		return "stop sign"
	case "bus_stop":
		return "bus stop"
	case "plaza":
		if tags["place"] == "square" {
			return "square"
		}
	case "green":
		for _, k := range []string{"leisure", "landuse", "natural", "amenity"} {
			switch v := plain(tags[k]); v {
			case "":
			case "forest", "wood":
				return "wood"
			case "village green", "recreation ground", "common":
				return "park"
			case "farm":
				return "farmland"
			case "grave yard":
				return "graveyard"
			case "pitch":
				return kindOf(&city.Node{Type: "pitch", Tags: tags})
			case "greenfield":
				return "open ground"
			case "fell":
				return "grassland"
			default:
				return v
			}
		}
		return "grass"
	}
	return ""
}

var buildingWords = map[string]string{
	"house": "house", "detached": "house", "terrace": "house", "residential": "house", "semidetached_house": "house", "bungalow": "house", "farm": "house",
	"apartments": "apartment building", "dormitory": "apartment building", "hotel": "hotel",
	"retail": "shop building", "commercial": "shop building", "supermarket": "shop building", "shop": "shop building",
	"office": "office building", "hospital": "hospital",
	"industrial": "hall", "warehouse": "hall", "hangar": "hall", "train_station": "station hall", "stadium": "stadium", "parking": "parking garage",
	"school": "school building", "university": "school building", "college": "school building", "kindergarten": "school building",
	"church": "church", "cathedral": "church", "chapel": "church", "mosque": "mosque", "synagogue": "synagogue", "temple": "temple",
	"garage": "shed", "garages": "shed", "shed": "shed", "roof": "roof", "hut": "shed", "carport": "shed",
	"public": "public building", "civic": "public building", "government": "public building", "courthouse": "public building", "museum": "public building",
}

// buildingWord says what a building is, by its tag or else by its footprint in
// square metres.
func buildingWord(kind string, area float64) string {
	if w, ok := buildingWords[kind]; ok {
		return w
	}
	switch {
	case area < 260:
		return "small building"
	case area < 900:
		return "building"
	}
	return "large building"
}

// storeys reads the number of floors of a building: building:levels, else its
// height at 3.2 m each; 0 if neither is tagged.
func storeys(tags map[string]string) int {
	if v, err := strconv.ParseFloat(strings.TrimSpace(tags["building:levels"]), 64); err == nil && v >= 0.5 && v < 120 {
		return int(math.Round(v))
	}
	h := strings.TrimSpace(strings.TrimSuffix(tags["height"], "m"))
	if v, err := strconv.ParseFloat(h, 64); err == nil && v > 2 && v < 400 {
		return max(1, int(math.Round(v/3.2)))
	}
	return 0
}
