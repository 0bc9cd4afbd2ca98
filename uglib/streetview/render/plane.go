package render

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// Points of the city's local frame are orb.Points in metres east and north.

func sub(a, b orb.Point) orb.Point            { return orb.Point{a[0] - b[0], a[1] - b[1]} }
func add(a, b orb.Point, k float64) orb.Point { return orb.Point{a[0] + b[0]*k, a[1] + b[1]*k} }
func dot(a, b orb.Point) float64              { return a[0]*b[0] + a[1]*b[1] }
func length(a orb.Point) float64              { return math.Hypot(a[0], a[1]) }
func dist(a, b orb.Point) float64             { return length(sub(a, b)) }

// right is a turned by 90 degrees to the right.
func right(a orb.Point) orb.Point { return orb.Point{a[1], -a[0]} }

// direction returns the unit vector from a to b, or north where they coincide.
func direction(a, b orb.Point) orb.Point {
	d := sub(b, a)
	if n := length(d); n > 1e-9 {
		return orb.Point{d[0] / n, d[1] / n}
	}
	return orb.Point{0, 1}
}

// foot returns the point of segment ab nearest to p and its place on it, from
// 0 at a to 1 at b.
func foot(p, a, b orb.Point) (orb.Point, float64) {
	d := sub(b, a)
	n := dot(d, d)
	if n == 0 {
		return a, 0
	}
	t := clamp(dot(sub(p, a), d)/n, 0, 1)
	return add(a, d, t), t
}

// signedArea is positive for a ring that runs counterclockwise.
func signedArea(ring []orb.Point) float64 {
	var s float64
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		s += p[0]*q[1] - q[0]*p[1]
	}
	return s / 2
}

// inside reports whether p lies in the rings by the even-odd rule.
func inside(p orb.Point, rings [][]orb.Point) bool {
	in := false
	for _, ring := range rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0]+(p[1]-a[1])/(b[1]-a[1])*(b[0]-a[0]) {
				in = !in
			}
		}
	}
	return in
}

func boxOf(rings ...[]orb.Point) orb.Bound {
	b := orb.Bound{Min: orb.Point{math.Inf(1), math.Inf(1)}, Max: orb.Point{math.Inf(-1), math.Inf(-1)}}
	for _, ring := range rings {
		for _, p := range ring {
			b = b.Extend(p)
		}
	}
	return b
}

// boxDist is the distance from p to a box, 0 inside.
func boxDist(p orb.Point, b orb.Bound) float64 {
	dx := math.Max(0, math.Max(b.Min[0]-p[0], p[0]-b.Max[0]))
	dy := math.Max(0, math.Max(b.Min[1]-p[1], p[1]-b.Max[1]))
	return math.Hypot(dx, dy)
}

// grid finds things by place: each is filed under all tiles that its box
// touches, or in a list of its own where those are too many.
type grid[T any] struct {
	items []T
	boxes []orb.Bound
	tiles map[[2]int32][]int32
	large []int32
}

const (
	tileSize  = 40.0 // metres
	manyTiles = 400
)

func tileOf(p orb.Point) (int32, int32) {
	return int32(math.Floor(p[0] / tileSize)), int32(math.Floor(p[1] / tileSize))
}

func (g *grid[T]) add(item T, box orb.Bound) {
	if g.tiles == nil {
		g.tiles = map[[2]int32][]int32{}
	}
	id := int32(len(g.items))
	g.items, g.boxes = append(g.items, item), append(g.boxes, box)
	x0, y0 := tileOf(box.Min)
	x1, y1 := tileOf(box.Max)
	if (int64(x1-x0)+1)*(int64(y1-y0)+1) > manyTiles {
		g.large = append(g.large, id)
		return
	}
	for x := x0; x <= x1; x++ {
		for y := y0; y <= y1; y++ {
			g.tiles[[2]int32{x, y}] = append(g.tiles[[2]int32{x, y}], id)
		}
	}
}

// near appends to ids the things whose box comes within r of p, each once, in
// the order in which they were added.
func (g *grid[T]) near(p orb.Point, r float64, ids []int32, seen *marks) []int32 {
	seen.reset(len(g.items))
	x0, y0 := tileOf(orb.Point{p[0] - r, p[1] - r})
	x1, y1 := tileOf(orb.Point{p[0] + r, p[1] + r})
	start := len(ids)
	take := func(list []int32) {
		for _, id := range list {
			if seen.first(id) && boxDist(p, g.boxes[id]) <= r {
				ids = append(ids, id)
			}
		}
	}
	for x := x0; x <= x1; x++ {
		for y := y0; y <= y1; y++ {
			take(g.tiles[[2]int32{x, y}])
		}
	}
	take(g.large)
	slices.Sort(ids[start:])
	return ids
}

// marks remembers which ids were met, and forgets them in no time.
type marks struct {
	at  []uint32
	now uint32
}

func (m *marks) reset(n int) {
	if len(m.at) < n {
		m.at = make([]uint32, n)
		m.now = 0
	}
	if m.now++; m.now == 0 {
		clear(m.at)
		m.now = 1
	}
}

func (m *marks) first(id int32) bool {
	if m.at[id] == m.now {
		return false
	}
	m.at[id] = m.now
	return true
}
