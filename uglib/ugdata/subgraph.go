package ugdata

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// Neighbourhood returns the subgraph of a view: the image, the street that it
// stands on, and the nodes around it, nearest first, at most o.Nodes in all.
// A node belongs where it is at most o.Hops edges from the image, comes within
// o.Radius of it, and touches a node that belongs: the subgraph hangs together.
// Edges are those of the city among these nodes, and the image's own to its
// street. A view without a street gets a subgraph of the image alone.
//
// The UGE reference takes all nodes within four hops, thousands where a street
// is long, and cuts them at training time around the busiest node, so that the
// image itself may be cut away.
func Neighbourhood(c *city.City, v streetview.View, o Options) Subgraph {
	g := Subgraph{Nodes: []city.NodeID{city.None}}
	if v.Street == city.None {
		return g
	}
	place := map[city.NodeID]int32{}
	depth := map[city.NodeID]int{v.Street: 1}
	open := &nearby{{id: v.Street, distance: v.Distance}}
	for open.Len() > 0 && len(g.Nodes) < o.Nodes {
		at := heap.Pop(open).(candidate)
		place[at.id] = int32(len(g.Nodes))
		g.Nodes = append(g.Nodes, at.id)
		if depth[at.id] == o.Hops {
			continue
		}
		for next := range c.Neighbours(at.id) {
			if old, ok := depth[next]; ok {
				depth[next] = min(old, depth[at.id]+1)
				continue
			}
			depth[next] = depth[at.id] + 1
			if _, d := c.DistanceTo(next, v.Pos); d <= o.Radius {
				heap.Push(open, candidate{id: next, distance: d})
			}
		}
	}
	g.Edges = append(g.Edges, SubEdge{From: 0, To: 1, Type: city.Nearest, Distance: v.Distance, Bearing: v.Bearing})
	for _, id := range g.Nodes[1:] {
		for other, e := range c.Neighbours(id) {
			if _, ok := place[other]; ok && e.From == id { // each edge once
				g.Edges = append(g.Edges, SubEdge{From: place[id], To: place[other], Type: e.Type, Distance: e.Distance, Bearing: e.Bearing})
			}
		}
	}
	return g
}

// Reach returns how far from the image the farthest node of a subgraph comes
// nearest to it.
func (g Subgraph) Reach(c *city.City, pos orb.Point) geo.Metres {
	var far geo.Metres
	for _, id := range g.Nodes[1:] {
		_, d := c.DistanceTo(id, pos)
		far = max(far, d)
	}
	return far
}

// Has reports whether a node belongs to the subgraph.
func (g Subgraph) Has(id city.NodeID) bool { return slices.Contains(g.Nodes, id) }

type candidate struct {
	id       city.NodeID
	distance geo.Metres
}

// nearby is a heap of candidates, nearest first.
type nearby []candidate

func (h nearby) Len() int { return len(h) }
func (h nearby) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].distance, h[j].distance), cmp.Compare(h[i].id, h[j].id)) < 0
}
func (h nearby) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *nearby) Push(x any)   { *h = append(*h, x.(candidate)) }
func (h *nearby) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
