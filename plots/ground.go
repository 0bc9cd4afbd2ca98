package plots

import (
	"image/color"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
)

// Colours of the ground: pale, so that what is put on top stands out.
var (
	waterFill     = color.NRGBA{0xc4, 0xdc, 0xea, 0xff}
	greenFill     = color.NRGBA{0xdb, 0xe8, 0xcf, 0xff}
	parkingFill   = color.NRGBA{0xec, 0xea, 0xe6, 0xff}
	buildingFill  = color.NRGBA{0xe0, 0xda, 0xd2, 0xff}
	buildingLine  = color.NRGBA{0xcd, 0xc5, 0xba, 0xff}
	railLine      = color.NRGBA{0xa9, 0xa4, 0x9d, 0xff}
	streetLine    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	streetCasing  = color.NRGBA{0xcc, 0xc7, 0xbf, 0xff}
	mainLine      = color.NRGBA{0xfd, 0xe9, 0xb8, 0xff}
	mainCasing    = color.NRGBA{0xd3, 0xb8, 0x7a, 0xff}
	motorwayLine  = color.NRGBA{0xf6, 0xc8, 0x8f, 0xff}
	motorwayCase  = color.NRGBA{0xcb, 0x96, 0x58, 0xff}
	pathLine      = color.NRGBA{0xc2, 0xb4, 0xa0, 0xff}
	groundBasics  = "Ground"
	groundHouses  = "Buildings"
	groundStreets = "Streets"
)

// groundOf says how an area node lies on the ground: "water", "green",
// "building", "parking" or nothing.
func groundOf(n *city.Node) string {
	t := n.Tags
	switch {
	case t["natural"] == "water" || t["waterway"] != "" || t["landuse"] == "reservoir" || t["landuse"] == "basin" || n.Type == "water":
		return "water"
	case t["building"] != "" && t["building"] != "no":
		return "building"
	}
	for _, v := range []string{n.Type, t["leisure"], t["landuse"], t["natural"]} {
		switch v {
		case "park", "garden", "grass", "forest", "wood", "meadow", "scrub", "nature_reserve", "golf_course",
			"recreation_ground", "village_green", "cemetery", "pitch", "playground", "grassland", "heath", "wetland",
			"orchard", "vineyard", "allotments", "dog_park", "farmland", "grave_yard", "greenfield", "flowerbed":
			return "green"
		}
	}
	if n.Type == "parking" || t["amenity"] == "parking" {
		return "parking"
	}
	return ""
}

// streetClass is one way of drawing streets, from the least to the greatest.
type streetClass struct {
	name  string
	types map[string]bool
	style carto.Style
}

func of(types ...string) map[string]bool {
	m := map[string]bool{}
	for _, t := range types {
		m[t] = true
	}
	return m
}

var streetClasses = []streetClass{
	{"Path", of("footway", "path", "pedestrian", "steps", "cycleway", "bridleway", "track", "corridor"),
		carto.Style{Line: pathLine, Width: 0.9, Dash: []float64{3, 2}, Grow: true}},
	{"Street", nil, // every other type
		carto.Style{Line: streetLine, Width: 2, Casing: streetCasing, Edge: 0.6, Grow: true}},
	{"Main street", of("primary", "secondary", "tertiary", "primary_link", "secondary_link", "tertiary_link"),
		carto.Style{Line: mainLine, Width: 3, Casing: mainCasing, Edge: 0.6, Grow: true}},
	{"Motorway", of("motorway", "trunk", "motorway_link", "trunk_link"),
		carto.Style{Line: motorwayLine, Width: 3.6, Casing: motorwayCase, Edge: 0.6, Grow: true}},
}

func classOf(highway string) int {
	for i, c := range streetClasses {
		if c.types[highway] {
			return i
		}
	}
	return 1
}

// ground draws a city's scenery and streets.
func ground(c *city.City) []carto.Layer {
	fills := map[string]*carto.Layer{}
	var order []*carto.Layer
	add := func(key, group string, st carto.Style) {
		l := &carto.Layer{Group: group, Style: st, Base: true}
		fills[key] = l
		order = append(order, l)
	}
	add("green", groundBasics, carto.Style{Fill: greenFill})
	add("parking", groundBasics, carto.Style{Fill: parkingFill})
	add("water", groundBasics, carto.Style{Fill: waterFill, Line: waterFill, Width: 1.4})
	add("building", groundHouses, carto.Style{Fill: buildingFill, Line: buildingLine, Width: 0.5})
	add("rail", groundBasics, carto.Style{Line: railLine, Width: 1.2, Dash: []float64{5, 2}})
	put := func(key string, g orb.Geometry) {
		if l := fills[key]; l != nil && g != nil {
			l.Features = append(l.Features, carto.Feature{Geometry: g})
		}
	}
	for i := range c.Scenery {
		f := &c.Scenery[i]
		put(f.Layer, f.Geometry)
	}
	streets := make([]carto.Layer, len(streetClasses))
	for i, k := range streetClasses {
		streets[i] = carto.Layer{Group: groundStreets, Name: k.name, Style: k.style}
	}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		switch n.Kind {
		case city.Area:
			put(groundOf(n), n.Geometry)
		case city.Street:
			l := &streets[classOf(n.Type)]
			l.Features = append(l.Features, carto.Feature{Geometry: n.Geometry, Name: n.Name, Detail: plain(n.Type, n.Category)})
		}
	}
	var out []carto.Layer
	for _, l := range order {
		if len(l.Features) > 0 {
			out = append(out, *l)
		}
	}
	return append(out, streets...)
}

// streetLabels names the streets within a bound, the greater classes first.
func streetLabels(c *city.City, b orb.Bound) []carto.Label {
	var out []carto.Label
	for i := range c.Nodes {
		n := &c.Nodes[i]
		line, ok := n.Geometry.(orb.LineString)
		if n.Kind != city.Street || n.Name == "" || !ok || !line.Bound().Intersects(b) {
			continue
		}
		if class := classOf(n.Type); class > 0 {
			out = append(out, carto.Label{Text: n.Name, Line: line, Rank: len(streetClasses) - 1 - class})
		}
	}
	return out
}
