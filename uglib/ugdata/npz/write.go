package npz

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Number is what an array may hold.
type Number interface {
	uint8 | int8 | int16 | int32 | int64 | uint64 | float32 | float64
}

// Writer writes arrays into a file.
type Writer struct {
	zip   *zip.Writer
	names map[string]bool
	err   error
}

// NewWriter starts a file.
func NewWriter(w io.Writer) *Writer { return &Writer{zip: zip.NewWriter(w), names: map[string]bool{}} }

// Add writes an array with the given shape, rows one after the other; without a
// shape it has one dimension. The first error stays: later calls do nothing and
// Close returns it.
func Add[N Number](w *Writer, name string, values []N, shape ...int) {
	if w.err != nil {
		return
	}
	if shape == nil {
		shape = []int{len(values)}
	}
	size := 1
	for _, n := range shape {
		size *= n
	}
	switch {
	case size != len(values):
		w.err = fmt.Errorf("npz: array %q has %d values, its shape %v asks for %d", name, len(values), shape, size)
		return
	case w.names[name]:
		w.err = fmt.Errorf("npz: array %q comes twice", name)
		return
	}
	w.names[name] = true
	out, err := w.zip.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Deflate})
	if err == nil {
		_, err = io.WriteString(out, header[N](shape))
	}
	const part = 1 << 16 // so that the encoded bytes of a long array are never all there
	for i := 0; i < len(values) && err == nil; i += part {
		err = binary.Write(out, binary.LittleEndian, values[i:min(i+part, len(values))])
	}
	if err != nil {
		w.err = fmt.Errorf("npz: array %q: %w", name, err)
	}
}

// AddTexts writes texts as two arrays: name+"_utf8" has all their bytes, and
// text i stands from place i to place i+1 of name+"_at".
func AddTexts(w *Writer, name string, texts []string) {
	at := make([]int64, 1, len(texts)+1)
	var all []uint8
	for _, s := range texts {
		all = append(all, s...)
		at = append(at, int64(len(all)))
	}
	Add(w, name+"_utf8", all)
	Add(w, name+"_at", at)
}

// Close ends the file. It does not close what it was written to.
func (w *Writer) Close() error { return errors.Join(w.err, w.zip.Close()) }

// header is that of the .npy format, version 1.0: a Python dictionary, padded so
// that the values begin at a multiple of 64.
func header[N Number](shape []int) string {
	var n N
	var code string
	switch any(n).(type) {
	case uint8:
		code = "|u1"
	case int8:
		code = "|i1"
	case int16:
		code = "<i2"
	case int32:
		code = "<i4"
	case int64:
		code = "<i8"
	case uint64:
		code = "<u8"
	case float32:
		code = "<f4"
	case float64:
		code = "<f8"
	}
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = fmt.Sprint(n)
	}
	list := strings.Join(dims, ", ")
	if len(dims) == 1 {
		list += ","
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", code, list)
	const fixed = 10 // magic, version, length
	pad := 63 - (fixed+len(dict))%64
	dict += strings.Repeat(" ", pad) + "\n"
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(dict)), byte(len(dict) >> 8)}) + dict
}
