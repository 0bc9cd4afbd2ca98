package nn

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// maxHeader is the largest header that the safetensors format allows.
const maxHeader = 100 << 20

// indexSuffix ends the name of the file that says which tensor lies in which
// of several files.
const indexSuffix = ".safetensors.index.json"

// dtypeNames maps GoMLX's types to those of the safetensors format.
var dtypeNames = map[dtypes.DType]string{
	dtypes.Float64: "F64", dtypes.Float32: "F32", dtypes.Float16: "F16", dtypes.BFloat16: "BF16",
	dtypes.Int64: "I64", dtypes.Int32: "I32", dtypes.Int16: "I16", dtypes.Int8: "I8",
	dtypes.Uint64: "U64", dtypes.Uint32: "U32", dtypes.Uint16: "U16", dtypes.Uint8: "U8",
	dtypes.Bool: "BOOL",
}

var dtypeOfName = func() map[string]dtypes.DType {
	m := make(map[string]dtypes.DType, len(dtypeNames))
	for d, n := range dtypeNames {
		m[n] = d
	}
	return m
}()

// TensorFile gives access to the tensors of a safetensors file, or of the
// several files of a sharded checkpoint. Opening it reads and checks the
// headers alone.
type TensorFile struct {
	// Metadata is the file's free-form __metadata__; of a sharded checkpoint,
	// that of all files together.
	Metadata map[string]string

	path    string
	entries map[string]entry
	shards  []*shard
}

// shard is one of the files.
type shard struct {
	*os.File
	size   int64
	mapped []byte // the whole file, or nil; set by [shard.bytes]
	lent   bool   // to tensors, which may live on: never unmapped
	tried  bool
}

// entry is where a tensor lies.
type entry struct {
	file  *shard
	dtype string
	shape []int
	begin int64 // from the start of the file
	size  int64 // bytes
}

// OpenTensors opens a safetensors file, a sharded checkpoint by its
// *.safetensors.index.json, or a model folder, in which it takes
// model.safetensors.index.json, else model.safetensors. No other file is
// guessed at: it may be an adapter or a graph encoder.
//
// The headers are checked as the format's reference implementation does:
// offsets in bounds and without gaps or overlaps, sizes that fit the shapes.
// The caller closes the TensorFile.
func OpenTensors(path string) (*TensorFile, error) {
	path, err := findTensors(path)
	if err != nil {
		return nil, err
	}
	f := &TensorFile{path: path, entries: map[string]entry{}, Metadata: map[string]string{}}
	if strings.HasSuffix(path, indexSuffix) {
		err = f.openShards()
	} else {
		err = f.openOne(path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func findTensors(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("open tensors: %w", err)
	}
	if !info.IsDir() {
		return path, nil
	}
	for _, name := range []string{"model" + indexSuffix, "model.safetensors"} {
		p := filepath.Join(path, name)
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	if old, _ := filepath.Glob(filepath.Join(path, "*.bin")); len(old) > 0 {
		return "", fmt.Errorf("open tensors: folder %s has weights in PyTorch's own format (%s) alone; try a snapshot with safetensors, or save_pretrained", path, filepath.Base(old[0]))
	}
	return "", fmt.Errorf("open tensors: folder %s has neither model.safetensors nor its index; try the path of the file itself", path)
}

func (f *TensorFile) openShards() error {
	text, err := os.ReadFile(f.path)
	if err != nil {
		return fmt.Errorf("open tensors: %w", err)
	}
	var index struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return fmt.Errorf("open tensors: index %s: %w", f.path, err)
	}
	if len(index.WeightMap) == 0 {
		return fmt.Errorf("open tensors: index %s has no weight_map", f.path)
	}
	files := slices.Sorted(maps.Values(index.WeightMap))
	for _, name := range slices.Compact(files) {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("open tensors: index %s names the file %q outside its folder", f.path, name)
		}
		if err := f.openOne(filepath.Join(filepath.Dir(f.path), name)); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%w; the index %s needs it: try to fetch the missing shard", err, f.path)
			}
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(index.WeightMap)) {
		e, ok := f.entries[name]
		if !ok || filepath.Base(e.file.Name()) != filepath.Base(index.WeightMap[name]) {
			return fmt.Errorf("open tensors: index %s puts the tensor %q into %s, which does not hold it", f.path, name, index.WeightMap[name])
		}
	}
	return nil
}

func (f *TensorFile) openOne(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open tensors: %w", err)
	}
	sh := &shard{File: file}
	f.shards = append(f.shards, sh)
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open tensors: %w", err)
	}
	sh.size = info.Size()
	header, err := readHeader(file, sh.size)
	if err != nil {
		return fmt.Errorf("open tensors: file %s: %w", path, err)
	}
	maps.Copy(f.Metadata, header.metadata)
	for name, e := range header.entries {
		if other, twice := f.entries[name]; twice {
			return fmt.Errorf("open tensors: %q is in %s and in %s", name, other.file.Name(), path)
		}
		e.file = sh
		f.entries[name] = e
	}
	return nil
}

type header struct {
	metadata map[string]string
	entries  map[string]entry
}

// readHeader reads and checks the header of a safetensors file of size bytes.
func readHeader(r io.ReaderAt, size int64) (header, error) {
	h := header{metadata: map[string]string{}, entries: map[string]entry{}}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return h, fmt.Errorf("%d bytes are too few for a safetensors file", size)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return h, fmt.Errorf("the header says %d bytes, the file has %d: no safetensors file, or cut short", n, size)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, 8); err != nil {
		return h, fmt.Errorf("read the header: %w", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return h, fmt.Errorf("parse the header: %w", err)
	}
	data := size - 8 - int64(n)
	names := slices.Sorted(maps.Keys(raw))
	for _, name := range names {
		if name == "__metadata__" {
			if err := json.Unmarshal(raw[name], &h.metadata); err != nil {
				return h, fmt.Errorf("parse __metadata__: %w", err)
			}
			continue
		}
		e, err := parseEntry(raw[name], data)
		if err != nil {
			return h, fmt.Errorf("tensor %q: %w", name, err)
		}
		h.entries[name] = e
	}
	if h.metadata == nil { // __metadata__: null
		h.metadata = map[string]string{}
	}
	return h, checkCover(h.entries, data, 8+int64(n))
}

// parseEntry reads one tensor's line of the header; begin is left relative to
// the data.
func parseEntry(text json.RawMessage, data int64) (entry, error) {
	var line struct {
		DType   string  `json:"dtype"`
		Shape   []int64 `json:"shape"`
		Offsets []int64 `json:"data_offsets"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return entry{}, err
	}
	if len(line.Offsets) != 2 || line.Offsets[0] < 0 || line.Offsets[1] < line.Offsets[0] {
		return entry{}, fmt.Errorf("data_offsets %v are no range", line.Offsets)
	}
	if line.Offsets[1] > data {
		return entry{}, fmt.Errorf("it ends at byte %d of %d: the file is cut short", line.Offsets[1], data)
	}
	e := entry{dtype: line.DType, begin: line.Offsets[0], size: line.Offsets[1] - line.Offsets[0]}
	count := uint64(1)
	for _, d := range line.Shape {
		if d < 0 || d > math.MaxInt32 {
			return entry{}, fmt.Errorf("bad shape %v", line.Shape)
		}
		hi, lo := bits.Mul64(count, uint64(d))
		if hi != 0 || lo > math.MaxInt64/8 {
			return entry{}, fmt.Errorf("bad shape %v", line.Shape)
		}
		count = lo
		e.shape = append(e.shape, int(d))
	}
	if d, ok := dtypeOfName[line.DType]; ok && int64(count)*int64(d.Size()) != e.size {
		return entry{}, fmt.Errorf("%s %v needs %d bytes, data_offsets give %d", line.DType, line.Shape, int64(count)*int64(d.Size()), e.size)
	}
	return e, nil
}

// checkCover makes sure that the tensors fill the data exactly, and moves
// their offsets to the start of the file.
func checkCover(entries map[string]entry, data, base int64) error {
	names := slices.SortedFunc(maps.Keys(entries), func(a, b string) int {
		x, y := entries[a], entries[b]
		switch {
		case x.begin != y.begin:
			return int(min(max(x.begin-y.begin, -1), 1))
		case x.size != y.size:
			return int(min(max(x.size-y.size, -1), 1))
		}
		return strings.Compare(a, b)
	})
	at := int64(0)
	for _, name := range names {
		e := entries[name]
		if e.begin != at {
			return fmt.Errorf("tensor %q begins at byte %d, the one before it ends at %d", name, e.begin, at)
		}
		at += e.size
		e.begin += base
		entries[name] = e
	}
	if at != data {
		return fmt.Errorf("the tensors end at byte %d of %d", at, data)
	}
	return nil
}

// Close closes the files. Tensors that were read stay as they are.
func (f *TensorFile) Close() error {
	var errs []error
	for _, sh := range f.shards {
		if sh.mapped != nil && !sh.lent {
			errs = append(errs, unmapFile(sh.mapped))
		}
		errs = append(errs, sh.File.Close())
	}
	f.shards = nil
	return errors.Join(errs...)
}

// Names returns the names of the tensors in order.
func (f *TensorFile) Names() []string { return slices.Sorted(maps.Keys(f.entries)) }

// Has reports whether there is a tensor of that name.
func (f *TensorFile) Has(name string) bool { _, ok := f.entries[name]; return ok }

// Shape returns the type and dimensions of a tensor. It fails for one that is
// absent or of a type that GoMLX has not.
func (f *TensorFile) Shape(name string) (shapes.Shape, error) {
	e, ok := f.entries[name]
	if !ok {
		return shapes.Shape{}, fmt.Errorf("file %s has no tensor %q", f.path, name)
	}
	d, ok := dtypeOfName[e.dtype]
	if !ok {
		return shapes.Shape{}, fmt.Errorf("file %s: tensor %q is of type %q, which is not supported; try a checkpoint in F32, F16 or BF16", f.path, name, e.dtype)
	}
	return shapes.Make(d, e.shape...), nil
}

// Read returns a tensor in host memory, in the file's own type.
func (f *TensorFile) Read(name string) (*tensors.Tensor, error) {
	return f.ReadOn(nil, name, dtypes.InvalidDType)
}

// ReadAs is Read with floating-point tensors converted to dtype; others, and
// all of them if dtype is dtypes.InvalidDType, keep their type.
func (f *TensorFile) ReadAs(name string, dtype dtypes.DType) (*tensors.Tensor, error) {
	return f.ReadOn(nil, name, dtype)
}

// LoadTensors reads all tensors of what [OpenTensors] accepts, in their own
// types.
func LoadTensors(path string) (map[string]*tensors.Tensor, error) {
	f, err := OpenTensors(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all := make(map[string]*tensors.Tensor, len(f.entries))
	for _, name := range f.Names() {
		if all[name], err = f.Read(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}
