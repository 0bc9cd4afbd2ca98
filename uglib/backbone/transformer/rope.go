package transformer

import "math"

// InverseFrequencies gives theta^(-2i/dim) for i < dim/2 in float32, as transformers computes rotary frequencies.
func InverseFrequencies(theta float64, dim int) []float32 {
	f := make([]float32, dim/2)
	for i := range f {
		f[i] = 1 / float32(math.Pow(theta, float64(float32(2*i)/float32(dim))))
	}
	return f
}

// SetAngle sets the cosine and sine of frequency j of a head in both halves.
func SetAngle(cos, sin []float32, j int, angle float32) {
	s, c := math.Sincos(float64(angle))
	half := len(cos) / 2
	cos[j], cos[j+half] = float32(c), float32(c)
	sin[j], sin[j+half] = float32(s), float32(s)
}
