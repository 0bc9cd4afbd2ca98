// Package streetnet reads the street network alone from an OpenStreetMap
// extract, as users of OSMnx and pyrosm know it: a directed multigraph whose
// nodes are places where streets meet, end or change to one-way, and whose
// edges are the pieces of street between them with their ways, tags, lengths in
// metres and courses. For streets, places and areas in one graph see package
// city.
//
// # What is the same as in OSMnx 2.1
//
// The types of networks and their filters ([Filter]), which streets are one-way
// and against which order ([Way], graph._add_paths), the tags that are kept
// ([UsefulWayTags]), the lengths (great circle on a sphere of 6,371,009 m), the
// topological simplification (simplify_graph: rules 1 to 3 and, with
// [Options].Differ, 5; rings removed; its treatment of oddities such as ways
// that are drawn twice), and street_count. The same extract gives the same
// nodes and edges, which the tests check; [Network.WriteGraphML] writes what
// osmnx.load_graphml reads. The simplification is that of Boeing (2025),
// "Topological Graph Simplification Solutions to the Street Intersection
// Miscount Problem", Transactions in GIS 29(3).
//
// # What differs
//
// From OSMnx: its graph_from_xml takes every way and node of a file, streets or
// not, so that the file must be filtered before; here the filter of the network
// is applied. A way that runs through nodes that the extract does not hold is
// cut there, where OSMnx gives up. A node of a way on which there is no segment
// ([Report].Lone) is left out. With a box, only edges between nodes inside of
// it are taken, before simplification; OSMnx truncates after it. All components
// are kept unless [Options].Largest asks for one. Where ways with different
// tags are joined, lists of values are in the order of the ways.
//
// From pyrosm 0.25: it compares whole values where OSMnx's filters find words
// within values (it takes a way with area=yesw, OSMnx does not); it follows
// access=no and the access tags of a means of transport, and oneway:bicycle; its
// graphs of all ways are two-way; it keeps the largest strongly connected
// component, and nodes where maxspeed or highway changes; and a way that names
// a node twice in a row is a loop of no length there. With
// Options{BothWays: true, Largest: true, Differ: []string{"maxspeed",
// "highway"}} the networks of all ways are the same but for the first and the
// last of these.
package streetnet
