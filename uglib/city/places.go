package city

import (
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// edgeOfBox is how far, in degrees, areas may reach out of the box before they
// are cut.
const edgeOfBox = 0.002

// places adds the points of interest and the areas that have a name and a
// class, and joins each point to the nearest street within Reach. Where that
// has no name, the nearest street with one within Reach is joined as well, so
// that a shop behind a parking aisle still lies by its street. A point that
// repeats the name of an area around it becomes part of the area.
func (b *builder) places(m *osm.Map) {
	b.areas(m)
	named := map[string][]NodeID{}
	for i := range b.city.Nodes {
		if n := &b.city.Nodes[i]; n.Kind == Area {
			named[n.Name] = append(named[n.Name], NodeID(i))
		}
	}
	for _, p := range m.Points {
		category, kind := osm.PlaceClass(p.Tags)
		name := osm.Name(p.Tags)
		if category == "" || !usable(name) || isRegion(p.Tags) {
			continue
		}
		if b.merge(named[name], p, category, kind) {
			continue
		}
		id := b.node(Node{
			OSM: p.ID, Kind: POI, Name: name, Category: category, Type: kind,
			Address: osm.Address(p.Tags), Tags: p.Tags, Geometry: p.At,
		})
		if s := b.joinNearest(id, p.At, Reach, b.any); s != None && !b.named(s) {
			b.joinNearest(id, p.At, Reach, b.named)
		}
	}
}

// usable reports whether a name may stand for a place; the two names that
// the reference drops may not.
func usable(name string) bool {
	switch strings.ToLower(name) {
	case "", "bike parking", "seating":
		return false
	}
	return true
}

// isRegion reports whether tags are those of a settlement or a region, whose
// label stands at no place in particular.
func isRegion(t osm.Tags) bool {
	if t["boundary"] != "" && t["leisure"] == "" && t["landuse"] == "" && t["natural"] == "" {
		return true
	}
	return slices.Contains([]string{
		"city", "town", "village", "suburb", "borough", "municipality", "county", "parish", "state", "province", "region",
		"district", "country", "continent", "island", "sea", "ocean",
	}, t["place"])
}

// merge puts a point into the first of some areas that contains it, and tells
// what the area is where the point says it better.
func (b *builder) merge(areas []NodeID, p osm.Point, category, kind string) bool {
	for _, id := range areas {
		n := &b.city.Nodes[id]
		if _, d := b.x.distance(n.Geometry, p.At); d > 0 {
			continue
		}
		if n.Category == "building" || n.Category == "other" {
			n.Category, n.Type = category, kind
		}
		if n.Address == "" {
			n.Address = osm.Address(p.Tags)
		}
		return true
	}
	return false
}

func (b *builder) areas(m *osm.Map) {
	box := m.Bound.Pad(edgeOfBox)
	size := planar.Area(m.Bound.ToPolygon())
	for _, a := range m.Areas {
		name := osm.Name(a.Tags)
		if !usable(name) || isRegion(a.Tags) {
			continue
		}
		category, kind := osm.PlaceClass(a.Tags)
		if category == "" && a.Tags["highway"] != "" {
			category, kind = osm.StreetClass(a.Tags)
		}
		g := clip.Geometry(box, orb.Clone(a.Geometry))
		if category == "" || g == nil || planar.Area(g) > size/2 {
			continue
		}
		b.node(Node{
			OSM: a.ID, Kind: Area, Name: name, Category: category, Type: kind,
			Address: osm.Address(a.Tags), Tags: a.Tags, Geometry: g,
		})
	}
}

// joinNearest adds an edge from a node to the nearest street that accept holds
// for; it returns that street, or None.
func (b *builder) joinNearest(id NodeID, p orb.Point, reach geo.Metres, accept func(NodeID) bool) NodeID {
	hit, ok := b.x.nearest(p, reach, accept)
	if !ok {
		return None
	}
	b.edge(Edge{From: id, To: hit.Street, Type: Nearest, Via: None, Distance: hit.Distance, Bearing: hit.Bearing, At: hit.Foot})
	return hit.Street
}

// any accepts every street.
func (b *builder) any(NodeID) bool { return true }

// named accepts a street that has a name.
func (b *builder) named(s NodeID) bool { return b.city.Nodes[s].Name != "" }

// Bounds of an area (UGE reference, area boundary roads): a street of which
// this share runs within this distance of the boundary, or that runs inside.
const (
	boundaryBand  geo.Metres = 10
	boundaryShare float64    = 0.3
	sampleStep    float64    = 5 // metres between the points of a street that are looked at
)

// boundaries joins each area to the streets along its boundary and inside it.
// One that has none is joined to the nearest street within Reach of the area,
// and one of whose streets none has a name to the nearest that has.
func (b *builder) boundaries(*osm.Map) {
	for i := range b.city.Nodes {
		if b.city.Nodes[i].Kind != Area {
			continue
		}
		id, g := NodeID(i), b.city.Nodes[i].Geometry
		centre := b.x.centroid(g)
		streets := b.streetsAt(g)
		for _, s := range streets {
			foot, d := b.x.distance(b.city.Nodes[s].Geometry, centre)
			b.edge(Edge{From: id, To: s, Type: Bounds, Via: None, Distance: d, Bearing: geo.BearingTo(centre, foot), At: foot})
		}
		reach := Reach + b.radius(g, centre)
		if len(streets) == 0 {
			if s := b.joinNearest(id, centre, reach, b.any); s != None {
				streets = append(streets, s)
			}
		}
		if len(streets) > 0 && !slices.ContainsFunc(streets, b.named) {
			b.joinNearest(id, centre, reach, b.named)
		}
	}
}

// radius returns the distance from the centre of an area to its nearest
// boundary: how much nearer than the centre the area itself may come.
func (b *builder) radius(g orb.Geometry, centre orb.Point) geo.Metres {
	_, d := b.x.distance(outline(g), centre)
	return d
}

// outline returns the rings of an area as lines.
func outline(g orb.Geometry) orb.MultiLineString {
	var lines orb.MultiLineString
	add := func(p orb.Polygon) {
		for _, r := range p {
			lines = append(lines, orb.LineString(r))
		}
	}
	switch g := g.(type) {
	case orb.Polygon:
		add(g)
	case orb.MultiPolygon:
		for _, p := range g {
			add(p)
		}
	}
	return lines
}

// streetsAt returns the streets along or inside an area, in the order of the
// tables.
func (b *builder) streetsAt(g orb.Geometry) []NodeID {
	box := b.x.box(g.Bound()).Pad(float64(boundaryBand))
	var near []NodeID
	b.x.streets.Search(box.Min, box.Max, func(_, _ [2]float64, s segment) bool {
		near = append(near, s.street)
		return true
	})
	slices.Sort(near)
	near = slices.Compact(near)
	edge := b.newBand(g)
	return slices.DeleteFunc(near, func(s NodeID) bool { return !edge.touches(b.city.Nodes[s].Geometry.(orb.LineString)) })
}

// band is an area with the sides of its rings, in metres.
type band struct {
	x     *index
	area  orb.Geometry
	sides rtree.RTreeG[side]
	box   orb.Bound // metres, band included
}

// side is one side of a ring.
type side struct{ a, b orb.Point }

func (b *builder) newBand(g orb.Geometry) *band {
	e := &band{x: &b.x, area: g, box: b.x.box(g.Bound()).Pad(float64(boundaryBand))}
	for _, line := range outline(g) {
		for i := 1; i < len(line); i++ {
			s := side{b.x.frame.Local(line[i-1]), b.x.frame.Local(line[i])}
			box := orb.MultiPoint{s.a, s.b}.Bound()
			e.sides.Insert(box.Min, box.Max, s)
		}
	}
	return e
}

// touches reports whether a street bounds the area.
func (e *band) touches(street orb.LineString) bool {
	var near, all float64
	outside := false // whether the street is known to be outside where the next piece begins
	for i := 1; i < len(street); i++ {
		a, b := e.x.frame.Local(street[i-1]), e.x.frame.Local(street[i])
		length := planar.Distance(a, b)
		all += length
		box := orb.MultiPoint{a, b}.Bound()
		if !box.Intersects(e.box) {
			outside = true
			continue
		}
		if !e.nearBoundary(box) { // all of the piece lies on one side
			if !outside && contains(e.area, street[i]) {
				return true
			}
			outside = true
			continue
		}
		outside = false
		n := int(length/sampleStep) + 1
		for k := range n {
			t := (float64(k) + 0.5) / float64(n)
			p := orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])}
			if !e.box.Contains(p) {
				continue
			}
			if contains(e.area, e.x.frame.LonLat(p)) {
				return true
			}
			if e.inBand(p) {
				near += length / float64(n)
			}
		}
	}
	return all > 0 && near/all >= boundaryShare
}

// nearBoundary reports whether the boundary may come within the band's width
// of a box.
func (e *band) nearBoundary(box orb.Bound) (found bool) {
	box = box.Pad(float64(boundaryBand))
	e.sides.Search(box.Min, box.Max, func(_, _ [2]float64, _ side) bool {
		found = true
		return false
	})
	return found
}

// inBand reports whether a point lies within the band's width of the boundary.
func (e *band) inBand(p orb.Point) (found bool) {
	box := p.Bound().Pad(float64(boundaryBand))
	e.sides.Search(box.Min, box.Max, func(_, _ [2]float64, s side) bool {
		found = planar.Distance(p, footOn(s.a, s.b, p)) <= float64(boundaryBand)
		return !found
	})
	return found
}

func contains(g orb.Geometry, p orb.Point) bool {
	switch g := g.(type) {
	case orb.Polygon:
		return planar.PolygonContains(g, p)
	case orb.MultiPolygon:
		return planar.MultiPolygonContains(g, p)
	}
	return false
}
