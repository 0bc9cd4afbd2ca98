package city

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/clip"
	"github.com/paulmach/orb/planar"

	"urbangraph/uglib/osm"
)

// regions adds the administrative areas and settlements around the city and
// says in which country it lies.
func (b *builder) regions(m *osm.Map) {
	codes := countryCodes(m.Boundaries)
	b.city.CountryCode = usualCountry(m, codes)
	for i := range m.Boundaries {
		o := &m.Boundaries[i]
		name := osm.Name(o.Tags)
		d, _, ok := osm.DivisionOf(o.Tags, codes[i])
		if name == "" && !(d == osm.Country && codes[i] != "") || !ok {
			continue
		}
		r := Region{OSM: o.ID, Name: name, Division: d, Level: o.Level, Country: codes[i], ISO: o.Tags["ISO3166-2"], Within: isIn(o.Tags)}
		if d == osm.Country {
			r.Name = cmp.Or(osm.CountryName(codes[i]), name)
		}
		if r.Geometry, r.Centre = b.extent(m, codes, i); r.Geometry == nil {
			continue
		}
		b.city.Regions = append(b.city.Regions, r)
		if p := o.Tags["place"]; d < osm.Municipality && (p == "city" || p == "town") { // a city that is a state or a country as well
			r.Division = osm.Municipality
			b.city.Regions = append(b.city.Regions, r)
		}
	}
	b.preferred(m)
	for _, l := range m.Labels {
		reach, name := labelReach[l.Tags["place"]], osm.Name(l.Tags)
		if reach == 0 || name == "" {
			continue
		}
		d, _, _ := osm.DivisionOf(osm.Tags{"place": l.Tags["place"]}, "")
		b.city.Regions = append(b.city.Regions, Region{
			OSM: l.ID, Name: name, Division: d, Country: osm.CountryCode(l.Tags), Geometry: l.At, Reach: reach,
		})
	}
	b.country()
}

// country sets the country of the city: the one that most of the nodes lie in.
func (b *builder) country() {
	x, c := b.city.admins(), b.city
	x.addNodes(c, &b.x)
	votes, codes := map[string]int{}, map[string]string{}
	for _, i := range x.node {
		a := &x.table[i]
		votes[a.Country]++
		codes[a.Country] = a.CountryCode
	}
	usual := c.CountryCode
	c.Country = most(votes)
	if c.CountryCode = codes[c.Country]; c.CountryCode != usual {
		x.addNodes(c, &b.x) // those in no country lie in this one after all
	}
}

// most returns the key of the highest count, the first in order of several.
func most(votes map[string]int) string {
	best := ""
	for k, n := range votes {
		if k != "" && (best == "" || n > votes[best] || n == votes[best] && k < best) {
			best = k
		}
	}
	return best
}

// isIn returns what the is_in tags of an area say.
func isIn(t osm.Tags) Admin {
	return Admin{
		State:  cmp.Or(t["is_in:state"], t["is_in:province"], t["is_in:region"]),
		County: t["is_in:county"],
		City:   cmp.Or(t["is_in:city"], t["is_in:town"], t["is_in:municipality"]),
	}
}

// countryCodes returns the country of each boundary: what it says itself, else
// that of an area of which it is a part.
func countryCodes(all []osm.Boundary) []string {
	codes := make([]string, len(all))
	parent := map[int64]int{}
	for i := range all {
		codes[i] = osm.CountryCode(all[i].Tags)
		for _, part := range all[i].Parts {
			parent[part] = i
		}
	}
	for i := range all {
		at := i
		for range osm.Divisions {
			up, ok := parent[all[at].ID]
			if codes[i] != "" || !ok || !all[at].Relation {
				break
			}
			codes[i], at = codes[up], up
		}
	}
	return codes
}

// usualCountry returns the country of a place that no border says anything
// about: the one that most addresses and labels name, else the only one that
// the extract holds.
func usualCountry(m *osm.Map, codes []string) string {
	votes := map[string]int{}
	for _, p := range m.Points {
		votes[osm.ParseCountry(p.Tags["addr:country"])]++
	}
	for _, a := range m.Areas {
		votes[osm.ParseCountry(a.Tags["addr:country"])]++
	}
	for _, l := range m.Labels {
		votes[osm.CountryCode(l.Tags)]++
	}
	if c := most(votes); c != "" {
		return c
	}
	only := map[string]int{}
	for _, c := range codes {
		only[c]++
	}
	delete(only, "")
	if len(only) == 1 {
		return most(only)
	}
	return ""
}

// extent returns the part of a boundary in the box: a polygon, or lines and
// the side on which the middle of the box lies, or nil where the boundary
// leaves out the box or the extract does not tell.
func (b *builder) extent(m *osm.Map, codes []string, i int) (orb.Geometry, bool) {
	box := m.Bound.Pad(edgeOfBox)
	o := &m.Boundaries[i]
	if o.Geometry != nil {
		return clip.Geometry(box, orb.Clone(o.Geometry)), false
	}
	at, inside, ok := witness(m, codes, i)
	if !ok {
		return nil, false
	}
	centre := m.Bound.Center()
	if crossings(o.Pieces, at, centre)%2 == 1 {
		inside = !inside
	}
	if g, ok := clip.Geometry(box, orb.Clone(o.Pieces)).(orb.MultiLineString); ok && len(g) > 0 {
		return g, inside
	} else if l, ok := clip.Geometry(box, orb.Clone(o.Pieces)).(orb.LineString); ok && len(l) > 1 {
		return orb.MultiLineString{l}, inside
	}
	if inside {
		return box.ToPolygon(), false
	}
	return nil, false
}

// witness returns a point of which it is known whether it lies in a boundary
// that the extract cuts: its label or centre; a part of it that is whole; a
// neighbour of its level, or for a country a division of it or of another
// country, that is whole; its label as a settlement. A country or state that
// no line in the extract shows and that has no other of its level beside it
// holds all of the extract.
func witness(m *osm.Map, codes []string, i int) (at orb.Point, inside, ok bool) {
	o := &m.Boundaries[i]
	if len(o.Inside) > 0 {
		return o.Inside[0], true, true
	}
	box := m.Bound.Pad(edgeOfBox)
	inBox := func(j int) (orb.Point, bool) {
		if m.Boundaries[j].Geometry == nil {
			return orb.Point{}, false
		}
		g := clip.Geometry(box, orb.Clone(m.Boundaries[j].Geometry))
		if g == nil {
			return orb.Point{}, false
		}
		return interior(g)
	}
	alone := o.Level == 2 || o.Level == 4
	for j := range m.Boundaries {
		if n := &m.Boundaries[j]; n.Relation && slices.Contains(o.Parts, n.ID) {
			if p, ok := inBox(j); ok {
				return p, true, true
			}
		}
	}
	for j := range m.Boundaries {
		n := &m.Boundaries[j]
		if j == i || n.Level < o.Level || n.Level == 0 {
			continue
		}
		if n.Level == o.Level {
			alone = false
			if p, ok := inBox(j); ok {
				return p, false, true
			}
		} else if o.Level == 2 && codes[i] != "" && codes[j] != "" {
			if p, ok := inBox(j); ok {
				return p, codes[i] == codes[j], true
			}
		}
	}
	name := osm.Name(o.Tags)
	for _, l := range m.Labels {
		d, _, ok := osm.DivisionOf(osm.Tags{"place": l.Tags["place"]}, "")
		if own, _, _ := osm.DivisionOf(o.Tags, codes[i]); ok && d == own && osm.Name(l.Tags) == name {
			return l.At, true, true
		}
	}
	return m.Bound.Center(), true, alone && len(o.Pieces) == 0
}

// interior returns a point inside of an area: the middle of the widest piece
// of a line from west to east through it.
func interior(g orb.Geometry) (orb.Point, bool) {
	b := g.Bound()
	for _, t := range []float64{0.5, 0.31, 0.73, 0.12, 0.91} {
		y := b.Min[1] + t*(b.Max[1]-b.Min[1])
		var cuts []float64
		for _, l := range outline(g) {
			for i := 1; i < len(l); i++ {
				p, q := l[i-1], l[i]
				if (p[1] > y) != (q[1] > y) {
					cuts = append(cuts, p[0]+(y-p[1])*(q[0]-p[0])/(q[1]-p[1]))
				}
			}
		}
		slices.Sort(cuts)
		width, at := 0.0, 0.0
		for i := 1; i < len(cuts); i += 2 {
			if w := cuts[i] - cuts[i-1]; w > width {
				width, at = w, (cuts[i]+cuts[i-1])/2
			}
		}
		if width > 0 {
			return orb.Point{at, y}, true
		}
	}
	return orb.Point{}, false
}

// preferred brings the regions into the order in which they are asked: by
// division, place tag first, usual level next, small ones before large.
func (b *builder) preferred(m *osm.Map) {
	byPlace := map[int64]bool{}
	for _, o := range m.Boundaries {
		byPlace[o.ID] = o.Tags["place"] != ""
	}
	usual := [osm.Divisions]int{2, 4, 6, 8, 9, 10}
	rank := func(r *Region) (int, float64) {
		off := math.Abs(float64(r.Level - usual[r.Division]))
		if byPlace[r.OSM] {
			off = -1
		}
		area := math.Inf(1)
		if _, lines := r.Geometry.(orb.MultiLineString); !lines {
			area = planar.Area(r.Geometry)
		}
		return int(off), area
	}
	slices.SortStableFunc(b.city.Regions, func(x, y Region) int {
		i, p := rank(&x)
		j, q := rank(&y)
		return cmp.Or(cmp.Compare(x.Division, y.Division), cmp.Compare(i, j), cmp.Compare(p, q))
	})
}
