//go:build !goexperiment.simd

package backend

// SIMD says whether this program was built with GOEXPERIMENT=simd, which the
// pure Go backend needs for its speed.
const SIMD = false
