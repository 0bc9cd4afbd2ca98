package imagehash

import (
	"fmt"
	"image"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// Hash is the perceptual hash of a picture. Its first bit, the highest, is that
// of the mean brightness; then come the frequencies row by row.
type Hash uint64

const (
	side = 32 // of the reduced picture, pixels
	low  = 8  // frequencies that count, of each axis
)

// Of returns the hash of a picture. Transparent pixels count as their colour,
// as Pillow's convert("L") takes them.
func Of(img image.Image) Hash { return OfOriented(img, 1) }

// OfOriented returns the hash of a picture as it is once turned upright by its
// EXIF orientation, without turning all of it. (That differs from [Of] of the
// turned picture by a bit now and then.)
func OfOriented(img image.Image, orientation int) Hash {
	small := turn(reduce(luma(img)), orientation)
	var freq [low * low]float64
	// Columns first, then rows, as scipy.fftpack.dct of type II without norm.
	var columns [low][side]float64
	for v := range low {
		for y := range side {
			c := cosines[v][y]
			for x := range side {
				columns[v][x] += 2 * c * float64(small[y*side+x])
			}
		}
		for u := range low {
			sum := 0.0
			for x := range side {
				sum += columns[v][x] * cosines[u][x]
			}
			// What is below the noise of the sums counts as equal, as in a plain picture.
			freq[v*low+u] = math.Round(2*sum*1e6) / 1e6
		}
	}
	sorted := slices.Sorted(slices.Values(freq[:]))
	median := (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	var h Hash
	for _, f := range freq {
		h <<= 1
		if f > median {
			h |= 1
		}
	}
	return h
}

// cosines holds cos(π·k·(2n+1) / (2·side)) by k and n.
var cosines = func() (c [low][side]float64) {
	for k := range c {
		for n := range c[k] {
			c[k][n] = math.Cos(math.Pi * float64(k*(2*n+1)) / (2 * side))
		}
	}
	return c
}()

// Distance returns the number of bits in which two hashes differ, 0 to 64. Up
// to about 6 the pictures show the same thing; unrelated ones differ in about
// 32.
func (h Hash) Distance(o Hash) int { return bits.OnesCount64(uint64(h ^ o)) }

// String returns 16 hexadecimal digits, as str of the Python package does.
func (h Hash) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// Parse reads what [Hash.String] writes.
func Parse(s string) (Hash, error) {
	h, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) != 16 || s[0] == '+' {
		return 0, fmt.Errorf("%q is no image hash; one has 16 hexadecimal digits, as 8f3c5a6100ff7e21", s)
	}
	return Hash(h), nil
}

// MarshalText implements [encoding.TextMarshaler] by [Hash.String].
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] by [Parse].
func (h *Hash) UnmarshalText(text []byte) (err error) {
	*h, err = Parse(string(text))
	return err
}
