// Package render draws street views from the geometry of a city's map: what a
// camera on the roof of a car would see if the world held just what the map
// says.
//
// A [World] is made once from a city and draws any number of views, from
// several goroutines. The camera is a pinhole at eye height with a level axis;
// the ground is flat. Streets are ribbons whose width, tone and markings follow
// class and lanes, buildings are extruded, places carry a sign in the colour of
// their category with their name, and signals, crossings, trees, water, parks
// and car parks stand where the map has them. Heights come from the tags height
// or building:levels (3.2 m each), else from the building's type by the table
// in palette.go with a variation seeded by the OSM id.
//
// Some of what is drawn is neutral background that no map says and no caption
// speaks of: lawn beside the roads, shrubs and utility poles along streets of
// houses, kerbs, a line of trees at the horizon, sky, light and weather. It
// depends on the seed alone. The tilt of the ground, bridges and tunnels, cars
// and people are not drawn.
//
// The same world, camera and light give the same bytes on any number of
// processors.
package render
