package caption

import (
	"slices"
	"strings"
	"unicode"

	"urbangraph/uglib/city"
)

// kindWords say what a place is, by its type, where the words of the tag do not.
var kindWords = map[string]string{
	// food
	"fast_food": "fast-food restaurant", "cafe": "café", "ice_cream": "ice-cream parlour", "biergarten": "beer garden", "pub": "pub",
	// education, health, service
	"kindergarten": "kindergarten", "preschool": "preschool", "childcare": "day nursery", "doctors": "doctor's office", "dentist": "dentist",
	"clinic": "clinic", "nursing_home": "nursing home", "veterinary": "veterinary clinic", "atm": "ATM", "bureau_de_change": "currency exchange",
	"police": "police station", "fire_station": "fire station", "post_office": "post office", "embassy": "embassy", "prison": "prison",
	"bank": "bank", "townhall": "town hall", "grave_yard": "graveyard", "arts_centre": "arts centre", "social_centre": "social centre",
	"place_of_worship": "place of worship", "fuel": "fuel station", "parking": "car park", "parking_entrance": "car park entrance",
	"parking_space": "parking space", "bicycle_parking": "bicycle stand", "bicycle_rental": "bicycle rental station", "car_rental": "car rental",
	"taxi": "taxi stand", "bus_stop": "bus stop", "bus_station": "bus station", "platform": "platform", "stop_position": "stop",
	"station": "railway station", "halt": "railway halt", "tram_stop": "tram stop", "subway_entrance": "subway entrance",
	"aerodrome": "airfield", "helipad": "helipad", "heliport": "heliport", "terminal": "terminal", "gate": "gate",
	"public_building": "public building", "marketplace": "marketplace", "drinking_water": "drinking fountain", "fountain": "fountain", "toilets": "public toilets",
	"waste_disposal": "waste disposal site", "recycling": "recycling point", "social_facility": "social facility", "post_box": "post box",
	// shops whose word is no goods
	"shop": "shop", "supermarket": "supermarket", "bakery": "bakery", "butcher": "butcher's shop", "convenience": "convenience store",
	"department_store": "department store", "mall": "shopping mall", "kiosk": "kiosk", "books": "bookshop", "hairdresser": "hairdresser",
	"beauty": "beauty salon", "car": "car dealer", "car_repair": "car repair shop", "car_parts": "car parts shop", "florist": "florist",
	"optician": "optician", "jewelry": "jeweller", "travel_agency": "travel agency", "laundry": "laundry", "dry_cleaning": "dry cleaner",
	"chemist": "drugstore", "tailor": "tailor", "tobacco": "tobacconist", "newsagent": "newsagent", "estate_agent": "estate agent",
	"doityourself": "DIY store", "hardware": "hardware store", "alcohol": "liquor store", "beverages": "beverage store", "variety_store": "variety store",
	"copyshop": "copy shop", "funeral_directors": "funeral parlour", "garden_centre": "garden centre", "greengrocer": "greengrocer",
	"deli": "delicatessen", "pastry": "pastry shop", "second_hand": "second-hand shop", "charity": "charity shop", "pawnbroker": "pawnbroker",
	"shoe_repair": "shoe repair shop", "photographer": "photographer", "pharmacy": "pharmacy",
	"trade": "trade supplier", "wholesale": "wholesaler", "vacant": "vacant shop", "ticket": "ticket office", "massage": "massage parlour",
	"tattoo": "tattoo parlour", "hifi": "hi-fi shop", "general": "general store", "outpost": "pick-up shop", "storage_rental": "storage rental",
	"mobile_phone": "mobile phone shop", "clothes": "clothes shop", "shoes": "shoe shop", "toys": "toy shop", "pet": "pet shop",
	"gift": "gift shop", "houseware": "housewares shop", "cosmetics": "cosmetics shop", "sports": "sports shop", "art": "art gallery",
	"electronics": "electronics shop", "perfumery": "perfumery", "bag": "bag shop", "glasses": "optician", "interior_decoration": "interior shop",
	// offices
	"company": "company office", "lawyer": "law office", "insurance": "insurance office", "accountant": "accountant's office",
	"government": "government office", "administrative": "government office", "association": "association", "ngo": "non-profit office",
	"foundation": "foundation", "it": "IT company", "telecommunication": "telecommunications office", "architect": "architect's office",
	"employment_agency": "employment agency", "newspaper": "newspaper office", "coworking": "coworking space", "educational_institution": "school office",
	// leisure, tourism, history
	"pitch": "sports pitch", "sports_centre": "sports centre", "fitness_centre": "fitness centre", "golf_course": "golf course",
	"swimming_pool": "swimming pool", "nature_reserve": "nature reserve", "ice_rink": "ice rink", "water_park": "water park", "dog_park": "dog park",
	"picnic_table": "picnic table", "track": "running track", "common": "common", "attraction": "attraction", "information": "information point",
	"artwork": "artwork", "viewpoint": "viewpoint", "picnic_site": "picnic site", "theme_park": "theme park", "guest_house": "guest house",
	"camp_site": "camp site", "apartment": "holiday apartment", "alpine_hut": "alpine hut", "wilderness_hut": "shelter hut",
	"heritage": "heritage site", "historic": "historic site", "building": "building", "archaeological_site": "archaeological site",
	"wayside_cross": "wayside cross", "wayside_shrine": "wayside shrine", "city_gate": "city gate", "tomb": "tomb", "ruins": "ruin",
	"memorial": "memorial", "boundary_stone": "boundary stone", "yes": "site", "district": "historic district",
	// nature and land
	"peak": "peak", "saddle": "mountain pass", "spring": "spring", "cave_entrance": "cave", "wood": "wood", "forest": "wood", "tree": "tree",
	"cemetery": "cemetery", "residential": "housing area", "commercial": "business area", "retail": "shopping area", "industrial": "industrial area",
	"military": "military area", "construction": "construction site", "farmyard": "farmyard", "square": "square", "grass": "grass", "pedestrian": "square",
	"water_tower": "water tower", "wastewater_plant": "sewage works", "works": "factory", "communications_tower": "radio tower",
	"lighthouse": "lighthouse", "surveillance": "surveillance camera", "reservoir_covered": "covered reservoir", "bridge": "bridge",
}

// Endings of words that are a shop or an office by themselves.
var (
	shopEndings   = []string{"shop", "store", "market", "agency", "salon", "dealer", "rental", "centre", "smith", "maker", "cleaner"}
	officeEndings = []string{"office", "agency", "agent", "company", "firm", "bank", "centre"}
)

// kindOf says what a place is in words, such as "restaurant", "clothes shop" or
// "primary school".
func kindOf(n *city.Node) string {
	kind := plain(n.Type)
	switch n.Type {
	case "place_of_worship":
		if w := worship(n.Tags); w != "" {
			return w
		}
	case "water":
		if w := plain(n.Tags["water"]); w != "" {
			return w
		}
	case "pitch":
		switch sport := plain(n.Tags["sport"]); sport {
		case "", "multi":
		case "soccer":
			return "football pitch"
		case "beachvolleyball":
			return "beach volleyball pitch"
		default:
			return sport + " pitch"
		}
	}
	switch w := kindWords[n.Type]; {
	case n.Category == "building":
		switch w := buildingWords[n.Type]; w {
		case "", "shed", "roof":
			return "building"
		case "hall":
			return "industrial building"
		default:
			return w
		}
	case w != "":
		return w
	case kind == "" && silent[n.Category]:
		return "place"
	case kind == "":
		return plain(n.Category) + " place"
	case n.Category == "commercial" && !endsIn(kind, shopEndings):
		if strings.HasSuffix(kind, "s") && !strings.HasSuffix(kind, "ss") { // "tyres": a tyre shop
			kind = strings.TrimSuffix(kind, "s")
		}
		return kind + " shop"
	case n.Category == "business" && !endsIn(kind, officeEndings):
		return kind + " office"
	}
	return kind
}

func endsIn(word string, endings []string) bool {
	return slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(word, e) })
}

// worship says what house of worship a place is.
func worship(tags map[string]string) string {
	switch tags["religion"] {
	case "christian":
		return "church"
	case "muslim":
		return "mosque"
	case "jewish":
		return "synagogue"
	case "hindu", "buddhist", "sikh", "taoist", "shinto", "jain":
		return "temple"
	}
	return ""
}

// called joins what a thing is and its name: "restaurant Joe's"; the name alone
// where it says what the thing is, as "Howard High School" does.
func called(what, name string) string {
	switch {
	case name == "":
		return what
	case what == "" || says(name, what):
		return name
	}
	return what + " " + name
}

// waters are words of which one in a name says that it is that of a water.
var waters = []string{
	"river", "creek", "brook", "run", "branch", "stream", "canal", "ditch", "lake", "pond", "reservoir", "bay", "harbour", "harbor", "marsh",
	"riu", "torrent", "estany", "llac", "río", "rio", "arroyo", "lago", "laguna", "rivière", "ruisseau", "lac", "étang", "fluss", "bach", "see", "fiume", "rivier",
}

// says reports whether a name holds the last word of what a thing is, or another
// that says as much.
func says(name, what string) bool {
	last := what[strings.LastIndexByte(what, ' ')+1:]
	water := slices.Contains(waters, what) || what == "water"
	for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' }) {
		if w == last || w == last+"s" || water && slices.Contains(waters, w) {
			return true
		}
	}
	return false
}

// Kind says what a place or an area is in words, such as "restaurant", "clothes
// shop" or "church".
func Kind(n *city.Node) string { return kindOf(n) }

// Called says what a place or an area is and its name: "clothes shop Outlet
// Mango"; the name alone where it says what it is, as "Howard High School" does.
func Called(n *city.Node) string { return called(kindOf(n), tidy(n.Name)) }

// Tidy makes a name fit for a text: runs of white space become one space, and
// characters that are not shown, those that turn the direction of writing among
// them, go. The script stays.
func Tidy(name string) string { return tidy(name) }
