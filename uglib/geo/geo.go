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

// Frame is a local metric frame: metres east and north of an origin. It is
// equirectangular, exact to about 0.1% within 20 km at middle latitudes, and
// azimuthal equidistant where the origin lies beyond [PolarLatitude], where
// meridians meet too soon for the former. It knows no edge at the 180th
// meridian.
type Frame struct {
	Origin orb.Point // longitude, latitude in degrees
}

// PolarLatitude is the latitude, north or south, beyond which a [Frame] is
// azimuthal.
const PolarLatitude = 75

const metresPerDegree = float64(EarthRadius) * math.Pi / 180

// Local returns the metres east (x) and north (y) of the origin.
func (f Frame) Local(p orb.Point) orb.Point { return f.Projection().Local(p) }

// LonLat is the inverse of [Frame.Local]. Longitudes go on beyond 180 or -180
// where the origin is near that meridian, so that shapes across it stay whole.
func (f Frame) LonLat(xy orb.Point) orb.Point { return f.Projection().LonLat(xy) }

// Projection is a [Frame] prepared for many points.
type Projection struct {
	origin orb.Point
	x, y   float64 // metres per degree; 0 for an azimuthal frame
}

// Projection returns the frame prepared for many points.
func (f Frame) Projection() Projection {
	p := Projection{origin: f.Origin}
	if math.Abs(f.Origin[1]) <= PolarLatitude {
		p.x, p.y = metresPerDegree*math.Cos(radians(f.Origin[1])), metresPerDegree
	}
	return p
}

// Local is [Frame.Local].
func (f Projection) Local(p orb.Point) orb.Point {
	if f.x == 0 {
		d := float64(Distance(f.origin, p))
		sin, cos := math.Sincos(BearingTo(f.origin, p).Radians())
		return orb.Point{d * sin, d * cos}
	}
	east := p[0] - f.origin[0]
	if east > 180 || east < -180 {
		east = math.Remainder(east, 360)
	}
	return orb.Point{east * f.x, (p[1] - f.origin[1]) * f.y}
}

// LonLat is [Frame.LonLat].
func (f Projection) LonLat(xy orb.Point) orb.Point {
	if f.x != 0 {
		return orb.Point{f.origin[0] + xy[0]/f.x, f.origin[1] + xy[1]/f.y}
	}
	sinC, cosC := math.Sincos(math.Hypot(xy[0], xy[1]) / float64(EarthRadius))
	sinLat, cosLat := math.Sincos(radians(f.origin[1]))
	sin, cos := math.Sincos(math.Atan2(xy[0], xy[1]))
	x, y, z := cosLat*cosC-sinLat*sinC*cos, sinC*sin, sinLat*cosC+cosLat*sinC*cos
	return orb.Point{f.origin[0] + math.Atan2(y, x)*180/math.Pi, math.Atan2(z, math.Hypot(x, y)) * 180 / math.Pi}
}

// Unwrap returns p with its longitude moved by whole turns to within half a
// turn of the given one, so that what lies across the 180th meridian lies side
// by side.
func Unwrap(p orb.Point, longitude float64) orb.Point {
	if d := p[0] - longitude; d > 180 || d < -180 {
		p[0] = longitude + math.Remainder(d, 360)
	}
	return p
}
