//go:build !(amd64 && goexperiment.simd)

package nn

import "github.com/gomlx/compute/dtypes/bfloat16"

// widen converts src exactly to dst, which is as long.
func widen(dst []float32, src []bfloat16.BFloat16) { widenPairs(dst, src) }
