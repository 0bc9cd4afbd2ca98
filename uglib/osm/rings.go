package osm

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// role is what a relation says that a ring is.
type role uint8

const (
	unknown role = iota
	outer
	inner
	mixed // made of ways of several roles
)

func (r role) with(o role) role {
	switch {
	case r == o || r == unknown:
		return o
	case o == unknown:
		return r
	}
	return mixed
}

// part is a line of node ids with its role.
type part struct {
	nodes []int64
	role  role
}

// ring is a closed line without its last point, which is the first again.
type ring struct {
	points []orb.Point
	role   role
}

// surface makes an orb.Polygon or an orb.MultiPolygon of the lines of an area,
// or nil if they enclose nothing. Sides that two lines share cancel each other,
// so that areas side by side become one. Rings that touch or cross themselves
// are taken apart, and gaps of up to maxGap metres closed. What lies in what
// decides which ring is a hole; a ring whose role says otherwise is left out.
// Faults are noted under the element's name; cut says that the extract lacks
// some of its lines.
func (r *reader) surface(lines []part, name element, cut bool) orb.Geometry {
	chains, open := trace(lines, r.at)
	var rings []ring
	for _, c := range chains {
		rings = append(rings, r.ring(c))
	}
	closed, gaps, left := r.closeGaps(open)
	for _, c := range closed {
		rings = append(rings, r.ring(c))
	}
	switch {
	case left > 0 && cut:
		r.faults.add("outline of which the extract lacks a part", leftOut, name)
	case left > 0:
		r.faults.add("outline that does not close", leftOut, name)
	}
	var simple []ring
	crossed := false
	for _, g := range rings {
		parts := untangle(g.points)
		crossed = crossed || len(parts) != 1
		for _, p := range parts {
			simple = append(simple, ring{p, g.role})
		}
	}
	g, wrong := nest(simple)
	if wrong > 0 {
		r.faults.add("ring that lies where its role may not", leftOut, name)
	}
	switch {
	case g == nil && left == 0:
		r.faults.add("area without a surface", leftOut, name)
	case g != nil && gaps > 0:
		r.faults.add("outline with a gap of up to 5 m", repaired, name)
	}
	if g != nil && crossed {
		r.faults.add("outline that touches or crosses itself", repaired, name)
	}
	return g
}

// chain is a line of nodes; closed if it ends where it began.
type chain struct {
	nodes []int64
	role  role
}

// assemble adds the multipolygon relations that come into the box to m. In the
// old style the tags stand on the outer way and none on the relation; assemble
// returns these ways, which are then no areas of their own.
func (r *reader) assemble(m *Map) (outlines map[int]bool) {
	outlines = make(map[int]bool)
	for _, rel := range r.rels {
		var lines []part
		tags := rel.tags
		first := -1 // outer way
		cut := false
		box := emptyBound()
		for _, mem := range rel.members {
			i, ok := r.wayAt[mem.way]
			if !ok {
				cut = true
				continue
			}
			w := r.ways[i]
			lines = append(lines, part{r.refs[w.first:w.last], mem.role})
			box = r.extend(box, w)
			if first < 0 && mem.role != inner {
				first = i
			}
		}
		if first < 0 || box.IsEmpty() || !box.Intersects(m.Bound) {
			continue
		}
		old := !describes(tags) // old style: the outer way says what it is
		if old {
			tags = r.ways[first].tags
			if !describes(tags) || tags["highway"] != "" {
				continue
			}
		}
		g := r.surface(lines, element{"relation", rel.id}, cut)
		if g == nil || !g.Bound().Intersects(m.Bound) {
			continue
		}
		if old {
			outlines[first] = true
		}
		m.Areas = append(m.Areas, Area{ID: rel.id, Relation: true, Tags: tags, Geometry: g})
	}
	return outlines
}

// extend returns a box with the nodes of a way.
func (r *reader) extend(box orb.Bound, w rawWay) orb.Bound {
	for _, id := range r.refs[w.first:w.last] {
		if p, ok := r.at(id); ok {
			if box.IsEmpty() {
				box = p.Bound()
			}
			box = box.Extend(p)
		}
	}
	return box
}

// describes reports whether tags say what a relation is, beyond its type.
func describes(tags Tags) bool {
	for k := range tags {
		if k != "type" && k != "name" && k != "area" {
			return true
		}
	}
	return false
}

// trace joins lines end to end into closed chains without a node twice, and
// returns what does not close as open ones. Nodes of unknown place are passed
// over.
func trace(lines []part, at func(int64) (orb.Point, bool)) (closed, open []chain) {
	if len(lines) == 1 {
		if nodes := lines[0].nodes; isSimple(nodes, at) {
			return []chain{{nodes[:len(nodes)-1], lines[0].role}}, nil
		}
	}
	type side struct {
		a, b int64
		role role
		used bool
	}
	var sides []side
	have := map[[2]int64]int{}
	for _, l := range lines {
		last, any := int64(0), false
		for _, id := range l.nodes {
			if _, ok := at(id); !ok {
				continue
			}
			if any && id != last {
				key := [2]int64{min(last, id), max(last, id)}
				if i, ok := have[key]; ok { // the second of a pair cancels the first
					sides[i].used = true
					delete(have, key)
				} else {
					have[key] = len(sides)
					sides = append(sides, side{a: last, b: id, role: l.role})
				}
			}
			last, any = id, true
		}
	}
	around := map[int64][]int32{}
	for i := range sides {
		if s := &sides[i]; !s.used {
			around[s.a] = append(around[s.a], int32(i))
			around[s.b] = append(around[s.b], int32(i))
		}
	}
	// walk follows sides from a node until there is none left, the next one of the same line where it can.
	walk := func(from int64) chain {
		c := chain{nodes: []int64{from}}
		last := int32(-2)
		for {
			next := int32(-1)
			for _, i := range around[from] {
				if !sides[i].used && (next < 0 || i == last+1 || i == last-1) {
					next = i
				}
			}
			if next < 0 {
				return c
			}
			s := &sides[next]
			s.used = true
			c.role = c.role.with(s.role)
			from = s.a + s.b - from
			c.nodes = append(c.nodes, from)
			last = next
		}
	}
	split := func(c chain) {
		place := map[int64]int{}
		var stack []int64
		for _, id := range c.nodes {
			if i, ok := place[id]; ok {
				loop := slices.Clone(stack[i:])
				for _, n := range stack[i+1:] {
					delete(place, n)
				}
				stack = stack[:i+1]
				if len(loop) > 2 {
					closed = append(closed, chain{loop, c.role})
				}
				continue
			}
			place[id] = len(stack)
			stack = append(stack, id)
		}
		if len(stack) > 1 {
			open = append(open, chain{stack, c.role})
		}
	}
	for _, ends := range []bool{true, false} { // open chains begin at nodes with an odd number of sides
		for i := range sides {
			for _, id := range []int64{sides[i].a, sides[i].b} {
				free := 0
				for _, k := range around[id] {
					if !sides[k].used {
						free++
					}
				}
				if free > 0 && (!ends || free%2 == 1) {
					split(walk(id))
				}
			}
		}
	}
	return closed, open
}

// isSimple reports whether a line is closed, knows all its places and comes to
// no node twice.
func isSimple(nodes []int64, at func(int64) (orb.Point, bool)) bool {
	if len(nodes) < 4 || nodes[0] != nodes[len(nodes)-1] {
		return false
	}
	seen := make(map[int64]bool, len(nodes))
	for _, id := range nodes[1:] {
		if _, ok := at(id); !ok || seen[id] {
			return false
		}
		seen[id] = true
	}
	return true
}

func (r *reader) ring(c chain) ring {
	g := ring{points: make([]orb.Point, 0, len(c.nodes)), role: c.role}
	for _, id := range c.nodes {
		if p, ok := r.at(id); ok {
			g.points = append(g.points, p)
		}
	}
	return g
}

// maxGap is the widest gap in an outline that is taken for a slip of the pen,
// in metres.
const maxGap = 5

// closeGaps joins open chains whose ends come near to each other, the nearest
// first. It returns the closed chains, the number of gaps that it closed, and
// how many chains stay open.
func (r *reader) closeGaps(open []chain) (closed []chain, gaps, left int) {
	for len(open) > 0 {
		c := open[0]
		tail, _ := r.at(c.nodes[len(c.nodes)-1])
		best, back, least := -1, false, math.Inf(1)
		try := func(i int, id int64, reverse bool) {
			if p, ok := r.at(id); ok {
				if d := metres(tail, p); d < least {
					best, back, least = i, reverse, d
				}
			}
		}
		if len(c.nodes) > 2 {
			try(0, c.nodes[0], false)
		}
		for i, o := range open[1:] {
			try(i+1, o.nodes[0], false)
			try(i+1, o.nodes[len(o.nodes)-1], true)
		}
		switch {
		case least > maxGap:
			left++
			open = open[1:]
		case best == 0:
			gaps++
			closed = append(closed, c)
			open = open[1:]
		default:
			gaps++
			next := slices.Clone(open[best].nodes)
			if back {
				slices.Reverse(next)
			}
			c.nodes = append(slices.Clone(c.nodes), next...)
			c.role = c.role.with(open[best].role)
			open = slices.Delete(slices.Clone(open), best, best+1)
			open[0] = c
		}
	}
	return closed, gaps, left
}

// metres is the distance of two places that are near to each other.
func metres(a, b orb.Point) float64 {
	const degree = 111195
	return math.Hypot((a[0]-b[0])*math.Cos(a[1]*math.Pi/180), a[1]-b[1]) * degree
}

// nest puts rings into each other and returns an orb.Polygon, an
// orb.MultiPolygon or nil, and the number of rings that do not lie where their
// roles say.
func nest(rings []ring) (orb.Geometry, int) {
	type placed struct {
		orb.Ring
		bound orb.Bound
		area  float64
		role  role
		hole  bool
		poly  int // outer: index of its polygon; hole: of the polygon around it
	}
	var all []*placed
	for _, g := range rings {
		if o := closedRing(g.points); o != nil {
			all = append(all, &placed{Ring: o, bound: o.Bound(), area: math.Abs(planar.Area(o)), role: g.role})
		}
	}
	slices.SortStableFunc(all, func(a, b *placed) int { return cmp.Compare(b.area, a.area) })
	var polys orb.MultiPolygon
	var taken []*placed
	wrong := 0
	for _, g := range all {
		var around *placed // the smallest ring around it
		for i := len(taken) - 1; i >= 0 && around == nil; i-- {
			if t := taken[i]; within(g.bound, t.bound) && ringIn(g.Ring, t.Ring) {
				around = t
			}
		}
		g.hole = around != nil && !around.hole
		if g.hole && g.role == outer || !g.hole && g.role == inner {
			wrong++
			continue
		}
		if g.hole {
			g.poly = around.poly
			polys[g.poly] = append(polys[g.poly], turned(g.Ring, orb.CW))
		} else {
			g.poly = len(polys)
			polys = append(polys, orb.Polygon{turned(g.Ring, orb.CCW)})
		}
		taken = append(taken, g)
	}
	switch len(polys) {
	case 0:
		return nil, wrong
	case 1:
		return polys[0], wrong
	}
	return polys, wrong
}

func within(b, o orb.Bound) bool {
	return b.Min[0] >= o.Min[0] && b.Min[1] >= o.Min[1] && b.Max[0] <= o.Max[0] && b.Max[1] <= o.Max[1]
}

// ringIn reports whether a ring lies in another that it does not cross. The
// two may share points and sides, so that most of the middles of its sides
// decide, of those that do not lie on the other.
func ringIn(g, in orb.Ring) bool {
	vote := 0
	for i := 1; i < len(g) && vote > -3 && vote < 3; i++ {
		m := orb.Point{(g[i-1][0] + g[i][0]) / 2, (g[i-1][1] + g[i][1]) / 2}
		if onRing(m, in) {
			continue
		}
		if evenOdd(in, m) {
			vote++
		} else {
			vote--
		}
	}
	return vote > 0
}

// onRing reports whether a point lies on a side of a ring.
func onRing(p orb.Point, g orb.Ring) bool {
	const close = 1e-9 // degrees
	for i := 1; i < len(g); i++ {
		if planar.DistanceFromSegment(g[i-1], g[i], p) < close {
			return true
		}
	}
	return false
}

func evenOdd(g orb.Ring, p orb.Point) bool {
	in := false
	for i := 1; i < len(g); i++ {
		a, b := g[i-1], g[i]
		if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < a[0]+(p[1]-a[1])*(b[0]-a[0])/(b[1]-a[1]) {
			in = !in
		}
	}
	return in
}

// closedRing returns the ring of points, nil if it bounds no surface.
func closedRing(points []orb.Point) orb.Ring {
	if len(points) < 3 {
		return nil
	}
	g := append(slices.Clone(orb.Ring(points)), points[0])
	if planar.Area(g) == 0 {
		return nil
	}
	return g
}

func turned(g orb.Ring, o orb.Orientation) orb.Ring {
	if g.Orientation() != o {
		g.Reverse()
	}
	return g
}
