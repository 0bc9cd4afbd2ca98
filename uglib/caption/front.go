package caption

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/geo"
)

// fronts sums up the buildings in view: to the left, straight ahead, to the right.
func (s *scene) fronts() (left, middle, right Front) {
	type face struct {
		nearest float64
		word    string
		storeys int
	}
	var sides [3][]face
	for i := range s.walls {
		w := &s.walls[i]
		turn, nearest, ok := s.seen(w, float64(buildingReach))
		if !ok || s.hiddenBut(nearest, i, 0) {
			continue
		}
		side := 1
		if turn < -12 {
			side = 0
		} else if turn > 12 {
			side = 2
		}
		sides[side] = append(sides[side], face{math.Hypot(nearest[0], nearest[1]), buildingWord(w.feature.Tags["building"], w.area), storeys(w.feature.Tags)})
	}
	sum := func(faces []face) Front {
		if len(faces) == 0 {
			return Front{}
		}
		slices.SortStableFunc(faces, func(a, b face) int { return cmp.Compare(a.nearest, b.nearest) })
		f := Front{Count: len(faces), Word: faces[0].word}
		var floors []int
		for _, x := range faces {
			if x.storeys > 0 {
				floors = append(floors, x.storeys)
			}
		}
		if len(floors) > 0 {
			slices.Sort(floors)
			f.Storeys = floors[len(floors)/2]
		}
		return f
	}
	return sum(sides[0]), sum(sides[1]), sum(sides[2])
}

// nearest returns the point of a geometry nearest to the camera among those in
// view and within reach, or of all if none is, in metres; an area that the
// camera stands in is at distance 0.
func (s *scene) nearest(g orb.Geometry, reach geo.Metres) (at orb.Point, d float64, ok bool) {
	bestIn, bestAll := math.Inf(1), math.Inf(1)
	var in, all orb.Point
	try := func(p orb.Point) {
		d := math.Hypot(p[0], p[1])
		if d < bestAll {
			all, bestAll = p, d
		}
		if d < bestIn && d <= float64(reach) && math.Abs(s.turn(p)) <= halfView {
			in, bestIn = p, d
		}
	}
	line := func(ps []orb.Point) {
		const step = 4 // metres
		for i := range ps {
			a := s.frame.Local(ps[i])
			try(a)
			if i == 0 {
				continue
			}
			b := s.frame.Local(ps[i-1])
			if planar.DistanceFromSegment(a, b, orb.Point{}) > float64(reach) {
				continue
			}
			for k, m := 1, int(planar.Distance(a, b)/step); k < m; k++ {
				t := float64(k) / float64(m)
				try(orb.Point{a[0] + t*(b[0]-a[0]), a[1] + t*(b[1]-a[1])})
			}
		}
	}
	polygon := func(p orb.Polygon) {
		if planar.PolygonContains(p, s.frame.Origin) {
			bestIn, bestAll = 0, 0
			return
		}
		for _, r := range p {
			line(r)
		}
	}
	switch g := g.(type) {
	case orb.Point:
		try(s.frame.Local(g))
	case orb.LineString:
		line(g)
	case orb.MultiLineString:
		for _, l := range g {
			line(l)
		}
	case orb.Polygon:
		polygon(g)
	case orb.MultiPolygon:
		for _, p := range g {
			polygon(p)
		}
	}
	switch {
	case !math.IsInf(bestIn, 1):
		return in, bestIn, true
	case !math.IsInf(bestAll, 1):
		return all, bestAll, true
	}
	return orb.Point{}, 0, false
}
