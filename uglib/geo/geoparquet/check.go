package geoparquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// maxPage bounds a page of a Parquet file once it is unpacked; writers make
// pages of about a megabyte.
const maxPage = 64 << 20

// Open opens a Parquet file that may be damaged. The reader of parquet-go
// believes sizes that a file states of itself, and a wrong one makes it ask for
// any amount of memory, which ends the program. So all sizes are compared with
// the file's own first. What else is damaged is for the caller to find: reading
// rows may fail or panic.
func Open(data []byte) (*parquet.File, error) {
	if err := checkFooter(data); err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	rows := file.NumRows()
	for _, group := range file.Metadata().RowGroups {
		if group.NumRows < 0 || group.NumRows > rows {
			return nil, fmt.Errorf("damaged Parquet file: a group of %d rows in a file of %d", group.NumRows, rows)
		}
		for _, c := range group.Columns {
			if err := checkPages(data, &c.MetaData); err != nil {
				return nil, fmt.Errorf("damaged Parquet file: column %v: %w", c.MetaData.PathInSchema, err)
			}
		}
	}
	return file, nil
}

// checkFooter walks the metadata at the end of a file.
func checkFooter(data []byte) error {
	const tail = 8 // length, "PAR1"
	if len(data) < 4+tail || string(data[len(data)-4:]) != "PAR1" || string(data[:4]) != "PAR1" {
		return errors.New("no Parquet file: it does not begin and end with PAR1; it may be cut off")
	}
	size := int64(binary.LittleEndian.Uint32(data[len(data)-tail:]))
	if size > int64(len(data)-4-tail) {
		return fmt.Errorf("damaged Parquet file: metadata of %d bytes in a file of %d", size, len(data))
	}
	w := walker{data: data[int64(len(data)-tail)-size : len(data)-tail]}
	if w.structure(0); w.err != nil {
		return fmt.Errorf("damaged Parquet file: its metadata, byte %d: %w", w.at, w.err)
	}
	return nil
}

// checkPages walks the heads of the pages of a column.
func checkPages(data []byte, c *format.ColumnMetaData) error {
	from := c.DataPageOffset
	if c.DictionaryPageOffset > 0 {
		from = min(from, c.DictionaryPageOffset)
	}
	if from < 0 || c.TotalCompressedSize < 0 || from > int64(len(data)) || c.TotalCompressedSize > int64(len(data))-from {
		return fmt.Errorf("%d bytes at byte %d of a file of %d", c.TotalCompressedSize, from, len(data))
	}
	part := data[from : from+c.TotalCompressedSize]
	for pos := 0; pos < len(part); {
		w := walker{data: part[pos:]}
		if w.structure(0); w.err != nil {
			return fmt.Errorf("page at byte %d: %w", from+int64(pos), w.err)
		}
		var head format.PageHeader
		if err := thrift.Unmarshal(&thrift.CompactProtocol{}, w.data[:w.at], &head); err != nil {
			return fmt.Errorf("page at byte %d: %w", from+int64(pos), err)
		}
		var values int32
		switch {
		case head.DataPageHeader.Valid:
			values = head.DataPageHeader.V.NumValues
		case head.DataPageHeaderV2.Valid:
			values = head.DataPageHeaderV2.V.NumValues
		case head.DictionaryPageHeader.Valid:
			values = head.DictionaryPageHeader.V.NumValues
		}
		rest := len(w.data) - w.at
		if head.CompressedPageSize < 0 || int(head.CompressedPageSize) > rest || head.UncompressedPageSize < 0 || head.UncompressedPageSize > maxPage || values < 0 || values > maxPage {
			return fmt.Errorf("page at byte %d has %d values in %d bytes, %d packed, where %d follow", from+int64(pos), values, head.UncompressedPageSize, head.CompressedPageSize, rest)
		}
		pos += w.at + int(head.CompressedPageSize)
	}
	return nil
}

// walker skips values of Thrift's compact protocol and compares each length
// with what is left.
type walker struct {
	data []byte
	at   int
	err  error
}

// maxDepth is how deep structures may lie in one another; those of Parquet go
// to about 8.
const maxDepth = 32

func (w *walker) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf(format, args...)
	}
}

func (w *walker) byte() byte {
	if w.err != nil || w.at >= len(w.data) {
		w.fail("it ends early")
		return 0
	}
	w.at++
	return w.data[w.at-1]
}

func (w *walker) varint() uint64 {
	v, n := binary.Uvarint(w.data[w.at:])
	if n <= 0 {
		w.fail("a number ends early")
		return 0
	}
	w.at += n
	return v
}

// skip passes over n bytes, which must be there.
func (w *walker) skip(n uint64) {
	if left := uint64(len(w.data) - w.at); n > left {
		w.fail("a text of %d bytes where %d are left", n, left)
		return
	}
	w.at += int(n)
}

// structure passes over the fields of a structure up to its end.
func (w *walker) structure(depth int) {
	if depth > maxDepth {
		w.fail("structures lie more than %d deep", maxDepth)
	}
	for w.err == nil {
		head := w.byte()
		if head == 0 {
			return
		}
		if head>>4 == 0 {
			w.varint() // number of the field
		}
		if kind := head & 15; kind > 2 { // 1 and 2 are true and false
			w.value(kind, depth+1)
		}
	}
}

// value passes over a value of a type of the compact protocol.
func (w *walker) value(kind byte, depth int) {
	switch kind {
	case 1, 2, 3:
		w.byte()
	case 4, 5, 6:
		w.varint()
	case 7:
		w.skip(8)
	case 8:
		w.skip(w.varint())
	case 9, 10:
		head := w.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = w.varint()
		}
		w.values(n, depth, head&15)
	case 11:
		if n := w.varint(); n > 0 {
			head := w.byte()
			w.values(n, depth, head>>4, head&15)
		}
	case 12:
		w.structure(depth)
	default:
		w.fail("there is no type %d", kind)
	}
}

// values passes over n values, or n pairs; each takes a byte at least.
func (w *walker) values(n uint64, depth int, kinds ...byte) {
	if left := uint64(len(w.data) - w.at); n > left {
		w.fail("a list of %d values where %d bytes are left", n, left)
	}
	for ; n > 0 && w.err == nil; n-- {
		for _, k := range kinds {
			w.value(k, depth)
		}
	}
}
