package render

import "math"

// rgb is a colour with components from 0 to 1, in the display's own (sRGB)
// scale: shading is meant to look right, not to be radiometry.
type rgb struct{ r, g, b float32 }

func hex(v uint32) rgb {
	return rgb{float32(v>>16&255) / 255, float32(v>>8&255) / 255, float32(v&255) / 255}
}

func (c rgb) mul(o rgb) rgb       { return rgb{c.r * o.r, c.g * o.g, c.b * o.b} }
func (c rgb) scale(k float32) rgb { return rgb{c.r * k, c.g * k, c.b * k} }

// mix goes from c (t = 0) to o (t = 1).
func (c rgb) mix(o rgb, t float32) rgb {
	return rgb{c.r + (o.r-c.r)*t, c.g + (o.g-c.g)*t, c.b + (o.b-c.b)*t}
}

// pack gives 0xAABBGGRR, opaque.
func (c rgb) pack() uint32 {
	return 0xFF000000 | byte8(c.b)<<16 | byte8(c.g)<<8 | byte8(c.r)
}

func unpack(p uint32) rgb {
	return rgb{float32(p&255) / 255, float32(p>>8&255) / 255, float32(p>>16&255) / 255}
}

func byte8(v float32) uint32 {
	return uint32(min(max(v, 0), 1)*255 + 0.5)
}

// hash mixes its arguments into 64 well-spread bits (splitmix64), the same on
// every machine.
func hash(v ...uint64) uint64 {
	h := uint64(0x9E3779B97F4A7C15)
	for _, x := range v {
		h ^= x
		h += 0x9E3779B97F4A7C15
		h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>27) * 0x94D049BB133111EB
		h ^= h >> 31
	}
	return h
}

// unit turns a hash into a number in [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// pick takes one of the choices by hash.
func pick[T any](h uint64, from []T) T { return from[h%uint64(len(from))] }

func clamp(v, lo, hi float64) float64 { return math.Min(math.Max(v, lo), hi) }
