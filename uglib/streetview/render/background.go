package render

import "github.com/paulmach/orb"

// quiet are the classes of streets along which neutral shrubs and utility
// poles stand.
var quiet = map[string]bool{"residential": true, "unclassified": true, "tertiary": true, "living_street": true}

// addBackground sets the neutral things that no map says: shrubs and utility
// poles along quiet streets.
func (w *World) addBackground() {
	var seen marks
	for i := range w.streets {
		s := &w.streets[i]
		if !quiet[s.highway] {
			continue
		}
		total := s.at[len(s.at)-1]
		var n uint64
		for at := 7.0; at < total; at += 14 {
			p, dir := s.point(s.line, at), s.heading(at)
			for _, k := range []float64{-1, 1} {
				n++
				h := hash(s.seed, n, 0x5B)
				if h%100 >= 45 {
					continue
				}
				q := add(p, right(dir), k*(s.width/2+4+5*unit(hash(h, 1))))
				if w.free(q, &seen) {
					tall := 0.9 + 1.1*unit(hash(h, 2))
					tone := float32(0.9 + 0.2*unit(hash(h, 3)))
					w.stand(thing{at: q, wide: tall * 2.4, tall: tall, shape: pick(hash(h, 4), stock.shrubs), tint: rgb{tone, tone, tone}})
				}
			}
		}
		if !w.yellow || s.seed%3 == 0 {
			continue // cables run under ground
		}
		for at := 20.0; at < total; at += 42 {
			q := add(s.point(s.line, at), right(s.heading(at)), s.width/2+1.8)
			if w.free(q, &seen) {
				w.stand(thing{at: q, wide: 2.4, tall: 9, shape: stock.pole, tint: rgb{1, 1, 1}})
			}
		}
	}
}

// free reports whether nothing of the map lies at p.
func (w *World) free(p orb.Point, seen *marks) bool {
	if w.onStreet(p, 1, seen) || w.inBuilding(p, 1, seen) {
		return false
	}
	for _, id := range w.surfaces.near(p, 0, nil, seen) {
		s := &w.surfaces.items[id]
		if (s.m.layer == layerWater || s.m.layer == layerPaved || s.m.layer == layerRail) && inside(p, s.shape()) {
			return false
		}
	}
	return true
}

func (s *surface) shape() [][]orb.Point {
	if s.rings != nil {
		return s.rings
	}
	return [][]orb.Point{s.quad[:]}
}
