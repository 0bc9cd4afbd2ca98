package ugdata

import (
	"path/filepath"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/internal/geocheck"
)

// The tables open as maps, with their ids whole.
func TestTablesAreGeoParquet(t *testing.T) {
	d := gridData(t)
	d.Places = d.Places[:40]
	d.Samples = nil
	d.Places[0].ID = 1<<53 + 1
	d.Places[1].Paths = append(d.Places[1].Paths[:1:1], Path{Text: "without a line"})
	dir := t.TempDir()
	if err := Write(dir, d); err != nil {
		t.Fatal(err)
	}
	var places, paths []int64
	var points orb.MultiPoint
	for i := range d.Places {
		p := &d.Places[i]
		places, points = append(places, p.ID), append(points, p.Pos)
		for range p.Paths {
			paths = append(paths, p.ID)
		}
	}
	geocheck.Files(t,
		geocheck.File{Path: filepath.Join(dir, placesTable), Rows: len(places), IDs: places, Bound: points.Bound()},
		geocheck.File{Path: filepath.Join(dir, pathsTable), Rows: len(paths), ID: "place_id", IDs: paths},
	)
}
