package geocheck

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo/geoparquet"
)

type row struct {
	ID       int64           `parquet:"id"`
	Name     string          `parquet:"name"`
	Geometry []byte          `parquet:"geometry"`
	BBox     geoparquet.BBox `parquet:"bbox"`
}

func write(t *testing.T, shapes ...orb.Geometry) (path string, ids []int64) {
	t.Helper()
	rows := make([]row, len(shapes))
	for i := range rows {
		rows[i] = row{ID: 1<<53 + 1 + int64(i), Name: "Straße 街"}
		ids = append(ids, rows[i].ID)
	}
	path = filepath.Join(t.TempDir(), "table.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = geoparquet.Write(f, rows, shapes, func(r *row, g []byte, b geoparquet.BBox) { r.Geometry, r.BBox = g, b })
	if err != nil {
		t.Fatal(err)
	}
	return path, ids
}

var shapes = []orb.Geometry{
	orb.Point{179.5, -89},
	orb.LineString{{-75.5, 39.7}, {-75.4, 39.8}},
	orb.Polygon{{{1, 42}, {2, 42}, {2, 43}, {1, 42}}},
	orb.MultiPolygon{{{{1, 42}, {2, 42}, {2, 43}, {1, 42}}}},
}

func TestFiles(t *testing.T) {
	path, ids := write(t, shapes...)
	empty, _ := write(t)
	Files(t,
		File{Path: path, Rows: 4, IDs: ids, Bound: orb.Bound{Min: orb.Point{-75.5, -89}, Max: orb.Point{179.5, 43}}},
		File{Path: empty, Rows: 0, IDs: []int64{}},
	)
}

// What the checks are for: each of these must be found.
func TestFinds(t *testing.T) {
	for name, text := range map[string]string{
		"version":  `{"version":"9","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","geometry_types":[]}}}`,
		"types":    `{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB"}}}`,
		"encoding": `{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKT","geometry_types":[]}}}`,
		"bbox":     `{"version":"1.1.0","primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","geometry_types":[],"bbox":[1]}}}`,
		"no JSON":  `{`,
	} {
		if validate(text) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	f := File{Path: "x", Rows: 2, IDs: []int64{1, 2}, Bound: orb.Bound{Min: orb.Point{1, 1}, Max: orb.Point{2, 2}}}
	good := view{Rows: 2, CRS: "OGC:CRS84", IDs: []string{"1", "2"}, Bound: []float64{1, 1, 2, 2}}
	if p := f.compare(found{GeoPandas: good, DuckDB: good}); len(p) > 0 {
		t.Errorf("a good file: %v", p)
	}
	for name, spoil := range map[string]func(*view){
		"rows":   func(v *view) { v.Rows = 3 },
		"CRS":    func(v *view) { v.CRS = "EPSG:3857" },
		"ids":    func(v *view) { v.IDs = []string{"1", "3"} },
		"bounds": func(v *view) { v.Bound = []float64{1, 1, 2, 3} },
	} {
		bad := good
		spoil(&bad)
		if p := f.compare(found{GeoPandas: good, DuckDB: bad}); len(p) != 1 || !strings.HasPrefix(p[0], "DuckDB") {
			t.Errorf("%s: found %v", name, p)
		}
	}
	if p := f.compare(found{Failed: []string{"x"}, GeoPandas: good, DuckDB: good}); !slices.Equal(p, []string{"geoparquet-validator: x"}) {
		t.Errorf("found %v", p)
	}
}
