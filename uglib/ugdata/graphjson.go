package ugdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// GraphFile is a subgraph in the portable JSON form of the UGE reference
// (graph file format): no pickle, ids as 64-bit integers, coordinates
// longitude before latitude. The id of a node of the city is its index in the
// city's node table, that of the image the id of the view.
type GraphFile struct {
	Center int64       `json:"center_node"`
	Nodes  []GraphNode `json:"nodes"`
	Edges  []GraphEdge `json:"edges"`
}

// GraphNode is one node of a [GraphFile].
type GraphNode struct {
	ID     int64      `json:"node_id"`
	Text   string     `json:"node_text"`
	Coords [2]float64 `json:"coords"` // of the centroid
	Kind   string     `json:"kind"`   // "image", "street", "crossing", "poi", "area"
}

// GraphEdge is one edge of a [GraphFile]; Bearing leads from Source to Target.
type GraphEdge struct {
	Source   int64   `json:"source"`
	Target   int64   `json:"target"`
	Type     string  `json:"type"`
	Distance float64 `json:"distance"` // metres
	Bearing  float64 `json:"bearing"`  // degrees
}

// File returns the subgraph of a place in the portable form, with the node
// texts of the reference.
func (p *Place) File(c *city.City) GraphFile {
	f := GraphFile{Center: p.ID, Nodes: []GraphNode{}, Edges: []GraphEdge{}}
	id := func(i int32) int64 {
		if i == 0 {
			return p.ID
		}
		return int64(p.Graph.Nodes[i])
	}
	for i, n := range p.Graph.Nodes {
		g := GraphNode{ID: id(int32(i)), Kind: "image", Coords: p.Pos}
		if n != city.None {
			g.Kind, g.Coords = c.Nodes[n].Kind.String(), c.Centroid(n)
			g.Text = NodeTextReference(c, n)
		} else {
			g.Text = imageTextReference(c, p.ID, p.Pos)
		}
		f.Nodes = append(f.Nodes, g)
	}
	for _, e := range p.Graph.Edges {
		f.Edges = append(f.Edges, GraphEdge{id(e.From), id(e.To), e.Type.String(), float64(e.Distance), float64(e.Bearing)})
	}
	return f
}

// Write writes the graph as JSON.
func (f GraphFile) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(f)
}

// longestGraph bounds a graph file.
const longestGraph = 256 << 20

// ReadGraph reads a graph in the portable form; ids are numbers or texts of
// digits. It checks that ids are whole and have 64 bits, that the centre and the
// ends of edges are nodes, that no node comes twice, and that coordinates are
// longitude and latitude in degrees.
func ReadGraph(r io.Reader) (GraphFile, error) {
	var loose struct {
		Center graphID `json:"center_node"`
		Nodes  []struct {
			ID graphID `json:"node_id"`
			GraphNode
		} `json:"nodes"`
		Edges []struct {
			Source graphID `json:"source"`
			Target graphID `json:"target"`
			GraphEdge
		} `json:"edges"`
	}
	in := &io.LimitedReader{R: r, N: longestGraph}
	dec := json.NewDecoder(in)
	if err := dec.Decode(&loose); err != nil {
		if in.N == 0 {
			err = fmt.Errorf("it has more than %d MB", longestGraph>>20)
		}
		return GraphFile{}, fmt.Errorf("ugdata: graph file: near byte %d: %w", dec.InputOffset(), err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return GraphFile{}, fmt.Errorf("ugdata: graph file: there is more behind the graph, at byte %d", dec.InputOffset())
	}
	f := GraphFile{Center: int64(loose.Center), Nodes: make([]GraphNode, len(loose.Nodes)), Edges: make([]GraphEdge, len(loose.Edges))}
	for i, n := range loose.Nodes {
		f.Nodes[i] = n.GraphNode
		f.Nodes[i].ID = int64(n.ID)
	}
	for i, e := range loose.Edges {
		f.Edges[i] = e.GraphEdge
		f.Edges[i].Source, f.Edges[i].Target = int64(e.Source), int64(e.Target)
	}
	if err := f.check(); err != nil {
		return f, fmt.Errorf("ugdata: graph file: %w", err)
	}
	return f, nil
}

// graphID reads the id of a node from a JSON number or text.
type graphID int64

// UnmarshalJSON implements [json.Unmarshaler].
func (id *graphID) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is no id of a node: ids are integers of 64 bits", excerpt(data))
	}
	*id = graphID(n)
	return nil
}

func (f GraphFile) check() error {
	known := make(map[int64]bool, len(f.Nodes))
	for _, n := range f.Nodes {
		if known[n.ID] {
			return fmt.Errorf("node %d comes twice", n.ID)
		}
		known[n.ID] = true
		if math.Abs(n.Coords[0]) > 180 || math.Abs(n.Coords[1]) > 90 {
			return fmt.Errorf("node %d stands at %v, which is no longitude and latitude in degrees", n.ID, n.Coords)
		}
	}
	if !known[f.Center] {
		return fmt.Errorf("the centre %d is none of its %d nodes", f.Center, len(f.Nodes))
	}
	for i, e := range f.Edges {
		if !known[e.Source] || !known[e.Target] {
			return fmt.Errorf("edge %d joins %d and %d, which are not both nodes", i, e.Source, e.Target)
		}
	}
	return nil
}

// Subgraph returns the graph as a subgraph of a city with so many nodes; the
// file must be of that city. The image comes first, the others keep their order.
func (f GraphFile) Subgraph(nodes int) (Subgraph, error) {
	g := Subgraph{Nodes: []city.NodeID{city.None}}
	place := map[int64]int32{f.Center: 0}
	for _, n := range f.Nodes {
		if n.ID == f.Center {
			continue
		}
		if n.ID < 0 || n.ID >= int64(nodes) {
			return g, fmt.Errorf("ugdata: graph file: node %d is not in a city of %d nodes", n.ID, nodes)
		}
		place[n.ID] = int32(len(g.Nodes))
		g.Nodes = append(g.Nodes, city.NodeID(n.ID))
	}
	for _, e := range f.Edges {
		t, err := city.ParseEdgeType(e.Type)
		from, okFrom := place[e.Source]
		to, okTo := place[e.Target]
		if err = errors.Join(err, ends(okFrom && okTo, e)); err != nil {
			return g, fmt.Errorf("ugdata: graph file: %w", err)
		}
		g.Edges = append(g.Edges, SubEdge{from, to, t, geo.Metres(e.Distance), geo.Bearing(e.Bearing)})
	}
	return g, nil
}

func ends(ok bool, e GraphEdge) error {
	if ok {
		return nil
	}
	return fmt.Errorf("edge from %d to %d has an end that is no node", e.Source, e.Target)
}
