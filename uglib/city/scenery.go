package city

import (
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"

	"urbangraph/uglib/osm"
)

// Layers are the kinds of scenery, in the order in which a map draws them. What
// a landuse area is built up with is not drawn.
var Layers = []string{
	// areas
	"landuse", "green", "water", "plaza", "parking", "building",
	// lines; of water also where a stream is drawn as a line
	"rail", "barrier", "tree_row",
	// points
	"tree", "lamp", "bench", "stop", "zebra", "signal", "bus_stop", "shop", "amenity",
}

// layer is a rule that puts elements with a tag into a layer.
type layer struct {
	key    string
	values []string // empty: any but "no"
	layer  string
}

var areaLayers = []layer{
	{"building", nil, "building"},
	{"amenity", []string{"parking"}, "parking"},
	{"natural", []string{"water"}, "water"},
	{"waterway", []string{"riverbank", "dock"}, "water"},
	{"landuse", []string{"reservoir", "basin"}, "water"},
	{"leisure", []string{"swimming_pool", "marina"}, "water"},
	{"leisure", []string{"park", "garden", "pitch", "golf_course", "playground", "nature_reserve", "common", "recreation_ground", "dog_park"}, "green"},
	{"landuse", []string{"grass", "forest", "meadow", "cemetery", "recreation_ground", "village_green", "orchard", "farmland", "farm", "allotments", "vineyard", "greenfield"}, "green"},
	{"natural", []string{"wood", "grassland", "scrub", "heath", "wetland", "fell"}, "green"},
	{"amenity", []string{"grave_yard"}, "green"},
	{"highway", []string{"pedestrian", "footway"}, "plaza"},
	{"place", []string{"square"}, "plaza"},
	{"landuse", []string{"residential", "commercial", "retail", "industrial", "education", "institutional", "port", "railway", "military", "quarry", "construction", "farmyard", "garages"}, "landuse"},
}

var lineLayers = []layer{
	{"railway", []string{"rail", "light_rail", "tram", "narrow_gauge", "subway", "funicular"}, "rail"},
	{"waterway", []string{"river", "stream", "canal"}, "water"},
	{"barrier", []string{"wall", "fence", "hedge", "retaining_wall", "city_wall", "guard_rail"}, "barrier"},
	{"natural", []string{"tree_row"}, "tree_row"},
}

var pointLayers = []layer{
	{"natural", []string{"tree"}, "tree"},
	{"highway", []string{"traffic_signals"}, "signal"},
	{"highway", []string{"crossing"}, "zebra"},
	{"highway", []string{"stop", "give_way"}, "stop"},
	{"highway", []string{"street_lamp"}, "lamp"},
	{"highway", []string{"bus_stop"}, "bus_stop"},
	{"amenity", []string{"bench"}, "bench"},
	{"shop", nil, "shop"},
	{"amenity", nil, "amenity"},
}

// layerOf returns the layer of an element, empty if it is not drawn.
func layerOf(rules []layer, t osm.Tags) string {
	for _, r := range rules {
		v := t[r.key]
		if v != "" && v != "no" && (len(r.values) == 0 || slices.Contains(r.values, v)) {
			return r.layer
		}
	}
	return ""
}

// drawn are the tags that matter for drawing.
var drawn = []string{
	"name", "addr:housenumber", "addr:street",
	"building", "building:levels", "building:min_level", "building:colour", "building:color", "building:material", "building:use",
	"height", "min_height", "est_height", "levels",
	"roof:shape", "roof:colour", "roof:color", "roof:height", "roof:levels", "roof:material", "roof:orientation",
	"shop", "amenity", "office", "tourism", "leisure", "historic", "place", "cuisine", "brand", "religion", "denomination", "sport",
	"landuse", "natural", "waterway", "water", "wetland", "railway", "barrier", "highway", "crossing", "direction", "traffic_signals:direction",
	"surface", "parking", "width", "layer", "tunnel", "bridge", "colour", "material", "leaf_type", "genus", "species",
}

// drawTags returns the tags of t that matter for drawing. There is at least
// one, by which the layer was chosen.
func drawTags(t osm.Tags) map[string]string {
	out := make(map[string]string)
	for _, k := range drawn {
		if v := t[k]; v != "" {
			out[k] = v
		}
	}
	return out
}

// scenery adds what is drawn: all buildings, green, water and the like, cut
// near the box, and points that are no node of the graph.
func (b *builder) scenery(m *osm.Map) {
	box := m.Bound.Pad(edgeOfBox)
	add := func(id int64, rules []layer, t osm.Tags, g orb.Geometry) {
		if l := layerOf(rules, t); l != "" && g != nil {
			b.city.Scenery = append(b.city.Scenery, Feature{OSM: id, Layer: l, Tags: drawTags(t), Geometry: g})
		}
	}
	for _, a := range m.Areas {
		if layerOf(areaLayers, a.Tags) != "" {
			add(a.ID, areaLayers, a.Tags, clip.Geometry(box, orb.Clone(a.Geometry)))
		}
	}
	for _, w := range m.Ways {
		if w.Tags["tunnel"] == "yes" || w.Tags["tunnel"] == "culvert" {
			continue
		}
		add(w.ID, lineLayers, w.Tags, w.Line)
	}
	nodes := map[int64]bool{}
	for _, n := range b.city.Nodes {
		if n.Kind == POI {
			nodes[n.OSM] = true
		}
	}
	for _, p := range m.Points {
		if !nodes[p.ID] || p.Tags["highway"] == "bus_stop" {
			add(p.ID, pointLayers, p.Tags, p.At)
		}
	}
}
