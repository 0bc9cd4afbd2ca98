package streetnet

import (
	"urbangraph/uglib/geo"
)

// sphere is the radius of the Earth in OSMnx (osmnx.distance.EARTH_RADIUS_M),
// so that lengths are the same to the last digits.
const sphere geo.Metres = 6371009

// arc is one segment of a way in one direction.
type arc struct {
	from, to int32
	way      int32
	backward bool
	length   geo.Metres
}

// graph is the network with all vertices.
type graph struct {
	reader *reader
	at     []int32 // node: number of its place
	arcs   []arc   // way by way, its segments forward and then backward
	out    rows    // arcs that leave each node
	in     rows    // arcs that come to it
}

// rows lists for each node its arcs, in their order: those of node i are
// list[start[i]:start[i+1]].
type rows struct{ start, list []int32 }

func (r *rows) of(node int32) []int32 { return r.list[r.start[node]:r.start[node+1]] }

// newRows sorts arcs by one of their ends.
func newRows(nodes, arcs int, end func(arc int) int32) rows {
	r := rows{start: make([]int32, nodes+1), list: make([]int32, arcs)}
	for i := range arcs {
		r.start[end(i)+1]++
	}
	for i := range nodes {
		r.start[i+1] += r.start[i]
	}
	next := append([]int32(nil), r.start[:nodes]...)
	for i := range arcs {
		n := end(i)
		r.list[next[n]] = int32(i)
		next[n]++
	}
	return r
}

// graph makes the arcs between the nodes whose places are known, and drops the
// ways that have none.
func (r *reader) graph() *graph {
	places := r.find()
	g := &graph{reader: r}
	number := g.nodes(places)
	g.arcs = make([]arc, 0, 2*len(places))
	from := 0
	for w, end := range r.ends {
		first := len(g.arcs)
		for i := from + 1; i < end; i++ {
			p, q := places[i-1], places[i]
			if p == unknown || q == unknown {
				continue
			}
			d := geo.Distance(r.places.Point(int(p)), r.places.Point(int(q))) * (sphere / geo.EarthRadius)
			g.arcs = append(g.arcs, arc{from: number[p], to: number[q], way: int32(w), length: d})
		}
		if !r.ways[w].Oneway {
			for _, a := range g.arcs[first:] {
				a.from, a.to, a.backward = a.to, a.from, true
				g.arcs = append(g.arcs, a)
			}
		}
		from = end
	}
	g.index()
	return g
}

// unknown is the place of a node that the extract does not hold, or that lies
// outside the box.
const unknown = -1

// find returns the numbers of the places of r.refs, and drops the ways of which
// no place is known.
func (r *reader) find() (places []int32) {
	kept, from, to := 0, 0, 0
	for w, end := range r.ends {
		gaps := 0
		places = places[:to]
		for _, id := range r.refs[from:end] {
			p, ok := r.places.Find(id)
			if !ok {
				p = unknown
				gaps++
			}
			places = append(places, int32(p))
		}
		if gaps == end-from {
			r.report.Outside++
		} else {
			r.report.Gaps += gaps
			to = len(places)
			r.ways[kept], r.ends[kept] = r.ways[w], to
			kept++
		}
		from = end
	}
	clear(r.ways[kept:])
	r.ways, r.ends = r.ways[:kept], r.ends[:kept]
	return places[:to]
}

// nodes numbers the places that are on a segment, by rising id, and returns
// the number of the node at each.
func (g *graph) nodes(places []int32) (number []int32) {
	r := g.reader
	const onWay, onSegment = 1, 2
	number = make([]int32, r.places.Len())
	from := 0
	for _, end := range r.ends {
		before := int32(unknown)
		for _, p := range places[from:end] {
			if p != unknown {
				number[p] |= onWay
				if before != unknown {
					number[before] |= onSegment
					number[p] |= onSegment
				}
			}
			before = p
		}
		from = end
	}
	for place, on := range number {
		switch {
		case on&onSegment != 0:
			number[place] = int32(len(g.at))
			g.at = append(g.at, int32(place))
		case on == onWay:
			r.report.Lone++
		}
	}
	return number
}

func (g *graph) index() {
	g.out = newRows(len(g.at), len(g.arcs), func(i int) int32 { return g.arcs[i].from })
	g.in = newRows(len(g.at), len(g.arcs), func(i int) int32 { return g.arcs[i].to })
}

// largest keeps the weakly connected component with the most nodes, of several
// the one with the first node, and returns the number of nodes left out.
func (g *graph) largest() (left int) {
	c := newComponents(len(g.at))
	for _, a := range g.arcs {
		c.join(a.from, a.to)
	}
	size := make([]int32, len(g.at))
	best := int32(0)
	for i := range g.at {
		size[c.of(int32(i))]++
	}
	for i, s := range size {
		if s > size[best] {
			best = int32(i)
		}
	}
	number := make([]int32, len(g.at))
	at := g.at[:0]
	for i, place := range g.at {
		number[i] = -1
		if c.of(int32(i)) == best {
			number[i] = int32(len(at))
			at = append(at, place)
		}
	}
	left = len(g.at) - len(at)
	g.at = at
	arcs := g.arcs[:0]
	for _, a := range g.arcs {
		if number[a.from] >= 0 {
			a.from, a.to = number[a.from], number[a.to]
			arcs = append(arcs, a)
		}
	}
	g.arcs = arcs
	g.index()
	return left
}

// components joins nodes; the name of a component is its first node.
type components []int32

func newComponents(n int) components {
	c := make(components, n)
	for i := range c {
		c[i] = int32(i)
	}
	return c
}

func (c components) of(i int32) int32 {
	for c[i] != i {
		c[i] = c[c[i]]
		i = c[i]
	}
	return i
}

func (c components) join(i, j int32) {
	i, j = c.of(i), c.of(j)
	c[max(i, j)] = min(i, j)
}

// straight returns each arc as an edge.
func (g *graph) straight() []Edge {
	edges := make([]Edge, 0, len(g.arcs))
	own := g.reader.oneWay()
	for _, i := range g.out.list {
		edges = append(edges, g.arcs[i].edge(own))
	}
	return edges
}

func (a *arc) edge(own []int32) Edge {
	return Edge{From: a.from, To: a.to, Length: a.length, Ways: own[a.way : a.way+1 : a.way+1], Forward: !a.backward, Backward: a.backward}
}

// oneWay returns the numbers of the ways; a slice of one of them is the list
// of ways of an edge that has one.
func (r *reader) oneWay() []int32 {
	own := make([]int32, len(r.ways))
	for i := range own {
		own[i] = int32(i)
	}
	return own
}
