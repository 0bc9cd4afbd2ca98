package render

import (
	"math"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// places remembers which parts of which walls already carry a sign.
type places map[wallKey][]hung

type wallKey struct{ building, ring, edge int32 }

type hung struct{ lo, hi float64 } // metres along the wall

// Sizes of signs in metres. They are larger than life, so that they can be
// told in a picture of 112 by 84 pixels.
const (
	signWide  = 7.0
	signTall  = 1.5
	signFoot  = 3.1  // height of its lower edge: that of the shop front below
	boardWide = 4.2  // of a free-standing board
	bladeWide = 1.7  // of the square that stands out from the wall
	wallReach = 16.0 // from a place to the wall that shows its sign
)

// unsigned are kinds of places that carry no sign with their name.
var unsigned = map[string]bool{
	"tree": true, "peak": true, "locality": true, "neighbourhood": true, "hamlet": true, "isolated_dwelling": true,
	"bench": true, "fire_hydrant": true, "water": true, "wood": true, "residential": true, "farmland": true, "bay": true,
	"stop": true, "platform": true, "spring": true, "saddle": true, "cape": true, "farm": true, "construction": true,
	"hydrant": true, "drinking_water": true, "survey_point": true, "tower": true, "quarter": true,
}

// addPlace puts up the sign of a point of interest or of an area.
func (w *World) addPlace(n *city.Node, hangs places) {
	if n.Name == "" || unsigned[n.Type] {
		return
	}
	var seen marks
	at, outline, found := w.placeOf(n, &seen)
	if !found {
		return
	}
	if n.Type == "bus_stop" || n.Tags["highway"] == "bus_stop" {
		w.stand(thing{at: at, wide: 1.2, tall: 3.4, shape: stock.busStop, tint: rgb{1, 1, 1}})
		w.see(at, 0.5, false)
		return
	}
	style := StyleOf(n.Category, n.Type)
	s := &sign{text: n.Name, symbol: style.Symbol, paper: hex(style.Paper), ink: hex(style.Ink), w: 256, h: 56}
	weight := 2.0
	if outline {
		weight = 1
	}
	w.see(at, weight, true)
	_, road, ok := w.nearestStreet(at, 120, &seen)
	if !ok {
		road = add(at, north, 10)
	}
	if w.hang(at, road, s, style, n.Kind == city.POI, hangs, &seen) {
		return
	}
	if dist(at, road) > 90 && outline {
		return // an area far from every street: nobody would see its board
	}
	w.freeBoard(at, road, s, &seen)
}

// placeOf returns where a place is seen from the street: the point itself, or
// the point of an area's outline nearest to a street (outline is then true).
func (w *World) placeOf(n *city.Node, seen *marks) (at orb.Point, outline, ok bool) {
	if p, isPoint := n.Geometry.(orb.Point); isPoint {
		return w.frame.Local(p), false, true
	}
	best := math.Inf(1)
	for _, rings := range w.polygons(n.Geometry) {
		ring := rings[0]
		for i, a := range ring {
			mid := add(a, sub(ring[(i+1)%len(ring)], a), 0.5)
			d := 1000 + dist(mid, boxOf(ring).Center())
			if s, f, near := w.nearestStreet(mid, 60, seen); near {
				d = dist(mid, f)
				if w.streets[s.street].name == "" {
					d += 15
				}
			}
			if d < best {
				best, at, ok = d, mid, true
			}
		}
	}
	return at, true, ok
}

// hang puts the sign on the best wall near the place that faces the street,
// over a coloured front where the place is a shop of the building.
func (w *World) hang(p, road orb.Point, s *sign, style Style, shop bool, hangs places, seen *marks) bool {
	best, cost := wallKey{}, math.Inf(1)
	for _, id := range w.buildings.near(p, wallReach, nil, seen) {
		b := &w.buildings.items[id]
		if b.z0 > 1 || b.z1 < 2.6 {
			continue
		}
		within := inside(p, b.rings)
		for r, ring := range b.rings {
			for e, a := range ring {
				c := ring[(e+1)%len(ring)]
				if dist(a, c) < 2.5 {
					continue
				}
				f, _ := foot(p, a, c)
				if !within && dist(p, f) > wallReach {
					continue
				}
				out := right(direction(a, c))
				toRoad := sub(road, f)
				facing := dot(toRoad, out) / math.Max(length(toRoad), 1e-6)
				if facing < 0.25 {
					continue
				}
				d := dist(p, f) + 0.6*length(toRoad) + 8*(1-facing)
				if d < cost {
					best, cost = wallKey{id, int32(r), int32(e)}, d
				}
			}
		}
	}
	if math.IsInf(cost, 1) {
		return false
	}
	b := &w.buildings.items[best.building]
	ring := b.rings[best.ring]
	a, c := ring[best.edge], ring[(int(best.edge)+1)%len(ring)]
	wall := dist(a, c)
	dir := direction(a, c)
	out := right(dir)
	wide := math.Min(signWide, wall-0.3)
	tall := math.Min(signTall, wide/3)
	f, _ := foot(p, a, c)
	lo := clamp(dist(a, f)-wide/2, 0.15, wall-0.15-wide)
	lo, row := free(hangs[best], lo, wide, wall)
	hangs[best] = append(hangs[best], hung{lo, lo + wide})
	z := math.Min(signFoot, b.z1-tall) + float64(row)*(signTall+0.2)
	at := func(along, outwards float64) orb.Point { return add(add(a, dir, along), out, outwards) }
	// The foot of the wall lies to the left of its outward normal, so that the
	// sign's left end, seen from the street, is at the wall's start.
	w.addBoard(board{a: at(lo, 0.15), b: at(lo+wide, 0.15), z0: z, z1: z + tall, sign: s})
	// A blade that stands out from the wall is read from along the street.
	if style.Symbol != Plain {
		blade := at(lo, 0.2)
		w.addBoard(board{
			a: blade, b: add(blade, out, bladeWide), z0: z + 0.1, z1: z + 0.1 + bladeWide, both: true,
			sign: &sign{symbol: style.Symbol, paper: s.paper, ink: s.ink, w: 48, h: 48},
		})
	}
	if shop && row == 0 && z > 2 {
		front := &facade{
			wall: hex(style.Paper).scale(0.85), pane: hex(0xA9C9D8), lit: hex(0xFFEBB0), floor: z, pitch: 2.2, side: 0.25,
			sill: 0.14, lintel: 0.9, seed: hash(uint64(best.building), uint64(best.edge)),
		}
		w.addBoard(board{a: at(lo, 0.1), b: at(lo+wide, 0.1), z0: 0, z1: z, front: front})
	}
	return true
}

// free finds room for a sign on a wall: beside the others, or in a row above.
func free(taken []hung, lo, wide, wall float64) (float64, int) {
	clear := func(lo float64) bool {
		for _, t := range taken {
			if lo < t.hi+0.1 && lo+wide > t.lo-0.1 {
				return false
			}
		}
		return true
	}
	for shift := 0.0; shift <= wall; shift += 0.5 {
		for _, at := range []float64{lo + shift, lo - shift} {
			if at >= 0.15 && at+wide <= wall-0.1 && clear(at) {
				return at, 0
			}
		}
	}
	return lo, 1 + len(taken)%3
}

// freeBoard puts up two boards across each other beside the street: one that
// faces it, and one that is read from along it.
func (w *World) freeBoard(p, road orb.Point, s *sign, seen *marks) {
	if seg, f, ok := w.nearestStreet(p, 120, seen); ok {
		// Not on the carriageway.
		if clear := w.streets[seg.street].width/2 + boardWide/2 + 0.8; dist(p, f) < clear {
			away := direction(f, p)
			if dist(p, f) < 0.3 {
				away = right(direction(seg.a, seg.b))
			}
			p = add(f, away, clear)
		}
		road = f
	}
	toRoad := direction(p, road)
	dir := orb.Point{-toRoad[1], toRoad[0]} // the street lies to the right of ab
	const low, high = 1.4, 3.0
	for _, d := range []orb.Point{dir, right(dir)} {
		a, b := add(p, d, -boardWide/2), add(p, d, boardWide/2)
		w.addBoard(board{a: a, b: b, z0: low, z1: high, sign: s, both: true})
		for _, post := range []orb.Point{a, b} {
			w.stand(thing{at: post, wide: 0.2, tall: high, shape: stock.rod, tint: rgb{1, 1, 1}})
		}
	}
}
