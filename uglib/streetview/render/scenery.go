package render

import (
	"math"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
)

// addFeature adds a thing of the map that is no node of the graph, by its
// layer.
func (w *World) addFeature(f *city.Feature) {
	if f.Layer == "landuse" {
		return
	}
	seed := seedOf(f.OSM)
	switch g := f.Geometry.(type) {
	case orb.Point:
		w.addPoint(seed, f.Layer, f.Tags, w.frame.Local(g))
	case orb.LineString:
		w.addLine(seed, f.Layer, f.Tags, g)
	case orb.MultiLineString:
		for _, line := range g {
			w.addLine(seed, f.Layer, f.Tags, line)
		}
	case orb.Polygon, orb.MultiPolygon:
		w.addArea(seed, f.Layer, f.Tags, "", g)
	}
}

// grounds gives the material of an area by the value of its deciding tag.
var grounds = map[string]*material{
	"park": park, "garden": park, "grass": park, "village_green": park, "recreation_ground": park, "common": park, "dog_park": park,
	"golf_course": park, "meadow": park, "grassland": park, "nature_reserve": park, "greenfield": park, "playground": sand,
	"forest": wood, "wood": wood, "scrub": wood, "heath": wood, "orchard": wood, "wetland": wood, "fell": rock,
	"pitch": pitch, "track": pitch, "stadium": pitch, "sports_centre": park,
	"farmland": farm, "farm": farm, "vineyard": farm, "allotments": farm,
	"cemetery": graves, "grave_yard": graves, "sand": sand, "beach": sand, "bare_rock": rock, "scree": rock,
	"water": water, "riverbank": water, "dock": water, "reservoir": water, "basin": water, "swimming_pool": water, "marina": water,
	"parking": parking, "pedestrian": plaza, "footway": plaza, "square": plaza, "marketplace": plaza,
	"school": schoolyard, "university": schoolyard, "college": schoolyard, "kindergarten": schoolyard, "hospital": clinicyard, "clinic": clinicyard,
	"industrial": industry, "retail": town, "commercial": town, "railway": gravel, "construction": gravel, "brownfield": gravel, "quarry": rock,
}

var layerGround = map[string]*material{"green": park, "water": water, "plaza": plaza, "parking": parking}

// materialOf returns how an area looks; nil where it is not drawn.
func materialOf(layer string, tags map[string]string, kind string) *material {
	for _, key := range []string{"leisure", "natural", "landuse", "waterway", "amenity", "place", "highway"} {
		if m := grounds[tags[key]]; m != nil {
			return m
		}
	}
	if m := grounds[kind]; m != nil && tags["building"] == "" {
		return m
	}
	return layerGround[layer]
}

func (w *World) addArea(seed uint64, layer string, tags map[string]string, kind string, g orb.Geometry) {
	if layer == "building" || layer == "" && tags["building"] != "" && tags["building"] != "no" {
		if layer == "building" {
			w.addBuilding(seed, tags, g)
		}
		return // an area node that is a building is in the scenery as well
	}
	m := materialOf(layer, tags, kind)
	if m == nil || layer == "" && (m.layer != layerGrounds && m.layer != layerLand) {
		return // areas of other layers are in the scenery as well
	}
	for i, rings := range w.polygons(g) {
		box := boxOf(rings...)
		if m == parking { // bays run along the longest side
			turned := *m
			turned.axis = longestSide(rings[0])
			w.surfaces.add(surface{m: &turned, rings: rings}, box)
			w.addParkingSign(rings[0])
		} else {
			w.surfaces.add(surface{m: m, rings: rings}, box)
		}
		if m == wood || m == park || m == graves {
			w.plant(hash(seed, uint64(i)), m, rings, box)
		}
		w.see(box.Center(), 0.4, false)
	}
}

func longestSide(ring []orb.Point) orb.Point {
	best, at := -1.0, north
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if d := dist(a, b); d > best {
			best, at = d, direction(a, b)
		}
	}
	return at
}

// addParkingSign puts up the sign of a car park where it comes nearest to a
// street.
func (w *World) addParkingSign(ring []orb.Point) {
	var seen marks
	best, at, found := math.Inf(1), orb.Point{}, false
	for _, p := range ring {
		if s, f, ok := w.nearestStreet(p, 40, &seen); ok && w.streets[s.street].highway != "service" && dist(p, f) < best {
			best, at, found = dist(p, f), p, true
		}
	}
	if found && math.Abs(signedArea(ring)) > 150 {
		w.stand(thing{at: at, wide: 1.2, tall: 3.6, shape: stock.parkingSign, tint: rgb{1, 1, 1}})
	}
}

// plant sets trees in parks and woods: about one on so many square metres, at
// most a few thousand in one area.
func (w *World) plant(seed uint64, m *material, rings [][]orb.Point, box orb.Bound) {
	each, most := 420.0, 1500
	if m == wood {
		each, most = 90, 4000
	}
	n := min(int(math.Abs(signedArea(rings[0]))/each), most)
	var seen marks
	for i := range uint64(n) {
		h := hash(seed, i, 0x7EEE)
		p := orb.Point{
			box.Min[0] + unit(h)*(box.Max[0]-box.Min[0]),
			box.Min[1] + unit(hash(h, 1))*(box.Max[1]-box.Min[1]),
		}
		if inside(p, rings) && !w.onStreet(p, 1.5, &seen) && !w.inBuilding(p, 1, &seen) {
			w.addTree(hash(h, 2), nil, p)
		}
	}
}

// onStreet reports whether p lies on a street or within r of its edge.
func (w *World) onStreet(p orb.Point, r float64, seen *marks) bool {
	return slices.ContainsFunc(w.segments.near(p, 12+r, nil, seen), func(id int32) bool {
		s := &w.segments.items[id]
		f, _ := foot(p, s.a, s.b)
		return dist(p, f) < w.streets[s.street].width/2+r
	})
}

func (w *World) addTree(seed uint64, tags map[string]string, p orb.Point) {
	tall := 6 + 6*unit(hash(seed, 1))
	if v, ok := metres(tags["height"]); ok {
		tall = clamp(v, 2, 40)
	}
	shape, wide := pick(hash(seed, 2), stock.trees), tall*(0.65+0.2*unit(hash(seed, 3)))
	if tags["leaf_type"] == "needleleaved" || tags["leaf_type"] == "" && hash(seed, 5)%6 == 0 && tags == nil {
		shape, wide = pick(hash(seed, 2), stock.conifers), tall*0.5
	}
	k := float32(0.88 + 0.24*unit(hash(seed, 4)))
	w.stand(thing{at: p, wide: wide, tall: tall, shape: shape, tint: rgb{k, k, k * 0.96}})
}

func (w *World) addLine(seed uint64, layer string, tags map[string]string, line orb.LineString) {
	pts := w.local(line)
	if len(pts) < 2 {
		return
	}
	along := func(step float64, do func(i uint64, p, dir orb.Point)) {
		var n uint64
		rest := step / 2
		for i := 1; i < len(pts); i++ {
			d, dir := dist(pts[i-1], pts[i]), direction(pts[i-1], pts[i])
			for ; rest <= d; rest += step {
				do(n, add(pts[i-1], dir, rest), dir)
				n++
			}
			rest -= d
		}
	}
	band := func(lo, hi float64, m *material) {
		left, rgt := offset(pts, lo), offset(pts, hi)
		for i := 1; i < len(pts); i++ {
			w.quad(m, [4]orb.Point{left[i-1], left[i], rgt[i], rgt[i-1]})
		}
	}
	switch layer {
	case "rail":
		band(-1.7, 1.7, ballast)
		band(-0.82, -0.66, steel)
		band(0.66, 0.82, steel)
		w.see(pts[len(pts)/2], 0.3, false)
	case "water":
		wide := 3.0
		switch tags["waterway"] {
		case "river":
			wide = 12
		case "canal":
			wide = 8
		}
		if v, ok := metres(tags["width"]); ok {
			wide = v
		}
		band(-wide/2, wide/2, water)
	case "tree_row":
		along(9, func(i uint64, p, _ orb.Point) { w.addTree(hash(seed, i), map[string]string{}, p) })
	case "barrier":
		w.addBarrier(seed, tags, pts)
	}
}

func (w *World) addBarrier(seed uint64, tags map[string]string, pts []orb.Point) {
	look := facade{wall: hex(0xA8A095), seed: seed}
	tall := 1.4
	switch tags["barrier"] {
	case "hedge":
		look.wall, tall = hex(0x4C7A40), 1.5
	case "fence":
		look.wall, tall = hex(0x8B7A60), 1.2
	case "guard_rail":
		look.wall, tall = hex(0xB9BEC2), 0.8
	case "city_wall":
		tall = 6
	}
	if v, ok := metres(tags["height"]); ok {
		tall = clamp(v, 0.3, 12)
	}
	for i := 1; i < len(pts); i++ {
		f := look
		w.addBoard(board{a: pts[i-1], b: pts[i], z0: 0, z1: tall, front: &f, both: true})
	}
}

func (w *World) addPoint(seed uint64, layer string, tags map[string]string, p orb.Point) {
	var seen marks
	one := rgb{1, 1, 1}
	switch layer {
	case "tree":
		w.addTree(seed, map[string]string{"leaf_type": tags["leaf_type"], "height": tags["height"]}, p)
	case "lamp":
		w.stand(thing{at: w.aside(p, 0.6, &seen), wide: 1.1, tall: 6.5, shape: stock.lamp, tint: one})
	case "bench":
		w.stand(thing{at: p, wide: 1.8, tall: 0.95, shape: stock.bench, tint: one})
	case "bus_stop":
		w.stand(thing{at: w.aside(p, 1, &seen), wide: 1.2, tall: 3.4, shape: stock.busStop, tint: one})
		w.see(p, 0.5, false)
	case "signal":
		w.addSignal(p, &seen)
		w.see(p, 0.6, false)
	case "stop":
		w.addStop(tags, p, &seen)
	case "zebra":
		if tags["crossing"] != "unmarked" && tags["crossing"] != "no" {
			w.addZebra(p, &seen)
			w.see(p, 0.6, false)
		}
	case "shop", "amenity":
		switch firstOf(tags["amenity"], tags["natural"]) {
		case "fountain":
			w.stand(thing{at: p, wide: 3, tall: 3, shape: stock.fountain, tint: one})
		case "fire_hydrant":
			w.stand(thing{at: p, wide: 0.4, tall: 0.9, shape: stock.hydrant, tint: one})
		}
	}
}

// aside moves a point off the carriageway, to r metres from its edge.
func (w *World) aside(p orb.Point, r float64, seen *marks) orb.Point {
	s, f, ok := w.nearestStreet(p, 15, seen)
	if !ok {
		return p
	}
	clear := w.streets[s.street].width/2 + r
	if d := dist(p, f); d >= clear {
		return p
	} else if d > 0.3 {
		return add(f, direction(f, p), clear)
	}
	return add(f, w.near(direction(s.a, s.b)), clear)
}

// near is the side of the road on which one drives in a direction.
func (w *World) near(dir orb.Point) orb.Point {
	n := right(dir)
	if w.left {
		return orb.Point{-n[0], -n[1]}
	}
	return n
}

// joinAt returns the nearest junction on a street to a place on it, at most r
// metres away.
func (s *street) joinAt(at, r float64) (join, bool) {
	best, found := join{}, false
	for _, j := range s.joins {
		if d := math.Abs(j.at - at); d <= r {
			best, r, found = j, d, true
		}
	}
	return best, found
}

// addSignal puts up the signals of a signal node: on a junction at two
// opposite corners, else one at the near side of the street.
func (w *World) addSignal(p orb.Point, seen *marks) {
	put := func(at orb.Point) {
		w.stand(thing{at: at, wide: 1.15, tall: 4.6, shape: stock.signal, tint: rgb{1, 1, 1}})
	}
	s, f, ok := w.nearestStreet(p, 12, seen)
	if !ok {
		put(p)
		return
	}
	st, dir := &w.streets[s.street], direction(s.a, s.b)
	aside := st.width/2 + 0.8
	j, joined := st.joinAt(s.at+dist(s.a, f), 2)
	if !joined {
		put(add(f, w.near(dir), aside))
		return
	}
	side := w.near(dir)
	put(add(add(f, side, aside), dir, j.clear))
	put(add(add(f, side, -aside), dir, -j.clear))
}

// addStop puts up a stop or give-way sign at the near side, and the stop line
// across the lanes towards the junction.
func (w *World) addStop(tags map[string]string, p orb.Point, seen *marks) {
	shape := stock.stop
	if tags["highway"] == "give_way" {
		shape = stock.giveWay
	}
	t := thing{at: p, wide: 1.15, tall: 3, shape: shape, tint: rgb{1, 1, 1}}
	s, f, ok := w.nearestStreet(p, 12, seen)
	if !ok {
		w.stand(t)
		return
	}
	st, dir := &w.streets[s.street], direction(s.a, s.b)
	at := s.at + dist(s.a, f)
	if j, ok := st.joinAt(at, 60); tags["direction"] == "backward" || tags["direction"] == "" && ok && j.at < at {
		dir = orb.Point{-dir[0], -dir[1]}
	}
	side := w.near(dir)
	t.at = add(f, side, st.width/2+0.8)
	w.stand(t)
	if st.look.surface == nil && st.highway != "service" {
		edge := add(f, side, st.width/2-0.2)
		back := add(f, dir, -0.5)
		w.quad(white, [4]orb.Point{f, edge, add(edge, dir, -0.5), back})
	}
}

// addZebra paints the bars of a crossing across the street.
func (w *World) addZebra(p orb.Point, seen *marks) {
	s, f, ok := w.nearestStreet(p, 6, seen)
	if !ok {
		return
	}
	const bar, gap, long = 0.6, 0.6, 3.4
	st, dir := &w.streets[s.street], direction(s.a, s.b)
	side := right(dir)
	for at := -st.width/2 + 0.3; at+bar <= st.width/2; at += bar + gap {
		a := add(add(f, side, at), dir, -long/2)
		b := add(a, side, bar)
		w.quad(white, [4]orb.Point{a, b, add(b, dir, long), add(a, dir, long)})
	}
}
