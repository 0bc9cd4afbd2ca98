package graphenc

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// spatialFeatures appends the sinusoidal features of a place to out: for the
// first axis, then the second, for each band, finest first, sin(x/τ) and
// cos(x/τ), with τ of [Config.scales]. The axes are metres east and north of the frame's origin.
//
// With Reference they are longitude and latitude in degrees, rounded to
// float32 as the reference's coordinates are (UGE reference, spatial encoder).
func (c Config) spatialFeatures(out []float32, tau []float64, frame geo.Frame, at orb.Point) []float32 {
	xy := frame.Local(at)
	if c.Reference {
		xy = orb.Point{float64(float32(at[0])), float64(float32(at[1]))}
	}
	for _, x := range xy {
		for _, t := range tau {
			sin, cos := math.Sincos(x / t)
			out = append(out, float32(sin), float32(cos))
		}
	}
	return out
}

// kilometre is where the scaled distance is 1.
var kilometre = math.Log1p(1000)

// edgeFeatures appends the features of an edge to out, along it, or back if
// that is set.
//
// They are log(1+d)/log(1001) of the edge's own distance in metres, sine and
// cosine of its own bearing, the displacement between the nodes in hundreds of
// metres east and north, the type one-hot, and 1 for the way back.
func (c Config) edgeFeatures(out []float32, frame geo.Frame, g Graph, e Edge, back bool) []float32 {
	from, to := g.Nodes[e.From].At, g.Nodes[e.To].At
	if c.Reference {
		return append(out, referenceEdgeFeatures(from, to)...)
	}
	bearing, flag := e.Bearing, float32(0)
	if back {
		bearing, flag = bearing.Reverse(), 1
		from, to = to, from
	}
	a, b := frame.Local(from), frame.Local(to)
	sin, cos := math.Sincos(bearing.Radians())
	out = append(out, float32(math.Log1p(float64(e.Distance))/kilometre), float32(sin), float32(cos),
		float32((b[0]-a[0])/100), float32((b[1]-a[1])/100))
	for t := range c.EdgeTypes {
		if t == e.Type {
			out = append(out, 1)
		} else {
			out = append(out, 0)
		}
	}
	return append(out, flag)
}

// referenceEdgeFeatures are the released code's: log(1+d) of the haversine
// distance d in metres, sine and cosine of the initial bearing θ, and the
// displacement in degrees (UGE reference, edge encoder; its 1e-8 under the
// root included).
func referenceEdgeFeatures(s, t orb.Point) []float32 {
	const rad = math.Pi / 180
	latS, latT, dLon, dLat := s[1]*rad, t[1]*rad, (t[0]-s[0])*rad, (t[1]-s[1])*rad
	a := math.Pow(math.Sin(dLat/2), 2) + math.Cos(latS)*math.Cos(latT)*math.Pow(math.Sin(dLon/2), 2)
	d := float64(geo.EarthRadius) * 2 * math.Atan2(math.Sqrt(a), math.Sqrt(1-a+1e-8))
	theta := math.Atan2(math.Sin(dLon)*math.Cos(latT), math.Cos(latS)*math.Sin(latT)-math.Sin(latS)*math.Cos(latT)*math.Cos(dLon))
	return []float32{float32(math.Log1p(d)), float32(math.Sin(theta)), float32(math.Cos(theta)), float32(t[0] - s[0]), float32(t[1] - s[1])}
}
