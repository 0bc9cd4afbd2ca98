// Package geo holds the units, formulas and frames of places on the Earth:
// typed metres and bearings, great-circle distance and bearing, compass winds,
// a local metric frame, and S2 cells. Points are [orb.Point], longitude before
// latitude, in degrees (EPSG:4326).
package geo
