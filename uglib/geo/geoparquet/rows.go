package geoparquet

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// ReadRows reads all rows of a Parquet file, which may be damaged: the reader
// panics on some such files, which is an error here. R is a struct as
// parquet-go has them; each of its columns must be there, with values of the
// same kind, and one of them must differ from row to row, such as an id, so that
// a file cannot hold more rows than bytes.
func ReadRows[R any](data []byte) (rows []R, err error) {
	defer func() {
		if p := recover(); p != nil {
			rows, err = nil, fmt.Errorf("damaged Parquet file: %v", p)
		}
	}()
	file, err := Open(data)
	if err != nil {
		return nil, err
	}
	schema := parquet.SchemaOf(new(R))
	for _, path := range schema.Columns() {
		want, _ := schema.Lookup(path...)
		have, ok := file.Schema().Lookup(path...)
		if !ok {
			return nil, fmt.Errorf("column %q is missing", path[0])
		}
		if want.Node.Type().Kind() != have.Node.Type().Kind() {
			return nil, fmt.Errorf("column %q holds %v, not %v", path[0], have.Node.Type(), want.Node.Type())
		}
	}
	total := file.NumRows()
	if total < 0 || total > int64(len(data)) {
		return nil, fmt.Errorf("damaged Parquet file: its footer says %d rows in %d bytes", total, len(data))
	}
	reader := parquet.NewGenericReader[R](file, schema)
	defer reader.Close()
	for {
		part := make([]R, 512) // a new one, since rows keep what they were read into
		n, err := reader.Read(part)
		rows = append(rows, part[:n]...)
		switch {
		case int64(len(rows)) > total, errors.Is(err, io.EOF) && int64(len(rows)) < total:
			return nil, fmt.Errorf("damaged Parquet file: %d rows where its footer says %d", len(rows), total)
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, fmt.Errorf("damaged Parquet file: row %d: %w", len(rows), err)
		case n == 0:
			return nil, fmt.Errorf("damaged Parquet file: row %d: %w", len(rows), io.ErrNoProgress)
		}
	}
}
