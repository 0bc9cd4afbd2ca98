package city

import (
	"sync"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// NodeID is the index of a node in [City.Nodes].
type NodeID int32

// None is the NodeID of no node.
const None NodeID = -1

// Kind is the class of a node. The geometry decides it: a point is a POI or a
// Crossing, a polygon is an Area, a line is a Street (UGE reference data,
// node classes).
type Kind uint8

const (
	Street   Kind = iota // one OSM way with a highway tag; geometry orb.LineString
	Crossing             // a place where two or more streets meet; geometry orb.Point
	POI                  // a point of interest; geometry orb.Point
	Area                 // an area of interest; geometry orb.Polygon or orb.MultiPolygon
)

// Node is one node of the urban graph.
type Node struct {
	OSM      int64  // OSM id of the element; for a crossing that of the shared OSM node
	Kind     Kind   //
	Name     string // by the name fallback chain of the reference; a crossing is "Intersection of A and B"; may be empty
	Category string // category of the reference, such as "major_road", "food", "education"
	Type     string // value of the deciding OSM tag, such as "primary", "restaurant", "park"
	Address  string // "12 Elm Lane, 19801, Wilmington"; what of it the tags give
	Tags     map[string]string
	Geometry orb.Geometry // longitude, latitude in degrees (EPSG:4326)
	// Streets lists, for a crossing, every street that meets there.
	Streets []NodeID
}

// Oneway returns 1 where vehicles may use a street only in the direction of its
// line, -1 where only against it, else 0; see [osm.Oneway].
func (n *Node) Oneway() int { return osm.Oneway(n.Tags) }

// Bridge reports whether a street runs on a bridge.
func (n *Node) Bridge() bool { return osm.IsBridge(n.Tags) }

// Tunnel reports whether a street runs under the ground.
func (n *Node) Tunnel() bool { return osm.IsTunnel(n.Tags) }

// Layer returns the level of a street over (above 0) or under others.
func (n *Node) Layer() int { return osm.Layer(n.Tags) }

// EdgeType is the class of an edge.
type EdgeType uint8

const (
	// Nearest joins a POI or an area's centroid (From) to the street nearest to it (To), the nearest of any
	// kind first and, where that has no name, the nearest that has; and a crossing to every street that meets
	// there. Distance and Bearing lead from the point to At, the foot point on the street.
	Nearest EdgeType = iota
	// Crosses joins two streets that meet at At, where the crossing Via lies. Via is None where no road
	// meets a road of another name, as where a footway leaves a street.
	Crosses
	// Along joins two consecutive crossings of one street; Distance is measured along it, At is where To
	// lies, and Via is the street, the first of them where several ways continue each other.
	Along
	// Continues joins two streets of the same name that meet at At.
	Continues
	// Bounds joins an area (From) to a street (To) that runs along or through its boundary; Distance and
	// Bearing lead from the area's centroid to At, the point of the street nearest to it. Relation says how
	// they lie, Overlap how much of the street lies in the area or by it.
	Bounds
	// Inside joins a POI (From) to an area (To) that it lies in; Distance and Bearing lead to At, the nearest
	// point of the area's boundary.
	Inside
)

// NumEdgeTypes is the number of types of edges.
const NumEdgeTypes = int(Inside) + 1

// Relation is how a street lies to an area (UGE reference, area boundary
// roads).
type Relation uint8

const (
	NoRelation Relation = iota // of edges that join no area and street
	Outside                    // the street keeps off the area and its boundary
	Through                    // all of the street lies in the area
	Across                     // the street crosses the boundary
	Adjacent                   // the street runs along the boundary, outside
)

// Edge is one undirected edge; From and To give the orientation of Bearing.
type Edge struct {
	From, To NodeID
	Type     EdgeType
	Via      NodeID      // crossing of Crosses (or None), street of Along; else None
	Distance geo.Metres  // see the edge types; 0 for Crosses and Continues
	Bearing  geo.Bearing // initial bearing from From's point to To's (to At for Nearest)
	At       orb.Point   // see the edge types
	Relation Relation    // of an area and a street
	Overlap  float64     // of Bounds: share of the street within 10 m of the area, 0 to 1
}

// Feature is a thing of the map that is drawn: a building, a tree, a lawn, a
// traffic signal. One that has a name and a class, such as a park, is a node of
// the graph as well.
type Feature struct {
	OSM      int64
	Layer    string            // one of Layers
	Tags     map[string]string // those that matter for drawing: height, building:levels, building:colour, ...
	Geometry orb.Geometry      // longitude, latitude in degrees
}

// City is a city's urban graph with the scenery around it. The first query
// indexes it; Nodes, Edges, Scenery and Regions must not change after that. Queries may
// run at the same time.
type City struct {
	Name        string // key, such as "wilmington"
	Title       string // "Wilmington, Delaware"
	Country     string // "United States", from the extract; empty if unknown
	CountryCode string // its ISO 3166-1 alpha-2 code
	Credit      string // licence line, such as "© OpenStreetMap contributors (ODbL)"
	Bound       orb.Bound
	Frame       geo.Frame // local metric frame around the centre of Bound
	Nodes       []Node
	Edges       []Edge
	Scenery     []Feature
	Regions     []Region    // administrative areas and settlements
	Faults      []osm.Fault // what is wrong in the extract, and what became of it

	dir   string // absolute, that it was read from; empty if it was made in memory
	once  sync.Once
	idx   index
	admin adminIndex
}
