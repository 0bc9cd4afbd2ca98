// Package geocheck checks, in tests, that tables of ours are GeoParquet files
// that others open: their metadata against the JSON schema of the GeoParquet
// 1.1 specification, and, in a Python with pinned packages (package pyenv), what
// GeoPandas, DuckDB and geoparquet-validator, which runs the specification's own
// tests, find in them. Nothing that ships imports it.
//
//	geocheck.Files(t, geocheck.File{Path: path, Rows: 12, IDs: []int64{700000000000001}, Bound: bound})
package geocheck
