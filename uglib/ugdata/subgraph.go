package ugdata

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// Recipe says how a subgraph is cut out of the city. In every recipe no node
// is farther than Options.Radius from the image, at the point where it comes
// nearest, and there are at most Options.Nodes, so that the buffer between
// splits means something; the image comes first, its street next; edges are
// all those of the city among the nodes, loops apart, and the image's own.
type Recipe string

const (
	// RecipeNearest takes the nodes nearest to the image of those within Hops of it,
	// each touching one that is taken already: the subgraph hangs together.
	RecipeNearest Recipe = "nearest"
	// RecipeHops takes the nodes within Hops of the image, those of few hops first
	// and of these the nearest: the recipe of the UGE reference for paths (R1).
	// That has no radius, gives an image of more than 30000 nodes up instead of
	// cutting its graph, keeps one of parallel edges, and puts the image last
	// and without attributes; its recipe for captions from such a graph (R2)
	// adds the image's two hops where the image is missing, which it never is
	// here.
	RecipeHops Recipe = "hops"
	// RecipeRadius takes all nodes within the radius, nearest first, whether they
	// hang together or not: the reference's recipe for captions from metadata
	// (R3) as it was meant.
	RecipeRadius Recipe = "radius"
	// RecipePoints is R3 as the reference runs: of the nodes within the radius
	// the points, and streets and areas only where they are within two hops of
	// the image.
	RecipePoints Recipe = "points"
)

// pointHops is how far from the image [RecipePoints] takes what is no point.
const pointHops = 2

// Neighbourhood returns the subgraph of a view by o.Recipe. A view without a
// street gets a subgraph of the image alone. Fields of o that are zero mean
// their defaults; Neighbourhood panics on options that [Options.Check] refuses.
//
// The UGE reference takes all nodes within four hops, thousands where a street
// is long, and cuts them at training time around the busiest node, so that the
// image itself may be cut away.
func Neighbourhood(c *city.City, v streetview.View, o Options) Subgraph {
	o = o.complete()
	return o.neighbourhood(c, v)
}

// neighbourhood is Neighbourhood with options that are complete.
func (o *Options) neighbourhood(c *city.City, v streetview.View) Subgraph {
	g := Subgraph{Nodes: []city.NodeID{city.None}}
	if v.Street == city.None {
		return g
	}
	n := networkOf(c)
	f := &field{scratch: n.search(), net: n, city: c, here: newAround(v.Pos), hops: o.Hops, limit2: float64(o.Radius) * float64(o.Radius)}
	defer func() { n.pool.Put(f.scratch) }()
	switch o.Recipe {
	case RecipeHops:
		f.byHops(int32(v.Street), o.Nodes-1)
	case RecipeRadius, RecipePoints:
		f.byRadius(v, o.Nodes-1, geo.Metres(o.Radius), o.Recipe == RecipePoints)
	default:
		f.nearest(int32(v.Street), o.Nodes-1)
	}
	g.Nodes = slices.Grow(g.Nodes, len(f.order))
	for _, id := range f.order {
		g.Nodes = append(g.Nodes, city.NodeID(id))
	}
	g.Edges = f.edges(v)
	return g
}

// field is the surroundings of an image while its subgraph grows: order holds
// the nodes taken.
type field struct {
	*scratch
	net    *network
	city   *city.City
	here   around
	hops   int
	limit2 float64 // square of the radius
}

// What the slot of a node says that is not taken.
const (
	pending int32 = -1 // it waits in the heap
	far     int32 = -2 // it is beyond the radius
)

func (f *field) take(id int32) {
	f.slot[id] = int32(len(f.order))
	f.order = append(f.order, id)
}

// square returns the square of the distance to a node.
func (f *field) square(id int32) float64 {
	_, _, d2 := f.here.nearest(f.city.Nodes[id].Geometry)
	return d2
}

// nearest grows the subgraph by [RecipeNearest]. A node waits with the distance to
// its bound; only one that comes to the front is measured.
func (f *field) nearest(street int32, limit int) {
	f.set(street, 1)
	f.slot[street] = pending
	f.heap.push(candidate{id: street, exact: true})
	for len(f.heap) > 0 && len(f.order) < limit {
		at := f.heap.pop()
		if !at.exact {
			if at.d2, at.exact = f.square(at.id), true; at.d2 > f.limit2 {
				f.slot[at.id] = far
			} else {
				f.heap.push(at)
			}
			continue
		}
		f.take(at.id)
		f.spread(at.id)
	}
}

// spread puts the neighbours of a node that was taken into the heap, and
// corrects the hops of those that it is a shorter way to.
func (f *field) spread(id int32) {
	depth := f.depth(id) + 1
	if depth > f.hops {
		return
	}
	arcs := f.net.of(id)
	for i := range arcs {
		to := arcs[i].to
		old := f.depth(to)
		switch {
		case old < 0:
			f.set(to, depth)
			f.slot[to] = pending
			x := candidate{id: to, d2: f.here.least2(f.net.bound[to]), exact: f.net.class[to]&isPoint != 0}
			if x.d2 > f.limit2 || f.net.class[to]&hasPlace == 0 {
				f.slot[to] = far
				continue
			}
			f.heap.push(x)
		case old > depth && f.slot[to] != far:
			f.set(to, depth)
			if f.slot[to] >= 0 {
				f.spread(to)
			}
		}
	}
}

// byHops takes the nodes by [RecipeHops].
func (f *field) byHops(street int32, limit int) {
	f.set(street, 1)
	f.take(street)
	f.breadth(street, f.hops, func(level []candidate) {
		for _, x := range level[:min(len(level), limit-len(f.order))] {
			f.take(x.id)
		}
	})
}

// breadth marks the nodes within so many hops and the radius, and shows those
// of each depth from the second on, nearest first.
func (f *field) breadth(street int32, hops int, show func([]candidate)) {
	level := []candidate{{id: street}}
	for depth := 2; depth <= hops && len(level) > 0; depth++ {
		var next []candidate
		for _, x := range level {
			arcs := f.net.of(x.id)
			for i := range arcs {
				to := arcs[i].to
				if f.depth(to) >= 0 {
					continue
				}
				f.set(to, depth)
				f.slot[to] = far
				if f.net.class[to]&hasPlace == 0 || f.here.least2(f.net.bound[to]) > f.limit2 {
					continue
				}
				if d2 := f.square(to); d2 <= f.limit2 {
					f.slot[to] = pending
					next = append(next, candidate{id: to, d2: d2, exact: true})
				}
			}
		}
		slices.SortFunc(next, candidate.compare)
		show(next)
		level = next
	}
}

// byRadius takes the nodes by [RecipeRadius] or [RecipePoints].
func (f *field) byRadius(v streetview.View, limit int, radius geo.Metres, points bool) {
	street := int32(v.Street)
	f.set(street, 1)
	f.take(street)
	if points {
		f.breadth(street, pointHops, func([]candidate) {})
	}
	for _, id := range f.city.Within(v.Pos, radius*1.01) {
		if len(f.order) >= limit {
			return
		}
		i := int32(id)
		taken := f.depth(i) >= 0
		if i == street || points && f.net.class[i]&isPoint == 0 && !(taken && f.slot[i] == pending) || f.square(i) > f.limit2 {
			continue
		}
		f.set(i, 1)
		f.take(i)
	}
}

// edges returns the image's own edge and those of the city among the nodes
// taken, each once.
func (f *field) edges(v streetview.View) []SubEdge {
	edges := make([]SubEdge, 1, 1+2*len(f.order))
	edges[0] = SubEdge{From: 0, To: 1, Type: city.Nearest, Distance: v.Distance, Bearing: v.Bearing}
	for i, id := range f.order {
		arcs := f.net.of(id)
		for j := range arcs {
			a := &arcs[j]
			if f.depth(a.to) < 0 || f.slot[a.to] < 0 {
				continue
			}
			e := &f.city.Edges[max(a.edge, ^a.edge)]
			if int32(e.From) == id {
				edges = append(edges, SubEdge{From: int32(i) + 1, To: f.slot[a.to] + 1, Type: e.Type, Distance: e.Distance, Bearing: e.Bearing})
			}
		}
	}
	return edges
}

// with returns a subgraph with the nodes of some paths added, and the edges of
// the city among them and the others.
func (g Subgraph) with(c *city.City, paths []Path) Subgraph {
	place := make(map[city.NodeID]int32, len(g.Nodes))
	for i, id := range g.Nodes {
		place[id] = int32(i)
	}
	old := len(g.Nodes)
	for _, p := range paths {
		for _, id := range p.Nodes {
			if _, ok := place[id]; !ok {
				place[id] = int32(len(g.Nodes))
				g.Nodes = append(g.Nodes, id)
			}
		}
	}
	for i, id := range g.Nodes[old:] {
		at := int32(old + i)
		for other, e := range c.Neighbours(id) {
			to, ok := place[other]
			if !ok || other == id || int(to) >= old && e.From != id { // of two new ends, the first of the edge adds it
				continue
			}
			from, to := at, to
			if e.From != id {
				from, to = to, from
			}
			g.Edges = append(g.Edges, SubEdge{From: from, To: to, Type: e.Type, Distance: e.Distance, Bearing: e.Bearing})
		}
	}
	return g
}

// Reach returns how far from the image the farthest node of a subgraph comes
// nearest to it.
func (g Subgraph) Reach(c *city.City, pos orb.Point) geo.Metres {
	here := newAround(pos)
	var far2 float64
	for _, id := range g.Nodes[1:] {
		_, _, d2 := here.nearest(c.Nodes[id].Geometry)
		far2 = max(far2, d2)
	}
	return geo.Metres(math.Sqrt(far2))
}

// Has reports whether a node belongs to the subgraph.
func (g Subgraph) Has(id city.NodeID) bool { return slices.Contains(g.Nodes, id) }

// candidate is a node that may be taken.
type candidate struct {
	id    int32
	exact bool    // d2 is the distance to the node, not the least that it may be
	d2    float64 // square of the distance
}

func (c candidate) compare(o candidate) int {
	switch {
	case c.d2 != o.d2:
		return cmp.Compare(c.d2, o.d2)
	case c.exact != o.exact && !c.exact:
		return -1
	case c.exact != o.exact:
		return 1
	}
	return cmp.Compare(c.id, o.id)
}

// nearby is a heap of candidates, nearest first.
type nearby []candidate

func (h *nearby) push(x candidate) {
	*h = append(*h, x)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up].compare(s[i]) <= 0 {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (h *nearby) pop() candidate {
	s := *h
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return top
		}
		if down+1 < last && s[down+1].compare(s[down]) < 0 {
			down++
		}
		if s[i].compare(s[down]) <= 0 {
			return top
		}
		s[i], s[down] = s[down], s[i]
		i = down
	}
}
