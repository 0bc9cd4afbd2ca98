package osm

import (
	"cmp"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm/extract"
)

// maxTangles is the number of crossings beyond which an outline is no outline.
const maxTangles = 1000

// maxRounds is how often a ring is taken apart. Points where sides cross are
// brought to the precision of OpenStreetMap, which may make sides cross anew.
const maxRounds = 8

// untangle returns a ring, given without its last point, in parts that do not
// cross or touch themselves: itself if it does not, none if it is past help.
func untangle(points []orb.Point) [][]orb.Point { return untangleRound(points, maxRounds) }

func untangleRound(points []orb.Point, rounds int) [][]orb.Point {
	points = slices.CompactFunc(slices.Clone(points), func(a, b orb.Point) bool { return a == b })
	for len(points) > 1 && points[0] == points[len(points)-1] {
		points = points[:len(points)-1]
	}
	cuts, ok := crossingsOf(points)
	switch {
	case !ok || len(points) < 3 || len(cuts) > 0 && rounds == 0:
		return nil
	case len(cuts) == 0:
		return [][]orb.Point{points}
	}
	slices.SortFunc(cuts, func(a, b cut) int {
		return cmp.Or(cmp.Compare(a.side, b.side), cmp.Compare(a.t, b.t))
	})
	var noded []orb.Point
	add := func(p orb.Point) {
		if n := len(noded); n == 0 || noded[n-1] != p {
			noded = append(noded, p)
		}
	}
	for i, p := range points {
		add(p)
		for len(cuts) > 0 && cuts[0].side == i {
			add(cuts[0].at)
			cuts = cuts[1:]
		}
	}
	// Take off a loop wherever the line comes to a point again.
	var parts [][]orb.Point
	place := map[orb.Point]int{}
	var stack []orb.Point
	for _, p := range append(noded, noded[0]) {
		i, ok := place[p]
		if !ok {
			place[p] = len(stack)
			stack = append(stack, p)
			continue
		}
		loop := slices.Clone(stack[i:])
		for _, q := range stack[i+1:] {
			delete(place, q)
		}
		stack = stack[:i+1]
		if len(loop) > 2 {
			parts = append(parts, untangleRound(loop, rounds-1)...)
		}
	}
	return parts
}

// cut is a point of a side, t of the way from its first end, where another side
// crosses or touches it.
type cut struct {
	side int
	t    float64
	at   orb.Point
}

// crossingsOf finds the points where sides of a ring meet other than at the
// end of one and the beginning of the next; false if there are too many. The
// sides are swept from west to east.
func crossingsOf(points []orb.Point) (cuts []cut, ok bool) {
	n := len(points)
	side := func(i int) (a, b orb.Point) { return points[i], points[(i+1)%n] }
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	west := func(i int) float64 { a, b := side(i); return min(a[0], b[0]) }
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(west(i), west(j)), cmp.Compare(i, j)) })
	var active []int
	for _, i := range order {
		a, b := side(i)
		kept := active[:0]
		for _, j := range active {
			c, d := side(j)
			if max(c[0], d[0]) < min(a[0], b[0]) {
				continue
			}
			kept = append(kept, j)
			if max(c[1], d[1]) < min(a[1], b[1]) || min(c[1], d[1]) > max(a[1], b[1]) {
				continue
			}
			cuts = meet(cuts, i, j, n, a, b, c, d)
			if len(cuts) > maxTangles {
				return nil, false
			}
		}
		active = append(kept, i)
	}
	return cuts, true
}

// meet appends the points where side i from a to b and side j from c to d of a
// ring of n sides meet.
func meet(cuts []cut, i, j, n int, a, b, c, d orb.Point) []cut {
	next := (i+1)%n == j || (j+1)%n == i
	turn := func(a, b, p orb.Point) float64 { return (b[0]-a[0])*(p[1]-a[1]) - (b[1]-a[1])*(p[0]-a[0]) }
	along := func(a, b, p orb.Point) float64 {
		dx, dy := b[0]-a[0], b[1]-a[1]
		return ((p[0]-a[0])*dx + (p[1]-a[1])*dy) / (dx*dx + dy*dy)
	}
	c1, d1, a1, b1 := turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
	if !next && (c1 > 0) != (d1 > 0) && (a1 > 0) != (b1 > 0) && c1 != 0 && d1 != 0 && a1 != 0 && b1 != 0 {
		t := c1 / (c1 - d1)
		p := extract.Round(orb.Point{c[0] + t*(d[0]-c[0]), c[1] + t*(d[1]-c[1])})
		return append(cuts, cut{i, along(a, b, p), p}, cut{j, along(c, d, p), p})
	}
	touch := func(on int, a, b, p orb.Point, turn float64) {
		if turn != 0 {
			return
		}
		if t := along(a, b, p); t > 0 && t < 1 {
			cuts = append(cuts, cut{on, t, p})
		}
	}
	touch(i, a, b, c, c1)
	touch(i, a, b, d, d1)
	touch(j, c, d, a, a1)
	touch(j, c, d, b, b1)
	if !next && (a == c || a == d || b == c || b == d) { // the ring comes to one vertex twice
		p := a
		if b == c || b == d {
			p = b
		}
		cuts = append(cuts, cut{i, along(a, b, p), p}, cut{j, along(c, d, p), p})
	}
	return cuts
}
