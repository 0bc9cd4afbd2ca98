package streetview

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/geo/geoparquet"
	"urbangraph/uglib/streetview/imagehash"
)

// Files of an artefact of views.
const (
	viewsFile   = "views.parquet"
	skippedFile = "skipped.json"
	reportFile  = "report.json"
)

// row is a view in views.parquet: degrees (EPSG:4326) and metres. Absent
// values are null.
type row struct {
	ID       int64    `parquet:"id"`
	File     string   `parquet:"file"`
	Origin   string   `parquet:"origin,dict"`
	Lon      float64  `parquet:"lon"`
	Lat      float64  `parquet:"lat"`
	Heading  *float64 `parquet:"heading,optional"`
	Taken    int64    `parquet:"taken,optional,timestamp(millisecond)"` // UTC, since 1970; 0 is null
	Credit   string   `parquet:"credit,optional,dict"`
	Sequence string   `parquet:"sequence,optional,dict"`
	SHA256   string   `parquet:"sha256,optional"` // hexadecimal
	Hash     string   `parquet:"hash,optional"`   // perceptual, 16 hexadecimal digits
	Street   *int32   `parquet:"street,optional"` // node of the city
	FootLon  *float64 `parquet:"foot_lon,optional"`
	FootLat  *float64 `parquet:"foot_lat,optional"`
	Distance *float64 `parquet:"distance,optional"`
	Bearing  *float64 `parquet:"bearing,optional"`
}

// mapRow is a row with the columns by which programs for maps read it.
type mapRow struct {
	row
	Geometry []byte          `parquet:"geometry"` // of the position
	BBox     geoparquet.BBox `parquet:"bbox"`
}

func toRow(v View) row {
	r := row{ID: v.ID, File: v.File, Origin: string(v.Origin), Lon: v.Pos[0], Lat: v.Pos[1], Credit: v.Credit, Sequence: v.Sequence, SHA256: v.SHA256}
	if v.Hash != 0 {
		r.Hash = v.Hash.String()
	}
	if !v.Taken.IsZero() {
		r.Taken = v.Taken.UnixMilli()
	}
	if v.HasHeading {
		r.Heading = new(float64(v.Heading))
	}
	if v.Street != city.None {
		r.Street = new(int32(v.Street))
	}
	if v.HasFoot() {
		r.FootLon, r.FootLat = new(v.Foot[0]), new(v.Foot[1])
		r.Distance, r.Bearing = new(float64(v.Distance)), new(float64(v.Bearing))
	}
	return r
}

func (r row) view() (View, error) {
	v := View{ID: r.ID, File: r.File, Origin: Origin(r.Origin), Pos: orb.Point{r.Lon, r.Lat}, Credit: r.Credit, Sequence: r.Sequence, SHA256: r.SHA256, Street: city.None}
	if r.Hash != "" {
		var err error
		if v.Hash, err = imagehash.Parse(r.Hash); err != nil {
			return v, fmt.Errorf("view %d: %w", r.ID, err)
		}
	}
	if r.Heading != nil {
		v.Heading, v.HasHeading = geo.Bearing(*r.Heading), true
	}
	if r.Taken != 0 {
		v.Taken = time.UnixMilli(r.Taken).UTC()
	}
	foot := r.FootLon != nil && r.FootLat != nil && r.Distance != nil && r.Bearing != nil
	if r.Street != nil {
		if *r.Street < 0 || !foot {
			return v, fmt.Errorf("view %d has street %d without its foot point", r.ID, *r.Street)
		}
		v.Street = city.NodeID(*r.Street)
	}
	if !foot {
		return v, nil
	}
	v.Foot = orb.Point{*r.FootLon, *r.FootLat}
	v.Distance, v.Bearing = geo.Metres(*r.Distance), geo.Bearing(*r.Bearing)
	return v, nil
}

func writeSet(dir string, s *Set) (err error) {
	path := filepath.Join(dir, viewsFile)
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s cannot be written: %w", path, err)
		}
	}()
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	hash := sha256.New()
	if err := errors.Join(writeViews(io.MultiWriter(f, hash), s.Views), f.Close()); err != nil {
		return err
	}
	s.Reading.Table = hex.EncodeToString(hash.Sum(nil))
	if err := writeJSON(filepath.Join(dir, reportFile), s.Report()); err != nil || len(s.Skipped) == 0 {
		return err
	}
	return writeJSON(filepath.Join(dir, skippedFile), s.Skipped)
}

// writeViews writes views as a GeoParquet file.
func writeViews(f io.Writer, views []View) error {
	w, err := geoparquet.NewWriter(f, func(r *mapRow, g []byte, b geoparquet.BBox) { r.Geometry, r.BBox = g, b })
	if err != nil {
		return err
	}
	for part := range slices.Chunk(views, 1024) {
		rows, points := make([]mapRow, len(part)), make([]orb.Geometry, len(part))
		for i, v := range part {
			rows[i].row, points[i] = toRow(v), v.Pos
		}
		if err := w.Write(rows, points); err != nil {
			return err
		}
	}
	return w.Close()
}

func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// readJSON reads a file of an artefact; the error names the cure.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w; remove the artefact (ug rm) and open it again", path, err)
	}
	return nil
}

// readSet reads what writeSet wrote; the set's Dir is left open.
func readSet(dir string) (*Set, error) {
	path := filepath.Join(dir, viewsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var report Report
	if err := readJSON(filepath.Join(dir, reportFile), &report); err != nil {
		return nil, err
	}
	s := &Set{Reading: report.Reading}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != report.Table {
		return nil, fmt.Errorf("%s is damaged: its SHA-256 is not the one in %s; remove the artefact (ug rm) and open it again", path, reportFile)
	}
	if s.Views, err = decodeViews(data); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; remove the artefact (ug rm) and open it again", path, err)
	}
	err = readJSON(filepath.Join(dir, skippedFile), &s.Skipped)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return s, err
}

// decodeViews reads a Parquet file of rows.
func decodeViews(data []byte) ([]View, error) {
	rows, err := geoparquet.ReadRows[row](data)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(rows))
	for i, r := range rows {
		if views[i], err = r.view(); err != nil {
			return nil, err
		}
	}
	return views, nil
}
