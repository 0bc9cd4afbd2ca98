package city

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// segment is one straight piece of a street, in metres.
type segment struct {
	street NodeID
	a, b   orb.Point
}

func (s *segment) box() box {
	return box{math.Min(s.a[0], s.b[0]), math.Min(s.a[1], s.b[1]), math.Max(s.a[0], s.b[0]), math.Max(s.a[1], s.b[1])}
}

// box is west, south, east and north in metres.
type box [4]float64

func (b box) union(o box) box {
	return box{math.Min(b[0], o[0]), math.Min(b[1], o[1]), math.Max(b[2], o[2]), math.Max(b[3], o[3])}
}

// distance returns the square of the distance from p to the box.
func (b *box) distance(p orb.Point) float64 {
	dx := math.Max(0, math.Max(b[0]-p[0], p[0]-b[2]))
	dy := math.Max(0, math.Max(b[1]-p[1], p[1]-b[3]))
	return dx*dx + dy*dy
}

// fan is how many children a node of the packed tree has.
const fan = 16

// segments is a packed R-tree of the pieces of streets: they lie in the order
// of a Hilbert curve, and boxes holds the box of each fan of them, then the box
// of each fan of those, and so on to a single one.
type segments struct {
	all    []segment
	boxes  []box
	levels []int // where each level begins in boxes
}

func newSegments(all []segment) *segments {
	s := &segments{all: all}
	if len(all) == 0 {
		return s
	}
	whole := all[0].box()
	for i := range all {
		whole = whole.union(all[i].box())
	}
	w, h := math.Max(whole[2]-whole[0], 1), math.Max(whole[3]-whole[1], 1)
	type placed struct {
		at uint32
		segment
	}
	order := make([]placed, len(all))
	for i := range all {
		b := all[i].box()
		x := uint32(((b[0]+b[2])/2 - whole[0]) / w * 65535)
		y := uint32(((b[1]+b[3])/2 - whole[1]) / h * 65535)
		order[i] = placed{hilbert(x, y), all[i]}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	for i := range order {
		all[i] = order[i].segment
	}
	for i := 0; i < len(all); i += fan {
		b := all[i].box()
		for k := i + 1; k < min(i+fan, len(all)); k++ {
			b = b.union(all[k].box())
		}
		s.boxes = append(s.boxes, b)
	}
	s.levels = []int{0}
	for first := 0; len(s.boxes)-first > 1; {
		end := len(s.boxes)
		s.levels = append(s.levels, end)
		for i := first; i < end; i += fan {
			b := s.boxes[i]
			for k := i + 1; k < min(i+fan, end); k++ {
				b = b.union(s.boxes[k])
			}
			s.boxes = append(s.boxes, b)
		}
		first = end
	}
	return s
}

// hilbert returns the place of a point of a grid of 65536 by 65536 on the
// Hilbert curve.
func hilbert(x, y uint32) (d uint32) {
	for s := uint32(1) << 15; s > 0; s /= 2 {
		var rx, ry uint32
		if x&s > 0 {
			rx = 1
		}
		if y&s > 0 {
			ry = 1
		}
		d += s * s * (3*rx ^ ry)
		if ry == 0 {
			if rx == 1 {
				x, y = 65535-x, 65535-y
			}
			x, y = y, x
		}
	}
	return d
}

// children returns the range of the boxes, or on level 0 of the segments, below
// box i of a level.
func (s *segments) children(level, i int) (first, end int) {
	if level == 0 {
		return i * fan, min((i+1)*fan, len(s.all))
	}
	below := s.levels[level-1]
	return below + i*fan, min(below+(i+1)*fan, s.levels[level])
}

// within calls each for every segment whose box meets b.
func (s *segments) within(b orb.Bound, each func(*segment)) {
	if len(s.all) == 0 {
		return
	}
	w := box{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
	meets := func(o box) bool { return o[0] <= w[2] && o[2] >= w[0] && o[1] <= w[3] && o[3] >= w[1] }
	var visit func(level, i int)
	visit = func(level, i int) {
		first, end := s.children(level, i)
		for k := first; k < end; k++ {
			if level == 0 {
				if meets(s.all[k].box()) {
					each(&s.all[k])
				}
			} else if meets(s.boxes[k]) {
				visit(level-1, k-s.levels[level-1])
			}
		}
	}
	visit(len(s.levels)-1, 0)
}

// search is a search for the segment nearest to a point.
type search struct {
	*segments
	at     orb.Point
	accept func(NodeID) bool
	best   *segment
	least  float64 // square of the distance to best
}

// nearest returns the accepted segment nearest to p within max metres and the
// square of the distance, or nil. Of several that are as near the first street
// of the tables wins.
func (s *segments) nearest(p orb.Point, max float64, accept func(NodeID) bool) (*segment, float64) {
	if len(s.all) == 0 || !(max >= 0) {
		return nil, 0
	}
	q := search{segments: s, at: p, accept: accept, least: max * max}
	q.visit(len(s.levels)-1, 0)
	return q.best, q.least
}

func (q *search) visit(level, i int) {
	first, end := q.children(level, i)
	if level == 0 {
		for k := first; k < end; k++ {
			s := &q.all[k]
			d := squared(q.at, footOn(s.a, s.b, q.at))
			if d > q.least || q.best != nil && d == q.least && s.street >= q.best.street || !q.accept(s.street) {
				continue
			}
			q.best, q.least = s, d
		}
		return
	}
	var distance [fan]float64
	var order [fan]int
	n := 0
	for k := first; k < end; k++ {
		d := q.boxes[k].distance(q.at)
		if d > q.least {
			continue
		}
		at := n
		for ; at > 0 && distance[at-1] > d; at-- {
			distance[at], order[at] = distance[at-1], order[at-1]
		}
		distance[at], order[at] = d, k
		n++
	}
	for j := range n {
		if distance[j] > q.least {
			return
		}
		q.visit(level-1, order[j]-q.levels[level-1])
	}
}

func squared(a, b orb.Point) float64 {
	dx, dy := a[0]-b[0], a[1]-b[1]
	return dx*dx + dy*dy
}
