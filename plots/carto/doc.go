// Package carto draws maps from vectors alone, with no tile server and no
// network: one [Scene] becomes an interactive page (Leaflet, embedded) and a
// still picture (PNG, SVG) of the same extent, with legend, scale bar and
// credit. Both use the Web Mercator projection. Coordinates are longitude
// before latitude, in degrees (EPSG:4326); sizes on the screen are CSS pixels.
package carto
