package render

import (
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// material is how a piece of ground looks: one colour, or two by a pattern of
// the place in metres along and across the axis, as far as reach.
type material struct {
	layer          uint8
	colour, second rgb
	pattern        func(u, v float64) bool
	axis           orb.Point
	reach          float32 // metres
}

// Layers of the ground, from the lowest.
const (
	layerLand uint8 = iota
	layerGreen
	layerWater
	layerGrounds // of schools, hospitals, ...
	layerPaved   // car parks, squares
	layerRail
	layerWalk // footways and sidewalks
	layerKerb
	layerMinor // tracks, service roads
	layerRoad
	layerMajor
	layerMark
	layers
)

var north = orb.Point{0, 1}

func plain(layer uint8, colour uint32) *material {
	return &material{layer: layer, colour: hex(colour), axis: north}
}

func patterned(layer uint8, colour, second uint32, reach float32, pattern func(u, v float64) bool) *material {
	return &material{layer, hex(colour), hex(second), pattern, north, reach}
}

// blotches are patches of about size metres.
func blotches(size float64) func(u, v float64) bool {
	return func(u, v float64) bool {
		h := uint64(int64(math.Floor(u/size)))*0x9E3779B97F4A7C15 ^ uint64(int64(math.Floor(v/size)))*0xC2B2AE3D27D4EB4F
		h ^= h >> 29
		h *= 0xBF58476D1CE4E5B9
		return h>>60 < 6
	}
}

// joints are the gaps between slabs of size metres.
func joints(size float64) func(u, v float64) bool {
	return func(u, v float64) bool {
		u, v = u/size, v/size
		return u-math.Floor(u) < 0.07 || v-math.Floor(v) < 0.07
	}
}

// bars lie across the axis, share of every period metres.
func bars(period, share float64) func(u, v float64) bool {
	return func(u, _ float64) bool {
		u /= period
		return u-math.Floor(u) < share
	}
}

// bays are the lines of a car park: rows of 5 m deep bays with lanes between.
func bays(u, v float64) bool {
	row := v - 16*math.Floor(v/16)
	if row > 10.2 {
		return false
	}
	bay := u - 2.6*math.Floor(u/2.6)
	return bay < 0.16 || math.Abs(row-5.1) < 0.08
}

var (
	lawn    = patterned(layerLand, 0x8FA86A, 0x87A062, 25, blotches(0.5))
	park    = patterned(layerGreen, 0x62B04A, 0x58A542, 25, blotches(0.6))
	wood    = patterned(layerGreen, 0x4C7A3C, 0x446F36, 25, blotches(0.8))
	pitch   = patterned(layerGrounds, 0x4FA85B, 0x45994F, 60, bars(8, 0.5))
	farm    = patterned(layerGreen, 0xB9B06A, 0xA79E5B, 40, bars(3, 0.5))
	sand    = patterned(layerGreen, 0xE2D3A0, 0xD8C894, 20, blotches(0.4))
	rock    = patterned(layerGreen, 0xA29C92, 0x928C82, 30, blotches(1.2))
	water   = patterned(layerWater, 0x3F86C6, 0x4C95D3, 60, func(u, v float64) bool { return blotches(0.9)(u/3, v) })
	parking = patterned(layerPaved, 0x6A6D78, 0xECECE4, 45, bays)
	plaza   = patterned(layerPaved, 0xCDBFAE, 0xB6A794, 25, joints(1.2))
	apron   = plain(layerPaved, 0xB5B2AA) // neutral ground around buildings
	gravel  = patterned(layerPaved, 0xB8B0A4, 0xAAA296, 15, blotches(0.2))
	graves  = patterned(layerGreen, 0x7FA06C, 0xC9C9C4, 60, func(u, v float64) bool {
		u, v = u-2.4*math.Floor(u/2.4), v-2.4*math.Floor(v/2.4)
		return u < 0.5 && v < 0.8
	})
	schoolyard = plain(layerGrounds, 0xD9CF8B)
	clinicyard = plain(layerGrounds, 0xC9DED0)
	industry   = plain(layerLand, 0xA9A7A0)
	town       = plain(layerLand, 0xA8A695)
	ballast    = patterned(layerRail, 0x8A8178, 0x7B736B, 15, blotches(0.3))
	walkway    = patterned(layerWalk, 0xD8D2C4, 0xBEB7A7, 20, joints(1.5))
	kerb       = plain(layerKerb, 0xC4C3BE)
	white      = plain(layerMark, 0xF4F4EE)
	yellow     = plain(layerMark, 0xF5C02E)
	steel      = plain(layerRail, 0x4B4A4C)
)

// road is the look of a class of street.
type road struct {
	lane    float64 // metres
	lanes   int     // without a lanes tag
	tone    uint32
	layer   uint8
	centre  bool // centre line
	edges   bool // edge lines
	cars    bool
	surface func(axis orb.Point) *material // instead of the tone
}

// roads holds the look by the value of highway. Widths are common lane widths;
// tones are apart enough to be told from one another.
var roads = map[string]road{
	"motorway":       {lane: 3.75, lanes: 4, tone: 0x4A4F5E, layer: layerMajor, centre: true, edges: true, cars: true},
	"motorway_link":  {lane: 4, lanes: 1, tone: 0x50556A, layer: layerMajor, edges: true, cars: true},
	"trunk":          {lane: 3.6, lanes: 4, tone: 0x515059, layer: layerMajor, centre: true, edges: true, cars: true},
	"trunk_link":     {lane: 4, lanes: 1, tone: 0x515059, layer: layerMajor, edges: true, cars: true},
	"primary":        {lane: 3.5, lanes: 3, tone: 0x5A5658, layer: layerMajor, centre: true, edges: true, cars: true},
	"primary_link":   {lane: 4, lanes: 1, tone: 0x5A5658, layer: layerMajor, edges: true, cars: true},
	"secondary":      {lane: 3.4, lanes: 2, tone: 0x656263, layer: layerMajor, centre: true, edges: true, cars: true},
	"secondary_link": {lane: 4, lanes: 1, tone: 0x656263, layer: layerMajor, cars: true},
	"tertiary":       {lane: 3.3, lanes: 2, tone: 0x727173, layer: layerRoad, centre: true, cars: true},
	"tertiary_link":  {lane: 3.6, lanes: 1, tone: 0x727173, layer: layerRoad, cars: true},
	"unclassified":   {lane: 2.9, lanes: 2, tone: 0x83817E, layer: layerRoad, cars: true},
	"residential":    {lane: 3.0, lanes: 2, tone: 0x8D8C8B, layer: layerRoad, cars: true},
	"living_street":  {lane: 2.8, lanes: 2, layer: layerRoad, cars: true, surface: tiles(0xB98A78, 0xA47463)},
	"service":        {lane: 3.6, lanes: 1, tone: 0x9C9A96, layer: layerMinor, cars: true},
	"track":          {lane: 2.8, lanes: 1, layer: layerMinor, surface: dirt},
	"pedestrian":     {lane: 6, lanes: 1, layer: layerMinor, surface: tiles(0xD6B9A0, 0xBF9F84)},
	"footway":        {lane: 2, lanes: 1, layer: layerWalk, surface: tiles(0xD8D2C4, 0xBEB7A7)},
	"path":           {lane: 1.4, lanes: 1, layer: layerWalk, surface: dirt},
	"bridleway":      {lane: 1.6, lanes: 1, layer: layerWalk, surface: dirt},
	"cycleway":       {lane: 2.4, lanes: 1, tone: 0xB5604E, layer: layerWalk},
	"steps":          {lane: 2, lanes: 1, layer: layerWalk, surface: stair},
}

func tiles(colour, second uint32) func(orb.Point) *material {
	return func(axis orb.Point) *material {
		return &material{layerMinor, hex(colour), hex(second), joints(1), axis, 20}
	}
}

func dirt(axis orb.Point) *material {
	return &material{layerWalk, hex(0xB39A72), hex(0xA68C64), blotches(0.3), axis, 15}
}

func stair(axis orb.Point) *material {
	return &material{layerWalk, hex(0xCFC8B8), hex(0x8F897C), bars(0.6, 0.4), axis, 40}
}

// roadOf returns the look of a street by its highway value and the number of
// lanes that it is drawn with.
func roadOf(highway string, tags map[string]string) (road, int) {
	r, ok := roads[highway]
	if !ok {
		r = roads["service"]
		r.cars = false
	}
	n := r.lanes
	if v, err := strconv.Atoi(tags["lanes"]); err == nil && v >= 1 && v <= 10 && r.cars {
		n = v
	} else if tags["oneway"] == "yes" && n > 2 {
		n = 2
	}
	return r, n
}

// widthOf is the width of a street in metres: the tag width, else lanes times
// the width of a lane.
func widthOf(r road, lanes int, tags map[string]string) float64 {
	if w, ok := metres(tags["width"]); ok && w >= 1 && w <= 40 {
		return w
	}
	return float64(lanes) * r.lane
}

// metres reads a length such as "12", "12.5 m" or "40'" (feet).
func metres(s string) (float64, bool) {
	s = strings.TrimSpace(s)
	unit := 1.0
	switch {
	case strings.HasSuffix(s, "ft"):
		s, unit = strings.TrimSuffix(s, "ft"), 0.3048
	case strings.HasSuffix(s, "'"):
		s, unit = strings.TrimSuffix(s, "'"), 0.3048
	case strings.HasSuffix(s, "m"):
		s = strings.TrimSuffix(s, "m")
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || v <= 0 || v > 1000 {
		return 0, false
	}
	return v * unit, true
}

// storey is the height of a floor in metres.
const storey = 3.2

// house is the look of a type of building without tags of its own.
type house struct {
	low, high float64 // range of the height in metres
	walls     []uint32
	pane      uint32
	pitch     float64 // metres between windows
	gable     bool
}

var (
	dwelling = house{5.5, 8, []uint32{0xB5695A, 0xE0D3BC, 0xC9B79C, 0xA9B5BC, 0xD9C7A6, 0x9C5F50}, 0x4E5D6C, 3.2, true}
	flats    = house{10, 19, []uint32{0xB77B62, 0xCDB797, 0xC8BEB2, 0xA88E78}, 0x55677A, 2.8, false}
	shopping = house{5, 8, []uint32{0xD2C5B2, 0xC3B8AC, 0xDDD2C0}, 0x6F93AC, 3, false}
	tower    = house{14, 30, []uint32{0x8FA3B5, 0xA9B4BD, 0x97A7A6}, 0x5B86A8, 2.2, false}
	hall     = house{6, 10, []uint32{0xAEB2B4, 0xB9B3A6, 0x9BA6AE}, 0x6E7C88, 8, false}
	school   = house{7, 11, []uint32{0xC07A56, 0xC98E62}, 0x7FA3BE, 2.6, false}
	temple   = house{10, 14, []uint32{0xD8D2C8, 0xBFB3A5}, 0x6B5B86, 4, true}
	shed     = house{2.6, 3.4, []uint32{0xB5A78F, 0xA59A8B}, 0x6E6A62, 40, true}
	stately  = house{12, 18, []uint32{0xE1D8C6, 0xD5CAB6}, 0x596F86, 3, false}
)

var houses = map[string]house{
	"house": dwelling, "detached": dwelling, "terrace": dwelling, "residential": dwelling, "semidetached_house": dwelling, "bungalow": dwelling, "farm": dwelling,
	"apartments": flats, "dormitory": flats, "hotel": flats,
	"retail": shopping, "commercial": shopping, "supermarket": shopping, "shop": shopping,
	"office": tower, "hospital": tower,
	"industrial": hall, "warehouse": hall, "hangar": hall, "train_station": hall, "stadium": hall, "parking": hall,
	"school": school, "university": school, "college": school, "kindergarten": school,
	"church": temple, "cathedral": temple, "chapel": temple, "mosque": temple, "synagogue": temple, "temple": temple,
	"garage": shed, "garages": shed, "shed": shed, "roof": shed, "hut": shed, "carport": shed,
	"public": stately, "civic": stately, "government": stately, "courthouse": stately, "museum": stately,
}

// houseOf falls back on the footprint: small buildings are dwellings, middle
// ones shops with flats above, large ones halls.
func houseOf(kind string, area float64) house {
	if h, ok := houses[kind]; ok {
		return h
	}
	switch {
	case area < 40:
		return shed
	case area < 260:
		return dwelling
	case area < 900:
		return flats
	case area < 3000:
		return shopping
	}
	return hall
}

// heightOf is the height of a building in metres.
func heightOf(tags map[string]string, h house, seed uint64) float64 {
	if v, ok := metres(tags["height"]); ok {
		return clamp(v, 2, 400)
	}
	if n, err := strconv.ParseFloat(tags["building:levels"], 64); err == nil && n > 0 && n < 120 {
		return n*storey + 0.6
	}
	return h.low + (h.high-h.low)*unit(seed)
}

// names of colours that building:colour uses, beside #rrggbb.
var named = map[string]uint32{
	"white": 0xEDEBE6, "black": 0x3A3A3C, "grey": 0x9A9A9A, "gray": 0x9A9A9A, "red": 0xB2453A, "brown": 0x8A5A3C, "yellow": 0xE3CB6B,
	"beige": 0xDCCFB2, "green": 0x6E9B62, "blue": 0x6C8FB8, "orange": 0xD98B4A, "pink": 0xDDAAA8, "silver": 0xC0C4C8, "tan": 0xCDB38B, "maroon": 0x7D3B36,
}

func namedColour(s string) (rgb, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if v, ok := named[s]; ok {
		return hex(v), true
	}
	if digits, ok := strings.CutPrefix(s, "#"); ok && len(digits) == 6 {
		if v, err := strconv.ParseUint(digits, 16, 32); err == nil {
			return hex(uint32(v)), true
		}
	}
	return rgb{}, false
}
