package city

import (
	"math"
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
		reachable := b.surface
		if osm.Layer(p.Tags) < 0 {
			reachable = b.any
		}
		if s := b.joinNearest(id, p.At, Reach, reachable); s != None && !b.named(s) {
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
		"city", "town", "village", "suburb", "borough", "quarter", "municipality", "county", "parish", "state", "province", "region",
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
	e := Edge{From: id, To: hit.Street, Type: Nearest, Via: None, Distance: hit.Distance, Bearing: hit.Bearing, At: hit.Foot}
	if b.city.Nodes[id].Kind == Area {
		e.Relation = Outside
	}
	b.edge(e)
	return hit.Street
}

// any accepts every street.
func (b *builder) any(NodeID) bool { return true }

// surface accepts a street that runs above the ground.
func (b *builder) surface(s NodeID) bool { return !b.city.Nodes[s].Tunnel() }

// named accepts a street that has a name and is no tunnel.
func (b *builder) named(s NodeID) bool { return b.city.Nodes[s].Name != "" && b.surface(s) }

// Bounds of an area (UGE reference, area boundary roads): a street of which
// this share runs within this distance of the boundary, or that runs inside.
const (
	boundaryBand  geo.Metres = 10
	boundaryShare float64    = 0.3
	sampleStep    float64    = 5 // metres between the points of a street that are looked at
)

// boundaries joins each area to the streets along its boundary and inside it,
// and to the points of interest inside it. An area without such a street is
// joined to the nearest street within Reach of the area, and one of whose
// streets none has a name to the nearest that has.
func (b *builder) boundaries(m *osm.Map) {
	var areas []NodeID
	var bands []*band
	var boxes rtree.RTreeG[int]
	for i := range b.city.Nodes {
		if g := b.city.Nodes[i].Geometry; b.city.Nodes[i].Kind == Area {
			edge := newBand(&b.x, g, m.Bound.Pad(edgeOfBox))
			boxes.Insert(edge.box.Min, edge.box.Max, len(bands))
			areas, bands = append(areas, NodeID(i)), append(bands, edge)
		}
	}
	for i, id := range areas {
		g := b.city.Nodes[id].Geometry
		centre := b.x.centroid(g)
		found, named := false, false
		for _, s := range b.x.streetsIn(bands[i].box) {
			street := &b.city.Nodes[s]
			relation, overlap := bands[i].meets(street.Geometry.(orb.LineString))
			if street.Tunnel() || relation == Outside || relation == Adjacent && overlap < boundaryShare {
				continue
			}
			foot, d := b.x.distance(street.Geometry, centre)
			b.edge(Edge{
				From: id, To: s, Type: Bounds, Via: None, Distance: d, Bearing: geo.BearingTo(centre, foot), At: foot,
				Relation: relation, Overlap: overlap,
			})
			found, named = true, named || b.named(s)
		}
		reach := Reach + b.radius(g, centre)
		if !found {
			if s := b.joinNearest(id, centre, reach, b.surface); s != None {
				found, named = true, b.named(s)
			}
		}
		if found && !named {
			b.joinNearest(id, centre, reach, b.named)
		}
	}
	for i := range b.city.Nodes {
		n := &b.city.Nodes[i]
		if n.Kind != POI {
			continue
		}
		p := n.Geometry.(orb.Point)
		q := b.x.frame.Local(p)
		var in []int
		boxes.Search(q, q, func(_, _ [2]float64, k int) bool {
			if bands[k].holds(q) {
				in = append(in, k)
			}
			return true
		})
		slices.Sort(in)
		for _, k := range in {
			if edge, d, ok := bands[k].edge(q); ok {
				foot := b.x.frame.LonLat(edge)
				b.edge(Edge{From: NodeID(i), To: areas[k], Type: Inside, Via: None, Distance: d, Bearing: geo.BearingTo(p, foot), At: foot})
			}
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

// streetsIn returns the streets that come into a box of metres, in the order of
// the tables.
func (x *index) streetsIn(box orb.Bound) []NodeID {
	var near []NodeID
	x.streets.within(box, func(s *segment) { near = append(near, s.street) })
	slices.Sort(near)
	return slices.Compact(near)
}

// band is an area with the sides of its rings, in metres.
type band struct {
	frame geo.Projection
	area  *slabs
	sides rtree.RTreeG[side]
	box   orb.Bound // band included
}

// side is one side of a ring.
type side struct{ a, b orb.Point }

// newBand returns the band of an area that was cut at a box. The sides along the
// cut are none.
func newBand(x *index, g orb.Geometry, cut orb.Bound) *band {
	lines := outline(g)
	local := make(orb.MultiLineString, len(lines))
	e := &band{frame: x.frame}
	for k, line := range lines {
		local[k] = make(orb.LineString, len(line))
		for i, p := range line {
			local[k][i] = x.frame.Local(p)
			if i > 0 && !along(cut, line[i-1], p) {
				s := side{local[k][i-1], local[k][i]}
				box := orb.MultiPoint{s.a, s.b}.Bound()
				e.sides.Insert(box.Min, box.Max, s)
			}
		}
	}
	e.area, e.box = newSlabs(local), local.Bound().Pad(float64(boundaryBand))
	return e
}

// along reports whether a side from a to b lies on the border of a box.
func along(box orb.Bound, a, b orb.Point) bool {
	for k := range 2 {
		if a[k] == b[k] && (a[k] == box.Min[k] || a[k] == box.Max[k]) {
			return true
		}
	}
	return false
}

// edge returns the point of the boundary nearest to p and the distance to it;
// false where the boundary lies outside of the box.
func (e *band) edge(p orb.Point) (foot orb.Point, d geo.Metres, ok bool) {
	least := math.Inf(1)
	e.sides.Scan(func(_, _ [2]float64, s side) bool {
		if f := footOn(s.a, s.b, p); squared(p, f) < least {
			foot, least, ok = f, squared(p, f), true
		}
		return true
	})
	return foot, geo.Metres(math.Sqrt(least)), ok
}

// meets returns how a street lies to the area, and the share of it that lies
// inside or within the band's width.
func (e *band) meets(street orb.LineString) (Relation, float64) {
	var in, near, all float64 // metres
	out := false              // some of the street is outside
	for i := 1; i < len(street); i++ {
		a, b := e.frame.Local(street[i-1]), e.frame.Local(street[i])
		length := planar.Distance(a, b)
		all += length
		box := orb.MultiPoint{a, b}.Bound()
		if !box.Intersects(e.box) {
			out = true
			continue
		}
		if !e.nearBoundary(box) { // all of the piece lies on one side
			if e.area.contains(b) {
				in += length
			} else {
				out = true
			}
			continue
		}
		n := int(length/sampleStep) + 1
		for k := range n {
			t := (float64(k) + 0.5) / float64(n)
			p := orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])}
			switch {
			case e.area.contains(p):
				in += length / float64(n)
				continue
			case e.inBand(p, float64(boundaryBand)):
				near += length / float64(n)
			}
			out = true
		}
	}
	if all == 0 || in+near == 0 {
		return Outside, 0
	}
	share := math.Round(1e9*math.Min(1, (in+near)/all)) / 1e9
	switch {
	case in == 0:
		return Adjacent, share
	case out:
		return Across, share
	}
	return Through, share
}

// touching is how far out of an area a point may lie that counts as inside
// (UGE reference, points inside areas: 0.00001 degrees).
const touching = 1.0

// holds reports whether a point lies in the area.
func (e *band) holds(p orb.Point) bool { return e.area.contains(p) || e.inBand(p, touching) }

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

// inBand reports whether a point lies within so many metres of the boundary.
func (e *band) inBand(p orb.Point, metres float64) (found bool) {
	box := p.Bound().Pad(metres)
	e.sides.Search(box.Min, box.Max, func(_, _ [2]float64, s side) bool {
		found = planar.Distance(p, footOn(s.a, s.b, p)) <= metres
		return !found
	})
	return found
}
