package carto

import (
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/simplify"
)

// shapes takes a geometry apart into points, lines and polygons.
type shapes struct {
	points   []orb.Point
	lines    []orb.LineString
	polygons []orb.Polygon
}

func (s *shapes) add(g orb.Geometry) {
	switch g := g.(type) {
	case orb.Point:
		s.points = append(s.points, g)
	case orb.MultiPoint:
		s.points = append(s.points, g...)
	case orb.LineString:
		if len(g) > 1 {
			s.lines = append(s.lines, g)
		}
	case orb.MultiLineString:
		for _, l := range g {
			s.add(l)
		}
	case orb.Ring:
		s.add(orb.Polygon{g})
	case orb.Polygon:
		if len(g) > 0 && len(g[0]) > 2 {
			s.polygons = append(s.polygons, g)
		}
	case orb.MultiPolygon:
		for _, p := range g {
			s.add(p)
		}
	case orb.Bound:
		s.add(g.ToPolygon())
	case orb.Collection:
		for _, e := range g {
			s.add(e)
		}
	}
}

func takeApart(g orb.Geometry) shapes {
	var s shapes
	if g != nil {
		s.add(g)
	}
	return s
}

// simpleLine drops vertices that stand out by less than tolerance degrees.
func simpleLine(l orb.LineString, tolerance float64) orb.LineString {
	if tolerance <= 0 || len(l) < 3 {
		return l
	}
	return simplify.DouglasPeucker(tolerance).LineString(l.Clone())
}

// simplePolygon does so for each ring; holes that collapse are dropped, and a
// polygon whose outer ring collapses is returned as nil.
func simplePolygon(p orb.Polygon, tolerance float64) orb.Polygon {
	if tolerance <= 0 {
		return p
	}
	var out orb.Polygon
	for i, r := range p {
		r = simplify.DouglasPeucker(tolerance).Ring(r.Clone())
		if len(r) < 4 {
			if i == 0 {
				return nil
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// oriented returns the ring with the given direction, so that holes stay open
// under the non-zero winding rule.
func oriented(r orb.Ring, want orb.Orientation) orb.Ring {
	if r.Orientation() != want && r.Orientation() != 0 {
		r = r.Clone()
		r.Reverse()
	}
	return r
}
