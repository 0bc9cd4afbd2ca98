package plots

import (
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/plots/carto"
	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Map is a map of a city under construction. Its methods add to it and return
// it, so that they can be chained.
type Map struct {
	city   *city.City
	scene  carto.Scene
	bound  orb.Bound // of what was added on top of the base map
	any    bool      // bound holds something
	fixed  bool      // the extent was set
	notes  []string  // what the text form says
	labels bool
}

// DefaultCredit is the licence line of OpenStreetMap data, shown where the
// city has none of its own.
const DefaultCredit = "© OpenStreetMap contributors (ODbL)"

// BaseMap returns a map of a city with its ground alone: water, green, buildings
// and streets by class.
func BaseMap(c *city.City) *Map {
	m := &Map{city: c, labels: true}
	m.scene.Title = c.Title
	if c.Title == "" {
		m.scene.Title = c.Name
	}
	m.scene.Credit = c.Credit
	if strings.TrimSpace(c.Credit) == "" {
		m.scene.Credit = DefaultCredit
	}
	m.scene.Bound = c.Bound
	m.scene.Layers = ground(c)
	return m
}

// CityMap returns the base map with the nodes of the urban graph: points of
// interest coloured by category, areas and crossings.
func CityMap(c *city.City) *Map {
	m := BaseMap(c).Nodes(city.Area, city.Crossing, city.POI)
	m.any = false // the whole city stays in view
	counts := map[city.Kind]int{}
	for i := range c.Nodes {
		counts[c.Nodes[i].Kind]++
	}
	m.scene.Subtitle = fmt.Sprintf("Urban graph: %s streets, %s crossings, %s points of interest, %s areas, %s edges",
		count(counts[city.Street]), count(counts[city.Crossing]), count(counts[city.POI]), count(counts[city.Area]), count(len(c.Edges)))
	return m
}

// Title sets the heading.
func (m *Map) Title(s string) *Map { m.scene.Title = s; return m }

// Subtitle sets the line under the heading.
func (m *Map) Subtitle(s string) *Map { m.scene.Subtitle = s; return m }

// Size sets the size of the map without its heading, in CSS pixels.
func (m *Map) Size(width, height int) *Map { m.scene.Width, m.scene.Height = width, height; return m }

// Extent sets what is shown, in degrees.
func (m *Map) Extent(b orb.Bound) *Map { m.scene.Bound, m.fixed = b, true; return m }

// Around shows what lies within a distance of a point.
func (m *Map) Around(p orb.Point, r geo.Metres) *Map { return m.Extent(around(p, r)) }

// WithoutLabels leaves out the street names of the still picture.
func (m *Map) WithoutLabels() *Map { m.labels = false; return m }

// Layer adds a layer of any kind on top.
func (m *Map) Layer(l carto.Layer) *Map {
	m.scene.Layers = append(m.scene.Layers, l)
	for i := range l.Features {
		if g := l.Features[i].Geometry; g != nil {
			m.extend(g.Bound())
		}
	}
	if len(l.Features) > 0 {
		name := l.Name
		if name == "" {
			name = l.Group
		}
		m.notes = append(m.notes, fmt.Sprintf("%s: %s", name, count(len(l.Features))))
	}
	return m
}

func (m *Map) extend(b orb.Bound) {
	if !m.any {
		m.bound, m.any = b, true
		return
	}
	m.bound = m.bound.Union(b)
}

// hide switches off the layers of a group, which stay in the layer switch.
func (m *Map) hide(groups ...string) {
	for i := range m.scene.Layers {
		for _, g := range groups {
			if m.scene.Layers[i].Group == g {
				m.scene.Layers[i].Hidden = true
			}
		}
	}
}

// Scene returns the map as a scene, ready to draw.
func (m *Map) Scene() *carto.Scene {
	s := m.scene
	if m.labels {
		s.Labels = streetLabels(m.city, s.Bound)
	}
	return &s
}

// HTML returns the interactive map over its still twin.
func (m *Map) HTML() (string, error) { return m.Scene().HTML() }

func (m *Map) htmlWith(png []byte) (string, error) { return m.Scene().Wrap(png) }

// Page returns the interactive map as a whole page.
func (m *Map) Page() (string, error) { return m.Scene().Page() }

// PNG returns the still map.
func (m *Map) PNG() ([]byte, error) { return m.Scene().PNG() }

// SVG returns the still map as vectors.
func (m *Map) SVG() ([]byte, error) { return m.Scene().SVG() }

// Text says what the map shows.
func (m *Map) Text() string {
	s := "Map"
	if m.scene.Title != "" {
		s += ": " + m.scene.Title
	}
	if m.scene.Subtitle != "" {
		s += "\n" + m.scene.Subtitle
	}
	for _, n := range m.notes {
		s += "\n  " + n
	}
	return s + "\n" + m.scene.Credit
}

// around returns the bound of a disc.
func around(p orb.Point, r geo.Metres) orb.Bound {
	f := geo.Frame{Origin: p}
	return orb.Bound{Min: f.LonLat(orb.Point{-float64(r), -float64(r)}), Max: f.LonLat(orb.Point{float64(r), float64(r)})}
}

// count prints a number with thin groups of three digits: "12,345".
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
