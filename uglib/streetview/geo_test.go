package streetview

import (
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/internal/geocheck"
)

// The table of views opens as a map, with its ids whole.
func TestViewsAreGeoParquet(t *testing.T) {
	var s Set
	var ids []int64
	var points orb.MultiPoint
	for i := range 1500 { // more than one part of the file
		v := View{ID: 1<<53 + 1 + int64(i), File: "街.jpg", Origin: Photo, Pos: orb.Point{179.9 - float64(i)/10, -89.5 + float64(i)/20}, Street: city.None}
		s.Views, ids, points = append(s.Views, v), append(ids, v.ID), append(points, v.Pos)
	}
	dir, empty := t.TempDir(), t.TempDir()
	if err := writeSet(dir, &s); err != nil {
		t.Fatal(err)
	}
	if err := writeSet(empty, &Set{}); err != nil {
		t.Fatal(err)
	}
	geocheck.Files(t,
		geocheck.File{Path: filepath.Join(dir, viewsFile), Rows: len(ids), IDs: ids, Bound: points.Bound()},
		geocheck.File{Path: filepath.Join(empty, viewsFile)},
	)
}
