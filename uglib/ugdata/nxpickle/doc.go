// Package nxpickle reads graphs that Python programs stored as pickles of
// NetworkX, as the UGE reference does (graph file format), without running
// anything that a pickle says.
//
//	file, err := nxpickle.Read(f, nxpickle.Limits{})
//	for _, n := range file.Graph.Nodes {
//		text, _ := n.Attrs.Get("node_text")
//		...
//	}
//
// A pickle is a program that may call any Python function. Here it may call
// none: a first pass takes only the instructions that data needs, with every
// length inside the file and an estimate of the memory within the limits; then
// gopickle builds the values, and each class or function that the pickle names
// must be one of a short list (see allow.go), for which a Go value stands in that
// does nothing but hold data: the four graph classes of NetworkX, with the views
// that it keeps inside them and views of some of their nodes (G.subgraph), dict, list, set, OrderedDict, defaultdict, NumPy
// numbers, texts and arrays of one dimension, Shapely geometries (their WKB), and
// the missing values of pandas. Anything else is an error that names it and where
// it stands.
//
// Pickles of protocols 2 to 5 are read, of NetworkX 1.11 to 3 (testdata holds
// files of several versions), as a graph or in the two dictionaries that the
// reference wraps around one. Integers keep 64 bits and more; nodes and edges
// come in the order in which NetworkX lists them, an edge of an undirected graph
// once, from the node that was added first.
//
// [Graph.WritePickle] writes a pickle that every NetworkX from 2.4 on loads.
package nxpickle
