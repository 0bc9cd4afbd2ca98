// Package city holds the urban graph of a city: streets, crossings, points of
// interest and areas as nodes, typed edges between them, and the scenery around
// them, built from an OpenStreetMap extract. It answers queries by place
// (nearest street, everything within a radius) and by graph (hops, shortest
// paths), and reads and writes GeoParquet.
//
// Node classes and edges follow the UGE reference data with these corrections:
// crossings are shared OSM nodes, so that a bridge crosses nothing, and keep
// all streets that meet there; consecutive crossings of a street are joined,
// not all pairs, by the distance along the street; all lengths are metres in a
// local frame; a special tag is not overwritten by a general one.
package city
