package ugdata

import (
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/imagehash"
)

// Split says what a sample is for. Splits are made of spatial blocks with a
// buffer between them, so that no subgraph of one touches an anchor of another.
type Split string

const (
	Train   Split = "train"
	Val     Split = "val"     // chooses the checkpoint
	Test    Split = "test"    // test places of the training cities
	HeldOut Split = "heldout" // places of a city that training never saw
	Buffer  Split = "buffer"  // left out: too near to another split
)

// PairKind is where the text of a sample comes from.
type PairKind string

const (
	SRP PairKind = "srp" // spatial reasoning path: a walk through the graph to a destination
	SCC PairKind = "scc" // spatial context caption: the street, its class, what stands near
)

// What a caption and its summary come from.
const (
	ByTemplate = "template" // package caption
	ByModel    = "model"    // package caption/endpoint
)

// Place is one anchor: a view with its subgraph and its texts.
type Place struct {
	ID      int64 // id of the view
	City    string
	Split   Split
	Block   uint64 // S2 cell id of the spatial block
	Pos     orb.Point
	Heading geo.Bearing
	Image   string            // path of the image file
	Origin  streetview.Origin // rendered or photographed
	Graph   Subgraph

	Sequence    string         // the drive or walk on which it was photographed; empty if unknown
	ImageSHA256 string         // of the image file; empty if unknown
	ImageHash   imagehash.Hash // of the picture; 0 if unknown

	Caption   string // SCC: location text with street, class, what stands near, distance and direction
	Summary   string // SCC: the same in full, tied to the area around
	CaptionBy string // ByTemplate or ByModel
	NamesOnly string // the variant of Caption that holds names alone
	Paths     []Path // SRP
}

// Path is one spatial reasoning path from the place's image.
type Path struct {
	Text        string // by the path grammar of the UGE reference
	Plain       string // the same walk in natural language
	Summary     string // "You can reach ... from the current location ..."
	Entities    string // what is known of the nodes on the way, as the reference's composer says it; empty unless Options.PathText asks for it
	Destination city.NodeID
	Hops        int
	Length      geo.Metres
	Nodes       []city.NodeID // from the first street to the destination; the image comes before
	Line        orb.LineString
}

// Subgraph is the neighbourhood of an image: the nodes of the city nearest to
// it and the edges among them. Node 0 is the image itself.
type Subgraph struct {
	Nodes []city.NodeID // Nodes[0] is city.None: the image
	Edges []SubEdge
}

// SubEdge is an edge of a [Subgraph]; From and To index Subgraph.Nodes.
type SubEdge struct {
	From, To int32
	Type     city.EdgeType
	Distance geo.Metres
	Bearing  geo.Bearing // from From to To
}

// Sample is one training pair.
type Sample struct {
	Place    int // index into Dataset.Places
	Kind     PairKind
	Stage    int    // 1: image and instruction to text; 2: graph, image and instruction to text
	Query    string // instruction, with <image> and, in stage 2, <graph> before it
	Positive string
	TextKey  uint64 // equal for samples whose positives say the same: masks false negatives
	PlaceKey uint64 // equal for samples of the same place
}

// Dataset is UGData for one or more cities.
type Dataset struct {
	Cities  map[string]*city.City
	Places  []Place
	Samples []Sample
	Skipped []Skipped // views that are no places
}
