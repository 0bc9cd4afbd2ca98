package city

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"
)

// geoMetadata is the value of the key "geo" of a GeoParquet 1.1 file. Without a
// crs the coordinates are longitude and latitude on WGS 84 (OGC:CRS84).
type geoMetadata struct {
	Version string               `json:"version"`
	Primary string               `json:"primary_column"`
	Columns map[string]geoColumn `json:"columns"`
}

type geoColumn struct {
	Encoding string    `json:"encoding"`
	Types    []string  `json:"geometry_types"`
	BBox     []float64 `json:"bbox,omitempty"`
}

// writeTable writes rows with their geometries as a GeoParquet file; column
// gives where the WKB of a row goes.
func writeTable[R any](path string, rows []R, shapes []orb.Geometry, column func(*R) *[]byte) (table, error) {
	types := map[string]bool{}
	var bound orb.Bound
	for i, g := range shapes {
		if g == nil {
			return table{}, fmt.Errorf("%s: row %d has no geometry", filepath.Base(path), i)
		}
		b, err := wkb.Marshal(g)
		if err != nil {
			return table{}, fmt.Errorf("%s: row %d: %w", filepath.Base(path), i, err)
		}
		*column(&rows[i]) = b
		types[g.GeoJSONType()] = true
		if i == 0 {
			bound = g.Bound()
		}
		bound = bound.Union(g.Bound())
	}
	col := geoColumn{Encoding: "WKB", Types: slices.AppendSeq([]string{}, maps.Keys(types))}
	slices.Sort(col.Types)
	if len(shapes) > 0 {
		col.BBox = []float64{bound.Min[0], bound.Min[1], bound.Max[0], bound.Max[1]}
	}
	meta, err := json.Marshal(geoMetadata{Version: "1.1.0", Primary: "geometry", Columns: map[string]geoColumn{"geometry": col}})
	if err != nil {
		return table{}, err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return table{}, err
	}
	defer f.Cleanup()
	hash := sha256.New()
	w := parquet.NewGenericWriter[R](io.MultiWriter(f, hash), parquet.Compression(&parquet.Zstd), parquet.KeyValueMetadata("geo", string(meta)))
	if _, err := w.Write(rows); err != nil {
		return table{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if err := w.Close(); err != nil {
		return table{}, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return table{Rows: len(rows), SHA256: hex.EncodeToString(hash.Sum(nil))}, f.CloseAtomicallyReplace()
}

// readTable reads a Parquet file that must be as city.json describes it. The
// checksum comes first, since the Parquet reader panics on some damaged files
// and runs out of memory on others.
func readTable[R any](path string, t table) (rows []R, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the file is missing")
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != t.SHA256 {
		return nil, fmt.Errorf("the file is damaged: its SHA-256 is not the one in %s", cityFile)
	}
	return decodeTable[R](b, t.Rows)
}

func decodeTable[R any](b []byte, rowCount int) (rows []R, err error) {
	file, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	schema := parquet.SchemaOf(new(R))
	for _, path := range schema.Columns() {
		if _, ok := file.Schema().Lookup(path...); !ok {
			return nil, fmt.Errorf("column %q is missing", path[0])
		}
	}
	if n := file.NumRows(); n != int64(rowCount) {
		return nil, fmt.Errorf("%d rows where %s says %d", n, cityFile, rowCount)
	}
	reader := parquet.NewGenericReader[R](file, schema)
	defer reader.Close()
	rows = make([]R, rowCount)
	for n := 0; n < rowCount; {
		k, err := reader.Read(rows[n:])
		if n += k; n == rowCount {
			break
		}
		if err == nil && k == 0 {
			err = io.ErrNoProgress
		}
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
	}
	return rows, nil
}

// encodeTags returns tags as a JSON object with sorted keys.
func encodeTags(t map[string]string) (string, error) {
	if t == nil {
		return "{}", nil
	}
	b, err := json.Marshal(t)
	return string(b), err
}

// decodeTags is the inverse of encodeTags; no tags are nil.
func decodeTags(s string) (map[string]string, error) {
	var t map[string]string
	if err := json.Unmarshal([]byte(s), &t); err != nil || len(t) == 0 {
		return nil, err
	}
	return t, nil
}

func decodeShape(b []byte) (orb.Geometry, error) {
	g, err := wkb.Unmarshal(b)
	if err != nil {
		return nil, err
	}
	if g == nil {
		return nil, errors.New("empty")
	}
	return g, nil
}
