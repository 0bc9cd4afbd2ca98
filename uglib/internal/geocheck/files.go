package geocheck

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/internal/pyenv"
)

//go:embed open.py
var script []byte

// File is a table and what it should hold.
type File struct {
	Path  string
	Rows  int
	ID    string    // column of whole numbers whose values are compared; "id" if empty
	IDs   []int64   // its values, in the order of the rows; nil if they are not compared
	Bound orb.Bound // of all geometries, in degrees; not compared if it is zero
}

// Files checks tables: see the package. Only the Python part can be skipped.
func Files(t testing.TB, files ...File) {
	t.Helper()
	for _, f := range files {
		checkMetadata(t, f)
	}
	python := pyenv.Common(t)
	path := filepath.Join(t.TempDir(), "open.py")
	if err := os.WriteFile(path, script, 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{path}
	for _, f := range files {
		args = append(args, f.Path, f.id())
	}
	var seen []found
	if err := json.Unmarshal(pyenv.Run(t, python, args...), &seen); err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		for _, problem := range f.compare(seen[i]) {
			t.Errorf("%s: %s", f.Path, problem)
		}
	}
}

func (f File) id() string {
	if f.ID == "" {
		return "id"
	}
	return f.ID
}

func checkMetadata(t testing.TB, f File) {
	t.Helper()
	meta := Metadata(t, f.Path)
	columns, _ := meta["columns"].(map[string]any)
	geometry, _ := columns["geometry"].(map[string]any)
	if geometry["covering"] == nil {
		t.Errorf("%s: no bounding boxes of rows (covering)", f.Path)
	}
	box, _ := geometry["bbox"].([]any)
	if f.Bound.IsZero() {
		return
	}
	for i, want := range []float64{f.Bound.Min[0], f.Bound.Min[1], f.Bound.Max[0], f.Bound.Max[1]} {
		if len(box) != 4 || box[i] != any(want) {
			t.Errorf("%s: the bbox of its metadata is %v, want %v", f.Path, box, f.Bound)
			return
		}
	}
}

// found is what open.py says of a file.
type found struct {
	Failed    []string `json:"failed"` // tests of the specification
	GeoPandas view     `json:"geopandas"`
	DuckDB    view     `json:"duckdb"`
}

type view struct {
	Rows  int       `json:"rows"`
	CRS   string    `json:"crs"`
	Type  string    `json:"type"` // of the id column
	IDs   []string  `json:"ids"`
	Bound []float64 `json:"bound"`
}

func (f File) compare(x found) (problems []string) {
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if len(x.Failed) > 0 {
		add("geoparquet-validator: %s", strings.Join(x.Failed, "; "))
	}
	for name, v := range map[string]view{"GeoPandas": x.GeoPandas, "DuckDB": x.DuckDB} {
		if v.Rows != f.Rows {
			add("%s sees %d rows, want %d", name, v.Rows, f.Rows)
		}
		if v.CRS != "OGC:CRS84" {
			add("%s sees the coordinate reference system %q, want OGC:CRS84", name, v.CRS)
		}
		if f.IDs != nil {
			want := make([]string, len(f.IDs))
			for i, id := range f.IDs {
				want[i] = fmt.Sprint(id)
			}
			if !slices.Equal(v.IDs, want) {
				add("%s sees other values of %s (%s) than were written, such as %s", name, f.id(), v.Type, difference(v.IDs, want))
			}
		}
		if b := f.Bound; !b.IsZero() && f.Rows > 0 && !near(v.Bound, []float64{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}) {
			add("%s sees the bounds %v, want %v", name, v.Bound, b)
		}
	}
	return problems
}

func difference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("row %d: %s, want %s", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d values, want %d", len(got), len(want))
}

func near(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
}
