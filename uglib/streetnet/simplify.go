package streetnet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// simplify joins the arcs between endpoints to edges, as
// osmnx.simplification.simplify_graph does, its treatment of oddities of the
// data included, and renumbers the nodes that are left.
func (g *graph) simplify(differ []string) ([]Edge, error) {
	s := simplifier{
		graph: g, endpoint: make([]bool, len(g.at)), gone: make([]bool, len(g.at)),
		onPath: make([]int32, len(g.at)), next: make([]int32, len(g.at)), ofPath: make([]int32, len(g.reader.ways)),
	}
	for i := range g.at {
		s.endpoint[i] = isEndpoint(int32(i), &g.out, &g.in, func(a int32) (from, to int32) { return g.arcs[a].from, g.arcs[a].to }) ||
			g.changes(int32(i), differ)
	}
	var joined []Edge
	for i := range g.at {
		if !s.endpoint[i] {
			continue
		}
		from := int32(i)
		for _, a := range g.out.of(from) {
			to := g.arcs[a].to
			if s.endpoint[to] || s.next[to] == from+1 { // the second of parallel arcs is passed over
				continue
			}
			s.next[to] = from + 1
			path, err := s.path(a)
			if err != nil {
				return nil, err
			}
			for _, p := range path[:len(path)-1] {
				s.gone[g.arcs[p].to] = true
			}
			joined = append(joined, s.join(path))
		}
	}
	return s.edges(joined), nil
}

// isEndpoint is rules 1 to 3 of osmnx.simplification._is_endpoint: a node is no
// endpoint if it has two neighbours and one arc, or one each way, to each.
func isEndpoint(n int32, out, in *rows, ends func(arc int32) (from, to int32)) bool {
	leaving, coming := out.of(n), in.of(n)
	if len(leaving) == 0 || len(coming) == 0 {
		return true
	}
	if d := len(leaving) + len(coming); d != 2 && d != 4 {
		return true
	}
	var neighbours []int32
	var room [4]int32
	neighbours = room[:0]
	note := func(o int32) {
		if !slices.Contains(neighbours, o) {
			neighbours = append(neighbours, o)
		}
	}
	for _, a := range leaving {
		_, to := ends(a)
		note(to)
	}
	for _, a := range coming {
		from, _ := ends(a)
		note(from)
	}
	return len(neighbours) != 2 || slices.Contains(neighbours, n)
}

// changes is rule 5: the arcs at a node have different values of a tag.
func (g *graph) changes(n int32, differ []string) bool {
	for _, key := range differ {
		first, value := true, ""
		for _, list := range [...][]int32{g.out.of(n), g.in.of(n)} {
			for _, a := range list {
				v := g.reader.ways[g.arcs[a].way].value(key)
				if !first && v != value {
					return true
				}
				first, value = false, v
			}
		}
	}
	return false
}

// value returns an attribute of OSMnx's edges.
func (w *Way) value(key string) string {
	switch key {
	case "osmid":
		return strconv.FormatInt(w.ID, 10)
	case "oneway":
		return pyBool(w.Oneway)
	}
	return w.Tags[key]
}

// simplifier walks from endpoint to endpoint.
type simplifier struct {
	*graph
	endpoint []bool
	gone     []bool  // nodes within a path
	paths    int32   // number of paths so far
	onPath   []int32 // node: the last path that it is on
	ofPath   []int32 // way: the last path that it is of
	next     []int32 // node: 1 more than the last endpoint that it was the next node of
}

// path follows osmnx.simplification._build_path from an arc that leaves an
// endpoint to a node that is none. It returns the arcs to the next endpoint; in
// odd cases it ends before.
func (s *simplifier) path(first int32) ([]int32, error) {
	s.paths++
	start, at := s.arcs[first].from, s.arcs[first].to
	s.onPath[start], s.onPath[at] = s.paths, s.paths
	path := []int32{first}
	step := func(a int32) {
		path = append(path, a)
		at = s.arcs[a].to
		s.onPath[at] = s.paths
	}
	// The first step takes the first way on, whichever others there are.
	a, _ := s.ahead(at)
	if a < 0 {
		return path, nil // a quirk of the data: back to where it came from is all there is
	}
	step(a)
	for !s.endpoint[at] {
		a, several := s.ahead(at)
		switch {
		case several:
			return nil, fmt.Errorf("node %d goes on in two ways and is no endpoint", s.reader.places.ID(int(s.at[at])))
		case a >= 0:
			step(a)
		default:
			for _, back := range s.out.of(at) {
				if s.arcs[back].to == start { // a loop
					return append(path, back), nil
				}
			}
			return path, nil
		}
	}
	return path, nil
}

// ahead returns the first arc to a node that is not on the path, -1 if there
// is none, and whether there are several such nodes.
func (s *simplifier) ahead(n int32) (a int32, several bool) {
	a = -1
	for _, o := range s.out.of(n) {
		to := s.arcs[o].to
		switch {
		case s.onPath[to] == s.paths:
		case a < 0:
			a = o
		case s.arcs[a].to != to:
			return a, true
		}
	}
	return a, false
}

// join makes one edge of a path.
func (s *simplifier) join(path []int32) Edge {
	from := s.arcs[path[0]].from
	e := Edge{From: from, To: s.arcs[path[len(path)-1]].to, Line: make(orb.LineString, 0, len(path)+1)}
	e.Line = append(e.Line, s.place(from))
	for _, i := range path {
		a := &s.arcs[i]
		e.Length += a.length
		e.Line = append(e.Line, s.place(a.to))
		e.Forward = e.Forward || !a.backward
		e.Backward = e.Backward || a.backward
		if s.ofPath[a.way] != s.paths {
			s.ofPath[a.way] = s.paths
			e.Ways = append(e.Ways, a.way)
		}
	}
	return e
}

func (g *graph) place(n int32) orb.Point { return g.reader.places.Point(int(g.at[n])) }

// edges returns the arcs that are left and the joined edges, in the order of
// where they start, and drops the nodes within paths.
func (s *simplifier) edges(joined []Edge) []Edge {
	number := make([]int32, len(s.at))
	at := s.at[:0]
	for i, place := range s.at {
		number[i] = int32(len(at))
		if !s.gone[i] {
			at = append(at, place)
		}
	}
	own := s.reader.oneWay()
	edges := make([]Edge, 0, len(joined))
	add := func(e Edge) {
		if !s.gone[e.From] && !s.gone[e.To] {
			e.From, e.To = number[e.From], number[e.To]
			edges = append(edges, e)
		}
	}
	for i := range s.gone {
		for _, a := range s.out.of(int32(i)) {
			add(s.arcs[a].edge(own))
		}
		for len(joined) > 0 && joined[0].From == int32(i) {
			add(joined[0])
			joined = joined[1:]
		}
	}
	s.at = at
	return edges
}

// removeRings drops the components without an endpoint: rings that nothing
// meets (osmnx.simplification._remove_rings).
func (n *Network) removeRings(differ []string) {
	ends := func(e int32) (from, to int32) { return n.Edges[e].From, n.Edges[e].To }
	out := newRows(len(n.Nodes), len(n.Edges), func(i int) int32 { return n.Edges[i].From })
	in := newRows(len(n.Nodes), len(n.Edges), func(i int) int32 { return n.Edges[i].To })
	c := newComponents(len(n.Nodes))
	for i := range n.Edges {
		c.join(n.Edges[i].From, n.Edges[i].To)
	}
	met := make([]bool, len(n.Nodes)) // by the first node of a component
	for i := range n.Nodes {
		if isEndpoint(int32(i), &out, &in, ends) || n.changes(int32(i), &out, &in, differ) {
			met[c.of(int32(i))] = true
		}
	}
	number := make([]int32, len(n.Nodes))
	nodes := n.Nodes[:0]
	for i, node := range n.Nodes {
		number[i] = -1
		if met[c.of(int32(i))] {
			number[i] = int32(len(nodes))
			nodes = append(nodes, node)
		}
	}
	n.Report.Rings = len(n.Nodes) - len(nodes)
	n.Nodes = nodes
	n.Edges = slices.DeleteFunc(n.Edges, func(e Edge) bool { return number[e.From] < 0 })
	for i := range n.Edges {
		e := &n.Edges[i]
		e.From, e.To = number[e.From], number[e.To]
	}
}

// changes is rule 5 for joined edges.
func (n *Network) changes(node int32, out, in *rows, differ []string) bool {
	for _, key := range differ {
		seen := map[string]bool{}
		for _, list := range [...][]int32{out.of(node), in.of(node)} {
			for _, e := range list {
				var values []string
				for _, w := range n.Edges[e].Ways {
					values = append(values, n.Ways[w].value(key))
				}
				seen[strings.Join(values, "\x00")] = true
			}
		}
		if len(seen) > 1 {
			return true
		}
	}
	return false
}

// finish counts parallel edges and the streets at each node.
func (n *Network) finish() {
	out := newRows(len(n.Nodes), len(n.Edges), func(i int) int32 { return n.Edges[i].From })
	in := newRows(len(n.Nodes), len(n.Edges), func(i int) int32 { return n.Edges[i].To })
	type count struct{ node, leaving, coming int32 }
	counts := make([]count, len(n.Nodes)) // of the arcs to and from each neighbour of the node at hand
	for i := range n.Nodes {
		node := int32(i)
		var neighbours []int32
		at := func(o int32) *count {
			c := &counts[o]
			if c.node != node+1 {
				*c = count{node: node + 1}
				neighbours = append(neighbours, o)
			}
			return c
		}
		for _, e := range out.of(node) {
			c := at(n.Edges[e].To)
			n.Edges[e].Key = c.leaving
			c.leaving++
		}
		for _, e := range in.of(node) {
			at(n.Edges[e].From).coming++
		}
		for _, o := range neighbours {
			if o == node {
				n.Nodes[i].Streets += 2 // a loop has two ends here; several count as one
			} else {
				n.Nodes[i].Streets += max(counts[o].leaving, counts[o].coming)
			}
		}
	}
}
