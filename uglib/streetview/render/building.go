package render

import (
	"math"
	"slices"

	"github.com/paulmach/orb"
)

// building is an extruded footprint.
type building struct {
	rings  [][]orb.Point // outer counterclockwise, inner clockwise
	z0, z1 float64
	look   facade
	roof   rgb
	gable  bool    // a ridge along the longer axis of a four-sided footprint
	ridge  float64 // metres above z1
}

func (w *World) addBuilding(seed uint64, tags map[string]string, g orb.Geometry) {
	for i, rings := range w.polygons(g) {
		area := signedArea(rings[0])
		if area < 4 {
			continue
		}
		seed := hash(seed, uint64(i))
		kind := tags["building"]
		if kind == "yes" || kind == "" {
			kind = firstOf(tags["amenity"], tags["shop"], tags["tourism"])
			switch {
			case tags["shop"] != "" || styleIsTrade(kind):
				kind = "retail"
			case kind == "place_of_worship":
				kind = "church"
			case kind == "townhall":
				kind = "public"
			}
		}
		h := houseOf(kind, area)
		b := building{rings: rings, z1: heightOf(tags, h, hash(seed, 1)), gable: h.gable}
		if v, ok := metres(tags["min_height"]); ok && v < b.z1 {
			b.z0 = v
		}
		wall := hex(pick(hash(seed, 2), h.walls)).scale(float32(0.94 + 0.12*unit(hash(seed, 3))))
		if c, ok := namedColour(firstOf(tags["building:colour"], tags["building:color"])); ok {
			wall = c
		}
		b.roof = hex(pick(hash(seed, 4), []uint32{0x6B4A3C, 0x5C5854, 0x7C5A45, 0x4E5560}))
		if c, ok := namedColour(firstOf(tags["roof:colour"], tags["roof:color"])); ok {
			b.roof = c
		}
		b.look = facade{
			wall: wall, pane: hex(h.pane), lit: hex(0xF6D98A), floor: storey, pitch: h.pitch, seed: seed,
			side: 0.5, sill: 0.3, lintel: 0.78,
		}
		if b.z1 > 24 { // towers have bands of glass
			b.look.side, b.look.sill = 0.25, 0.2
		}
		if b.z1 < storey {
			b.look.floor = 0
		}
		switch tags["roof:shape"] {
		case "":
			b.gable = b.gable && b.z1 < 16
		case "flat":
			b.gable = false
		case "gabled", "hipped", "pitched", "half-hipped", "gambrel":
			b.gable = true
		}
		b.gable = b.gable && len(rings) == 1 && len(rings[0]) == 4
		if b.gable {
			short := math.Min(dist(rings[0][0], rings[0][1]), dist(rings[0][1], rings[0][2]))
			b.ridge = clamp(short*0.35, 1, 4.5)
		}
		box := boxOf(rings...)
		w.buildings.add(b, box)
		if b.z0 == 0 {
			w.surfaces.add(surface{m: apron, rings: [][]orb.Point{around(rings[0], 1.8)}}, box.Pad(2))
		}
	}
	w.see(w.frame.Local(g.Bound().Center()), 0.35, false)
}

// around returns a counterclockwise ring moved outwards by d metres.
func around(ring []orb.Point, d float64) []orb.Point {
	n := len(ring)
	closed := offset(append(append([]orb.Point{ring[n-1]}, ring...), ring[0]), d)
	return closed[1 : n+1]
}

// styleIsTrade reports whether a kind of amenity lives behind a shop window.
func styleIsTrade(kind string) bool {
	s, ok := byType[kind]
	return ok && (s == styleFood || s == styleMoney || kind == "pharmacy")
}

func firstOf(s ...string) string {
	for _, v := range s {
		if v != "" {
			return v
		}
	}
	return ""
}

// drawBuilding draws the walls that face the camera, and the roof.
func (c *canvas) drawBuilding(b *building) {
	f := b.look
	f.litShare = c.light.lit
	for _, ring := range b.rings {
		for i, p := range ring {
			q := ring[(i+1)%len(ring)]
			out := right(direction(p, q))
			if dot(sub(c.eye, p), out) <= 0 {
				continue
			}
			f.brightness = c.light.onWall(out[0], out[1])
			c.wall(p, q, b.z0, b.z1, &f)
		}
	}
	if b.gable {
		c.drawGable(b)
	}
}

func (c *canvas) drawGable(b *building) {
	r := b.rings[0]
	if dist(r[0], r[1]) < dist(r[1], r[2]) { // make r[0]r[1] a long side
		r = []orb.Point{r[1], r[2], r[3], r[0]}
	}
	at := func(p orb.Point, z float64) [3]float64 { return [3]float64{p[0], p[1], z} }
	e0, e1 := add(r[1], sub(r[2], r[1]), 0.5), add(r[3], sub(r[0], r[3]), 0.5)
	top := b.z1 + b.ridge
	tone := func(p, q orb.Point) float32 {
		out := right(direction(p, q))
		return c.light.onWall(out[0], out[1])
	}
	wall := func(p, q, peak orb.Point) {
		c.slab([][3]float64{at(p, b.z1), at(q, b.z1), at(peak, top)}, c.light.shade(b.look.wall, tone(p, q)))
	}
	roof := func(p, q, from, to orb.Point) {
		c.slab([][3]float64{at(p, b.z1), at(q, b.z1), at(from, top), at(to, top)}, c.light.shade(b.roof, 1.1*tone(p, q)))
	}
	wall(r[1], r[2], e0)
	wall(r[3], r[0], e1)
	roof(r[0], r[1], e0, e1)
	roof(r[2], r[3], e1, e0)
}

// inBuilding reports whether p lies in a building or within r of its walls.
func (w *World) inBuilding(p orb.Point, r float64, seen *marks) bool {
	return slices.ContainsFunc(w.buildings.near(p, r, nil, seen), func(id int32) bool {
		b := &w.buildings.items[id]
		if b.z0 > 3 {
			return false
		}
		if inside(p, b.rings) {
			return true
		}
		for _, ring := range b.rings {
			for i, a := range ring {
				if f, _ := foot(p, a, ring[(i+1)%len(ring)]); dist(p, f) < r {
					return true
				}
			}
		}
		return false
	})
}
