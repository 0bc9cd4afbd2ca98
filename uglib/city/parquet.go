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
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"urbangraph/uglib/geo/geoparquet"
)

// writeTable writes rows with their geometries as a GeoParquet file; column
// gives where the shape of a row goes.
func writeTable[R any](path string, rows []R, shapes []orb.Geometry, column func(*R) *shape) (table, error) {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return table{}, err
	}
	defer f.Cleanup()
	hash := sha256.New()
	set := func(r *R, geometry []byte, box geoparquet.BBox) { column(r).set(geometry, box) }
	if err := geoparquet.Write(io.MultiWriter(f, hash), rows, shapes, set); err != nil {
		return table{}, err
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
