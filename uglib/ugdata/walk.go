package ugdata

import (
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
// where streets meet, the crossing that a hop along a street leads to, the place
// that lies in an area.
func (h hop) record(c *city.City) orb.Point {
	switch h.edge.Type {
	case city.Along:
		return c.Centroid(h.to)
	case city.Inside:
		return c.Centroid(h.edge.From)
	}
	return h.edge.At
}

// aside reports whether a hop leads from a record to a place beside it or
// back, which its own tuple measures.
func (h hop) aside() bool { return h.edge.Type == city.Nearest || h.edge.Type == city.Bounds }

// own is the length of the own tuple of a hop aside, else 0. A hop of no length
// counts as one metre, as in the reference.
func (h hop) own() geo.Metres {
	switch {
	case !h.aside():
		return 0
	case h.edge.Distance == 0:
		return 1
	}
	return h.edge.Distance
}

// sameStreet reports whether an edge crosses from a street into one of the
// same name, which is no crossing (the reference removes these as well).
func sameStreet(c *city.City, e *city.Edge) bool {
	a, b := &c.Nodes[e.From], &c.Nodes[e.To]
	return e.Type == city.Crosses && a.Name != "" && a.Name == b.Name
}

// distinct reports whether no two nodes of a walk have the same name, but for
// streets that continue each other.
func distinct(c *city.City, walk []hop) bool {
	seen := make(map[string]bool, len(walk))
	for _, h := range walk {
		if h.edge.Type == city.Continues {
			continue
		}
		name := c.DisplayName(h.to)
		if seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}
