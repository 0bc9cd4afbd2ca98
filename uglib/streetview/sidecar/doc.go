// Package sidecar reads tables that say where images were taken, for images
// that do not say it themselves: CSV files (separated by comma, semicolon, tab
// or bar; UTF-8 or UTF-16, with or without byte order mark) and GeoJSON feature
// collections of points.
//
// Columns, or properties of a feature, are known by their usual names, whatever
// their case, blanks, hyphens and underscores; see [Columns]. Positions are
// degrees of WGS 84, headings degrees from true north, times ISO 8601 (UTC
// where no zone is given) or Unix time in milliseconds. Ids are whole numbers
// of 64 bits and stay exact above 2^53.
//
// A table that cannot be read as a whole is an error; a row with a wrong value
// is a [Problem] and takes nothing from the others. Both name file, line or
// byte, value and cure.
package sidecar
