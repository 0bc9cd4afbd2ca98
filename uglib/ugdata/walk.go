package ugdata

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// hop is one step of a walk: an edge in the direction of the walk. The first
// hop of a walk leads from the image (city.None) to its street.
type hop struct {
	from, to city.NodeID
	edge     *city.Edge
}

// forward reports whether the walk follows the edge's own direction.
func (h hop) forward() bool { return h.edge.To == h.to && h.edge.From == h.from }

// anchored is the edge from an image to its street.
func anchored(v streetview.View) *city.Edge {
	return &city.Edge{From: city.None, To: v.Street, Type: city.Nearest, Via: city.None, Distance: v.Distance, Bearing: v.Bearing, At: v.Foot}
}

// record is the place that a hop passes (UGE reference, path grammar): the
// foot point on the street of a nearest edge or of an area's bounds, the point
// where streets meet, the crossing that a hop along a street leads to.
func (h hop) record(c *city.City) orb.Point {
	if h.edge.Type == city.Along {
		return c.Centroid(h.to)
	}
	return h.edge.At
}

// reached is a node of the tree of shortest walks.
type reached struct {
	hop    // that leads to it
	hops   int
	metres geo.Metres // along the records
	at     orb.Point  // record of the hop
}

// tree holds the shortest walks from one image: the fewest hops, of these the
// fewest metres. Nodes are in the order in which they were reached: by hops,
// then by metres, then by id.
type tree struct {
	city  *city.City
	nodes []reached
	place []int32 // of each node of the city: 1 + its index in nodes; 0 if it was not reached
}

// explore walks at most so many hops from the image and no farther from it, as
// the crow flies, than reach.
func explore(c *city.City, v streetview.View, hops int, reach geo.Metres) *tree {
	t := &tree{city: c, place: make([]int32, len(c.Nodes))}
	first := hop{from: city.None, to: v.Street, edge: anchored(v)}
	t.nodes = append(t.nodes, reached{hop: first, hops: 1, metres: v.Distance, at: v.Foot})
	t.place[v.Street] = 1
	for level, lo := 2, 0; level <= hops; level++ {
		hi := len(t.nodes)
		for i := lo; i < hi; i++ {
			here := t.nodes[i]
			for next, e := range c.Neighbours(here.to) {
				old := int(t.place[next]) - 1
				if old >= 0 && old < hi || sameStreet(c, e) {
					continue
				}
				h := hop{from: here.to, to: next, edge: e}
				at := h.record(c)
				r := reached{hop: h, hops: level, metres: here.metres + geo.Distance(here.at, at), at: at}
				switch {
				case old >= 0 && r.metres >= t.nodes[old].metres, geo.Distance(v.Pos, at) > reach:
				case old >= 0:
					t.nodes[old] = r
				default:
					t.nodes = append(t.nodes, r)
					t.place[next] = int32(len(t.nodes))
				}
			}
		}
		slices.SortFunc(t.nodes[hi:], func(a, b reached) int {
			return cmp.Or(cmp.Compare(a.metres, b.metres), cmp.Compare(a.to, b.to))
		})
		for i, r := range t.nodes[hi:] {
			t.place[r.to] = int32(hi + i + 1)
		}
		lo = hi
	}
	return t
}

// sameStreet reports whether an edge crosses from a street into one of the
// same name, which is no crossing (the reference removes these as well).
func sameStreet(c *city.City, e *city.Edge) bool {
	a, b := &c.Nodes[e.From], &c.Nodes[e.To]
	return e.Type == city.Crosses && a.Name != "" && a.Name == b.Name
}

// walk returns the hops from the image to a node of the tree.
func (t *tree) walk(to city.NodeID) []hop {
	var hops []hop
	for id := to; id != city.None; {
		h := t.nodes[t.place[id]-1].hop
		hops = append(hops, h)
		id = h.from
	}
	slices.Reverse(hops)
	return hops
}

// distinct reports whether no two nodes of a walk have the same name, but for
// streets that continue each other.
func distinct(c *city.City, walk []hop) bool {
	seen := map[string]bool{}
	for _, h := range walk {
		name := c.DisplayName(h.to)
		if h.edge.Type == city.Continues {
			continue
		}
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}
