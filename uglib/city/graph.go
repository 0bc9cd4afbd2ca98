package city

import (
	"container/heap"
	"iter"
	"math"
	"slices"
)

// csr is the adjacency of the nodes in compressed sparse rows: the edges of
// node i are edges[start[i]:start[i+1]], as indices into City.Edges, in rising
// order.
type csr struct {
	start []int32
	edges []int32
}

func newCSR(nodes int, edges []Edge) csr {
	c := csr{start: make([]int32, nodes+1)}
	for _, e := range edges {
		c.start[e.From+1]++
		if e.To != e.From {
			c.start[e.To+1]++
		}
	}
	for i := 0; i < nodes; i++ {
		c.start[i+1] += c.start[i]
	}
	c.edges = make([]int32, c.start[nodes])
	next := slices.Clone(c.start[:nodes])
	for i, e := range edges {
		c.edges[next[e.From]] = int32(i)
		next[e.From]++
		if e.To != e.From {
			c.edges[next[e.To]] = int32(i)
			next[e.To]++
		}
	}
	return c
}

func (c *csr) of(id NodeID) []int32 { return c.edges[c.start[id]:c.start[id+1]] }

// other returns the end of e that is not id.
func (e *Edge) other(id NodeID) NodeID {
	if e.From == id {
		return e.To
	}
	return e.From
}

// Neighbours returns the nodes that share an edge with id, whichever way the
// edge points, in the order of City.Edges. A node comes once for each edge.
func (c *City) Neighbours(id NodeID) iter.Seq2[NodeID, *Edge] {
	adj := &c.index().adj
	return func(yield func(NodeID, *Edge) bool) {
		for _, i := range adj.of(id) {
			e := &c.Edges[i]
			if !yield(e.other(id), e) {
				return
			}
		}
	}
}

// Degree returns the number of edges at id.
func (c *City) Degree(id NodeID) int { return len(c.index().adj.of(id)) }

// Hops returns the nodes that a breadth-first search reaches from the given
// ones in at most so many hops, these first, with their depths. It stops at
// limit nodes; 0 is no limit.
func (c *City) Hops(from []NodeID, hops, limit int) (nodes []NodeID, depth []int) {
	adj := &c.index().adj
	seen := make([]bool, len(c.Nodes))
	visit := func(id NodeID, d int) bool {
		if seen[id] {
			return true
		}
		if limit > 0 && len(nodes) == limit {
			return false
		}
		seen[id] = true
		nodes, depth = append(nodes, id), append(depth, d)
		return true
	}
	for _, id := range from {
		if !visit(id, 0) {
			return nodes, depth
		}
	}
	for i := 0; i < len(nodes); i++ {
		if depth[i] == hops {
			break
		}
		for _, e := range adj.of(nodes[i]) {
			if !visit(c.Edges[e].other(nodes[i]), depth[i]+1) {
				return nodes, depth
			}
		}
	}
	return nodes, depth
}

// ShortestPath returns the path of least total weight from one node to
// another, both included, and its weight; false if there is none. A nil weight
// counts hops. An edge whose weight is negative, infinite or NaN is closed. Of
// several paths of the same weight the same one is returned every time.
func (c *City) ShortestPath(from, to NodeID, weight func(*Edge) float64) ([]NodeID, float64, bool) {
	if weight == nil {
		weight = func(*Edge) float64 { return 1 }
	}
	adj := &c.index().adj
	cost, before := make([]float64, len(c.Nodes)), make([]NodeID, len(c.Nodes))
	for i := range cost {
		cost[i] = math.Inf(1)
	}
	cost[from], before[from] = 0, None
	open := &queue{{node: from}}
	for open.Len() > 0 {
		at := heap.Pop(open).(reached)
		if at.cost > cost[at.node] {
			continue // reached at less cost before
		}
		if at.node == to {
			var path []NodeID
			for n := to; n != None; n = before[n] {
				path = append(path, n)
			}
			slices.Reverse(path)
			return path, at.cost, true
		}
		for _, i := range adj.of(at.node) {
			e := &c.Edges[i]
			w := weight(e)
			if !(w >= 0) || math.IsInf(w, 0) {
				continue
			}
			next, total := e.other(at.node), at.cost+w
			if cost[next] <= total {
				continue
			}
			cost[next], before[next] = total, at.node
			heap.Push(open, reached{node: next, cost: total})
		}
	}
	return nil, 0, false
}

type reached struct {
	node NodeID
	cost float64
}

// queue is a heap of reached nodes, cheapest first.
type queue []reached

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].cost != q[j].cost {
		return q[i].cost < q[j].cost
	}
	return q[i].node < q[j].node
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(reached)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
