package osm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/osm"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm/extract"
)

// Map is what an extract holds inside a box. Every slice is in file order.
type Map struct {
	Source Source
	Bound  orb.Bound // the box that was asked for; Extent if none was
	Extent orb.Bound // the box of the whole extract; east of 180 where it crosses that meridian, as all places do then
	Points []Point   // tagged nodes
	Ways   []Way     // tagged ways that are lines
	Areas  []Area    // closed ways that are areas by their tags, and multipolygon relations
	// Boundaries are administrative and those of settlements; one that is cut
	// is kept even where none of it is in the box.
	Boundaries []Boundary
	// Labels are the nodes with a place tag in the box and around it, all their
	// tags kept.
	Labels []Point
	// Faults is what is wrong in the extract, in the box or near it.
	Faults []Fault
}

// Point is a tagged node.
type Point struct {
	ID   int64
	Tags Tags
	At   orb.Point
}

// Way is a line with the nodes that it runs through.
type Way struct {
	ID    int64
	Tags  Tags
	Nodes []int64        // OSM ids
	Line  orb.LineString // one point for each of Nodes
}

// Area is a surface.
type Area struct {
	ID       int64
	Relation bool // ID is that of a relation, not of a way
	Tags     Tags
	Geometry orb.Geometry // orb.Polygon or orb.MultiPolygon, outer rings counterclockwise, holes clockwise
}

// ErrEmptyBox says that the box holds no streets.
var ErrEmptyBox = errors.New("no streets in the bounding box")

// margin is how far outside the box, in degrees, the positions of nodes are
// kept so that what crosses the edge of the box is whole. Those farther away
// that borders need are read in a second pass.
const margin = 0.25

// small is the size in bytes below which all ways and positions of an extract
// are kept, so that one pass is enough.
const small = 32 << 20

// Read returns what the extract holds inside bound; with nil, all that it holds.
//
// A way is taken if it comes into the box, and cut behind the first node
// outside at either end. An area is taken whole if its own box touches bound.
// A box without a street is [ErrEmptyBox].
func Read(ctx context.Context, src Source, bound *orb.Bound) (*Map, error) {
	if bound != nil && (bound.IsEmpty() || bound.Min == bound.Max) {
		return nil, fmt.Errorf("bounding box %s is empty; give west,south,east,north in degrees", geo.FormatBound(*bound))
	}
	path, err := src.Locate()
	if err != nil {
		return nil, err
	}
	m, r, err := readBox(ctx, path, bound, bound == nil || src.Size < small)
	if err != nil {
		return nil, err
	}
	m.Source = src
	for _, w := range m.Ways {
		if IsStreet(w.Tags) {
			return m, nil
		}
	}
	b := r.header
	if b == nil {
		b = &m.Extent
	}
	return nil, fmt.Errorf("%w %s: extract %s covers %s; choose a box inside of that, as west,south,east,north",
		ErrEmptyBox, geo.FormatBound(m.Bound), src.File, geo.FormatBound(*b))
}

// readBox reads what is inside bound. With all it keeps every way and position
// of the extract until it is done, else those near the box.
func readBox(ctx context.Context, path string, bound *orb.Bound, all bool) (*Map, *reader, error) {
	r := &reader{bound: bound, all: all, wayAt: map[int64]int{}}
	if bound != nil {
		r.middle = bound.Center()[0]
	}
	if err := extract.Scan(ctx, path, r.handler()); err != nil {
		return nil, nil, err
	}
	if !r.span.any {
		return nil, nil, fmt.Errorf("extract %s holds no nodes: it is not an OpenStreetMap extract, or it is truncated; fetch it again", path)
	}
	if r.mixed && !all { // what is near is known only where nodes come first and relations last
		return readBox(ctx, path, bound, true)
	}
	r.nodes.Sort()
	if err := r.fetchFar(ctx, path); err != nil {
		return nil, nil, err
	}
	return r.build(), r, nil
}

func emptyBound() orb.Bound {
	return orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{-1, -1}}
}

// reader collects the objects of one pass.
type reader struct {
	bound  *orb.Bound
	all    bool       // keep all ways and positions
	mixed  bool       // nodes come after ways, or either after relations
	linked bool       // a relation has come
	sorted bool       // nodes can be found
	header *orb.Bound // bounds that the extract declares
	span   span       // of the nodes
	middle float64    // longitude of the middle of the map
	nodes  extract.Locations
	points []Point
	ways   []rawWay
	wayAt  map[int64]int // index in ways; of several with one id the first counts
	refs   []int64
	rels   []rawRelation

	bounds   []rawBoundary
	outlines []rawOutline
	labels   []Point
	faults   faults
}

// rawOutline is a closed way that may bound an administrative area or a
// settlement.
type rawOutline struct {
	way  int // in ways
	tags Tags
}

// rawWay is a way whose nodes are refs[first:last].
type rawWay struct {
	id          int64
	first, last int
	tags        Tags
	area        bool
}

type rawRelation struct {
	id      int64
	tags    Tags
	members []rawMember
}

type rawMember struct {
	way  int64
	role role
}

func (r *reader) handler() extract.Handler {
	return extract.Handler{
		Bounds: func(b orb.Bound) { r.header = &b },
		Node:   r.node, Way: r.way, Relation: r.relation,
	}
}

func (r *reader) node(id int64, p orb.Point, tags extract.Tags) {
	r.mixed = r.mixed || r.linked || len(r.refs) > 0
	if !extract.OnEarth(p) {
		r.faults.add("node off the Earth", leftOut, element{"node", id})
		return
	}
	r.span.add(p)
	near := r.bound == nil || r.bound.Pad(margin).Contains(r.unwrap(p))
	if near || r.all {
		r.nodes.Add(id, p)
	}
	if !near || tags.Len() == 0 {
		return
	}
	if tags.Get("place") != "" {
		r.labels = append(r.labels, Point{ID: id, Tags: allTags(tags), At: extract.Round(p)})
	}
	if r.bound != nil && !r.bound.Contains(r.unwrap(p)) {
		return
	}
	if tags := tagsOf(tags); len(tags) > 0 {
		r.points = append(r.points, Point{ID: id, Tags: tags, At: extract.Round(p)})
	}
}

func (r *reader) way(id int64, nodes []int64, tags extract.Tags) {
	r.mixed = r.mixed || r.linked
	if !r.all && !r.isNear(nodes) {
		return
	}
	if _, ok := r.wayAt[id]; !ok {
		r.wayAt[id] = len(r.ways)
	}
	w := rawWay{id: id, first: len(r.refs), tags: tagsOf(tags)}
	r.refs = append(r.refs, nodes...)
	w.last = len(r.refs)
	if n := len(nodes); n > 3 && nodes[0] == nodes[n-1] {
		w.area = isArea(tags) && !(w.tags["highway"] != "" && w.tags["area"] != "yes")
		if isBoundary(tags) {
			r.outlines = append(r.outlines, rawOutline{way: len(r.ways), tags: allTags(tags)})
		}
	}
	r.ways = append(r.ways, w)
}

// isNear reports whether one of the nodes is in the box or near it.
func (r *reader) isNear(nodes []int64) bool {
	if !r.sorted {
		r.nodes.Sort()
		r.sorted = true
	}
	return slices.ContainsFunc(nodes, func(id int64) bool {
		_, ok := r.nodes.Find(id)
		return ok
	})
}

// isArea reports whether a closed way with these tags is a surface.
func isArea(tags extract.Tags) bool {
	w := osm.Way{Nodes: osm.WayNodes{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 1}}}
	for k, v := range tags.All() {
		w.Tags = append(w.Tags, osm.Tag{Key: k, Value: v})
	}
	return w.Polygon()
}

func (r *reader) relation(id int64, members []extract.Member, tags extract.Tags) {
	r.linked = true
	t := tags.Get("type")
	if (t == "boundary" || t == "multipolygon") && isBoundary(tags) {
		r.boundary(id, members, tags)
	}
	if t != "multipolygon" && (t != "boundary" || tags.Get("boundary") == "administrative") {
		return
	}
	if !r.all && !r.touches(members) {
		return
	}
	rel := rawRelation{id: id, tags: tagsOf(tags)}
	for _, m := range members {
		if m.Type == extract.Way {
			rel.members = append(rel.members, rawMember{way: m.ID, role: roleOf(m.Role)})
		}
	}
	r.rels = append(r.rels, rel)
}

// touches reports whether a member way is in the box or near it.
func (r *reader) touches(members []extract.Member) bool {
	return slices.ContainsFunc(members, func(m extract.Member) bool {
		_, ok := r.wayAt[m.ID]
		return ok && m.Type == extract.Way
	})
}

func roleOf(s string) role {
	switch s {
	case "inner":
		return inner
	case "outer":
		return outer
	}
	return unknown
}

// build resolves ways and relations once every position is known.
func (r *reader) build() *Map {
	m := &Map{Extent: r.span.bound(), Points: r.points, Labels: r.labels}
	m.Bound = m.Extent
	if r.bound != nil {
		m.Bound = *r.bound
	}
	r.middle = m.Bound.Center()[0]
	for _, points := range [][]Point{m.Points, m.Labels} {
		for i := range points {
			points[i].At = r.unwrap(points[i].At)
		}
	}
	m.Points = r.once(m.Points)
	outlines := r.assemble(m)
	r.boundaries(m)
	for i, w := range r.ways {
		name := element{"way", w.id}
		if r.wayAt[w.id] != i {
			r.faults.add("id that is there twice", leftOut, name)
			continue
		}
		if len(w.tags) == 0 || outlines[i] {
			continue
		}
		if box := r.extend(emptyBound(), w); box.IsEmpty() || !box.Intersects(m.Bound) {
			continue
		}
		nodes, line := r.resolve(w)
		if r.all && r.lacks(w) {
			r.faults.add("way with nodes that the extract lacks", passed, name)
		}
		if len(line) < 2 {
			r.faults.add("way of fewer than two nodes", leftOut, name)
			continue
		}
		if w.area {
			if g := r.surface([]part{{nodes: r.refs[w.first:w.last]}}, name, false); g != nil {
				m.Areas = append(m.Areas, Area{ID: w.id, Tags: w.tags, Geometry: g})
			}
			continue
		}
		if nodes, line = trim(nodes, line, m.Bound); len(line) >= 2 {
			m.Ways = append(m.Ways, Way{ID: w.id, Tags: w.tags, Nodes: nodes, Line: line})
		}
	}
	m.Faults = r.faults.sorted()
	return m
}

// once drops points whose id was there before.
func (r *reader) once(points []Point) []Point {
	seen := make(map[int64]bool, len(points))
	return slices.DeleteFunc(points, func(p Point) bool {
		if seen[p.ID] {
			r.faults.add("id that is there twice", leftOut, element{"node", p.ID})
			return true
		}
		seen[p.ID] = true
		return false
	})
}

// lacks reports whether the place of a node of a way is not known.
func (r *reader) lacks(w rawWay) bool {
	return slices.ContainsFunc(r.refs[w.first:w.last], func(id int64) bool {
		_, ok := r.nodes.Find(id)
		return !ok
	})
}

// resolve returns the nodes of a way whose positions are known.
func (r *reader) resolve(w rawWay) ([]int64, orb.LineString) {
	refs := r.refs[w.first:w.last]
	nodes, line := make([]int64, 0, len(refs)), make(orb.LineString, 0, len(refs))
	for _, id := range refs {
		if len(nodes) > 0 && nodes[len(nodes)-1] == id {
			continue
		}
		if p, ok := r.at(id); ok {
			nodes, line = append(nodes, id), append(line, p)
		}
	}
	return nodes, line
}

// trim cuts the two ends of a line that lie outside of the box, but keeps one
// node outside at each.
func trim(nodes []int64, line orb.LineString, box orb.Bound) ([]int64, orb.LineString) {
	first, last := -1, -1
	for i, p := range line {
		if box.Contains(p) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil, nil
	}
	first, last = max(first-1, 0), min(last+1, len(line)-1)
	return nodes[first : last+1], line[first : last+1]
}

// Tags are the tags of an element without those that neither the graph nor a
// drawing uses.
type Tags = map[string]string

// unused begin the keys that are left out: where the data came from, how to
// reach a place, and texts of free form.
var unused = []string{
	"tiger:", "NHD:", "nhd:", "gnis:", "source", "created_by", "attribution", "import", "odbl", "is_in", "uic_",
	"note", "fixme", "FIXME", "description",
	"website", "contact:", "url", "email", "wikidata", "wikipedia", "opening_hours",
}

func tagsOf(tags extract.Tags) Tags {
	var out Tags
next:
	for k, v := range tags.All() {
		if k == "" || v == "" {
			continue
		}
		for _, p := range unused {
			if strings.HasPrefix(k, p) {
				continue next
			}
		}
		if out == nil {
			out = make(Tags, tags.Len())
		}
		out[k] = v
	}
	return out
}
