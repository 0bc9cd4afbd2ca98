package ugdata

import (
	"math"

	"github.com/paulmach/orb"
	"gonum.org/v1/gonum/spatial/kdtree"

	"urbangraph/uglib/geo"
)

// earthRadius turns chords of the unit sphere into metres.
const earthRadius = float64(geo.EarthRadius)

// onSphere returns a place in metres from the middle of the Earth. A straight
// line between two places is never longer than the way over the ground, at the
// poles and at the antimeridian too.
func onSphere(p orb.Point) [3]float64 {
	lon, lat := p[0]*math.Pi/180, p[1]*math.Pi/180
	c := math.Cos(lat) * earthRadius
	return [3]float64{c * math.Cos(lon), c * math.Sin(lon), math.Sin(lat) * earthRadius}
}

// vicinity finds the points within a fixed distance of a place, anywhere on
// Earth: points by cube of that size.
type vicinity struct {
	reach geo.Metres
	size  float64
	cells map[[3]int32][]int32
	at    []orb.Point
}

func newVicinity(points []orb.Point, reach geo.Metres) *vicinity {
	v := &vicinity{reach: reach, size: max(1, float64(reach)*1.01), cells: map[[3]int32][]int32{}, at: points}
	for i, p := range points {
		c := v.cell(onSphere(p))
		v.cells[c] = append(v.cells[c], int32(i))
	}
	return v
}

func (v *vicinity) cell(p [3]float64) (c [3]int32) {
	for i := range c {
		c[i] = int32(math.Floor(p[i] / v.size))
	}
	return c
}

// any reports whether one of the points lies within reach of p and is
// accepted.
func (v *vicinity) any(p orb.Point, accept func(i int) bool) bool {
	if len(v.at) == 0 {
		return false
	}
	c := v.cell(onSphere(p))
	for dx := int32(-1); dx <= 1; dx++ {
		for dy := int32(-1); dy <= 1; dy++ {
			for dz := int32(-1); dz <= 1; dz++ {
				for _, i := range v.cells[[3]int32{c[0] + dx, c[1] + dy, c[2] + dz}] {
					if accept(int(i)) && geo.Distance(p, v.at[i]) <= v.reach {
						return true
					}
				}
			}
		}
	}
	return false
}

// nearestOf finds the nearest of a set of points, anywhere on Earth.
type nearestOf struct{ tree *kdtree.Tree }

func newNearestOf(points []orb.Point) nearestOf {
	all := make(kdtree.Points, len(points))
	flat := make([]float64, 3*len(points))
	for i, p := range points {
		xyz := onSphere(p)
		copy(flat[3*i:], xyz[:])
		all[i] = flat[3*i : 3*i+3 : 3*i+3]
	}
	return nearestOf{kdtree.New(all, false)}
}

// distance returns how far the nearest point is over the ground; infinite if
// there is none.
func (n nearestOf) distance(p orb.Point) geo.Metres {
	xyz := onSphere(p)
	_, squared := n.tree.Nearest(kdtree.Point(xyz[:]))
	if math.IsInf(squared, 1) {
		return geo.Metres(squared)
	}
	return geo.Metres(2 * earthRadius * math.Asin(min(1, math.Sqrt(squared)/(2*earthRadius))))
}
