// Package city holds the urban graph of a city: streets, crossings, points of
// interest and areas as nodes, typed edges between them, the administrative
// areas that they lie in, and the scenery around them, built from an
// OpenStreetMap extract of anywhere. It answers queries by place (nearest
// street, everything within a radius, administrative areas) and by graph (hops,
// shortest paths), and reads and writes GeoParquet.
//
// Node classes and edges follow the UGE reference data with these corrections:
//
//   - crossings are shared OSM nodes, so that a bridge or a tunnel crosses
//     nothing (lines that intersect), and keep all streets that meet there (two);
//   - consecutive crossings of a street are joined, not all pairs, by the
//     distance along the street (a straight line in degrees);
//   - all lengths are metres in a local frame, which has no edge at the 180th
//     meridian and none at the poles;
//   - a special tag is not overwritten by a general one;
//   - streets in tunnels are not the nearest to what stands above them, and do
//     not bound areas above them;
//   - points inside areas are joined to them (there in code that does not run);
//   - an area's edge to a street says how the two lie and how much of the street
//     lies in the area or within 10 m of it (there, of the four ways to lie,
//     "internal" is through, "boundary_crossing" crossing, "boundary_adjacent"
//     adjacent and "external" outside, which has no edge of type Bounds);
//   - country, state, county, city, district and neighbourhood come from the
//     borders and labels of the extract (there they are written down, one
//     country for all cities but one).
//
// Faults of an extract are repaired or left out, and listed in [City.Faults].
package city
