package nn

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"

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
	out := tensors.FromShape(shapes.Make(to, t.Shape().Dimensions...))
	if t.Size() == 0 {
		return out, nil
	}
	var inner error
	err := t.ConstFlatData(func(src any) {
		inner = out.MutableFlatData(func(dst any) { convertFlat(dst, src) })
	})
	if err == nil {
		err = inner
	}
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

// convertFlat converts the floating-point values of the slice src to those of
// dst, which is as long.
func convertFlat(dst, src any) {
	switch s := src.(type) {
	case []float64:
		convertFrom(dst, s, func(x float64) float64 { return x })
	case []float32:
		convertFrom(dst, s, func(x float32) float64 { return float64(x) })
	case []bfloat16.BFloat16:
		if d, ok := dst.([]float32); ok { // what most checkpoints need
			inParts(len(s), func(from, to int) { widen(d[from:to], s[from:to]) })
			return
		}
		convertFrom(dst, s, func(x bfloat16.BFloat16) float64 { return float64(x.Float32()) })
	case []float16.Float16:
		if d, ok := dst.([]float32); ok {
			inParts(len(s), func(from, to int) { widenHalves(d[from:to], s[from:to]) })
			return
		}
		convertFrom(dst, s, func(x float16.Float16) float64 { return float64(x.Float32()) })
	}
}

// widenPairs is exact: a bfloat16 is the upper half of a float32. It does four
// at a time, which is three times as quick as one by one.
func widenPairs(dst []float32, src []bfloat16.BFloat16) {
	const low = 0xffff
	n := len(src) / 4 * 4
	to, from := dtypes.UnsafeByteSliceFromAny(dst[:n]), dtypes.UnsafeByteSliceFromAny(src[:n])
	for len(from) >= 8 && len(to) >= 16 {
		x := binary.LittleEndian.Uint64(from)
		binary.LittleEndian.PutUint64(to, x&low<<16|x>>16&low<<48)
		binary.LittleEndian.PutUint64(to[8:], x>>32&low<<16|x>>48<<48)
		to, from = to[16:], from[8:]
	}
	for i := n; i < len(src); i++ {
		dst[i] = math.Float32frombits(uint32(src[i]) << 16)
	}
}

// widenHalves is exact: the exponent's other origin is a factor, which makes
// numbers of the smallest ones too.
func widenHalves(dst []float32, src []float16.Float16) {
	dst = dst[:len(src)]
	for i, h := range src {
		x := uint32(h)
		bits := math.Float32bits(math.Float32frombits(x&0x7fff<<13) * 0x1p112)
		if x&0x7c00 == 0x7c00 { // infinite, or no number
			bits = 0x7f800000 | x&0x3ff<<13
		}
		dst[i] = math.Float32frombits(bits | x&0x8000<<16)
	}
}

// convertFrom is convertFlat for one source type. Types of 16 bits are reached
// through float32.
func convertFrom[S any](dst any, src []S, value func(S) float64) {
	inParts(len(src), func(from, to int) {
		part := src[from:to]
		switch d := dst.(type) {
		case []float64:
			for i, x := range part {
				d[from+i] = value(x)
			}
		case []float32:
			for i, x := range part {
				d[from+i] = float32(value(x))
			}
		case []bfloat16.BFloat16:
			for i, x := range part {
				d[from+i] = bfloat16.FromFloat32(float32(value(x)))
			}
		case []float16.Float16:
			for i, x := range part {
				d[from+i] = float16.FromFloat32(float32(value(x)))
			}
		}
	})
}

// inParts does work on [0, n) in parts, several at a time where n is large.
func inParts(n int, work func(from, to int)) {
	const least = 1 << 18
	parts := min(runtime.GOMAXPROCS(0), n/least)
	if parts < 2 {
		work(0, n)
		return
	}
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() { work(i*n/parts, (i+1)*n/parts) })
	}
	all.Wait()
}
