package city

import (
	"math"
	"slices"
	"sync"

	"github.com/paulmach/orb"
	"github.com/tidwall/rtree"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
)

// Admin says in which administrative areas a place lies; a field is empty
// where the extract does not say. Country is the English name (CLDR), the
// others are as the map has them.
type Admin struct {
	Country       string
	CountryCode   string // ISO 3166-1 alpha-2
	State         string // first-order division: state, province, region
	County        string
	City          string // city, town, village or commune
	District      string // borough, suburb, ward
	Neighbourhood string
}

// field returns the field of a division.
func (a *Admin) field(d osm.Division) *string {
	return [...]*string{&a.Country, &a.State, &a.County, &a.City, &a.District, &a.Neighbourhood}[d]
}

// Region is an administrative area, a settlement or a part of one.
type Region struct {
	OSM      int64 // id of the relation, way or node
	Name     string
	Division osm.Division
	Level    int    // admin_level; 0 if it has none
	Country  string // ISO 3166-1 alpha-2; empty if unknown
	ISO      string // ISO 3166-2 code of a first-order division, such as "US-DE"
	Within   Admin  // what its own is_in tags say
	// Geometry is an orb.Polygon or orb.MultiPolygon, cut near the city's box;
	// an orb.MultiLineString where the extract lacks a part of the border: the
	// lines of it in the box; or an orb.Point, the label of a settlement
	// without a border.
	Geometry orb.Geometry
	Centre   bool       // of lines: whether the middle of the box lies inside
	Reach    geo.Metres // of a label: how far it counts
}

// AdminAt returns the administrative areas around p, which is meant to lie in
// the city's box.
//
// The division of an area follows from its place tag or else its admin_level;
// of two areas of one division, the one with the place tag, else the one of
// the usual level wins. A municipality that no border shows is that of the
// nearest label of a city within 10 km, town 4 km, village 2 km or hamlet
// 1 km, and districts and neighbourhoods likewise within 2 km and 1 km, if the
// label lies in the same municipality.
func (c *City) AdminAt(p orb.Point) Admin { return c.admins().at(c, p) }

// AdminOf returns the administrative areas around the middle of a node.
func (c *City) AdminOf(id NodeID) Admin {
	x := &c.admin
	x.ofNodes.Do(func() {
		if len(x.node) != len(c.Nodes) { // else the file says it
			c.admins().addNodes(c, c.index())
		}
	})
	return x.table[x.node[id]]
}

func (x *adminIndex) addNodes(c *City, in *index) {
	x.node, x.table, x.seen = make([]int32, len(c.Nodes)), nil, nil
	for i := range c.Nodes {
		x.node[i] = x.intern(x.at(c, in.centroid(c.Nodes[i].Geometry)))
	}
}

// adminIndex answers where a place lies.
type adminIndex struct {
	once    sync.Once
	areas   rtree.RTreeG[int32] // degrees
	shapes  map[int32]*slabs
	borders []int32 // regions that are lines
	sides   map[int32]*border
	labels  rtree.RTreeG[int32] // metres
	place   []Admin             // of each label
	frame   geo.Projection

	ofNodes sync.Once
	node    []int32 // index into table of each node
	table   []Admin // each one once
	seen    map[Admin]int32
}

func (x *adminIndex) intern(a Admin) int32 {
	if i, ok := x.seen[a]; ok {
		return i
	}
	if x.seen == nil {
		x.seen = map[Admin]int32{}
	}
	i := int32(len(x.table))
	x.seen[a], x.table = i, append(x.table, a)
	return i
}

// admins returns the index of the regions, built on first use.
func (c *City) admins() *adminIndex {
	x := &c.admin
	x.once.Do(func() {
		x.frame = c.frame().Projection()
		x.shapes, x.sides = map[int32]*slabs{}, map[int32]*border{}
		for i := range c.Regions {
			switch g := c.Regions[i].Geometry.(type) {
			case orb.Polygon, orb.MultiPolygon:
				b := g.Bound()
				x.areas.Insert(b.Min, b.Max, int32(i))
				x.shapes[int32(i)] = newSlabs(outline(g))
			case orb.MultiLineString:
				x.borders = append(x.borders, int32(i))
				x.sides[int32(i)] = newBorder(g, c.Bound.Center())
			}
		}
		x.place = make([]Admin, len(c.Regions))
		for i := range c.Regions {
			if p, ok := c.Regions[i].Geometry.(orb.Point); ok {
				x.place[i] = x.byBorders(c, p)
				q := x.frame.Local(p)
				x.labels.Insert(q, q, int32(i))
			}
		}
	})
	return x
}

func (x *adminIndex) at(c *City, p orb.Point) Admin {
	p = geo.Unwrap(p, c.Bound.Center()[0])
	a := x.byBorders(c, p)
	x.byLabels(c, p, &a)
	return a
}

// byBorders returns what the borders say.
func (x *adminIndex) byBorders(c *City, p orb.Point) Admin {
	var in []int32
	x.areas.Search(p, p, func(_, _ [2]float64, i int32) bool {
		if x.shapes[i].contains(p) {
			in = append(in, i)
		}
		return true
	})
	for _, i := range x.borders {
		if x.sides[i].even(p) == c.Regions[i].Centre {
			in = append(in, i)
		}
	}
	slices.Sort(in) // the regions are in order of preference
	var a Admin
	var city, district *Region
	for _, i := range in {
		r := &c.Regions[i]
		if f := a.field(r.Division); *f == "" {
			*f = r.Name
			switch r.Division {
			case osm.Municipality:
				city = r
			case osm.District:
				district = r
			}
		}
		if a.CountryCode == "" {
			a.CountryCode = r.Country
		}
	}
	if city == nil && district != nil && district.Level > 0 && district.Level <= 8 {
		a.City, a.District = a.District, "" // a borough on its own is a municipality
	}
	for _, i := range in {
		r := &c.Regions[i]
		if a.State == "" && r.ISO != "" {
			a.State = r.Name
		}
		for _, d := range []osm.Division{osm.State, osm.County, osm.Municipality} {
			if f := a.field(d); *f == "" && d < r.Division {
				*f = *r.Within.field(d)
			}
		}
	}
	if a.CountryCode == "" && a.Country == "" {
		a.CountryCode = c.CountryCode
	}
	if name := osm.CountryName(a.CountryCode); name != "" {
		a.Country = name
	} else if a.Country == "" {
		a.Country = c.Country
	}
	return a
}

// byLabels fills what no border says from the labels of settlements nearby.
func (x *adminIndex) byLabels(c *City, p orb.Point, a *Admin) {
	open := map[osm.Division]bool{osm.Municipality: a.City == "", osm.District: a.District == "", osm.Neighbourhood: a.Neighbourhood == ""}
	best := map[osm.Division]float64{osm.Municipality: 1, osm.District: 1, osm.Neighbourhood: 1}
	within := *a
	q := x.frame.Local(p)
	far := float64(labelReach["city"])
	x.labels.Search([2]float64{q[0] - far, q[1] - far}, [2]float64{q[0] + far, q[1] + far}, func(at, _ [2]float64, i int32) bool {
		r := &c.Regions[i]
		share := math.Hypot(at[0]-q[0], at[1]-q[1]) / float64(r.Reach)
		if !open[r.Division] || share >= best[r.Division] {
			return true
		}
		if l := &x.place[i]; l.CountryCode != within.CountryCode || r.Division > osm.Municipality && l.City != within.City {
			return true
		}
		best[r.Division] = share
		*a.field(r.Division) = r.Name
		return true
	})
}

// labelReach is how far the label of a settlement counts, by its place tag.
var labelReach = map[string]geo.Metres{
	"city": 10000, "town": 4000, "village": 2000, "hamlet": 1000,
	"borough": 2000, "suburb": 2000, "quarter": 1000, "neighbourhood": 1000,
}

// crossings counts how often the way from a to b crosses lines.
func crossings(lines orb.MultiLineString, a, b orb.Point) int {
	n := 0
	for _, l := range lines {
		for i := 1; i < len(l); i++ {
			if crosses(a, b, l[i-1], l[i]) {
				n++
			}
		}
	}
	return n
}

// crosses reports whether the segments ab and cd cross. An end on the other
// segment counts on one side only, so that a way through a vertex of a line
// crosses it once.
func crosses(a, b, c, d orb.Point) bool {
	side := func(a, b, p orb.Point) bool { return (b[0]-a[0])*(p[1]-a[1])-(b[1]-a[1])*(p[0]-a[0]) > 0 }
	return side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
}
