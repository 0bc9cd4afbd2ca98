package city

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// streets adds one node for each way that is a street, unnamed ones too since
// they join the others, and notes where they meet.
func (b *builder) streets(m *osm.Map) {
	var pieces []segment
	for _, w := range m.Ways {
		if !osm.IsStreet(w.Tags) {
			continue
		}
		category, kind := osm.StreetClass(w.Tags)
		id := b.node(Node{
			OSM: w.ID, Kind: Street, Name: osm.StreetName(w.Tags), Category: category, Type: kind,
			Address: osm.Address(w.Tags), Tags: w.Tags, Geometry: w.Line,
		})
		b.ways = append(b.ways, w)
		pieces = b.x.pieces(pieces, id, w.Line)
		for i, n := range w.Nodes {
			if len(b.at[n]) == 0 {
				b.order = append(b.order, n)
			}
			b.at[n] = append(b.at[n], meeting{id, i})
		}
	}
	b.x.streets = newSegments(pieces)
	b.levels()
}

// levels notes the nodes at which streets of different levels meet and none of
// them ends. They count as joined all the same, since a shared node means that
// in OpenStreetMap; where it can be looked up, as in the extracts that come with
// the modules, it is right and the level is not: a bridge that was drawn one
// node too long, a footway that crosses the road on a bridge.
func (b *builder) levels() {
	for _, osmID := range b.order {
		at := b.at[osmID]
		first, differ := 0, false
		for i, m := range at {
			if b.endsAt(m.street, osmID) {
				differ = false
				break
			}
			if l := b.city.Nodes[m.street].Layer(); i == 0 {
				first = l
			} else if l != first {
				differ = true
			}
		}
		if differ {
			b.city.Faults = osm.AddFault(b.city.Faults, "node that streets of different levels share", "taken as a junction", fmt.Sprintf("node %d", osmID))
		}
	}
}

// identity is what makes two streets the same for a reader: the name, or, of
// those without one, the type.
func (n *Node) identity() string {
	if n.Name != "" {
		return n.Name
	}
	return "\x00" + n.Type
}

// crossings adds a crossing at every OSM node where a road or a named street
// meets one of another name, with all streets that meet there, and the edges
// between streets: Crosses and Continues at each meeting, Nearest from each
// crossing to its streets, Along between consecutive crossings. Where only
// unnamed ways for walking, driveways and the like join a street there is no
// crossing, since that would drown the map; the two are joined all the same.
func (b *builder) crossings(*osm.Map) {
	b.crossing = make(map[int64]NodeID)
	for _, osmID := range b.order {
		at := b.at[osmID]
		streets := distinct(at)
		if len(streets) < 2 {
			continue
		}
		place := b.ways[at[0].street].Line[at[0].vertex]
		via := None
		if b.isCrossing(streets) {
			via = b.addCrossing(osmID, place, streets)
			b.crossing[osmID] = via
			for _, s := range streets {
				b.edge(Edge{From: via, To: s, Type: Nearest, Via: None, At: place})
			}
		}
		for i, s := range streets {
			for _, t := range streets[i+1:] {
				e := Edge{From: s, To: t, Type: Crosses, Via: via, At: place}
				if b.continues(s, t, osmID, len(streets)) {
					e.Type, e.Via = Continues, None
				}
				e.Bearing = geo.BearingTo(b.x.centroid(b.city.Nodes[s].Geometry), b.x.centroid(b.city.Nodes[t].Geometry))
				b.edge(e)
			}
		}
	}
	b.alongs()
}

func distinct(at []meeting) []NodeID {
	var streets []NodeID
	for _, m := range at {
		if !slices.Contains(streets, m.street) {
			streets = append(streets, m.street)
		}
	}
	return streets
}

func (b *builder) isCrossing(streets []NodeID) bool {
	first := ""
	for _, s := range streets {
		n := &b.city.Nodes[s]
		if n.Name == "" && !osm.IsRoad(n.Type) {
			continue
		}
		if first == "" {
			first = n.identity()
		} else if n.identity() != first {
			return true
		}
	}
	return false
}

// continues reports whether two streets of all that meet at an OSM node are
// one street that goes on: they share a name, or have none, are of one type and
// meet end to end with no third.
func (b *builder) continues(s, t NodeID, osmID int64, all int) bool {
	n, o := &b.city.Nodes[s], &b.city.Nodes[t]
	if n.identity() != o.identity() {
		return false
	}
	return n.Name != "" || all == 2 && b.endsAt(s, osmID) && b.endsAt(t, osmID)
}

func (b *builder) endsAt(s NodeID, osmID int64) bool {
	nodes := b.ways[s].Nodes
	return nodes[0] == osmID || nodes[len(nodes)-1] == osmID
}

func (b *builder) addCrossing(osmID int64, at orb.Point, streets []NodeID) NodeID {
	byRank := slices.Clone(streets)
	slices.SortStableFunc(byRank, func(i, j NodeID) int {
		n, o := &b.city.Nodes[i], &b.city.Nodes[j]
		return cmp.Or(cmp.Compare(osm.Rank(n.Type), osm.Rank(o.Type)), cmp.Compare(n.Name, o.Name))
	})
	var names, types []string
	for _, s := range byRank {
		n := &b.city.Nodes[s]
		switch {
		case n.Name != "" && !slices.Contains(names, n.Name):
			names = append(names, n.Name)
		case n.Name == "" && osm.IsRoad(n.Type):
			if t := "unnamed " + strings.ReplaceAll(n.Type, "_", " "); !slices.Contains(types, t) {
				types = append(types, t)
			}
		}
	}
	kind := "crossing"
	if len(names) > 2 {
		kind = "complex_crossing"
	}
	if len(names) == 1 && len(types) > 0 {
		names = append(names, types[0])
	}
	name := ""
	if n := len(names); n >= 2 {
		name = "Intersection of " + strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return b.node(Node{
		OSM: osmID, Kind: Crossing, Name: name, Category: "crossing", Type: kind, Geometry: at, Streets: streets,
	})
}

// alongs joins each crossing to the next ones on each of its streets. The walk
// goes on over ways that continue each other under one name, so that a street
// that is cut between two crossings joins them all the same.
func (b *builder) alongs() {
	type stretch struct{ a, b, via NodeID }
	seen := map[stretch]int{}
	for _, osmID := range b.order {
		from, ok := b.crossing[osmID]
		if !ok {
			continue
		}
		for _, m := range b.at[osmID] {
			for _, step := range []int{1, -1} {
				if end := m.vertex + step; end < 0 || end == len(b.ways[m.street].Line) {
					continue // the street ends here; what goes on has a meeting of its own
				}
				to, via, metres := b.walk(m, step)
				if to == None || to == from {
					continue
				}
				key := stretch{min(from, to), max(from, to), via}
				if i, ok := seen[key]; ok {
					e := &b.city.Edges[i]
					e.Distance = min(e.Distance, metres)
					continue
				}
				seen[key] = len(b.city.Edges)
				p, q := b.city.Nodes[from].Geometry.(orb.Point), b.city.Nodes[to].Geometry.(orb.Point)
				b.edge(Edge{From: from, To: to, Type: Along, Via: via, Distance: metres, Bearing: geo.BearingTo(p, q), At: q})
			}
		}
	}
}

// walk goes from a vertex of a street to the next crossing, up or down its
// vertices. It returns the crossing, or None where the street ends before one,
// the first in the tables of the streets walked on, and the distance.
func (b *builder) walk(m meeting, step int) (to, via NodeID, metres geo.Metres) {
	via = m.street
	for ways := 0; ways < 1000; ways++ {
		w := &b.ways[m.street]
		at := b.x.frame.Local(w.Line[m.vertex])
		for m.vertex += step; m.vertex >= 0 && m.vertex < len(w.Line); m.vertex += step {
			next := b.x.frame.Local(w.Line[m.vertex])
			metres += geo.Metres(planar.Distance(at, next))
			at = next
			if c, ok := b.crossing[w.Nodes[m.vertex]]; ok {
				return c, via, metres
			}
		}
		m.vertex -= step
		next, ok := b.next(m)
		if !ok {
			return None, via, metres
		}
		m, step = next, 1
		if m.vertex > 0 {
			step = -1
		}
		via = min(via, m.street)
	}
	return None, via, metres
}

// next returns the end vertex of the one street that continues the street of m
// beyond its end vertex m.
func (b *builder) next(m meeting) (meeting, bool) {
	osmID := b.ways[m.street].Nodes[m.vertex]
	var found meeting
	count := 0
	for _, o := range b.at[osmID] {
		if o.street == m.street || b.city.Nodes[o.street].identity() != b.city.Nodes[m.street].identity() {
			continue
		}
		if last := len(b.ways[o.street].Nodes) - 1; o.vertex != 0 && o.vertex != last {
			return meeting{}, false
		}
		found = o
		count++
	}
	return found, count == 1
}
