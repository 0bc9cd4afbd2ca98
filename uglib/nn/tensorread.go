package nn

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// ReadOn returns a tensor in the memory of a backend's first device, or with a
// nil backend in host memory. Floating-point values become dtype; others, and
// all of them if dtype is dtypes.InvalidDType, keep the file's type.
//
// Each value is written once, straight to where it is to be. Where the pure Go
// backend wants the file's own type, nothing is written at all: the tensor is
// the mapped file, which the operating system reads when it is first used and
// may drop from memory again. Such a file must not be cut short while the
// process lives (replacing it, as SaveTensors does, is no harm), and its pages
// stay mapped after Close. What a computation writes to the tensor never
// reaches the file.
//
// A tensor on a backend is of no use to another one.
func (f *TensorFile) ReadOn(backend compute.Backend, name string, dtype dtypes.DType) (*tensors.Tensor, error) {
	shape, err := f.Shape(name)
	if err != nil {
		return nil, err
	}
	e, from := f.entries[name], shape.DType
	if dtype != dtypes.InvalidDType && isFloat(from) && isFloat(dtype) {
		shape = shapes.Make(dtype, shape.Dimensions...)
	}
	t, err := e.read(backend, from, shape)
	if err != nil {
		return nil, fmt.Errorf("file %s: read tensor %q: %w", e.file.Name(), name, err)
	}
	return t, nil
}

func (e entry) read(backend compute.Backend, from dtypes.DType, shape shapes.Shape) (*tensors.Tensor, error) {
	if from == shape.DType && backend != nil && shape.Size() > 0 {
		if data := e.file.bytes(e.begin, e.size); data != nil && aligned(data, from) {
			t, err := viewed(backend, shape, data)
			if t != nil || err != nil {
				e.file.lent = true
				return t, err
			}
			t, err = tensors.FromRaw(backend, 0, shape, data)
			if !e.file.lent {
				dropPages(data) // the copy is enough
			}
			return t, err
		}
	}
	return placed(backend, shape, func(flat any) error {
		if from == shape.DType {
			return e.readBytes(dtypes.UnsafeByteSliceFromAny(flat))
		}
		return e.readConverted(flat, from, shape)
	})
}

// bytes gives part of the mapped file, or nil if it cannot be mapped.
func (s *shard) bytes(begin, size int64) []byte {
	if !s.tried {
		s.tried = true
		if data, err := mapFile(s.File, s.size); err == nil {
			s.mapped = data
		}
	}
	if s.mapped == nil {
		return nil
	}
	return s.mapped[begin : begin+size : begin+size]
}

// readBytes reads the tensor as it is.
func (e entry) readBytes(data []byte) error {
	return e.inParts(1, func(from, to int64) error {
		_, err := e.file.ReadAt(data[from:to], e.begin+from)
		return err
	})
}

// readConverted reads values of one floating-point type into a slice of
// another, through a buffer that fits a processor's cache.
func (e entry) readConverted(flat any, from dtypes.DType, shape shapes.Shape) error {
	const chunk = 1 << 18
	out := dtypes.UnsafeByteSliceFromAny(flat)
	wide, narrow := int64(shape.DType.Size()), int64(from.Size())
	return e.inParts(narrow, func(begin, end int64) error {
		values := dtypes.MakeAnySlice(from, int(min(chunk, end-begin)/narrow))
		raw := dtypes.UnsafeByteSliceFromAny(values)
		for begin < end {
			part := raw[:min(int64(len(raw)), end-begin)]
			if _, err := e.file.ReadAt(part, e.begin+begin); err != nil {
				return err
			}
			at, n := begin/narrow*wide, int64(len(part))
			convertFlat(flatOf(out[at:at+n/narrow*wide], shape.DType), flatOf(part, from))
			begin += n
		}
		return nil
	})
}

// inParts does work on the bytes of the tensor in parts of whole units, several
// at a time where they are many.
func (e entry) inParts(unit int64, work func(from, to int64) error) error {
	const least = 1 << 20
	parts := min(int64(runtime.GOMAXPROCS(0)), max(e.size/least, 1))
	errs := make([]error, parts)
	var all sync.WaitGroup
	for i := range parts {
		from, to := i*(e.size/unit)/parts*unit, (i+1)*(e.size/unit)/parts*unit
		all.Go(func() {
			if err := work(from, to); err == io.EOF { // it was longer when it was opened
				errs[i] = io.ErrUnexpectedEOF
			} else {
				errs[i] = err
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
