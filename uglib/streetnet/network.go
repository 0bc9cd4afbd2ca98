package streetnet

import (
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// Network is a directed multigraph of streets.
type Network struct {
	Nodes  []Node // in the order of their ids
	Edges  []Edge // in the order of their first ways, forward before backward
	Ways   []Way  // in file order, of which the extract holds a node in the box
	Filter Filter // which ways were taken
	Raw    bool   // every vertex is a node
	Report Report
}

// Node is a place where streets meet, end or, in a raw network, bend.
type Node struct {
	ID      int64
	At      orb.Point // longitude, latitude in degrees
	Streets int32     // pieces of street at the node, both directions counted as one; OSMnx's street_count
	Tags    Tags      // those of Options.NodeTags that it has; nil for most
}

// Edge is a piece of street in one direction of travel.
type Edge struct {
	From, To int32      // in Network.Nodes
	Key      int32      // counts the parallel edges of From and To, from 0
	Length   geo.Metres // along the street; on OSMnx's sphere, of 6,371,009 m
	Ways     []int32    // in Network.Ways, each once, in the order in which the edge runs through them
	Forward  bool       // some of it runs along the order of its way's nodes; of a one-way street against it, the order is that of travel
	Backward bool       // some of it runs against that order
	// Line is the course of an edge that was joined from several; nil where it
	// is straight from From to To.
	Line orb.LineString
}

// Way is an OpenStreetMap way of the network.
type Way struct {
	ID     int64
	Oneway bool // travelled in one direction only
	Tags   Tags // those of Options.WayTags that it has
}

// Tags are keys and values.
type Tags = map[string]string

// Report says what became of the ways of an extract.
type Report struct {
	Ways      int // of the extract with a highway tag
	LeftOut   int // of them, by the filter
	Outside   int // of the others, those without a node in the box or in the extract
	Gaps      int // vertices of ways that have others in the box or in the extract and are cut there
	Lone      int // nodes of ways that are on no segment, as that of a way of one node; left out
	Vertices  int // nodes before simplification
	Segments  int // edges before simplification
	Rings     int // nodes left out with rings that nothing meets
	Elsewhere int // nodes left out since they are not of the largest component
}

// Values returns the different values that the ways of an edge have for a
// tag, in the order of the ways.
func (n *Network) Values(e *Edge, key string) []string {
	var out []string
	for _, w := range e.Ways {
		if v := n.Ways[w].Tags[key]; v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Course returns the line of an edge, whether it is straight or not.
func (n *Network) Course(e *Edge) orb.LineString {
	if e.Line != nil {
		return e.Line
	}
	return orb.LineString{n.Nodes[e.From].At, n.Nodes[e.To].At}
}
