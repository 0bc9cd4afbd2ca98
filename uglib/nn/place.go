package nn

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// placed makes a tensor in the memory of the backend's first device, nil for
// the host's, and has fill write its values there: once, where backend and
// host share memory.
func placed(backend compute.Backend, shape shapes.Shape, fill func(flat any) error) (*tensors.Tensor, error) {
	switch {
	case backend == nil || shape.Size() == 0:
		t := tensors.FromShape(shape)
		return t, filled(t, fill)
	case isGoBackend(backend): // not cleared before it is filled, as the next case
		buffer, flat, err := backend.NewSharedBuffer(0, shape)
		if err != nil {
			return nil, err
		}
		if err := filledFlat(flat, fill); err != nil {
			return nil, err
		}
		return tensors.FromBuffer(buffer)
	case backend.HasSharedBuffers():
		t, err := tensors.FromShapeForBackend(backend, 0, shape)
		if err != nil {
			return nil, err
		}
		return t, filled(t, fill)
	}
	flat := dtypes.MakeAnySlice(shape.DType, shape.Size())
	if err := filledFlat(flat, fill); err != nil {
		return nil, err
	}
	return sent(backend, shape, flat)
}

// filled has fill write the values of t.
func filled(t *tensors.Tensor, fill func(flat any) error) error {
	if t.Size() == 0 {
		return nil
	}
	var err error
	if e := t.MutableFlatData(func(flat any) { err = filledFlat(flat, fill) }); e != nil {
		return e
	}
	return err
}

// filledFlat has fill write all of a slice. Memory that nobody wrote to yet is
// made when it is first touched, which for pages of the usual size takes several
// times as long as reading a file from the page cache.
func filledFlat(flat any, fill func(flat any) error) error {
	preferHugePages(dtypes.UnsafeByteSliceFromAny(flat))
	return fill(flat)
}

// sent makes a tensor on a device from values in host memory.
func sent(backend compute.Backend, shape shapes.Shape, flat any) (*tensors.Tensor, error) {
	buffer, err := backend.BufferFromFlatData(0, flat, shape)
	if err != nil {
		return nil, err
	}
	return tensors.FromBuffer(buffer)
}

func isGoBackend(b compute.Backend) bool { return b.String() == "go" }

// flatOf sees bytes, which begin where the type may, as a slice of the type.
func flatOf(data []byte, dtype dtypes.DType) any {
	return dtypes.UnsafeAnySliceFromBytes(unsafe.Pointer(unsafe.SliceData(data)), dtype, len(data)/dtype.Size())
}

// aligned reports whether values of the type may begin where data does.
func aligned(data []byte, dtype dtypes.DType) bool {
	return uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(dtype.Size()) == 0
}

// viewed makes a tensor of the pure Go backend whose memory is data, without a
// copy; data must stay as long as the backend. It is nil where that cannot be.
//
// The backend has no door for this, so a buffer of its own is pointed at data:
// the fields are exported, of a type that is not. Should an upgrade change
// them, the fields are not found, tensors are copied, and a test says so.
func viewed(backend compute.Backend, shape shapes.Shape, data []byte) (*tensors.Tensor, error) {
	if !isGoBackend(backend) || len(data) == 0 || !aligned(data, shape.DType) {
		return nil, nil
	}
	buffer, _, err := backend.NewSharedBuffer(0, shapes.Make(shape.DType))
	if err != nil {
		return nil, err
	}
	v := reflect.ValueOf(buffer)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, nil
	}
	for name, value := range map[string]any{"RawShape": shape, "RawBytes": data, "Flat": flatOf(data, shape.DType)} {
		field := v.Elem().FieldByName(name)
		if !field.CanSet() || !reflect.TypeOf(value).AssignableTo(field.Type()) {
			return nil, nil
		}
		field.Set(reflect.ValueOf(value))
	}
	t, err := tensors.FromBuffer(buffer)
	if err != nil {
		return nil, fmt.Errorf("view of mapped memory: %w", err)
	}
	return t, nil
}
