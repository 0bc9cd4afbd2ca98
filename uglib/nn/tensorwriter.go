package nn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/renameio/v2"
)

// SaveTensors writes a safetensors file, whole or not at all. Tensors lie in the
// order of the format's own writer, wide types first, then by name; equal
// tensors give equal files.
func SaveTensors(path string, all map[string]*tensors.Tensor, metadata map[string]string) (err error) {
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if d := all[b].DType().Size() - all[a].DType().Size(); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	defer func() {
		if err != nil {
			err = fmt.Errorf("save tensors to %s: %w", path, err)
		}
	}()
	head, err := encodeHeader(names, all, metadata)
	if err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if _, err = file.Write(head); err != nil {
		return err
	}
	for _, name := range names {
		if all[name].Size() == 0 {
			continue
		}
		var writeErr error
		err = all[name].ConstBytes(func(data []byte) { _, writeErr = file.Write(data) })
		if err = errors.Join(err, writeErr); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	return file.CloseAtomicallyReplace()
}

// encodeHeader returns the length and the header, padded with blanks to a
// multiple of 8 bytes.
func encodeHeader(names []string, all map[string]*tensors.Tensor, metadata map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(metadata) > 0 {
		text, err := json.Marshal(metadata) // keys in order
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `"__metadata__":%s`, text)
	}
	at := int64(0)
	for _, name := range names {
		t := all[name]
		dtype, ok := dtypeNames[t.DType()]
		if !ok || name == "__metadata__" {
			return nil, fmt.Errorf("tensor %q of shape %s cannot be written", name, t.Shape())
		}
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		dims, err := json.Marshal(append([]int{}, t.Shape().Dimensions...))
		if err != nil {
			return nil, err
		}
		size := int64(t.Size()) * int64(t.DType().Size())
		fmt.Fprintf(&b, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, key, dtype, dims, at, at+size)
		at += size
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	head := b.Bytes()
	if len(head)-8 > maxHeader {
		return nil, fmt.Errorf("the header of %d tensors is too long", len(names))
	}
	binary.LittleEndian.PutUint64(head, uint64(len(head)-8))
	return head, nil
}
