package engine

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
)

// Row is a line of a result.
type Row struct {
	ID     string    `parquet:"id" json:"id"`
	Kind   string    `parquet:"kind,dict" json:"kind"` // see [Item.Kind]
	Source string    `parquet:"source" json:"source"`  // see [Item.Source]
	Vector []float32 `parquet:"vector,list" json:"vector"`
	Model  string    `parquet:"model,dict" json:"model"`
	Dim    int32     `parquet:"dim" json:"dim"`
	SHA256 string    `parquet:"sha256" json:"sha256"` // see [Sum]
	// DType is that of [Rows]; a Parquet file has it once, in its metadata.
	DType string `parquet:"-" json:"model_dtype,omitempty"`
}

// Rows are the lines of a result in the order of the items.
type Rows struct {
	Model string
	Width int
	DType string   // in which the model computed the vectors, see [Engine.DType]; empty for float32
	Items []Result // those that have a vector
	// Vector returns the vector of a sum.
	Vector func(Sum) ([]float32, error)
}

// Add takes the result of an item, if it has a vector.
func (r *Rows) Add(x Result) {
	if x.Err == nil {
		r.Items = append(r.Items, x)
	}
}

// Sort brings the items into the order of their stream.
func (r *Rows) Sort() {
	slices.SortFunc(r.Items, func(a, b Result) int { return cmp.Compare(a.Index, b.Index) })
}

// each yields the lines; an error is the last.
func (r *Rows) each() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, it := range r.Items {
			v, err := r.Vector(it.Sum)
			row := Row{ID: it.ID, Kind: it.Kind, Source: it.Source, Vector: v, Model: r.Model, Dim: int32(r.Width), SHA256: it.Sum.String(), DType: r.DType}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

var writers = map[string]func(io.Writer, *Rows) error{
	".parquet": writeParquet, ".jsonl": writeJSONL, ".safetensors": writeSafetensors,
}

// CanWrite reports whether [Write] knows the format that a file's extension
// names.
func CanWrite(path string) bool { return writers[strings.ToLower(filepath.Ext(path))] != nil }

// Write writes a result in the format that the extension names, whole or not at
// all:
//
//	.parquet      columns id, kind, source, vector (a list of float), model, dim, sha256
//	.jsonl        an object for each line with the same fields
//	.safetensors  a tensor "embeddings" [N, D] of float32; in the metadata model, dim, and ids, kinds,
//	              sources and sha256 as lists in JSON
//
// Where the model computed in another type than float32, each says so as
// model_dtype: Parquet and safetensors in the metadata, lines in a field.
func Write(path string, r *Rows) error {
	write := writers[strings.ToLower(filepath.Ext(path))]
	if write == nil {
		return fmt.Errorf("write %s: no format has this extension; try .parquet, .jsonl or .safetensors", path)
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer f.Cleanup()
	buf := bufio.NewWriterSize(f, 1<<20)
	if err = write(buf, r); err == nil {
		if err = buf.Flush(); err == nil {
			err = f.CloseAtomicallyReplace()
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// metadata is what a file says of all its lines.
func (r *Rows) metadata() map[string]string {
	meta := map[string]string{"model": r.Model, "dim": strconv.Itoa(r.Width)}
	if r.DType != "" {
		meta["model_dtype"] = r.DType
	}
	return meta
}

// groupBytes bounds what a row group of Parquet holds of vectors.
const groupBytes = 64 << 20

func writeParquet(f io.Writer, r *Rows) error {
	options := []parquet.WriterOption{parquet.Compression(&parquet.Zstd)}
	for key, value := range r.metadata() {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	w := parquet.NewGenericWriter[Row](f, options...)
	inGroup := 0
	for row, err := range r.each() {
		if err != nil {
			return err
		}
		if _, err := w.Write([]Row{row}); err != nil {
			return err
		}
		if inGroup += 4*r.Width + 256; inGroup > groupBytes {
			if err := w.Flush(); err != nil {
				return err
			}
			inGroup = 0
		}
	}
	return w.Close()
}

func writeJSONL(f io.Writer, r *Rows) error {
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	for row, err := range r.each() {
		if err != nil {
			return err
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

// maxHeader is the longest header that readers of safetensors accept.
const maxHeader = 100 << 20

func writeSafetensors(f io.Writer, r *Rows) error {
	var ids, kinds, sources, sums []string
	for _, it := range r.Items {
		ids, kinds, sources = append(ids, it.ID), append(kinds, it.Kind), append(sources, it.Source)
		sums = append(sums, hex.EncodeToString(it.Sum[:]))
	}
	meta := r.metadata()
	for name, list := range map[string][]string{"ids": ids, "kinds": kinds, "sources": sources, "sha256": sums} {
		text, err := json.Marshal(slices.Concat([]string{}, list))
		if err != nil {
			return err
		}
		meta[name] = string(text)
	}
	size := 4 * int64(len(r.Items)) * int64(r.Width)
	head, err := json.Marshal(map[string]any{
		"__metadata__": meta,
		"embeddings":   map[string]any{"dtype": "F32", "shape": []int{len(r.Items), r.Width}, "data_offsets": []int64{0, size}},
	})
	if err != nil {
		return err
	}
	head = append(head, bytes.Repeat([]byte{' '}, (8-len(head)%8)%8)...)
	if len(head) > maxHeader {
		return fmt.Errorf("the ids and sources of %d items do not fit into a safetensors header (%d of %d bytes); the same command with a .parquet file goes on from here", len(r.Items), len(head), maxHeader)
	}
	if err := binary.Write(f, binary.LittleEndian, uint64(len(head))); err != nil {
		return err
	}
	if _, err := f.Write(head); err != nil {
		return err
	}
	for row, err := range r.each() {
		if err != nil {
			return err
		}
		if _, err := f.Write(appendFloats(nil, row.Vector)); err != nil {
			return err
		}
	}
	return nil
}
