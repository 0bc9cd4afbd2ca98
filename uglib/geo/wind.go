package geo

import "math"

var (
	wind8  = [...]string{"N", "NE", "E", "SE", "S", "SW", "W", "NW"}
	word8  = [...]string{"north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"}
	wind16 = [...]string{"N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"}
)

// Wind8 returns the nearest of the eight winds N, NE, ... NW. A tie goes to
// the earlier one in that order: 22.5 is N, 67.5 is NE, 337.5 is N (the path
// grammar of the UGE reference).
func (b Bearing) Wind8() string { return wind8[b.sector8()] }

// Word8 is [Bearing.Wind8] as a word: "north", "northeast", ...
func (b Bearing) Word8() string { return word8[b.sector8()] }

func (b Bearing) sector8() int {
	best, least := 0, math.Inf(1)
	for i := range wind8 {
		if d := math.Abs(Bearing(i * 45).Diff(b)); d < least {
			best, least = i, d
		}
	}
	return best
}

// Wind16 returns the nearest of the sixteen winds, by round(bearing/22.5) with
// halves to even.
func (b Bearing) Wind16() string {
	return wind16[int(math.RoundToEven(float64(b)/22.5))%16]
}
