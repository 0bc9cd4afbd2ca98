package geo

import (
	"fmt"
	"math"

	"github.com/paulmach/orb"
)

// EarthRadius is the mean radius of the Earth that the UGE reference uses in
// its haversine formula.
const EarthRadius Metres = 6371000

// Metres is a length in metres.
type Metres float64

// String prints "12.3 m" below a kilometre and "1.23 km" from there.
func (m Metres) String() string {
	if m >= 1000 {
		return fmt.Sprintf("%.2f km", float64(m)/1000)
	}
	return fmt.Sprintf("%.1f m", float64(m))
}

// Bearing is a direction in degrees clockwise from north, in [0, 360).
type Bearing float64

// NormalBearing brings any angle in degrees into [0, 360).
func NormalBearing(degrees float64) Bearing {
	d := math.Mod(degrees, 360)
	if d < 0 {
		d += 360
	}
	if d >= 360 || d == 0 { // -tiny + 360 rounds up to 360; no negative zero
		d = 0
	}
	return Bearing(d)
}

// Radians returns the angle in radians.
func (b Bearing) Radians() float64 { return float64(b) * math.Pi / 180 }

// Reverse returns the opposite direction.
func (b Bearing) Reverse() Bearing { return NormalBearing(float64(b) + 180) }

// Diff returns the signed turn from b to o, in (-180, 180] degrees; a turn to
// the right is positive.
func (b Bearing) Diff(o Bearing) float64 {
	d := math.Mod(float64(o-b), 360)
	switch {
	case d > 180:
		return d - 360
	case d <= -180:
		return d + 360
	}
	return d
}

// Distance returns the great-circle distance by the haversine formula on a
// sphere of [EarthRadius].
func Distance(a, b orb.Point) Metres {
	lat1, lat2 := radians(a[1]), radians(b[1])
	s1 := math.Sin((lat2 - lat1) / 2)
	s2 := math.Sin(radians(b[0]-a[0]) / 2)
	h := s1*s1 + math.Cos(lat1)*math.Cos(lat2)*s2*s2
	return Metres(2*math.Asin(math.Min(1, math.Sqrt(h)))) * EarthRadius
}

// BearingTo returns the initial great-circle bearing from a to b. It is 0
// where the points are the same.
func BearingTo(a, b orb.Point) Bearing {
	if a == b {
		return 0
	}
	lat1, lat2, dlon := radians(a[1]), radians(b[1]), radians(b[0]-a[0])
	y := math.Sin(dlon) * math.Cos(lat2)
	x := math.Cos(lat1)*math.Sin(lat2) - math.Sin(lat1)*math.Cos(lat2)*math.Cos(dlon)
	return NormalBearing(math.Atan2(y, x) * 180 / math.Pi)
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// Frame is a local metric frame: metres east and north of an origin
// (equirectangular, exact to about 0.1% within 20 km at middle latitudes).
type Frame struct {
	Origin orb.Point // longitude, latitude in degrees
}

const metresPerDegree = float64(EarthRadius) * math.Pi / 180

// Local returns the metres east (x) and north (y) of the origin.
func (f Frame) Local(p orb.Point) orb.Point {
	return orb.Point{
		(p[0] - f.Origin[0]) * metresPerDegree * math.Cos(radians(f.Origin[1])),
		(p[1] - f.Origin[1]) * metresPerDegree,
	}
}

// LonLat is the inverse of [Frame.Local].
func (f Frame) LonLat(xy orb.Point) orb.Point {
	return orb.Point{
		f.Origin[0] + xy[0]/(metresPerDegree*math.Cos(radians(f.Origin[1]))),
		f.Origin[1] + xy[1]/metresPerDegree,
	}
}
