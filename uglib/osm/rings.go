package osm

import (
	"sort"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"
)

// assemble adds the multipolygon relations that come into the box to m. In the
// old style the tags stand on the outer way and none on the relation; assemble
// returns these ways, which are then no areas of their own.
func (r *reader) assemble(m *Map, wayAt map[int64]int) (outlines map[int]bool) {
	outlines = make(map[int]bool)
	for _, rel := range r.rels {
		var outer, inner [][]int64
		tags := rel.tags
		first := -1 // outer way
		for _, mem := range rel.members {
			i, ok := wayAt[mem.way]
			if !ok {
				continue
			}
			w := r.ways[i]
			refs := r.refs[w.first:w.last]
			if mem.inner {
				inner = append(inner, refs)
				continue
			}
			if first < 0 {
				first = i
			}
			outer = append(outer, refs)
		}
		if first < 0 {
			continue
		}
		if !describes(tags) { // old style: the outer way says what it is
			tags = r.ways[first].tags
			if !describes(tags) || tags["highway"] != "" {
				continue
			}
			outlines[first] = true
		}
		g := polygon(r.rings(outer), r.rings(inner))
		if g == nil || !g.Bound().Intersects(m.Bound) {
			delete(outlines, first)
			continue
		}
		m.Areas = append(m.Areas, Area{ID: rel.id, Relation: true, Tags: tags, Geometry: g})
	}
	return outlines
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

// rings joins lines of node ids end to end into closed rings and drops what
// does not close.
func (r *reader) rings(lines [][]int64) []orb.Ring {
	var out []orb.Ring
	used := make([]bool, len(lines))
	for i, line := range lines {
		if used[i] || len(line) < 2 {
			continue
		}
		used[i] = true
		ring := append([]int64(nil), line...)
		for ring[0] != ring[len(ring)-1] {
			joined := false
			for j, next := range lines {
				if used[j] || len(next) < 2 {
					continue
				}
				switch end := ring[len(ring)-1]; end {
				case next[0]:
					ring = append(ring, next[1:]...)
				case next[len(next)-1]:
					for k := len(next) - 2; k >= 0; k-- {
						ring = append(ring, next[k])
					}
				default:
					continue
				}
				used[j], joined = true, true
				break
			}
			if !joined {
				break
			}
		}
		if ring[0] != ring[len(ring)-1] {
			continue
		}
		var g orb.Ring
		for _, id := range ring {
			if p, ok := r.at(id); ok {
				g = append(g, p)
			}
		}
		if len(g) > 0 && g[0] != g[len(g)-1] {
			g = append(g, g[0])
		}
		out = append(out, g)
	}
	return out
}

// polygon puts each inner ring into the smallest outer ring around it and
// returns an orb.Polygon, an orb.MultiPolygon, or nil if no ring is a surface.
func polygon(outer, inner []orb.Ring) orb.Geometry {
	var polys orb.MultiPolygon
	for _, ring := range outer {
		if ring = sound(ring, orb.CCW); ring != nil {
			polys = append(polys, orb.Polygon{ring})
		}
	}
	if len(polys) == 0 {
		return nil
	}
	bySize := make([]int, len(polys))
	for i := range bySize {
		bySize[i] = i
	}
	sort.SliceStable(bySize, func(i, j int) bool {
		return planar.Area(polys[bySize[i]][0]) < planar.Area(polys[bySize[j]][0])
	})
	for _, ring := range inner {
		if ring = sound(ring, orb.CW); ring == nil {
			continue
		}
		for _, i := range bySize {
			if planar.RingContains(polys[i][0], middle(ring)) {
				polys[i] = append(polys[i], ring)
				break
			}
		}
	}
	if len(polys) == 1 {
		return polys[0]
	}
	return polys
}

// sound returns the ring closed and turned in the given orientation; nil if it
// bounds no surface.
func sound(ring orb.Ring, o orb.Orientation) orb.Ring {
	if len(ring) < 3 {
		return nil
	}
	if ring[0] != ring[len(ring)-1] {
		ring = append(ring, ring[0])
	}
	if len(ring) < 4 || planar.Area(ring) == 0 {
		return nil
	}
	if ring.Orientation() != o {
		ring.Reverse()
	}
	return ring
}

// middle returns the middle of the first side of a ring, which lies on no
// vertex that a hole may share with its outer ring.
func middle(r orb.Ring) orb.Point {
	return orb.Point{(r[0][0] + r[1][0]) / 2, (r[0][1] + r[1][1]) / 2}
}
