package ugdata

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
)

// around measures in the plane around a point: to 0.1% within 20 km at middle
// latitudes, across the antimeridian too.
type around struct {
	at   orb.Point
	x, y float64 // metres of a degree of longitude and of latitude
}

func newAround(at orb.Point) around {
	y := float64(geo.EarthRadius) * math.Pi / 180
	return around{at: at, x: y * math.Cos(at[1]*math.Pi/180), y: y}
}

// offset returns the metres from the middle to p, east and north.
func (a around) offset(p orb.Point) (x, y float64) {
	lon := p[0] - a.at[0]
	if lon > 180 {
		lon -= 360
	} else if lon < -180 {
		lon += 360
	}
	return lon * a.x, (p[1] - a.at[1]) * a.y
}

// point is the inverse of offset.
func (a around) point(x, y float64) orb.Point { return orb.Point{a.at[0] + x/a.x, a.at[1] + y/a.y} }

// apart returns the distance between two points.
func (a around) apart(p, q orb.Point) float64 {
	x, y := around{at: p, x: a.x, y: a.y}.offset(q)
	return math.Sqrt(x*x + y*y)
}

// least2 returns the square of the distance from the middle to a bound, which
// no geometry within it is nearer than.
func (a around) least2(b orb.Bound) float64 {
	lon := a.at[0] + 360*math.Round(((b.Min[0]+b.Max[0])/2-a.at[0])/360)
	x := (min(max(lon, b.Min[0]), b.Max[0]) - lon) * a.x
	y := (min(max(a.at[1], b.Min[1]), b.Max[1]) - a.at[1]) * a.y
	return x*x + y*y
}

// nearest returns the offset of the point of a geometry that is nearest to the
// middle, which is none inside an area, and the square of its distance:
// infinite where there is no geometry.
func (a around) nearest(g orb.Geometry) (x, y, d2 float64) {
	d2 = math.Inf(1)
	switch g := g.(type) {
	case orb.Point:
		x, y = a.offset(g)
		return x, y, x*x + y*y
	case orb.LineString:
		return a.nearestOf(g)
	case orb.Polygon:
		if g.Bound().Contains(a.at) && planar.PolygonContains(g, a.at) {
			return 0, 0, 0
		}
		for _, ring := range g {
			if rx, ry, r2 := a.nearestOf(orb.LineString(ring)); r2 < d2 {
				x, y, d2 = rx, ry, r2
			}
		}
	case orb.MultiPolygon:
		for _, part := range g {
			if px, py, p2 := a.nearest(part); p2 < d2 {
				x, y, d2 = px, py, p2
			}
		}
	case orb.MultiLineString:
		for _, part := range g {
			if px, py, p2 := a.nearestOf(part); p2 < d2 {
				x, y, d2 = px, py, p2
			}
		}
	case orb.MultiPoint:
		for _, p := range g {
			if px, py := a.offset(p); px*px+py*py < d2 {
				x, y, d2 = px, py, px*px+py*py
			}
		}
	}
	return x, y, d2
}

func (a around) nearestOf(line orb.LineString) (x, y, d2 float64) {
	d2 = math.Inf(1)
	var px, py float64
	for i, p := range line {
		qx, qy := a.offset(p)
		fx, fy := qx, qy
		if i > 0 {
			fx, fy = foot(px, py, qx, qy)
		}
		if f2 := fx*fx + fy*fy; f2 < d2 {
			x, y, d2 = fx, fy, f2
		}
		px, py = qx, qy
	}
	return x, y, d2
}

// foot returns the point of the straight line from p to q that is nearest to
// the middle.
func foot(px, py, qx, qy float64) (x, y float64) {
	dx, dy := qx-px, qy-py
	l := dx*dx + dy*dy
	if l == 0 {
		return px, py
	}
	t := min(1, max(0, -(px*dx+py*dy)/l))
	return px + t*dx, py + t*dy
}
