package osm

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/paulmach/orb"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"urbangraph/uglib/osm/extract"
)

// Boundary is the outline of an administrative area, a settlement or a part of
// one.
type Boundary struct {
	ID       int64
	Relation bool         // ID is that of a relation, not of a way
	Tags     Tags         // is_in and its kind included
	Level    int          // admin_level; 0 if it has none
	Geometry orb.Geometry // orb.Polygon or orb.MultiPolygon; nil where the extract cuts the boundary
	// Pieces are the lines of a cut boundary that the extract holds, none
	// where it lies outside altogether.
	Pieces orb.MultiLineString
	Inside []orb.Point // positions of label and admin_centre members
	Parts  []int64     // relations that are subareas of this one
}

// Division is a rank of administrative areas, from the largest down. What a
// country calls them differs; see [DivisionOf].
type Division uint8

const (
	Country       Division = iota
	State                  // first order: state, province, region
	County                 // county, department, prefecture within a state
	Municipality           // city, town, village, commune
	District               // part of a municipality: borough, suburb, ward
	Neighbourhood          // part of a district: quarter, neighbourhood
)

// Divisions is the number of divisions.
const Divisions = int(Neighbourhood) + 1

var divisions = [Divisions]string{"country", "state", "county", "city", "district", "neighbourhood"}

// String returns "country", "state", "county", "city", "district" or
// "neighbourhood".
func (d Division) String() string {
	if int(d) < len(divisions) {
		return divisions[d]
	}
	return "Division(" + strconv.Itoa(int(d)) + ")"
}

// ParseDivision is the inverse of [Division.String].
func ParseDivision(s string) (Division, bool) {
	i := slices.Index(divisions[:], s)
	return Division(max(i, 0)), i >= 0
}

// placeDivision is the division of values of place.
var placeDivision = map[string]Division{
	"country": Country, "state": State, "province": State, "region": State, "county": County,
	"municipality": Municipality, "city": Municipality, "town": Municipality, "village": Municipality, "hamlet": Municipality,
	"borough": District, "suburb": District, "district": District,
	"quarter": Neighbourhood, "neighbourhood": Neighbourhood, "subdivision": Neighbourhood,
}

// levelDivision is the division of each admin_level where the country is not
// in countryDivision (OpenStreetMap wiki, boundary=administrative).
var levelDivision = [...]Division{
	2: Country, 3: State, 4: State, 5: County, 6: County, 7: Municipality, 8: Municipality, 9: District, 10: Neighbourhood, 11: Neighbourhood,
}

// countryDivision has the levels of countries that use them otherwise.
var countryDivision = map[string]map[int]Division{
	"CN": {5: Municipality, 6: District, 8: Neighbourhood},
	"CO": {6: Municipality},
	"ID": {5: Municipality, 6: District, 7: Neighbourhood},
	"JP": {7: Municipality, 8: District},
	"KR": {6: Municipality, 7: District, 8: Neighbourhood},
	"MX": {6: Municipality},
	"NZ": {6: Municipality},
	"PH": {6: Municipality},
	"PT": {8: District},
	"TH": {6: District, 8: Neighbourhood},
	"TR": {6: District, 8: Neighbourhood},
	"VN": {6: District, 8: Neighbourhood},
}

// DivisionOf returns the division of an administrative area or a settlement in
// a country (ISO 3166-1 alpha-2; may be empty): by place, else by admin_level.
// byPlace says that place decided; ok is false where neither says it.
func DivisionOf(t Tags, country string) (d Division, byPlace, ok bool) {
	level := levelOf(t)
	if level == 2 {
		return Country, false, true
	}
	if d, ok := placeDivision[t["place"]]; ok {
		if t["place"] == "district" && level > 0 && level <= 6 {
			d = County
		}
		return d, true, true
	}
	if d, ok := countryDivision[country][level]; ok {
		return d, false, true
	}
	if level < 3 || level >= len(levelDivision) {
		return 0, false, false
	}
	return levelDivision[level], false, true
}

// levelOf returns admin_level, 0 where it is none.
func levelOf(t Tags) int {
	if n, err := strconv.Atoi(strings.TrimSpace(t["admin_level"])); err == nil && n > 0 && n < 16 {
		return n
	}
	return 0
}

// CountryCode returns the ISO 3166-1 alpha-2 code of the country that the tags
// of an area or of an address name; empty if they name none.
func CountryCode(t Tags) string {
	for _, k := range []string{"ISO3166-1:alpha2", "ISO3166-1", "country_code_iso3166_1_alpha_2", "is_in:country_code", "addr:country", "is_in:country"} {
		if c := ParseCountry(t[k]); c != "" {
			return c
		}
	}
	for _, k := range []string{"ISO3166-2", "is_in:iso_3166_2"} {
		if c, _, ok := strings.Cut(t[k], "-"); ok {
			if c = ParseCountry(c); c != "" {
				return c
			}
		}
	}
	if in := t["is_in"]; in != "" {
		parts := strings.FieldsFunc(in, func(r rune) bool { return r == ',' || r == ';' })
		for _, i := range []int{len(parts) - 1, 0} { // the country is last or first
			if i >= 0 && len(strings.TrimSpace(parts[i])) > 2 {
				if c := ParseCountry(parts[i]); c != "" {
					return c
				}
			}
		}
	}
	return ""
}

// countryOf is the code of each country by its English name in small letters.
var countryOf = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string(a) + string(b)
			if r, err := language.ParseRegion(code); err == nil && r.IsCountry() && r.Canonicalize().String() == code {
				if name := CountryName(code); name != "" {
					m[strings.ToLower(name)] = code
				}
			}
		}
	}
	return m
})

// ParseCountry returns the ISO 3166-1 alpha-2 code of a country given by that,
// by its alpha-3 code or by its English name (CLDR); empty if it is none.
func ParseCountry(s string) string {
	s = clean(s)
	if len(s) == 2 || len(s) == 3 {
		r, err := language.ParseRegion(s)
		if err == nil && r.IsCountry() {
			return r.Canonicalize().String()
		}
		return ""
	}
	return countryOf()[strings.ToLower(s)]
}

// CountryName returns the English name (CLDR) of a country given by its ISO
// 3166-1 alpha-2 code; empty if there is none.
func CountryName(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil || !r.IsCountry() {
		return ""
	}
	return display.English.Regions().Name(r)
}

// isBoundary reports whether a relation or a closed way outlines an
// administrative area or a settlement.
func isBoundary(tags extract.Tags) bool {
	if _, ok := placeDivision[tags.Get("place")]; ok {
		return true
	}
	return tags.Get("boundary") == "administrative" && tags.Get("admin_level") != "" || tags.Get("ISO3166-1") != ""
}

// allTags returns all tags, those that [Tags] leaves out included.
func allTags(tags extract.Tags) Tags {
	out := make(Tags, tags.Len())
	for k, v := range tags.All() {
		if k != "" && v != "" {
			out[k] = v
		}
	}
	return out
}

// rawBoundary is a boundary before its ways are resolved.
type rawBoundary struct {
	Boundary
	ways  []rawMember
	nodes []int64 // label and admin_centre members
}

// largeLevel is the admin_level up to which an area may hold the box though its
// border does not come near it. Of smaller ones that are so large the label of
// the settlement has to do.
const largeLevel = 6

// boundary notes a relation that outlines an administrative area or a
// settlement.
func (r *reader) boundary(id int64, members []extract.Member, tags extract.Tags) {
	if l := levelOf(Tags{"admin_level": tags.Get("admin_level")}); !r.all && (l == 0 || l > largeLevel) && !r.touches(members) {
		return
	}
	b := rawBoundary{Boundary: Boundary{ID: id, Relation: true, Tags: allTags(tags)}}
	b.Level = levelOf(b.Tags)
	for _, m := range members {
		switch {
		case m.Type == extract.Node && (m.Role == "label" || m.Role == "admin_centre"):
			b.nodes = append(b.nodes, m.ID)
		case m.Type == extract.Relation && m.Role == "subarea":
			b.Parts = append(b.Parts, m.ID)
		case m.Type == extract.Way:
			b.ways = append(b.ways, rawMember{way: m.ID, role: roleOf(m.Role)})
		}
	}
	r.bounds = append(r.bounds, b)
}

// fetchFar reads the ways of borders, and their nodes, that are too far from the
// box to be kept before it was known that they belong to one.
func (r *reader) fetchFar(ctx context.Context, path string) error {
	if r.all {
		return nil
	}
	borders := map[int64]bool{}
	far := 0
	for _, b := range r.bounds {
		for _, w := range b.ways {
			if _, ok := r.wayAt[w.way]; !ok && !borders[w.way] {
				far++
			}
			borders[w.way] = true
		}
	}
	if far > 0 {
		err := extract.Scan(ctx, path, extract.Handler{Way: func(id int64, nodes []int64, _ extract.Tags) {
			if _, ok := r.wayAt[id]; !ok && borders[id] {
				r.wayAt[id] = len(r.ways)
				r.ways = append(r.ways, rawWay{id: id, first: len(r.refs), last: len(r.refs) + len(nodes)})
				r.refs = append(r.refs, nodes...)
			}
		}})
		if err != nil {
			return err
		}
	}
	need := map[int64]bool{}
	note := func(id int64) {
		if _, ok := r.nodes.Find(id); !ok {
			need[id] = true
		}
	}
	for _, o := range r.outlines {
		borders[r.ways[o.way].id] = true
	}
	for _, w := range r.ways {
		if borders[w.id] {
			for _, id := range r.refs[w.first:w.last] {
				note(id)
			}
		}
	}
	for _, b := range r.bounds {
		for _, id := range b.nodes {
			note(id)
		}
	}
	if len(need) == 0 {
		return nil
	}
	err := extract.Scan(ctx, path, extract.Handler{Node: func(id int64, p orb.Point, _ extract.Tags) {
		if need[id] && extract.OnEarth(p) {
			r.nodes.Add(id, p)
		}
	}})
	r.nodes.Sort()
	return err
}

// boundaries adds the boundaries to m that come into the box, and those that
// no way of the extract shows.
func (r *reader) boundaries(m *Map) {
	members := map[int64]bool{}
	for _, raw := range r.bounds {
		b := raw.Boundary
		var lines []part
		whole := len(raw.ways) > 0
		box := emptyBound()
		for _, mem := range raw.ways {
			members[mem.way] = true
			i, ok := r.wayAt[mem.way]
			if !ok {
				whole = false
				continue
			}
			w := r.ways[i]
			lines = append(lines, part{r.refs[w.first:w.last], mem.role})
			whole = whole && !r.lacks(w)
			box = r.extend(box, w)
		}
		for _, n := range raw.nodes {
			if p, ok := r.at(n); ok {
				b.Inside = append(b.Inside, p)
			}
		}
		if whole {
			if !box.Intersects(m.Bound) {
				continue
			}
			if b.Geometry = r.surface(lines, element{"relation", b.ID}, false); b.Geometry != nil {
				m.Boundaries = append(m.Boundaries, b)
			}
			continue
		}
		for _, l := range lines {
			b.Pieces = append(b.Pieces, r.known(l.nodes)...)
		}
		m.Boundaries = append(m.Boundaries, b)
	}
	for _, raw := range r.outlines {
		w := r.ways[raw.way]
		if members[w.id] || r.wayAt[w.id] != raw.way {
			continue
		}
		if box := r.extend(emptyBound(), w); box.IsEmpty() || !box.Intersects(m.Bound) {
			continue
		}
		if g := r.surface([]part{{nodes: r.refs[w.first:w.last]}}, element{"way", w.id}, false); g != nil {
			m.Boundaries = append(m.Boundaries, Boundary{ID: w.id, Tags: raw.tags, Level: levelOf(raw.tags), Geometry: g})
		}
	}
}

// known returns the runs of a line whose positions are known.
func (r *reader) known(refs []int64) (runs orb.MultiLineString) {
	var run orb.LineString
	for _, id := range refs {
		p, ok := r.at(id)
		if ok {
			run = append(run, p)
			continue
		}
		if len(run) > 1 {
			runs = append(runs, run)
		}
		run = nil
	}
	if len(run) > 1 {
		runs = append(runs, run)
	}
	return runs
}
