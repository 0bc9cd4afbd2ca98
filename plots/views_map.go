package plots

import (
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

const groupViews = "Street views"

// originNote says how images came to be, for every figure that shows them.
func originNote(origins map[streetview.Origin]int) string {
	switch {
	case len(origins) == 0:
		return ""
	case origins[streetview.Rendered] > 0 && len(origins) == 1:
		return "rendered, not photographs"
	case origins[streetview.Rendered] > 0:
		return "some rendered, not photographs"
	}
	return "photographs"
}

func viewOrigins(views []streetview.View) map[streetview.Origin]int {
	out := map[streetview.Origin]int{}
	for _, v := range views {
		out[v.Origin]++
	}
	return out
}

// Views adds street views as arrows along the camera's axis. The nodes of the
// graph are switched off, so that the arrows stand out.
func (m *Map) Views(set *streetview.Set) *Map {
	if set == nil {
		return m
	}
	m.hide(groupPOI, groupAreas, groupCrossings, groupEdges)
	l := carto.Layer{Group: groupViews, Name: "Street view",
		Style: carto.Style{Fill: purple, Line: ink, Width: 0.6, Radius: 3}}
	l.Style.Mark = carto.Arrow
	for _, v := range set.Views {
		l.Features = append(l.Features, carto.Feature{Geometry: v.Pos, Heading: v.Heading,
			Name:   fmt.Sprintf("View %d", v.ID),
			Detail: m.viewDetail(v)})
	}
	if len(set.Views) > 600 {
		l.Style.Radius, l.Style.Width = 2, 0.4
	}
	m.scene.Subtitle = fmt.Sprintf("%s street views (%s)", count(len(set.Views)), originNote(viewOrigins(set.Views)))
	return m.Layer(l)
}

func (m *Map) viewDetail(v streetview.View) string {
	parts := []string{"looks " + v.Heading.Word8()}
	if n := m.node(v.Street); n != nil {
		parts = append(parts, fmt.Sprintf("on %s, %s from its axis", nodeName(n), v.Distance))
	}
	return strings.Join(append(parts, string(v.Origin)), ", ")
}

func (m *Map) node(id city.NodeID) *city.Node {
	if id < 0 || int(id) >= len(m.city.Nodes) {
		return nil
	}
	return &m.city.Nodes[id]
}

// Coverage colours the streets by whether a view of the set is anchored to
// them, and says which share of their length that is.
func (m *Map) Coverage(set *streetview.Set) *Map {
	if set == nil {
		return m
	}
	has := map[city.NodeID]bool{}
	for _, v := range set.Views {
		has[v.Street] = true
	}
	var with, without []carto.Feature
	var covered, all geo.Metres
	for i := range m.city.Nodes {
		n := &m.city.Nodes[i]
		if n.Kind != city.Street || n.Geometry == nil {
			continue
		}
		length := lineLength(n.Geometry)
		all += length
		if has[city.NodeID(i)] {
			covered += length
			with = append(with, nodeFeature(n))
		} else {
			without = append(without, nodeFeature(n))
		}
	}
	share := 0.0
	if all > 0 {
		share = 100 * float64(covered/all)
	}
	m.hide(groupPOI, groupAreas, groupCrossings, groupEdges)
	m.Layer(carto.Layer{Group: "Coverage", Name: "Street without a view", Features: without,
		Style: carto.Style{Line: alpha(grey, 0.7), Width: 1.2}})
	m.Layer(carto.Layer{Group: "Coverage", Name: fmt.Sprintf("Street with a view (%.0f%% of the length)", share), Features: with,
		Style: carto.Style{Line: blue, Width: 2.2}})
	return m
}

func lineLength(g orb.Geometry) geo.Metres {
	var d geo.Metres
	for _, l := range outlines(g) {
		for i := 1; i < len(l); i++ {
			d += geo.Distance(l[i-1], l[i])
		}
	}
	return d
}
