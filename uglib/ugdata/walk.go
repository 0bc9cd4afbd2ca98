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
	nodes []city.NodeID
	by    map[city.NodeID]reached
}

// explore walks at most so many hops from the image and no farther from it, as
// the crow flies, than reach.
func explore(c *city.City, v streetview.View, hops int, reach geo.Metres) *tree {
	t := &tree{city: c, by: map[city.NodeID]reached{}}
	first := hop{from: city.None, to: v.Street, edge: anchored(v)}
	t.by[v.Street] = reached{hop: first, hops: 1, metres: v.Distance, at: v.Foot}
	t.nodes = append(t.nodes, v.Street)
	for level, lo := 2, 0; level <= hops; level++ {
		hi := len(t.nodes)
		for _, id := range t.nodes[lo:hi] {
			here := t.by[id]
			for next, e := range c.Neighbours(id) {
				old, seen := t.by[next]
				if seen && old.hops < level || sameStreet(c, e) {
					continue
				}
				h := hop{from: id, to: next, edge: e}
				at := h.record(c)
				if geo.Distance(v.Pos, at) > reach {
					continue
				}
				r := reached{hop: h, hops: level, metres: here.metres + geo.Distance(here.at, at), at: at}
				if seen && r.metres >= old.metres {
					continue
				}
				if !seen {
					t.nodes = append(t.nodes, next)
				}
				t.by[next] = r
			}
		}
		slices.SortFunc(t.nodes[hi:], func(a, b city.NodeID) int {
			return cmp.Or(cmp.Compare(t.by[a].metres, t.by[b].metres), cmp.Compare(a, b))
		})
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
		h := t.by[id].hop
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
