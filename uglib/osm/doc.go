// Package osm reads OpenStreetMap extracts: the tagged points, the streets and
// other lines, and the areas (closed ways and multipolygon relations, holes
// kept) of one bounding box, with the tag classes of the UGE reference.
//
// It reads .osm.pbf, .osm, .osm.gz and .osm.bz2 files in one streaming pass.
// Two extracts come with the Go modules that this one depends on; [Builtin]
// finds and verifies them. Memory is about 16 bytes for each node of the
// extract within a quarter of a degree of the box, and what the box holds.
//
// Data © OpenStreetMap contributors, under the Open Database Licence.
package osm

// Credit is the line that every product of OpenStreetMap data must show.
const Credit = "© OpenStreetMap contributors, ODbL 1.0 (https://www.openstreetmap.org/copyright)"
