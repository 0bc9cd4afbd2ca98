package geo

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
)

// ParseBound reads a bounding box given as "west,south,east,north" in degrees.
// A box that is empty or not on the Earth is an error. One across the 180th
// meridian has its west east of its east, as in "179.8,-17,-179.8,-16.6"; its
// longitudes go on beyond 180 in the result.
func ParseBound(s string) (orb.Bound, error) {
	fail := func(why string) (orb.Bound, error) {
		return orb.Bound{}, fmt.Errorf("bounding box %q: %s; give west,south,east,north in degrees, such as -75.60,39.72,-75.51,39.78", s, why)
	}
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return fail(fmt.Sprintf("%d numbers where 4 are expected", len(parts)))
	}
	var v [4]float64
	for i, p := range parts {
		f, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fail(fmt.Sprintf("%q is not a number", p))
		}
		v[i] = f
	}
	switch {
	case v[0] < -180 || v[2] > 180:
		return fail("a longitude is outside -180..180")
	case v[1] < -90 || v[3] > 90:
		return fail("a latitude is outside -90..90")
	case v[0] == v[2] || v[0] > v[2] && v[2]+360-v[0] > 180:
		return fail("west is not west of east")
	case v[1] >= v[3]:
		return fail("south is not south of north")
	}
	if v[0] > v[2] {
		v[2] += 360
	}
	return orb.Bound{Min: orb.Point{v[0], v[1]}, Max: orb.Point{v[2], v[3]}}, nil
}

// FormatBound prints a bounding box as [ParseBound] reads it, to 7 decimals
// (about a centimetre).
func FormatBound(b orb.Bound) string {
	var parts []string
	for _, f := range []float64{onMap(b.Min[0]), b.Min[1], onMap(b.Max[0]), b.Max[1]} {
		parts = append(parts, strconv.FormatFloat(math.Round(f*1e7)/1e7, 'f', -1, 64))
	}
	return strings.Join(parts, ",")
}

// onMap brings a longitude into -180 to 180.
func onMap(lon float64) float64 {
	if lon > 180 || lon < -180 {
		return math.Remainder(lon, 360)
	}
	return lon
}
