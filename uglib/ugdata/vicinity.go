package ugdata

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"

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

// nearestOf finds the nearest of a set of points, anywhere on Earth: a tree of
// boxes, packed along the Hilbert curve of S2. A query from far away is as quick
// as one from near by.
type nearestOf struct {
	points []xyz
	levels [][]cube // of fan points each, of fan cubes of the level below each, and so on up to one
}

type xyz = [3]float64

// cube is the box around some points.
type cube struct{ low, high xyz }

// fan is how many points or cubes a cube holds.
const fan = 16

func newNearestOf(points []orb.Point) nearestOf {
	type curved struct {
		at uint64 // on the curve
		p  xyz
	}
	order := make([]curved, len(points))
	for i, p := range points {
		order[i] = curved{geo.Cell(p, geo.MaxCellLevel), onSphere(p)}
	}
	slices.SortFunc(order, func(a, b curved) int { return cmp.Compare(a.at, b.at) })
	n := nearestOf{points: make([]xyz, len(points))}
	cubes := make([]cube, len(points))
	for i, c := range order {
		n.points[i], cubes[i] = c.p, cube{c.p, c.p}
	}
	for len(cubes) > 1 || len(n.levels) == 0 && len(cubes) == 1 {
		var above []cube
		for part := range slices.Chunk(cubes, fan) {
			c := part[0]
			for _, other := range part[1:] {
				for axis := range c.low {
					c.low[axis], c.high[axis] = min(c.low[axis], other.low[axis]), max(c.high[axis], other.high[axis])
				}
			}
			above = append(above, c)
		}
		n.levels = append(n.levels, above)
		cubes = above
	}
	return n
}

// square returns the square of the distance from a point to a cube.
func (c *cube) square(p *xyz) (d2 float64) {
	for axis := range p {
		d := p[axis] - min(max(p[axis], c.low[axis]), c.high[axis])
		d2 += d * d
	}
	return d2
}

// distance returns how far the nearest point is over the ground; infinite if
// there is none.
func (n nearestOf) distance(p orb.Point) geo.Metres {
	if len(n.points) == 0 {
		return geo.Metres(math.Inf(1))
	}
	at, best := onSphere(p), math.Inf(1)
	n.search(&at, len(n.levels)-1, 0, &best)
	return geo.Metres(2 * earthRadius * math.Asin(min(1, math.Sqrt(best)/(2*earthRadius))))
}

// search looks for a nearer point in the cube of a level with the given index.
func (n nearestOf) search(p *xyz, level, index int, best *float64) {
	first := index * fan
	if level == 0 {
		for i := first; i < min(first+fan, len(n.points)); i++ {
			q := &n.points[i]
			x, y, z := p[0]-q[0], p[1]-q[1], p[2]-q[2]
			*best = min(*best, x*x+y*y+z*z)
		}
		return
	}
	below := n.levels[level-1]
	var squares [fan]float64
	var order [fan]int
	count := min(fan, len(below)-first)
	for i := range count {
		squares[i] = below[first+i].square(p)
		at := i
		for ; at > 0 && squares[order[at-1]] > squares[i]; at-- {
			order[at] = order[at-1]
		}
		order[at] = i
	}
	for _, i := range order[:count] {
		if squares[i] >= *best {
			return
		}
		n.search(p, level-1, first+i, best)
	}
}
