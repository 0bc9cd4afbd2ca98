package city

import (
	"sync"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
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
	// Bearing lead from the area's centroid to At, the point of the street nearest to it.
	Bounds
)

// Edge is one undirected edge; From and To give the orientation of Bearing.
type Edge struct {
	From, To NodeID
	Type     EdgeType
	Via      NodeID      // crossing of Crosses (or None), street of Along; else None
	Distance geo.Metres  // see the edge types; 0 for Crosses and Continues
	Bearing  geo.Bearing // initial bearing from From's point to To's (to At for Nearest)
	At       orb.Point   // see the edge types
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
	CountryCode string // ISO 3166-1 alpha-2 where no border says it; see [City.AdminAt]
	Credit      string // licence line, such as "© OpenStreetMap contributors (ODbL)"
	Bound       orb.Bound
	Frame       geo.Frame // local metric frame around the centre of Bound
	Nodes       []Node
	Edges       []Edge
	Scenery     []Feature
	Regions     []Region // administrative areas and settlements

	once  sync.Once
	idx   index
	admin adminIndex
}
