package plots

import (
	"math"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
)

// middle returns the point that stands for a geometry: a point itself, the
// vertex or centre half way along a line, the centroid of a polygon.
func middle(g orb.Geometry) orb.Point {
	switch g := g.(type) {
	case nil:
		return orb.Point{}
	case orb.Point:
		return g
	case orb.LineString:
		return halfway(g)
	}
	p, _ := planar.CentroidArea(g)
	return p
}

func halfway(l orb.LineString) orb.Point {
	if len(l) == 0 {
		return orb.Point{}
	}
	var total geo.Metres
	for i := 1; i < len(l); i++ {
		total += geo.Distance(l[i-1], l[i])
	}
	left := total / 2
	for i := 1; i < len(l); i++ {
		d := geo.Distance(l[i-1], l[i])
		if d >= left && d > 0 {
			t := float64(left / d)
			return orb.Point{l[i-1][0] + t*(l[i][0]-l[i-1][0]), l[i-1][1] + t*(l[i][1]-l[i-1][1])}
		}
		left -= d
	}
	return l[len(l)-1]
}

// outlines returns the lines that make up a geometry.
func outlines(g orb.Geometry) []orb.LineString {
	switch g := g.(type) {
	case orb.LineString:
		return []orb.LineString{g}
	case orb.MultiLineString:
		return g
	case orb.Polygon:
		var out []orb.LineString
		for _, r := range g {
			out = append(out, orb.LineString(r))
		}
		return out
	case orb.MultiPolygon:
		var out []orb.LineString
		for _, p := range g {
			out = append(out, outlines(p)...)
		}
		return out
	}
	return nil
}

// foot returns the point of a geometry that is nearest to p.
func foot(g orb.Geometry, p orb.Point) orb.Point {
	f := geo.Frame{Origin: p}
	best, least := middle(g), math.Inf(1)
	for _, l := range outlines(g) {
		for i := 1; i < len(l); i++ {
			a, b := f.Local(l[i-1]), f.Local(l[i])
			dx, dy := b[0]-a[0], b[1]-a[1]
			t := 0.0
			if n := dx*dx + dy*dy; n > 0 {
				t = min(max(-(a[0]*dx+a[1]*dy)/n, 0), 1)
			}
			q := orb.Point{a[0] + t*dx, a[1] + t*dy}
			if d := q[0]*q[0] + q[1]*q[1]; d < least {
				least, best = d, f.LonLat(q)
			}
		}
	}
	return best
}

// join returns the two points between which an edge of two geometries is
// drawn: a line or an area is met at its point nearest to the other end, two
// lines at the vertices that are nearest to each other.
func join(a, b orb.Geometry) []orb.Point {
	la, lb := isLine(a), isLine(b)
	switch {
	case la && lb:
		return nearestVertices(outlines(a), outlines(b))
	case la:
		p := middle(b)
		return []orb.Point{foot(a, p), p}
	case lb:
		p := middle(a)
		return []orb.Point{p, foot(b, p)}
	}
	return []orb.Point{middle(a), middle(b)}
}

func isLine(g orb.Geometry) bool {
	switch g.(type) {
	case orb.LineString, orb.MultiLineString:
		return true
	}
	return false
}

func nearestVertices(a, b []orb.LineString) []orb.Point {
	var best []orb.Point
	least := math.Inf(1)
	for _, la := range a {
		for _, p := range la {
			for _, lb := range b {
				for _, q := range lb {
					dx, dy := p[0]-q[0], p[1]-q[1]
					if d := dx*dx + dy*dy; d < least {
						least, best = d, []orb.Point{p, q}
					}
				}
			}
		}
	}
	return best
}
