package nn

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
)

// ConvertTensor converts a floating-point tensor on the host to another
// floating-point type, rounding to nearest even. It returns t itself if it is
// of that type already.
func ConvertTensor(t *tensors.Tensor, to dtypes.DType) (*tensors.Tensor, error) {
	if t.DType() == to {
		return t, nil
	}
	if !isFloat(t.DType()) || !isFloat(to) {
		return nil, fmt.Errorf("convert a tensor of shape %s to %s: only floating-point types convert", t.Shape(), to)
	}
	values := make([]float64, 0, t.Size())
	err := t.ConstFlatData(func(flat any) {
		switch v := flat.(type) {
		case []float64:
			values = append(values, v...)
		case []float32:
			for _, x := range v {
				values = append(values, float64(x))
			}
		case []bfloat16.BFloat16:
			for _, x := range v {
				values = append(values, float64(x.Float32()))
			}
		case []float16.Float16:
			for _, x := range v {
				values = append(values, float64(x.Float32()))
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("convert a tensor of shape %s: %w", t.Shape(), err)
	}
	out := tensors.FromShape(shapes.Make(to, t.Shape().Dimensions...))
	err = out.MutableFlatData(func(flat any) {
		switch v := flat.(type) {
		case []float64:
			copy(v, values)
		case []float32:
			for i, x := range values {
				v[i] = float32(x)
			}
		case []bfloat16.BFloat16:
			for i, x := range values {
				v[i] = bfloat16.FromFloat32(float32(x))
			}
		case []float16.Float16:
			for i, x := range values {
				v[i] = float16.FromFloat32(float32(x))
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("convert a tensor of shape %s: %w", t.Shape(), err)
	}
	return out, nil
}

// Floats returns the values of a floating-point tensor as float32.
func Floats(t *tensors.Tensor) ([]float32, error) {
	f, err := ConvertTensor(t, dtypes.Float32)
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](f)
}
