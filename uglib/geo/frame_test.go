package geo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"
)

// TestFrames checks, for origins all over the Earth, that a frame keeps
// distances from its origin and that LonLat takes back what Local did.
func TestFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for _, c := range []struct {
		name   string
		origin orb.Point
		off    float64 // largest part by which a distance of up to 5 km may be off
	}{
		{"equator", orb.Point{0, 0}, 1e-6},
		{"Wilmington", orb.Point{-75.55, 39.75}, 1e-3},
		{"180th meridian", orb.Point{179.999, -16.8}, 1e-3},
		{"180th meridian from the east", orb.Point{-179.999, -16.8}, 1e-3},
		{"Tromsø", orb.Point{18.96, 69.65}, 2.5e-3},
		{"Longyearbyen", orb.Point{15.63, 78.22}, 1e-9},
		{"near the north pole", orb.Point{100, 89.999}, 1e-9},
		{"the south pole", orb.Point{0, -90}, 1e-9},
	} {
		f := Frame{Origin: c.origin}
		for range 200 {
			d := 1 + 4999*r.Float64()
			at := destination(c.origin, d, 360*r.Float64())
			if at[0] > 180 {
				at[0] -= 360
			} else if at[0] < -180 {
				at[0] += 360
			}
			xy := f.Local(at)
			if got := math.Hypot(xy[0], xy[1]); math.Abs(got-d) > c.off*d+1e-5 {
				t.Fatalf("%s: %v is %.4f m away, not %.4f", c.name, at, d, got)
			}
			back := f.LonLat(xy)
			if e := Distance(back, at); e > 1e-4 {
				t.Fatalf("%s: %v comes back as %v, %v off", c.name, at, back, e)
			}
			if math.Abs(back[0]-c.origin[0]) > 180 || math.IsNaN(back[0]+back[1]) {
				t.Fatalf("%s: %v comes back as %v, not on the side of the origin", c.name, at, back)
			}
		}
		if xy := f.Local(c.origin); math.Hypot(xy[0], xy[1]) > 1e-6 {
			t.Errorf("%s: the origin is at %v", c.name, xy)
		}
	}
}

// destination is the point so many metres from p on a bearing (the direct
// problem on a sphere).
func destination(p orb.Point, metres, bearing float64) orb.Point {
	c, b, lat := metres/float64(EarthRadius), radians(bearing), radians(p[1])
	x := math.Cos(lat)*math.Cos(c) - math.Sin(lat)*math.Sin(c)*math.Cos(b)
	y := math.Sin(c) * math.Sin(b)
	z := math.Sin(lat)*math.Cos(c) + math.Cos(lat)*math.Sin(c)*math.Cos(b)
	return orb.Point{p[0] + math.Atan2(y, x)*180/math.Pi, math.Atan2(z, math.Hypot(x, y)) * 180 / math.Pi}
}

func TestUnwrap(t *testing.T) {
	for _, c := range []struct{ lon, near, want float64 }{
		{-179.9, 179.9, 180.1}, {179.9, -179.9, -180.1}, {10, 20, 10}, {180, 0, 180}, {-180, 0, -180}, {-170, 180, 190}, {539.5, 0, 179.5},
	} {
		if got := Unwrap(orb.Point{c.lon, 5}, c.near); math.Abs(got[0]-c.want) > 1e-9 || got[1] != 5 {
			t.Errorf("%g near %g is %v, want %g", c.lon, c.near, got, c.want)
		}
	}
}

func TestBoundAcrossTheMeridian(t *testing.T) {
	b, err := ParseBound("179.8,-17,-179.7,-16.6")
	if err != nil || b.Min != (orb.Point{179.8, -17}) || math.Abs(b.Max[0]-180.3) > 1e-9 || b.Max[1] != -16.6 {
		t.Fatalf("%v, %v", b, err)
	}
	if s := FormatBound(b); s != "179.8,-17,-179.7,-16.6" {
		t.Errorf("prints as %s", s)
	}
}
