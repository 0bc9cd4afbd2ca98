package plots

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
)

// Names of the groups in the layer switch.
const (
	groupPOI       = "Points of interest"
	groupAreas     = "Areas"
	groupCrossings = "Crossings"
	groupEdges     = "Edges"
)

// poiClass gathers categories of the reference under one colour.
type poiClass struct {
	name       string
	categories map[string]bool
	colour     color.NRGBA
}

var poiClasses = []poiClass{
	{"Food", of("food"), vermillion},
	{"Shops, services", of("commercial", "service", "financial", "business", "craft", "amenity", "government", "diplomatic"), orange},
	{"Education", of("education"), blue},
	{"Health, emergency", of("healthcare", "emergency", "funeral"), purple},
	{"Culture, history, tourism", of("culture", "historic", "tourism", "religion", "accommodation", "community"), color.NRGBA{0x7b, 0x5a, 0x2e, 0xff}},
	{"Leisure, nature", of("leisure", "sport", "recreation", "natural"), green},
	{"Transport", of("transport"), sky},
	{"Other", nil, grey},
}

func poiClassOf(category string) int {
	for i, c := range poiClasses {
		if c.categories[category] {
			return i
		}
	}
	return len(poiClasses) - 1
}

var kindNames = map[city.Kind]string{city.Street: "Street", city.Crossing: "Crossing", city.POI: "Point of interest", city.Area: "Area"}

// Nodes adds the nodes of some kinds: areas as outlines, crossings as rings,
// points of interest coloured by category. Streets are on the base map.
func (m *Map) Nodes(kinds ...city.Kind) *Map {
	for _, k := range kinds {
		switch k {
		case city.Area:
			m.areas()
		case city.Crossing:
			m.crossings()
		case city.POI:
			m.pois()
		}
	}
	return m
}

func (m *Map) features(kind city.Kind, keep func(*city.Node) bool) []carto.Feature {
	var out []carto.Feature
	for i := range m.city.Nodes {
		n := &m.city.Nodes[i]
		if n.Kind == kind && n.Geometry != nil && (keep == nil || keep(n)) {
			out = append(out, nodeFeature(n))
		}
	}
	return out
}

func nodeFeature(n *city.Node) carto.Feature {
	return carto.Feature{Geometry: n.Geometry, Name: nodeName(n), Detail: plain(n.Type, n.Category)}
}

// nodeName returns the first of name, address, type and category that is there.
func nodeName(n *city.Node) string {
	for _, s := range []string{n.Name, n.Address, n.Type, n.Category} {
		if strings.TrimSpace(s) != "" {
			return s
		}
	}
	return fmt.Sprintf("%s %d", kindNames[n.Kind], n.OSM)
}

func (m *Map) areas() {
	m.Layer(carto.Layer{Group: groupAreas, Name: "Area", Features: m.features(city.Area, nil),
		Style: carto.Style{Line: alpha(green, 0.75), Fill: alpha(green, 0.07), Width: 1}})
}

func (m *Map) crossings() {
	m.Layer(carto.Layer{Group: groupCrossings, Name: "Crossing", Features: m.features(city.Crossing, nil),
		Style: carto.Style{Line: alpha(ink, 0.5), Fill: white, Width: 0.6, Radius: 1.3}})
}

func (m *Map) pois() {
	for i := len(poiClasses) - 1; i >= 0; i-- {
		m.Layer(carto.Layer{Group: groupPOI, Name: poiClasses[i].name,
			Features: m.features(city.POI, func(n *city.Node) bool { return poiClassOf(n.Category) == i }),
			Style:    carto.Style{Fill: poiClasses[i].colour, Line: white, Width: 0.7, Radius: 3.2}})
	}
}

// edgeLooks says how edges of each type are drawn.
var edgeLooks = []struct {
	kind  city.EdgeType
	name  string
	style carto.Style
}{
	{city.Along, "Along a street", carto.Style{Line: alpha(blue, 0.8), Width: 1.6}},
	{city.Crosses, "Streets cross", carto.Style{Line: white, Fill: blue, Width: 0.7, Radius: 2.6}},
	{city.Continues, "Street continues", carto.Style{Line: white, Fill: sky, Width: 0.7, Radius: 2.6}},
	{city.Nearest, "Nearest street", carto.Style{Line: alpha(vermillion, 0.8), Width: 1}},
	{city.Bounds, "Area borders street", carto.Style{Line: alpha(green, 0.9), Width: 1, Dash: []float64{3, 2}}},
	{city.Inside, "Place inside area", carto.Style{Line: alpha(purple, 0.8), Width: 1, Dash: []float64{1, 2}}},
}

// Edges adds edges of some types, or of all where none is named: a line from
// end to end, or a dot where two streets meet.
func (m *Map) Edges(types ...city.EdgeType) *Map {
	for _, look := range edgeLooks {
		if len(types) > 0 && !slices.Contains(types, look.kind) {
			continue
		}
		l := carto.Layer{Group: groupEdges, Name: look.name, Style: look.style}
		for i := range m.city.Edges {
			if e := &m.city.Edges[i]; e.Type == look.kind {
				l.Features = append(l.Features, carto.Feature{
					Geometry: edgeShape(m.city, e), Name: look.name,
					Detail: fmt.Sprintf("%s – %s", nodeName(&m.city.Nodes[e.From]), nodeName(&m.city.Nodes[e.To]))})
			}
		}
		if len(l.Features) > 0 {
			m.Layer(l)
		}
	}
	return m
}

func edgeShape(c *city.City, e *city.Edge) orb.Geometry {
	switch e.Type {
	case city.Crosses, city.Continues:
		return e.At
	case city.Nearest, city.Bounds, city.Inside:
		return orb.LineString{middle(c.Nodes[e.From].Geometry), e.At}
	}
	return orb.LineString(join(c.Nodes[e.From].Geometry, c.Nodes[e.To].Geometry))
}

// plain joins words for a tooltip, without underscores and repetition.
func plain(parts ...string) string {
	var out []string
	for _, p := range parts {
		p = strings.ReplaceAll(strings.TrimSpace(p), "_", " ")
		if p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return strings.Join(out, ", ")
}
