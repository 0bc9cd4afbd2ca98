// Package osm reads OpenStreetMap extracts: the tagged points, the streets and
// other lines, and the areas (closed ways and multipolygon relations, holes
// kept) of one bounding box, with the tag classes of the UGE reference.
//
// It also reads the borders of administrative areas and settlements, in parts
// where the extract cuts them ([Boundary]), and says what is wrong in an
// extract and what became of it ([Fault]): outlines that cross themselves or do
// not close, ways of one node, places off the Earth, ids that come twice. A box
// may lie across the 180th meridian.
//
// It reads .osm.pbf, .osm, .osm.gz and .osm.bz2 files in a streaming pass, and
// in two more over parts of a large file for borders far from the box. Two
// extracts come with the Go modules that this one depends on; [Builtin] finds
// and verifies them. Memory is about 16 bytes for each node and 8 for each node
// of a way that is within a quarter of a degree of the box (anywhere in an
// extract below 32 MiB), the same for the borders around it, and what the box
// holds.
//
// Data © OpenStreetMap contributors, under the Open Database Licence.
package osm

// Credit is the line that every product of OpenStreetMap data must show.
const Credit = "© OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)"
