package carto

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// projection maps longitude and latitude to pixels of a frame whose origin is
// its lower left corner, by the spherical Web Mercator formula.
type projection struct {
	left, bottom float64 // of the frame, in units of the Mercator plane
	scale        float64 // pixels per unit of the Mercator plane
	w, h         float64 // of the frame, in pixels
	middle       float64 // latitude that the scale bar holds for
}

// maxLatitude is where the square Web Mercator world ends.
const maxLatitude = 85.0511287798

// mercator returns the point on a plane on which the globe is 1 wide.
func mercator(p orb.Point) (x, y float64) {
	lat := math.Max(-maxLatitude, math.Min(maxLatitude, p[1])) * math.Pi / 180
	return p[0] / 360, math.Log(math.Tan(math.Pi/4+lat/2)) / (2 * math.Pi)
}

// newProjection fits the bound into a frame of w by h pixels with a margin
// around it and a further inset on the left, as Leaflet's fitBounds with
// fractional zoom does.
func newProjection(b orb.Bound, w, h, margin, inset float64) projection {
	x0, y0 := mercator(b.Min)
	x1, y1 := mercator(b.Max)
	const least = 1e-7 // about 4 m: a single point still gives a map
	dx, dy := math.Max(x1-x0, least), math.Max(y1-y0, least)
	p := projection{w: w, h: h, middle: (b.Min[1] + b.Max[1]) / 2}
	p.scale = math.Min((w-2*margin-inset)/dx, (h-2*margin)/dy)
	p.left = (x0+x1)/2 - (w+inset)/2/p.scale
	p.bottom = (y0+y1)/2 - h/2/p.scale
	return p
}

func (p projection) pixel(q orb.Point) (x, y float64) {
	x, y = mercator(q)
	return (x - p.left) * p.scale, (y - p.bottom) * p.scale
}

// metresPerPixel holds at the middle latitude of the frame.
func (p projection) metresPerPixel() float64 {
	around := 2 * math.Pi * float64(geo.EarthRadius)
	return around * math.Cos(p.middle*math.Pi/180) / p.scale
}

// growth is the factor by which growing lines widen.
func (p projection) growth() float64 {
	return math.Min(math.Max(math.Sqrt(GrowScale/p.metresPerPixel()), 0.7), 5)
}

// view returns what the frame shows.
func (p projection) view() orb.Bound {
	at := func(x, y float64) orb.Point {
		lat := 2*math.Atan(math.Exp(y*2*math.Pi)) - math.Pi/2
		return orb.Point{x * 360, lat * 180 / math.Pi}
	}
	return orb.Bound{
		Min: at(p.left, p.bottom),
		Max: at(p.left+p.w/p.scale, p.bottom+p.h/p.scale),
	}
}

// roundLength returns the longest of 1, 2 and 5 times a power of ten metres
// that is at most limit.
func roundLength(limit float64) float64 {
	if !(limit > 0) || math.IsInf(limit, 1) {
		return 1
	}
	base := math.Pow(10, math.Floor(math.Log10(limit)))
	for _, m := range []float64{5, 2} {
		if m*base <= limit {
			return m * base
		}
	}
	return base
}
