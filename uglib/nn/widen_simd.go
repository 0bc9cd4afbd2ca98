//go:build amd64 && goexperiment.simd

package nn

import (
	"simd/archsimd"
	"unsafe"

	"github.com/gomlx/compute/dtypes/bfloat16"
)

// widen converts src exactly to dst, which is as long.
func widen(dst []float32, src []bfloat16.BFloat16) {
	if archsimd.X86.AVX2() {
		for len(src) >= 8 && len(dst) >= 8 {
			halves := archsimd.LoadUint16x8((*[8]uint16)(unsafe.Pointer((*[8]bfloat16.BFloat16)(src))))
			halves.ExtendToUint32().ShiftAllLeft(16).AsFloat32x8().Store((*[8]float32)(dst))
			dst, src = dst[8:], src[8:]
		}
	}
	widenPairs(dst, src)
}
