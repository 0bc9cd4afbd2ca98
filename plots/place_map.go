package plots

import (
	"fmt"
	"image/color"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

const (
	groupSubgraph = "Subgraph"
	groupPath     = "Reasoning path"
)

// PlaceMap returns a map of one place: the view, its subgraph and its first
// reasoning path.
func PlaceMap(c *city.City, p ugdata.Place) *Map {
	return placeMap(c, p, p.Paths[:min(len(p.Paths), 1)])
}

// placeMap is PlaceMap with some of the place's paths, each in the colour of its
// index.
func placeMap(c *city.City, p ugdata.Place, paths []ugdata.Path) *Map {
	m := BaseMap(c)
	m.scene.Title = fmt.Sprintf("Place %d", p.ID)
	if m.city.Title != "" {
		m.scene.Title += ", " + m.city.Title
	}
	origins := map[streetview.Origin]int{p.Origin: 1}
	if p.Origin == "" {
		origins = nil
	}
	m.scene.Subtitle = fmt.Sprintf("Subgraph of %s nodes and %s edges", count(len(p.Graph.Nodes)), count(len(p.Graph.Edges)))
	if note := originNote(origins); note != "" {
		m.scene.Subtitle += "; the view is " + map[bool]string{true: "rendered, not a photograph", false: "a photograph"}[p.Origin == streetview.Rendered]
	}
	for i := range m.scene.Layers { // the classes of streets need no entry at this scale
		m.scene.Layers[i].Name = ""
	}
	m.extend(around(p.Pos, 60))
	m.Subgraph(p.Graph, p.Pos)
	for i, path := range slices.Backward(paths) { // the first on top
		m.path(p.Pos, path, pathColour(i))
	}
	m.Layer(carto.Layer{Group: groupViews, Name: "Street view",
		Features: []carto.Feature{{Geometry: p.Pos, Heading: p.Heading, Name: fmt.Sprintf("View %d", p.ID), Detail: p.Caption}},
		Style:    carto.Style{Mark: carto.Arrow, Fill: purple, Line: ink, Width: 1.2, Radius: 6}})
	return m.fit(60)
}

// fit shows what was added, with some metres around it, unless the extent was
// set; long streets do not count beyond a kilometre from the middle.
func (m *Map) fit(margin geo.Metres) *Map {
	if m.fixed || !m.any {
		return m
	}
	f := geo.Frame{Origin: m.bound.Center()}
	r := float64(margin)
	min, max := f.Local(m.bound.Min), f.Local(m.bound.Max)
	m.scene.Bound = orb.Bound{Min: f.LonLat(orb.Point{min[0] - r, min[1] - r}), Max: f.LonLat(orb.Point{max[0] + r, max[1] + r})}
	return m
}

// Fit shows what was added to the base map instead of the whole city.
func (m *Map) Fit() *Map { m.fixed = false; return m.fit(60) }

// Subgraph adds the neighbourhood of an image that stands at pos.
func (m *Map) Subgraph(g ugdata.Subgraph, pos orb.Point) *Map {
	shape := func(i int32) orb.Geometry {
		if int(i) < 0 || int(i) >= len(g.Nodes) {
			return nil
		}
		if n := m.node(g.Nodes[i]); n != nil {
			return n.Geometry
		}
		return pos
	}
	byKind := map[city.Kind][]carto.Feature{}
	seen := m.bound
	if !m.any {
		seen = pos.Bound()
	}
	for _, id := range g.Nodes {
		n := m.node(id)
		if n == nil || n.Geometry == nil {
			continue
		}
		f := nodeFeature(n)
		byKind[n.Kind] = append(byKind[n.Kind], f)
		if n.Kind != city.Street { // a street may leave the neighbourhood
			seen = seen.Union(middle(n.Geometry).Bound())
		}
	}
	edges := map[city.EdgeType][]carto.Feature{}
	for _, e := range g.Edges {
		a, b := shape(e.From), shape(e.To)
		if a == nil || b == nil {
			continue
		}
		ends := join(a, b)
		if len(ends) != 2 {
			continue
		}
		f := carto.Feature{Geometry: orb.LineString(ends), Name: edgeName(e.Type), Detail: fmt.Sprintf("%s %s", e.Distance, e.Bearing.Wind8())}
		if e.Type == city.Crosses || e.Type == city.Continues {
			f.Geometry, f.Detail = ends[0], ""
		}
		edges[e.Type] = append(edges[e.Type], f)
	}
	layer := func(name string, fs []carto.Feature, st carto.Style) {
		if len(fs) > 0 {
			m.Layer(carto.Layer{Group: groupSubgraph, Name: name, Features: fs, Style: st})
		}
	}
	layer("Area of the subgraph", byKind[city.Area], carto.Style{Line: green, Fill: alpha(green, 0.14), Width: 1.4})
	layer("Street of the subgraph", byKind[city.Street], carto.Style{Line: alpha(blue, 0.85), Width: 3})
	for _, look := range edgeLooks {
		layer(look.name, edges[look.kind], look.style)
	}
	layer("Crossing", byKind[city.Crossing], carto.Style{Fill: white, Line: ink, Width: 1.3, Radius: 3})
	layer("Point of interest", byKind[city.POI], carto.Style{Fill: orange, Line: ink, Width: 0.9, Radius: 4.5})
	m.bound, m.any = seen, true
	return m
}

func edgeName(t city.EdgeType) string {
	for _, l := range edgeLooks {
		if l.kind == t {
			return l.name
		}
	}
	return "Edge"
}

// Path adds a reasoning path that starts at an image: its line, or the way
// through its nodes where it has none, and its destination.
func (m *Map) Path(from orb.Point, p ugdata.Path) *Map { return m.path(from, p, pathColour(0)) }

// pathColour is the colour of the i-th path of a place.
func pathColour(i int) color.NRGBA {
	return []color.NRGBA{vermillion, {0x8e, 0x2a, 0x7b, 0xff}, {0x7b, 0x5a, 0x2e, 0xff}, orange, green, sky}[i%6]
}

func (m *Map) path(from orb.Point, p ugdata.Path, colour color.NRGBA) *Map {
	line := p.Line
	if len(line) < 2 {
		line = orb.LineString{from}
		for _, id := range p.Nodes {
			if n := m.node(id); n != nil && n.Geometry != nil {
				line = append(line, foot(n.Geometry, line[len(line)-1]))
			}
		}
	}
	text := p.Text
	if text == "" {
		text = p.Plain
	}
	if len(line) > 1 {
		m.Layer(carto.Layer{Group: groupPath, Name: fmt.Sprintf("Reasoning path (%d hops, %s)", p.Hops, p.Length),
			Features: []carto.Feature{{Geometry: line, Name: "Reasoning path", Detail: text}},
			Style:    carto.Style{Line: colour, Width: 3.4, Casing: white, Edge: 1.4}})
	}
	if n := m.node(p.Destination); n != nil && n.Geometry != nil {
		at := middle(n.Geometry)
		if len(outlines(n.Geometry)) > 0 && len(line) > 0 {
			at = foot(n.Geometry, line[len(line)-1])
		}
		m.Layer(carto.Layer{Group: groupPath, Name: "Destination",
			Features: []carto.Feature{{Geometry: at, Name: nodeName(n), Detail: p.Summary}},
			Style:    carto.Style{Mark: carto.Star, Fill: colour, Line: white, Width: 1.2, Radius: 7}})
	}
	return m
}
