// Package geoparquet writes tables with a geometry as GeoParquet 1.1 files,
// which GeoPandas, DuckDB, QGIS and GDAL open as maps: WKB in the column
// "geometry", longitude before latitude in degrees on WGS 84 (OGC:CRS84, which
// the format takes where a file names none), and for each row its bounding box
// in the column "bbox", by which readers skip what lies elsewhere (the bounding
// box covering of the specification).
//
//	type row struct {
//		ID       int64           `parquet:"id"`
//		Geometry []byte          `parquet:"geometry"`
//		BBox     geoparquet.BBox `parquet:"bbox"`
//	}
//
// Tests check such files with package internal/geocheck.
package geoparquet
