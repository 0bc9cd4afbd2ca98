package engine

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// maxLine is the longest line of a JSON lines file: an image as base64 fits.
const maxLine = 256 << 20

// tables are the readers of files of items, by extension.
var tables = map[string]func(path string) iter.Seq2[Item, error]{
	".csv":     fileOf(ReadCSV),
	".jsonl":   fileOf(ReadJSONL),
	".ndjson":  fileOf(ReadJSONL),
	".parquet": readParquet,
}

// TableExtensions lists the extensions of the files that [ReadTable] reads.
func TableExtensions() []string { return []string{".csv", ".jsonl", ".ndjson", ".parquet"} }

// IsTable reports whether [ReadTable] reads files of this name.
func IsTable(path string) bool { return tables[strings.ToLower(filepath.Ext(path))] != nil }

// ReadTable yields the items of a CSV, JSON lines or Parquet file with the
// columns id, text and image, at least one of the last two. An image is a path,
// relative to the file's folder, or a data URL; in Parquet also a structure of
// path and bytes as Hugging Face has it, or bytes. A row that cannot be read is
// an item that is [Item.Broken]; an error ends the sequence.
func ReadTable(path string) iter.Seq2[Item, error] {
	read := tables[strings.ToLower(filepath.Ext(path))]
	if read == nil {
		return fail(fmt.Errorf("table %s: not one of %s", path, strings.Join(TableExtensions(), ", ")))
	}
	return func(yield func(Item, error) bool) {
		for it, err := range read(path) {
			if err != nil {
				err = fmt.Errorf("table %s: %w", path, err)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
	}
}

// CountTable is the number of items that [ReadTable] yields; its error is that of
// a file that cannot be read.
func CountTable(path string) (n int, err error) {
	if strings.EqualFold(filepath.Ext(path), ".parquet") {
		return parquetCount(path)
	}
	for _, err := range ReadTable(path) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func parquetCount(path string) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("table %s: damaged Parquet file: %v", path, p)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("table: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, fmt.Errorf("table: %w", err)
	}
	f, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return 0, fmt.Errorf("table %s: %w", path, err)
	}
	if _, err := columnsOf(f); err != nil {
		return 0, fmt.Errorf("table %s: %w", path, err)
	}
	return int(f.NumRows()), nil
}

func fail(err error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) { yield(Item{}, err) }
}

// fileOf reads a file by what reads its contents.
func fileOf(read func(r io.Reader, dir string) iter.Seq2[Item, error]) func(path string) iter.Seq2[Item, error] {
	return func(path string) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) {
			file, err := os.Open(path)
			if err != nil {
				yield(Item{}, err)
				return
			}
			defer file.Close()
			for it, err := range read(file, filepath.Dir(path)) {
				if !yield(it, err) {
					return
				}
			}
		}
	}
}

// withImage gives an item its image: a data URL, or a path relative to dir.
func (it *Item) withImage(image, dir string) {
	scheme, _, isURL := strings.Cut(image, "://")
	switch {
	case image == "":
	case strings.HasPrefix(image, "data:"):
		it.Image = "data URL"
		it.Data, it.Broken = DataURL(image)
	case isURL && !strings.ContainsAny(scheme, `/\. `):
		it.Image, it.Broken = image, errors.New("images of other machines are not fetched; give a file or a data URL")
	case filepath.IsAbs(image):
		it.Image = image
	default:
		it.Image = filepath.Join(dir, image)
	}
}

// DataURL returns the bytes of a data URL in base64, such as
// "data:image/png;base64,iVBO...".
func DataURL(url string) ([]byte, error) {
	head, body, ok := strings.Cut(strings.TrimPrefix(url, "data:"), ",")
	if !ok || !strings.HasPrefix(url, "data:") || !strings.HasSuffix(head, ";base64") {
		return nil, errors.New("the image is no data URL in base64 (data:image/png;base64,...)")
	}
	data, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("the image's base64 is damaged: %w", err)
	}
	if len(data) == 0 {
		return nil, errors.New("the image's data URL is empty")
	}
	return data, nil
}

// ReadJSONL yields an item for each line {"id":..., "text":..., "image":...};
// see [ReadTable]. Paths are relative to dir.
func ReadJSONL(r io.Reader, dir string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, maxLine)
		number := 0
		for scanner.Scan() {
			number++
			if line := scanner.Bytes(); len(strings.TrimSpace(string(line))) > 0 && !yield(jsonItem(line, number, dir), nil) {
				return
			}
		}
		if err := scanner.Err(); err != nil {
			yield(Item{}, fmt.Errorf("line %d: %w", number+1, err))
		}
	}
}

func jsonItem(line []byte, number int, dir string) Item {
	var wire struct {
		ID    any    `json:"id"`
		Text  string `json:"text"`
		Image string `json:"image"`
	}
	dec := json.NewDecoder(strings.NewReader(string(line)))
	dec.UseNumber()
	err := dec.Decode(&wire)
	if err == nil && dec.More() {
		err = errors.New("something follows the object")
	}
	it := Item{Text: wire.Text}
	switch id := wire.ID.(type) {
	case nil:
	case string:
		it.ID = id
	case json.Number:
		it.ID = id.String()
	default:
		err = errors.Join(err, errors.New("the id is neither a string nor a number"))
	}
	it.withImage(wire.Image, dir)
	if err != nil {
		it.Broken = fmt.Errorf("line %d: %w", number, err)
	}
	return it
}

// ReadCSV yields an item for each record; the first line names the columns. See
// [ReadTable]. Paths are relative to dir.
func ReadCSV(r io.Reader, dir string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		in := csv.NewReader(r)
		in.FieldsPerRecord = -1
		head, err := in.Read()
		if err != nil {
			yield(Item{}, fmt.Errorf("names of the columns: %w", err))
			return
		}
		head[0] = strings.TrimPrefix(head[0], "\ufeff")
		for i, name := range head {
			head[i] = strings.ToLower(strings.TrimSpace(name))
		}
		id, text, image := slices.Index(head, "id"), slices.Index(head, "text"), slices.Index(head, "image")
		if text < 0 && image < 0 {
			yield(Item{}, noColumns(head))
			return
		}
		for {
			record, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			field := func(i int) string {
				if i < 0 || i >= len(record) {
					return ""
				}
				return record[i]
			}
			it := Item{ID: field(id), Text: field(text)}
			it.withImage(field(image), dir)
			switch {
			case err != nil && !errors.As(err, new(*csv.ParseError)):
				yield(Item{}, err)
				return
			case err != nil:
				it.Broken = err
			case len(record) != len(head):
				line, _ := in.FieldPos(0)
				it.Broken = fmt.Errorf("line %d has %d fields, the first line %d", line, len(record), len(head))
			}
			if !yield(it, nil) {
				return
			}
		}
	}
}

func noColumns(have []string) error {
	return fmt.Errorf("the columns are %s; want text, image, or both", strings.Join(have, ", "))
}

// readParquet yields an item for each row of a file.
func readParquet(path string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer file.Close()
		more := true
		err = func() (err error) {
			// The reader panics on some damaged files.
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("damaged Parquet file: %v", p)
				}
			}()
			return parquetRows(file, func(it Item) bool {
				more = yield(it, nil)
				return more
			}, filepath.Dir(path))
		}()
		if err != nil && more {
			yield(Item{}, err)
		}
	}
}

func parquetRows(file *os.File, yield func(Item) bool, dir string) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		return err
	}
	c, err := columnsOf(f)
	if err != nil {
		return err
	}
	for _, group := range f.RowGroups() {
		if err := groupRows(group, func(row parquet.Row) bool {
			var it Item
			for _, v := range row {
				if v.IsNull() {
					continue
				}
				switch v.Column() {
				case c.id:
					it.ID = valueText(v)
				case c.text:
					it.Text = valueText(v)
				case c.path:
					if it.Image == "" {
						it.withImage(valueText(v), dir)
					}
				case c.image:
					if c.isText {
						it.withImage(valueText(v), dir)
						continue
					}
					it.Data = slices.Clone(v.ByteArray())
				case c.bytes:
					it.Data = slices.Clone(v.ByteArray())
				}
			}
			return yield(it)
		}); err != nil {
			return err
		}
	}
	return nil
}

// columns are the numbers of the columns of a Parquet file, -1 where it has none.
type columns struct {
	id, text, image, path, bytes int
	isText                       bool // image holds paths or data URLs, not bytes
}

func columnsOf(f *parquet.File) (c columns, err error) {
	at, names := map[string]int{}, []string{}
	for i, path := range f.Schema().Columns() {
		name := strings.Join(path, ".")
		at[strings.ToLower(name)], names = i, append(names, name)
	}
	number := func(name string) int {
		if i, ok := at[name]; ok {
			return i
		}
		return -1
	}
	c = columns{id: number("id"), text: number("text"), image: number("image"), path: number("image.path"), bytes: number("image.bytes")}
	if max(c.text, c.image, c.path, c.bytes) < 0 {
		return c, noColumns(names)
	}
	c.isText = c.image >= 0 && isString(f.Schema(), "image")
	return c, nil
}

// errStop ends the reading of rows without an error.
var errStop = errors.New("stop")

func groupRows(group parquet.RowGroup, each func(parquet.Row) bool) (err error) {
	rows := group.Rows()
	defer func() {
		err = errors.Join(err, rows.Close())
		if errors.Is(err, errStop) {
			err = nil
		}
	}()
	buf := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buf)
		for _, row := range buf[:n] {
			if !each(row) {
				return errStop
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case n == 0:
			return io.ErrNoProgress
		}
	}
}

// isString reports whether a column holds text rather than bytes.
func isString(schema *parquet.Schema, name string) bool {
	for _, f := range schema.Fields() {
		if strings.EqualFold(f.Name(), name) && f.Leaf() {
			t := f.Type().LogicalType()
			return t != nil && t.UTF8 != nil
		}
	}
	return false
}

// valueText is a value as text: a string as it is, a number in decimals.
func valueText(v parquet.Value) string {
	if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
		return string(v.ByteArray())
	}
	return v.String()
}
