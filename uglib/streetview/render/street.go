package render

import (
	"math"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// street is a street in the local frame.
type street struct {
	node    city.NodeID
	seed    uint64
	name    string
	highway string
	look    road
	lanes   int
	width   float64 // of the carriageway, metres
	oneway  bool
	covered bool // in a tunnel
	walks   [2]bool
	line    []orb.Point
	at      []float64 // metres from the start to each point
	joins   []join
}

// join is a place on a street where others meet it.
type join struct {
	at    float64 // metres along
	clear float64 // metres on either side that belong to the junction
}

// segment is one piece of a street.
type segment struct {
	street int32
	a, b   orb.Point
	at     float64 // metres from the street's start to a
}

// junction is a place where more than two arms of streets for cars meet.
type junction struct {
	at    orb.Point
	half  float64 // half the width of the widest street
	arms  []orb.Point
	names []string
	dirs  []orb.Point // direction of the street of each name
}

func (w *World) addStreets(c *city.City) {
	for i := range c.Nodes {
		n := &c.Nodes[i]
		line, ok := n.Geometry.(orb.LineString)
		if n.Kind != city.Street || !ok {
			continue
		}
		pts := w.local(line)
		if len(pts) < 2 {
			continue
		}
		highway := n.Tags["highway"]
		if highway == "" {
			highway = n.Type
		}
		look, lanes := roadOf(highway, n.Tags)
		s := street{
			node: city.NodeID(i), seed: seedOf(n.OSM), name: n.Tags["name"], highway: highway, look: look, lanes: lanes,
			width:   widthOf(look, lanes, n.Tags),
			oneway:  n.Tags["oneway"] == "yes" || n.Tags["oneway"] == "-1" || n.Tags["junction"] == "roundabout" || highway == "motorway",
			covered: n.Tags["tunnel"] != "" && n.Tags["tunnel"] != "no",
			line:    pts,
		}
		if s.name == "" {
			s.name = n.Name
		}
		switch n.Tags["sidewalk"] {
		case "both", "separate", "yes":
			s.walks = [2]bool{true, true}
		case "left":
			s.walks[0] = true
		case "right":
			s.walks[1] = true
		}
		var at float64
		for j, p := range pts {
			if j > 0 {
				at += dist(pts[j-1], p)
			}
			s.at = append(s.at, at)
		}
		if s.covered {
			continue
		}
		id := int32(len(w.streets))
		w.streets = append(w.streets, s)
		for j := 1; j < len(pts); j++ {
			w.segments.add(segment{id, pts[j-1], pts[j], s.at[j-1]}, boxOf(pts[j-1:j+1]))
		}
	}
}

// arms returns where p lies on the street and the directions in which the
// street leaves it; nothing where p is not on the street.
func (s *street) arms(p orb.Point) (at float64, arms []orb.Point) {
	best, near := -1, 1.5
	for i, q := range s.line {
		if d := dist(p, q); d < near {
			best, near = i, d
		}
	}
	if best < 0 {
		return 0, nil
	}
	if best > 0 {
		arms = append(arms, direction(s.line[best], s.line[best-1]))
	}
	if best+1 < len(s.line) {
		arms = append(arms, direction(s.line[best], s.line[best+1]))
	}
	return s.at[best], arms
}

func (w *World) addJunctions(c *city.City) {
	of := map[city.NodeID]int{}
	for i := range w.streets {
		of[w.streets[i].node] = i
	}
	for i := range c.Nodes {
		n := &c.Nodes[i]
		p, ok := n.Geometry.(orb.Point)
		if n.Kind != city.Crossing || !ok {
			continue
		}
		j := junction{at: w.frame.Local(p)}
		type meet struct {
			street int
			at     float64
		}
		var meets []meet
		for _, id := range n.Streets {
			k, ok := of[id]
			if !ok || !w.streets[k].look.cars {
				continue
			}
			s := &w.streets[k]
			at, arms := s.arms(j.at)
			if len(arms) == 0 {
				continue
			}
			meets = append(meets, meet{k, at})
			j.arms = append(j.arms, arms...)
			if s.highway != "service" {
				j.half = math.Max(j.half, s.width/2)
			}
			if s.name != "" && s.highway != "service" && !slices.Contains(j.names, s.name) {
				j.names, j.dirs = append(j.names, s.name), append(j.dirs, arms[0])
			}
		}
		if len(j.arms) < 3 {
			continue
		}
		for _, m := range meets {
			var others float64
			for _, o := range meets {
				if o.street != m.street && w.streets[o.street].highway != "service" {
					others = math.Max(others, w.streets[o.street].width/2)
				}
			}
			if others > 0 {
				s := &w.streets[m.street]
				s.joins = append(s.joins, join{m.at, others + 1})
			}
		}
		if j.half > 0 {
			w.junctions = append(w.junctions, j)
			w.see(j.at, 0.4, false)
			w.addNamePlates(&j)
		}
	}
}

func (w *World) drawStreets() {
	for i := range w.streets {
		s := &w.streets[i]
		half := s.width / 2
		base := &material{layer: s.look.layer, colour: hex(s.look.tone), axis: north}
		if s.look.cars && s.look.surface == nil {
			w.ribbon(s, -half-0.25, half+0.25, func(orb.Point) *material { return kerb })
			w.ribbon(s, -half, half, func(orb.Point) *material { return base })
		} else {
			w.ribbon(s, -half, half, func(axis orb.Point) *material {
				if s.look.surface == nil {
					return base
				}
				m := s.look.surface(axis)
				m.layer = s.look.layer
				return m
			})
		}
		const gap, wide = 0.4, 2.2
		if s.walks[0] {
			w.ribbon(s, -half-gap-wide, -half-gap, func(orb.Point) *material { return walkway })
		}
		if s.walks[1] {
			w.ribbon(s, half+gap, half+gap+wide, func(orb.Point) *material { return walkway })
		}
		w.markLanes(s)
		if !s.look.cars && s.look.layer == layerMinor {
			w.see(s.line[len(s.line)/2], 0.3, false)
		}
	}
}

// ribbon covers the street from lo to hi metres to the right of its middle.
func (w *World) ribbon(s *street, lo, hi float64, of func(axis orb.Point) *material) {
	left, rgt := offset(s.line, lo), offset(s.line, hi)
	for i := 1; i < len(s.line); i++ {
		w.quad(of(direction(s.line[i-1], s.line[i])), [4]orb.Point{left[i-1], left[i], rgt[i], rgt[i-1]})
	}
	if lo < 0 && hi > 0 { // round ends fill the corners of junctions
		for _, i := range []int{0, len(s.line) - 1} {
			w.disc(of(direction(s.line[0], s.line[1])), s.line[i], hi)
		}
		for i := 1; i+1 < len(s.line); i++ {
			if dot(direction(s.line[i-1], s.line[i]), direction(s.line[i], s.line[i+1])) < 0.5 {
				w.disc(of(direction(s.line[i-1], s.line[i])), s.line[i], hi)
			}
		}
	}
}

func (w *World) disc(m *material, p orb.Point, r float64) {
	ring := make([]orb.Point, 10)
	for i := range ring {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(ring)))
		ring[i] = orb.Point{p[0] + r*cos, p[1] + r*sin}
	}
	w.surfaces.add(surface{m: m, rings: [][]orb.Point{ring}}, boxOf(ring))
}

// offset returns the line moved by d metres to its right, mitred at its bends.
func offset(line []orb.Point, d float64) []orb.Point {
	out := make([]orb.Point, len(line))
	for i, p := range line {
		var n orb.Point
		switch i {
		case 0:
			n = right(direction(line[0], line[1]))
		case len(line) - 1:
			n = right(direction(line[i-1], line[i]))
		default:
			a, b := right(direction(line[i-1], line[i])), right(direction(line[i], line[i+1]))
			n = add(a, b, 1)
			if k := dot(n, a); k > 0.35 { // n·a = 1 + cos of the bend
				n = orb.Point{n[0] / k, n[1] / k}
			} else {
				n = b
			}
		}
		out[i] = add(p, n, d)
	}
	return out
}

// markLanes draws the lines between lanes, and the edge lines.
func (w *World) markLanes(s *street) {
	if !s.look.cars || s.look.surface != nil || s.highway == "service" {
		return
	}
	const line = 0.18
	lane := s.width / float64(s.lanes)
	for i := 1; i < s.lanes; i++ {
		at := -s.width/2 + float64(i)*lane
		middle := !s.oneway && i == s.lanes/2
		switch {
		case middle && !s.look.centre:
		case middle && w.yellow:
			w.stripe(s, at-0.14, line, yellow, 0, 0)
			w.stripe(s, at+0.14, line, yellow, 0, 0)
		case middle && s.look.layer == layerMajor:
			w.stripe(s, at, line, white, 0, 0)
		default:
			w.stripe(s, at, line, white, 3, 5)
		}
	}
	if s.look.edges {
		first := white
		if w.yellow && s.oneway {
			first = yellow
		}
		w.stripe(s, -s.width/2+0.3, line, first, 0, 0)
		w.stripe(s, s.width/2-0.3, line, white, 0, 0)
	}
}

// stripe paints a line of a width, at metres to the right of the middle, with
// dashes (none: an unbroken line), and leaves the junctions free.
func (w *World) stripe(s *street, at, wide float64, m *material, dash, gap float64) {
	left, rgt := offset(s.line, at-wide/2), offset(s.line, at+wide/2)
	total := s.at[len(s.at)-1]
	step := 8.0
	if dash > 0 {
		step = dash + gap
	} else {
		dash = step
	}
	for from := 0.0; from < total; from += step {
		to := math.Min(from+dash, total)
		if to-from < 0.3 || s.inJunction(from, to) {
			continue
		}
		l0, l1 := s.point(left, from), s.point(left, to)
		r0, r1 := s.point(rgt, from), s.point(rgt, to)
		w.quad(m, [4]orb.Point{l0, l1, r1, r0})
	}
}

func (s *street) inJunction(from, to float64) bool {
	for _, j := range s.joins {
		if to > j.at-j.clear && from < j.at+j.clear {
			return true
		}
	}
	return false
}

// point returns the point of a line that runs beside the street at the metres
// along it.
func (s *street) point(line []orb.Point, at float64) orb.Point {
	i, _ := slices.BinarySearch(s.at, at)
	i = min(max(i, 1), len(s.at)-1)
	t := clamp((at-s.at[i-1])/(s.at[i]-s.at[i-1]), 0, 1)
	return add(line[i-1], sub(line[i], line[i-1]), t)
}

// heading returns the direction of the street at the metres along it.
func (s *street) heading(at float64) orb.Point {
	i, _ := slices.BinarySearch(s.at, at)
	i = min(max(i, 1), len(s.at)-1)
	return direction(s.line[i-1], s.line[i])
}

// addNamePlates puts up a post with the names of up to two streets at a
// corner of a junction.
func (w *World) addNamePlates(j *junction) {
	if len(j.names) == 0 {
		return
	}
	// The widest gap between arms is a corner with room.
	best, gap := orb.Point{}, -2.0
	for _, a := range j.arms {
		for _, b := range j.arms {
			mid := add(a, b, 1)
			if n := length(mid); n > 0.3 {
				mid = orb.Point{mid[0] / n, mid[1] / n}
				nearest := -1.0
				for _, arm := range j.arms {
					nearest = math.Max(nearest, dot(mid, arm))
				}
				if -nearest > gap {
					best, gap = mid, -nearest
				}
			}
		}
	}
	if gap == -2 {
		return
	}
	p := add(j.at, best, j.half*1.5+2)
	w.stand(thing{at: p, wide: 0.14, tall: 3.7, shape: stock.rod, tint: rgb{1, 1, 1}})
	paper, ink := uint32(0x17456E), uint32(0xFFFFFF)
	if w.yellow {
		paper = 0x0B6B3A
	}
	for i, name := range j.names[:min(2, len(j.names))] {
		z := 3.05 + 0.62*float64(i)
		d := j.dirs[i]
		w.addBoard(board{
			a: add(p, d, -1.25), b: add(p, d, 1.25), z0: z, z1: z + 0.56, both: true,
			sign: &sign{text: name, paper: hex(paper), ink: hex(ink), w: 192, h: 40},
		})
	}
}

func (w *World) addBoard(b board) {
	w.boards.add(b, boxOf([]orb.Point{b.a, b.b}))
}
