package streetview

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Files of an artefact of views.
const (
	viewsFile   = "views.parquet"
	skippedFile = "skipped.json"
)

// row is a view in views.parquet: degrees (EPSG:4326) and metres. Absent
// values are null.
type row struct {
	ID       int64     `parquet:"id"`
	File     string    `parquet:"file"`
	Origin   string    `parquet:"origin,dict"`
	Lon      float64   `parquet:"lon"`
	Lat      float64   `parquet:"lat"`
	Heading  *float64  `parquet:"heading,optional"`
	Taken    time.Time `parquet:"taken,optional,timestamp(millisecond)"` // UTC
	Street   *int32    `parquet:"street,optional"`                       // node of the city
	FootLon  *float64  `parquet:"foot_lon,optional"`
	FootLat  *float64  `parquet:"foot_lat,optional"`
	Distance *float64  `parquet:"distance,optional"`
	Bearing  *float64  `parquet:"bearing,optional"`
}

func toRow(v View) row {
	r := row{ID: v.ID, File: v.File, Origin: string(v.Origin), Lon: v.Pos[0], Lat: v.Pos[1], Taken: v.Taken}
	if v.HasHeading {
		r.Heading = new(float64(v.Heading))
	}
	if v.Street != city.None {
		r.Street = new(int32(v.Street))
		r.FootLon, r.FootLat = new(v.Foot[0]), new(v.Foot[1])
		r.Distance, r.Bearing = new(float64(v.Distance)), new(float64(v.Bearing))
	}
	return r
}

func (r row) view() (View, error) {
	v := View{ID: r.ID, File: r.File, Origin: Origin(r.Origin), Pos: orb.Point{r.Lon, r.Lat}, Street: city.None}
	if r.Heading != nil {
		v.Heading, v.HasHeading = geo.Bearing(*r.Heading), true
	}
	if !r.Taken.IsZero() {
		v.Taken = r.Taken.UTC()
	}
	if r.Street == nil {
		return v, nil
	}
	if *r.Street < 0 || r.FootLon == nil || r.FootLat == nil || r.Distance == nil || r.Bearing == nil {
		return v, fmt.Errorf("view %d has street %d without its foot point", r.ID, *r.Street)
	}
	v.Street, v.Foot = city.NodeID(*r.Street), orb.Point{*r.FootLon, *r.FootLat}
	v.Distance, v.Bearing = geo.Metres(*r.Distance), geo.Bearing(*r.Bearing)
	return v, nil
}

func writeSet(dir string, s *Set) error {
	rows := make([]row, len(s.Views))
	for i, v := range s.Views {
		rows[i] = toRow(v)
	}
	if err := parquet.WriteFile(filepath.Join(dir, viewsFile), rows, parquet.Compression(&parquet.Zstd)); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, viewsFile), err)
	}
	if len(s.Skipped) == 0 {
		return nil
	}
	data, err := json.MarshalIndent(s.Skipped, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, skippedFile), data, 0o644)
}

// readSet reads what writeSet wrote; the set's Dir is left open.
func readSet(dir string) (*Set, error) {
	path := filepath.Join(dir, viewsFile)
	rows, err := parquet.ReadFile[row](path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w; remove the artefact and open it again", path, err)
	}
	s := &Set{Views: make([]View, len(rows))}
	for i, r := range rows {
		if s.Views[i], err = r.view(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	path = filepath.Join(dir, skippedFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &s.Skipped)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return s, nil
}
