package render

import (
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// World is a city made ready for drawing. It may be used by several
// goroutines at the same time.
type World struct {
	frame     geo.Frame
	left      bool // traffic keeps left
	yellow    bool // centre lines are yellow, street names on green
	streets   []street
	junctions []junction
	segments  grid[segment]
	surfaces  grid[surface]
	marks     grid[surface] // markings: seen from near only
	buildings grid[building]
	boards    grid[board]
	things    grid[thing]
	sights    grid[sight]
}

// surface is a piece of ground: a four-sided one, or any rings.
type surface struct {
	m     *material
	quad  [4]orb.Point
	rings [][]orb.Point // instead of quad if not nil
}

// board is a sign that hangs at a wall or stands free; brightness depends on
// where it looks to, the outward normal being to the right of ab.
type board struct {
	a, b   orb.Point
	z0, z1 float64
	sign   *sign   // nil for a front, which has panes instead
	front  *facade // the coloured ground floor around a sign
	both   bool    // written on both sides
}

// thing is a cut-out that stands at a point.
type thing struct {
	at         orb.Point
	z0         float64
	wide, tall float64
	shape      *cutout
	tint       rgb
}

// sight is a thing worth looking at: what camera positions are weighted by and
// turned to.
type sight struct {
	at     orb.Point
	weight float64
	front  bool // worth a look to the side
}

// leftHand lists the countries whose traffic keeps left (those with a street
// network large enough to be studied).
var leftHand = map[string]bool{
	"united kingdom": true, "ireland": true, "australia": true, "new zealand": true, "japan": true, "india": true, "pakistan": true,
	"bangladesh": true, "sri lanka": true, "nepal": true, "thailand": true, "malaysia": true, "singapore": true, "indonesia": true,
	"hong kong": true, "macau": true, "south africa": true, "kenya": true, "uganda": true, "tanzania": true, "zambia": true,
	"zimbabwe": true, "malta": true, "cyprus": true, "jamaica": true,
}

// New makes a world of a city. The city must not change afterwards.
func New(c *city.City) *World {
	country := strings.ToLower(strings.TrimSpace(c.Country))
	w := &World{
		frame:  c.Frame,
		left:   leftHand[country],
		yellow: country == "united states" || country == "canada" || country == "mexico" || country == "usa",
	}
	w.addStreets(c)
	w.addJunctions(c)
	w.drawStreets()
	for i := range c.Nodes {
		if n := &c.Nodes[i]; n.Kind == city.Area {
			w.addArea(seedOf(n.OSM), "", n.Tags, n.Type, n.Geometry)
		}
	}
	for i := range c.Scenery {
		w.addFeature(&c.Scenery[i])
	}
	hung := places{}
	for i := range c.Nodes {
		if n := &c.Nodes[i]; n.Kind == city.POI || n.Kind == city.Area {
			w.addPlace(n, hung)
		}
	}
	w.addBackground()
	return w
}

func seedOf(osm int64) uint64 { return hash(uint64(osm), 0x05EED) }

// local brings a geometry's parts into the local frame: rings without their
// closing point, or lines.
func (w *World) local(line []orb.Point) []orb.Point {
	out := make([]orb.Point, 0, len(line))
	for _, p := range line {
		q := w.frame.Local(p)
		if len(out) == 0 || dist(q, out[len(out)-1]) > 0.05 {
			out = append(out, q)
		}
	}
	return out
}

// polygons returns the polygons of an areal geometry, outer rings
// counterclockwise and inner ones clockwise, so that what is outside lies to
// the right of every edge.
func (w *World) polygons(g orb.Geometry) [][][]orb.Point {
	var in []orb.Polygon
	switch g := g.(type) {
	case orb.Polygon:
		in = []orb.Polygon{g}
	case orb.MultiPolygon:
		in = g
	case orb.Ring:
		in = []orb.Polygon{{g}}
	}
	var out [][][]orb.Point
	for _, poly := range in {
		var rings [][]orb.Point
		for i, r := range poly {
			ring := w.local(r)
			if n := len(ring); n > 1 && dist(ring[0], ring[n-1]) < 0.05 {
				ring = ring[:n-1]
			}
			if len(ring) < 3 {
				if i == 0 {
					break
				}
				continue
			}
			if (signedArea(ring) > 0) != (i == 0) {
				for a, b := 0, len(ring)-1; a < b; a, b = a+1, b-1 {
					ring[a], ring[b] = ring[b], ring[a]
				}
			}
			rings = append(rings, ring)
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
	}
	return out
}

func (w *World) quad(m *material, q [4]orb.Point) {
	g := &w.surfaces
	if m.layer == layerMark {
		g = &w.marks
	}
	g.add(surface{m: m, quad: q}, boxOf(q[:]))
}

func (w *World) stand(t thing) {
	w.things.add(t, t.at.Bound().Pad(t.wide/2))
}

func (w *World) see(p orb.Point, weight float64, front bool) {
	w.sights.add(sight{p, weight, front}, p.Bound())
}

// nearestStreet returns the street for cars nearest to p within r, with the
// foot point and the direction of the street there.
func (w *World) nearestStreet(p orb.Point, r float64, seen *marks) (s *segment, at orb.Point, ok bool) {
	best := r
	for _, id := range w.segments.near(p, r, nil, seen) {
		seg := &w.segments.items[id]
		if !w.streets[seg.street].look.cars {
			continue
		}
		if f, _ := foot(p, seg.a, seg.b); dist(p, f) < best {
			best, s, at, ok = dist(p, f), seg, f, true
		}
	}
	return s, at, ok
}
