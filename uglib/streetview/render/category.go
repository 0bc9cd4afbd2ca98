package render

// Style is the look of the signs of a kind of place.
type Style struct {
	Paper, Ink uint32 // 0xRRGGBB
	Symbol     Symbol
}

// The palette of signs. Its colours lie far apart, so that the kind of a place
// is told by colour alone where the name is too small to read.
var (
	styleFood    = Style{0xE8481F, 0xFFF3D6, Fork}
	styleShop    = Style{0x1F5FD0, 0xFFFFFF, Bag}
	styleSchool  = Style{0xF2C21A, 0x2B2B2B, Book}
	styleHealth  = Style{0x12A150, 0xFFFFFF, Plus}
	styleMoney   = Style{0x14304F, 0xF3C54B, Coin}
	styleSleep   = Style{0xB0268F, 0xFFFFFF, Bed}
	styleTravel  = Style{0x0E9AA7, 0xFFFFFF, Bus}
	styleOffice  = Style{0x5F6C7B, 0xFFFFFF, Plain}
	styleHistory = Style{0x7A4A21, 0xFBE9C8, Temple}
	styleCulture = Style{0x6A2FB5, 0xFFFFFF, Temple}
	styleWorship = Style{0xF3F0EA, 0x5A3E8C, Cross}
	styleRescue  = Style{0xD0021B, 0xFFFFFF, Plain}
	styleService = Style{0xFFD400, 0x14408C, Letter}
	styleLeisure = Style{0x2E7D32, 0xF1F8E9, Leaf}
	styleCivic   = Style{0xEFEFEF, 0x1A2A4A, Temple}
	styleOther   = Style{0xB9B4A7, 0x2B2B2B, Plain}
)

// byCategory follows the categories of the UGE reference.
var byCategory = map[string]Style{
	"food": styleFood, "commercial": styleShop, "craft": styleShop, "education": styleSchool, "healthcare": styleHealth,
	"financial": styleMoney, "accommodation": styleSleep, "tourism": styleCulture, "transport": styleTravel, "business": styleOffice,
	"historic": styleHistory, "culture": styleCulture, "emergency": styleRescue, "service": styleService, "leisure": styleLeisure,
	"sport": styleLeisure, "natural": styleLeisure, "recreation": styleLeisure, "community": styleCivic, "government": styleCivic,
	"diplomatic": styleCivic, "funeral": styleHistory, "military": styleRescue, "amenity": styleOther, "building": styleOther,
}

// byType is finer than the category, and goes before it.
var byType = map[string]Style{
	"restaurant": styleFood, "cafe": styleFood, "bar": styleFood, "pub": styleFood, "fast_food": styleFood, "ice_cream": styleFood, "food_court": styleFood,
	"school": styleSchool, "university": styleSchool, "college": styleSchool, "kindergarten": styleSchool, "library": styleSchool,
	"pharmacy": styleHealth, "clinic": styleHealth, "doctors": styleHealth, "dentist": styleHealth, "hospital": styleHealth, "veterinary": styleHealth,
	"bank": styleMoney, "atm": styleMoney, "bureau_de_change": styleMoney,
	"hotel": styleSleep, "motel": styleSleep, "hostel": styleSleep, "guest_house": styleSleep,
	"place_of_worship": styleWorship, "church": styleWorship, "chapel": styleWorship, "mosque": styleWorship, "synagogue": styleWorship, "cathedral": styleWorship,
	"fire_station": styleRescue, "police": styleRescue,
	"post_office": styleService, "post_box": styleService, "fuel": styleTravel, "bus_station": styleTravel, "station": styleTravel,
	"townhall": styleCivic, "courthouse": styleCivic, "community_centre": styleCivic, "public_building": styleCivic,
	"theatre": styleCulture, "cinema": styleCulture, "museum": styleCulture, "arts_centre": styleCulture, "nightclub": styleCulture,
	"park": styleLeisure, "playground": styleLeisure, "sports_centre": styleLeisure, "stadium": styleLeisure, "garden": styleLeisure, "pitch": styleLeisure,
	"monument": styleHistory, "memorial": styleHistory, "ruins": styleHistory, "grave_yard": styleHistory, "cemetery": styleHistory,
}

// StyleOf returns the look of the sign of a place by its type, else by its
// category.
func StyleOf(category, kind string) Style {
	if s, ok := byType[kind]; ok {
		return s
	}
	if s, ok := byCategory[category]; ok {
		return s
	}
	return styleOther
}
