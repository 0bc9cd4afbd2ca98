package ugdata

import (
	"runtime"
	"sync"
	"weak"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// network is what walks and subgraphs read of a city, laid out so that a
// search touches little memory. It is made once for a city and holds no
// pointer to it. Searches take their scratch space from a pool, so that none
// allocates or clears space for the whole city.
type network struct {
	start  []int32 // arcs of node i are arcs[start[i]:start[i+1]]
	arcs   []arc
	class  []class
	middle []orb.Point // centroid of each node
	bound  []orb.Bound // of each node's geometry
	pool   sync.Pool   // of *scratch
}

// arc is one direction of an edge that is no loop, as the searches see it.
type arc struct {
	to   int32
	edge int32     // index into City.Edges; its complement where no walk may go
	at   orb.Point // record of the hop
}

// class is the kind of a node and what else a search asks of it.
type class uint8

const (
	kindMask class = 3
	hasName  class = 4
	hasPlace class = 8  // the geometry is known
	isPoint  class = 16 // and is a point
)

func (c class) kind() city.Kind { return city.Kind(c & kindMask) }

// networks holds the network of each city that is in use.
var networks sync.Map // weak.Pointer[city.City] to func() *network

// networkOf returns the network of a city, made on first use and dropped with
// the city. The city must not change after that.
func networkOf(c *city.City) *network {
	key := weak.Make(c)
	if f, ok := networks.Load(key); ok {
		return f.(func() *network)()
	}
	ref := key
	f, loaded := networks.LoadOrStore(key, sync.OnceValue(func() *network { return newNetwork(ref.Value()) }))
	if !loaded {
		runtime.AddCleanup(c, func(k weak.Pointer[city.City]) { networks.Delete(k) }, key)
	}
	n := f.(func() *network)()
	runtime.KeepAlive(c)
	return n
}

func newNetwork(c *city.City) *network {
	n := &network{
		start: make([]int32, len(c.Nodes)+1), class: make([]class, len(c.Nodes)),
		middle: make([]orb.Point, len(c.Nodes)), bound: make([]orb.Bound, len(c.Nodes)),
	}
	for i := range c.Nodes {
		x := &c.Nodes[i]
		n.class[i] = class(x.Kind) & kindMask
		if x.Name != "" {
			n.class[i] |= hasName
		}
		if x.Geometry != nil {
			n.class[i] |= hasPlace
			if _, ok := x.Geometry.(orb.Point); ok {
				n.class[i] |= isPoint
			}
			n.middle[i], n.bound[i] = c.Centroid(city.NodeID(i)), x.Geometry.Bound()
		}
	}
	for i := range c.Edges {
		if e := &c.Edges[i]; e.From != e.To {
			n.start[e.From+1]++
			n.start[e.To+1]++
		}
	}
	for i := range c.Nodes {
		n.start[i+1] += n.start[i]
	}
	n.arcs = make([]arc, n.start[len(c.Nodes)])
	next := append([]int32(nil), n.start[:len(c.Nodes)]...)
	for i := range c.Edges {
		e := &c.Edges[i]
		if e.From == e.To {
			continue
		}
		edge := int32(i)
		if sameStreet(c, e) {
			edge = ^edge
		}
		for _, h := range [2]hop{{e.From, e.To, e}, {e.To, e.From, e}} {
			n.arcs[next[h.from]] = arc{to: int32(h.to), edge: edge, at: h.record(c)}
			next[h.from]++
		}
	}
	n.pool.New = func() any { return newScratch(len(c.Nodes)) }
	return n
}

// of returns the arcs that leave a node, in the order of the city's edges.
func (n *network) of(id int32) []arc { return n.arcs[n.start[id]:n.start[id+1]] }

// scratch is the space of one search: marks and slots for each node of the
// city that are valid in one epoch, so that a new search clears nothing.
type scratch struct {
	epoch uint32
	mark  []uint32 // epoch and depth of each node that was reached
	slot  []int32  // of each node that was reached: what the search keeps of it
	order []int32  // nodes in the order in which they were reached
	level []int32  // where each depth starts in order
	nodes []int32  // of the walks to one node, with
	from  []int32  // where the steps into each start in
	steps []step   //
	heap  nearby
}

// depthBits bound the depth of a mark.
const (
	depthBits = 6
	mostDepth = 1<<depthBits - 1
)

func newScratch(nodes int) *scratch {
	return &scratch{mark: make([]uint32, nodes), slot: make([]int32, nodes)}
}

// search takes scratch space from the pool, with nothing marked.
func (n *network) search() *scratch {
	s := n.pool.Get().(*scratch)
	s.epoch++
	if s.epoch == 1<<(32-depthBits) {
		clear(s.mark)
		s.epoch = 1
	}
	s.order, s.level, s.steps, s.heap = s.order[:0], s.level[:0], s.steps[:0], s.heap[:0]
	return s
}

// set marks a node as reached at a depth.
func (s *scratch) set(id int32, depth int) { s.mark[id] = s.epoch<<depthBits | uint32(depth) }

// depth returns the depth at which a node was reached, or -1.
func (s *scratch) depth(id int32) int {
	if m := s.mark[id]; m>>depthBits == s.epoch {
		return int(m & mostDepth)
	}
	return -1
}
