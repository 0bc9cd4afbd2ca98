package ugdata

import (
	"math"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// tree is what an image reaches in at most so many hops, none of them farther
// from it than reach, as the crow flies. Close it after use.
type tree struct {
	*scratch
	net   *network
	city  *city.City
	view  streetview.View
	here  around
	reach geo.Metres
}

// explore searches breadth first: nodes are reached in order of hops. The
// street of the image is one hop away.
func explore(c *city.City, v streetview.View, hops int, reach geo.Metres) *tree {
	n := networkOf(c)
	t := &tree{scratch: n.search(), net: n, city: c, view: v, here: newAround(v.Pos), reach: reach}
	t.set(int32(v.Street), 1)
	t.order = append(t.order, int32(v.Street))
	t.level = append(t.level, 0, 0, 1) // nothing is no hop away, the street is one
	for depth := 2; depth <= hops; depth++ {
		for i := t.level[depth-1]; i < t.level[depth]; i++ {
			arcs := n.of(t.order[i])
			for j := range arcs {
				a := &arcs[j]
				if a.edge < 0 || t.mark[a.to]>>depthBits == t.epoch || !t.within(a.at) {
					continue
				}
				t.set(a.to, depth)
				t.order = append(t.order, a.to)
			}
		}
		t.level = append(t.level, int32(len(t.order)))
	}
	return t
}

func (t *tree) close() { t.net.pool.Put(t.scratch) }

// within reports whether a record is no farther from the image than a walk may
// go.
func (t *tree) within(at orb.Point) bool {
	x, y := t.here.offset(at)
	return x*x+y*y <= float64(t.reach)*float64(t.reach)
}

// at returns the nodes that are so many hops away.
func (t *tree) at(hops int) []int32 {
	if hops+1 >= len(t.level) {
		return nil
	}
	return t.order[t.level[hops]:t.level[hops+1]]
}

// step is a hop on a walk of fewest hops, with the best way to it.
type step struct {
	hop
	at     orb.Point // record of the hop
	metres float64   // from the image to the record, and to the side where the hop leads to a place
	before int32     // index of the step before it; -1 for the first
}

// walk returns the walk of fewest hops to a node that was reached, of several
// the one of fewest metres, and of these the one whose edges come first in the
// city. Metres are those of the path grammar: from record to record, and the
// own tuples.
func (t *tree) walk(to city.NodeID) []hop {
	// Backward: the nodes of all walks of fewest hops, far ones first, each with
	// the steps into it in steps[from[i]:from[i+1]].
	nodes, from, steps := append(t.nodes[:0], int32(to)), append(t.from[:0], 0), t.steps[:0]
	place := func(id int32) (int32, bool) { // of a node in nodes
		i := t.slot[id]
		return i, i >= 0 && int(i) < len(nodes) && nodes[i] == id
	}
	t.slot[to] = 0
	for i := 0; i < len(nodes); i++ {
		id := nodes[i]
		depth := t.depth(id)
		if depth == 1 {
			first := hop{from: city.None, to: t.view.Street, edge: anchored(t.view)}
			steps = append(steps, step{hop: first, at: t.view.Foot})
		}
		arcs := t.net.of(id)
		for j := range arcs {
			a := &arcs[j]
			if a.edge < 0 || depth == 1 || t.depth(a.to) != depth-1 {
				continue
			}
			s := step{hop: hop{from: city.NodeID(a.to), to: city.NodeID(id), edge: &t.city.Edges[a.edge]}, at: a.at}
			if s.edge.Type == city.Along {
				s.at = t.net.middle[id]
			}
			if !t.within(s.at) {
				continue
			}
			steps = append(steps, s)
			if _, ok := place(a.to); !ok {
				t.slot[a.to] = int32(len(nodes))
				nodes = append(nodes, a.to)
			}
		}
		from = append(from, int32(len(steps)))
	}
	t.nodes, t.from, t.steps = nodes, from, steps
	// Forward: the best way to each step.
	for i := len(nodes) - 1; i >= 0; i-- {
		for k := from[i]; k < from[i+1]; k++ {
			s := &steps[k]
			s.before, s.metres = -1, float64(s.own())
			if s.hop.from == city.None {
				continue
			}
			p, _ := place(int32(s.hop.from))
			least := math.Inf(1)
			for b := from[p]; b < from[p+1]; b++ {
				if m := steps[b].metres + t.here.apart(steps[b].at, s.at); m < least {
					least, s.before = m, b
				}
			}
			s.metres += least
		}
	}
	best := int32(0)
	for k := range from[1] {
		if steps[k].metres < steps[best].metres {
			best = k
		}
	}
	var hops []hop
	for k := best; k >= 0; k = steps[k].before {
		hops = append(hops, steps[k].hop)
	}
	slices.Reverse(hops)
	return hops
}
