// Package graphml writes graphs as GraphML files, which NetworkX, OSMnx, igraph
// and Gephi read, one node or edge after the other, so that a graph of any size
// needs no memory.
//
//	w := graphml.NewWriter(f, graphml.Header{
//		Nodes: []graphml.Key{{Name: "name", Type: graphml.String}, {Name: "x", Type: graphml.Double}},
//		Edges: []graphml.Key{{Name: "length", Type: graphml.Double}},
//	})
//	w.Node("1", "Elm Lane", 103.8481)
//	w.Node("2", nil, 103.8483) // an attribute that is not there
//	w.Edge("1", "2", 12.5)
//	err := w.Close()
package graphml
