package ugdata

import (
	"bufio"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"

	"urbangraph/uglib/geo/geoparquet"
)

// Rows of a row group, which is what a writer has in memory: a place with a
// subgraph of a thousand nodes takes some 60 kB.
const (
	placesGroup = 1024
	rowsGroup   = 16384
)

// tableSet writes the tables of a dataset part by part. The files appear
// together when it is closed; they are the same however the places come in
// parts.
type tableSet struct {
	dir     string
	pending []*renameio.PendingFile
	places  *geoparquet.Writer[placeRow]
	paths   *geoparquet.Writer[pathRow]
	samples *parquet.GenericWriter[sampleRow]
	skipped *bufio.Writer
}

func newTableSet(dir string) (t *tableSet, err error) {
	t = &tableSet{dir: dir}
	defer func() {
		if err != nil {
			t.cleanup()
		}
	}()
	files := map[string]*renameio.PendingFile{}
	for _, name := range []string{placesTable, pathsTable, samplesTable, skippedFile} {
		f, err := renameio.NewPendingFile(filepath.Join(dir, name), renameio.WithTempDir(dir), renameio.WithPermissions(0o644))
		if err != nil {
			return nil, fmt.Errorf("ugdata: %w", err)
		}
		files[name] = f
		t.pending = append(t.pending, f)
	}
	t.places, err = geoparquet.NewWriter(files[placesTable], func(r *placeRow, g []byte, b geoparquet.BBox) { r.Geometry, r.BBox = g, b }, parquet.MaxRowsPerRowGroup(placesGroup))
	if err != nil {
		return nil, fmt.Errorf("ugdata: %s: %w", placesTable, err)
	}
	t.paths, err = geoparquet.NewWriter(files[pathsTable], func(r *pathRow, g []byte, b geoparquet.BBox) { r.Geometry, r.BBox = g, &b }, parquet.MaxRowsPerRowGroup(rowsGroup))
	if err != nil {
		return nil, fmt.Errorf("ugdata: %s: %w", pathsTable, err)
	}
	t.samples = parquet.NewGenericWriter[sampleRow](files[samplesTable], parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsGroup))
	t.skipped = bufio.NewWriter(files[skippedFile])
	return t, nil
}

// add appends places with their paths.
func (t *tableSet) add(all []Place) error {
	for first := 0; first < len(all); first += placesGroup {
		part := all[first:min(len(all), first+placesGroup)]
		places, points := make([]placeRow, len(part)), make([]orb.Geometry, len(part))
		var paths []pathRow
		var lines []orb.Geometry
		for i := range part {
			p := &part[i]
			places[i], points[i] = newPlaceRow(p), p.Pos
			for _, x := range p.Paths {
				paths, lines = append(paths, newPathRow(p.ID, x)), append(lines, asLine(x.Line))
			}
		}
		if err := t.places.Write(places, points); err != nil {
			return fmt.Errorf("ugdata: write %s: %w", filepath.Join(t.dir, placesTable), err)
		}
		if err := t.paths.Write(paths, lines); err != nil {
			return fmt.Errorf("ugdata: write %s: %w", filepath.Join(t.dir, pathsTable), err)
		}
	}
	return nil
}

// asLine returns a line as a geometry, nil if it has no length to draw.
func asLine(line orb.LineString) orb.Geometry {
	if len(line) < 2 {
		return nil
	}
	return line
}

// pairs appends samples, which count among the places given.
func (t *tableSet) pairs(samples []Sample, places []Place) error {
	for first := 0; first < len(samples); first += rowsGroup {
		part := samples[first:min(len(samples), first+rowsGroup)]
		rows := make([]sampleRow, len(part))
		for i, s := range part {
			if s.Place < 0 || s.Place >= len(places) {
				return fmt.Errorf("ugdata: sample %d is of place %d, but there are %d places", first+i, s.Place, len(places))
			}
			rows[i] = sampleRow{places[s.Place].ID, string(s.Kind), int32(s.Stage), s.Query, s.Positive, s.TextKey, s.PlaceKey}
		}
		if _, err := t.samples.Write(rows); err != nil {
			return fmt.Errorf("ugdata: write %s: %w", filepath.Join(t.dir, samplesTable), err)
		}
	}
	return nil
}

// skip appends views that are no places.
func (t *tableSet) skip(all []Skipped) error {
	if err := writeSkipped(t.skipped, all); err != nil {
		return fmt.Errorf("ugdata: write %s: %w", filepath.Join(t.dir, skippedFile), err)
	}
	return nil
}

// close ends the files and puts them in place.
func (t *tableSet) close() error {
	defer t.cleanup()
	if err := errors.Join(t.places.Close(), t.paths.Close(), t.samples.Close(), t.skipped.Flush()); err != nil {
		return fmt.Errorf("ugdata: write the tables in %s: %w", t.dir, err)
	}
	for _, f := range t.pending {
		if err := f.CloseAtomicallyReplace(); err != nil {
			return fmt.Errorf("ugdata: write the tables in %s: %w", t.dir, err)
		}
	}
	return nil
}

// cleanup removes the files that are not in place.
func (t *tableSet) cleanup() {
	for _, f := range t.pending {
		_ = f.Cleanup() // nothing can be done about a file that stays
	}
}
