package ugdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

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

// ReadGraph reads a graph in the portable form. It checks that ids are whole,
// that the centre and the ends of edges are nodes, and that no node comes twice.
func ReadGraph(r io.Reader) (GraphFile, error) {
	var f GraphFile
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return f, fmt.Errorf("ugdata: graph file: %w", err)
	}
	known := make(map[int64]bool, len(f.Nodes))
	for _, n := range f.Nodes {
		if known[n.ID] {
			return f, fmt.Errorf("ugdata: graph file: node %d comes twice", n.ID)
		}
		known[n.ID] = true
	}
	if !known[f.Center] {
		return f, fmt.Errorf("ugdata: graph file: the centre %d is none of its %d nodes", f.Center, len(f.Nodes))
	}
	for i, e := range f.Edges {
		if !known[e.Source] || !known[e.Target] {
			return f, fmt.Errorf("ugdata: graph file: edge %d joins %d and %d, which are not both nodes", i, e.Source, e.Target)
		}
	}
	return f, nil
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
