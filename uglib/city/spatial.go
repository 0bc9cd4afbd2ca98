package city

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
	"github.com/tidwall/rtree"

	"urbangraph/uglib/geo"
)

// index is what the queries need beside the tables: adjacency, and R-trees in
// the metres of the frame.
type index struct {
	adj     csr
	frame   geo.Projection
	streets *segments
	nodes   rtree.RTreeG[NodeID]
	scenery rtree.RTreeG[int32]
}

// index returns the index, built on first use.
func (c *City) index() *index {
	c.once.Do(func() {
		x := &c.idx
		x.adj = newCSR(len(c.Nodes), c.Edges)
		x.frame = c.frame().Projection()
		var pieces []segment
		for i := range c.Nodes {
			n := &c.Nodes[i]
			if n.Geometry == nil {
				continue
			}
			b := x.box(n.Geometry)
			x.nodes.Insert(b.Min, b.Max, NodeID(i))
			if line, ok := n.Geometry.(orb.LineString); ok && n.Kind == Street {
				pieces = x.pieces(pieces, NodeID(i), line)
			}
		}
		x.streets = newSegments(pieces)
		for i := range c.Scenery {
			b := x.box(c.Scenery[i].Geometry)
			x.scenery.Insert(b.Min, b.Max, int32(i))
		}
	})
	return &c.idx
}

// frame returns the metric frame: around the nodes where the city has none.
func (c *City) frame() geo.Frame {
	if c.Frame == (geo.Frame{}) {
		return frameOf(c.Nodes)
	}
	return c.Frame
}

// frameOf returns a frame around the middle of nodes.
func frameOf(nodes []Node) geo.Frame {
	var b *orb.Bound
	for _, n := range nodes {
		if n.Geometry == nil {
			continue
		}
		o := n.Geometry.Bound()
		if b != nil {
			o = b.Union(o)
		}
		b = &o
	}
	if b == nil {
		return geo.Frame{}
	}
	return geo.Frame{Origin: b.Center()}
}

// pieces appends the pieces of a street.
func (x *index) pieces(to []segment, id NodeID, line orb.LineString) []segment {
	if len(line) == 0 {
		return to
	}
	a := x.frame.Local(line[0])
	for _, p := range line[1:] {
		b := x.frame.Local(p)
		to = append(to, segment{street: id, a: a, b: b})
		a = b
	}
	return to
}

// box returns the box of a geometry in metres.
func (x *index) box(g orb.Geometry) orb.Bound {
	b := emptyBox
	extend := func(ps []orb.Point) {
		for _, p := range ps {
			b = b.Extend(x.frame.Local(p))
		}
	}
	switch g := g.(type) {
	case orb.Point:
		extend([]orb.Point{g})
	case orb.MultiPoint:
		extend(g)
	case orb.LineString:
		extend(g)
	case orb.MultiLineString:
		for _, l := range g {
			extend(l)
		}
	case orb.Polygon, orb.MultiPolygon:
		for _, l := range outline(g) {
			extend(l)
		}
	}
	return b
}

var emptyBox = orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}

// footOn returns the point of the segment from a to b that is nearest to p.
func footOn(a, b, p orb.Point) orb.Point {
	dx, dy := b[0]-a[0], b[1]-a[1]
	l := dx*dx + dy*dy
	if l == 0 {
		return a
	}
	t := math.Max(0, math.Min(1, ((p[0]-a[0])*dx+(p[1]-a[1])*dy)/l))
	return orb.Point{a[0] + t*dx, a[1] + t*dy}
}

// Hit is the nearest point of a street.
type Hit struct {
	Street   NodeID
	Foot     orb.Point   // longitude, latitude in degrees
	Distance geo.Metres  // from the place to Foot
	Bearing  geo.Bearing // from the place to Foot
}

// NearestStreet returns the street nearest to p among those that accept holds
// for (all, if it is nil), and the foot point on it; false if none is within
// max. The street may be any kind of way; see [Node.Category].
func (c *City) NearestStreet(p orb.Point, max geo.Metres, accept func(*Node) bool) (Hit, bool) {
	return c.index().nearest(p, max, func(id NodeID) bool { return accept == nil || accept(&c.Nodes[id]) })
}

// NearestStreets is [City.NearestStreet] of all streets for many points at
// once, on all cores. Street is None where none is within max.
func (c *City) NearestStreets(points []orb.Point, max geo.Metres) []Hit {
	x := c.index()
	hits := make([]Hit, len(points))
	any := func(NodeID) bool { return true }
	const share = 512 // points that one core takes at a time
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(points)/share+1) {
		group.Go(func() {
			for {
				first := int(next.Add(share)) - share
				if first >= len(points) {
					return
				}
				for i := first; i < min(first+share, len(points)); i++ {
					hit, ok := x.nearest(points[i], max, any)
					if !ok {
						hit = Hit{Street: None}
					}
					hits[i] = hit
				}
			}
		})
	}
	group.Wait()
	return hits
}

func (x *index) nearest(p orb.Point, max geo.Metres, accept func(NodeID) bool) (hit Hit, ok bool) {
	q := x.frame.Local(p)
	s, d2 := x.streets.nearest(q, float64(max), accept)
	if s == nil {
		return Hit{}, false
	}
	foot := x.frame.LonLat(footOn(s.a, s.b, q))
	return Hit{Street: s.street, Foot: foot, Distance: geo.Metres(math.Sqrt(d2)), Bearing: geo.BearingTo(p, foot)}, true
}

// DistanceTo returns the point of the node's geometry nearest to p and the
// distance to it: p itself and 0 inside an area.
func (c *City) DistanceTo(id NodeID, p orb.Point) (foot orb.Point, d geo.Metres) {
	return c.index().distance(c.Nodes[id].Geometry, p)
}

func (x *index) distance(g orb.Geometry, p orb.Point) (orb.Point, geo.Metres) {
	q := x.frame.Local(p)
	best, least := orb.Point{}, math.Inf(1)
	try := func(foot orb.Point) {
		if d := planar.DistanceSquared(foot, q); d < least {
			best, least = foot, d
		}
	}
	line := func(ps []orb.Point) {
		for i := range ps {
			a := x.frame.Local(ps[i])
			b := a
			if i+1 < len(ps) {
				b = x.frame.Local(ps[i+1])
			}
			try(footOn(a, b, q))
		}
	}
	polygon := func(poly orb.Polygon) {
		if x.contains(poly, q) {
			best, least = q, 0
			return
		}
		for _, r := range poly {
			line(r)
		}
	}
	switch g := g.(type) {
	case orb.Point:
		try(x.frame.Local(g))
	case orb.MultiPoint:
		for _, m := range g {
			try(x.frame.Local(m))
		}
	case orb.LineString:
		line(g)
	case orb.MultiLineString:
		for _, m := range g {
			line(m)
		}
	case orb.Polygon:
		polygon(g)
	case orb.MultiPolygon:
		for _, m := range g {
			polygon(m)
		}
	}
	if least == 0 {
		return p, 0
	}
	return x.frame.LonLat(best), geo.Metres(math.Sqrt(least))
}

// contains reports whether a polygon contains a place that is given in metres.
func (x *index) contains(poly orb.Polygon, q orb.Point) bool {
	in := false
	for _, r := range poly {
		if len(r) == 0 {
			continue
		}
		a := x.frame.Local(r[0])
		for _, p := range r[1:] {
			b := x.frame.Local(p)
			if (a[1] > q[1]) != (b[1] > q[1]) && q[0] < a[0]+(q[1]-a[1])*(b[0]-a[0])/(b[1]-a[1]) {
				in = !in
			}
			a = b
		}
	}
	return in
}

// Centroid returns the middle of a node: the point itself, the point half-way
// along a street, the centre of gravity of an area.
func (c *City) Centroid(id NodeID) orb.Point { return c.index().centroid(c.Nodes[id].Geometry) }

func (x *index) centroid(g orb.Geometry) orb.Point {
	switch g := g.(type) {
	case orb.Point:
		return g
	case orb.LineString:
		return x.along(g, x.length(g)/2)
	case nil:
		return orb.Point{}
	}
	p, _ := planar.CentroidArea(x.local(g))
	return x.frame.LonLat(p)
}

// local brings an area into metres.
func (x *index) local(g orb.Geometry) orb.Geometry {
	switch g := g.(type) {
	case orb.Polygon:
		out := make(orb.Polygon, len(g))
		for i, r := range g {
			out[i] = make(orb.Ring, len(r))
			for k, p := range r {
				out[i][k] = x.frame.Local(p)
			}
		}
		return out
	case orb.MultiPolygon:
		out := make(orb.MultiPolygon, len(g))
		for i, p := range g {
			out[i] = x.local(p).(orb.Polygon)
		}
		return out
	}
	return g
}

// length returns the length of a line in metres.
func (x *index) length(line orb.LineString) float64 {
	var sum float64
	for i := 1; i < len(line); i++ {
		sum += planar.Distance(x.frame.Local(line[i-1]), x.frame.Local(line[i]))
	}
	return sum
}

// along returns the point that lies so many metres from the start of a line.
func (x *index) along(line orb.LineString, metres float64) orb.Point {
	for i := 1; i < len(line); i++ {
		a, b := x.frame.Local(line[i-1]), x.frame.Local(line[i])
		if d := planar.Distance(a, b); d > 0 && metres <= d {
			t := metres / d
			return x.frame.LonLat(orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])})
		} else {
			metres -= d
		}
	}
	if len(line) == 0 {
		return orb.Point{}
	}
	return line[len(line)-1]
}

// near is something found by a search around a point.
type near[T any] struct {
	what     T
	order    int32
	distance geo.Metres
}

func sorted[T any](found []near[T]) []T {
	slices.SortFunc(found, func(a, b near[T]) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.order, b.order))
	})
	out := make([]T, len(found))
	for i, f := range found {
		out[i] = f.what
	}
	return out
}

// Within returns the nodes whose geometry comes within r of p, nearest first.
func (c *City) Within(p orb.Point, r geo.Metres) []NodeID {
	x := c.index()
	var found []near[NodeID]
	lo, hi := x.around(p, r)
	x.nodes.Search(lo, hi, func(_, _ [2]float64, id NodeID) bool {
		if _, d := x.distance(c.Nodes[id].Geometry, p); d <= r {
			found = append(found, near[NodeID]{id, int32(id), d})
		}
		return true
	})
	return sorted(found)
}

// SceneryWithin returns the features whose geometry comes within r of p,
// nearest first.
func (c *City) SceneryWithin(p orb.Point, r geo.Metres) []*Feature {
	x := c.index()
	var found []near[*Feature]
	lo, hi := x.around(p, r)
	x.scenery.Search(lo, hi, func(_, _ [2]float64, i int32) bool {
		if _, d := x.distance(c.Scenery[i].Geometry, p); d <= r {
			found = append(found, near[*Feature]{&c.Scenery[i], i, d})
		}
		return true
	})
	return sorted(found)
}

func (x *index) around(p orb.Point, r geo.Metres) (lo, hi [2]float64) {
	q := x.frame.Local(p)
	return [2]float64{q[0] - float64(r), q[1] - float64(r)}, [2]float64{q[0] + float64(r), q[1] + float64(r)}
}
