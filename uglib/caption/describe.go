package caption

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/streetview/sight"
)

// How far things are told of.
const (
	placeReach    geo.Metres = 100
	crossingReach geo.Metres = 120
	sceneryReach  geo.Metres = 60
	buildingReach geo.Metres = 60
	signalReach   geo.Metres = 25 // from a crossing to its signals
	anchorReach   geo.Metres = 100
)

// Context is what the map has around a view.
type Context struct {
	Town       string      // "Wilmington"
	Heading    geo.Bearing // of the camera
	HasHeading bool        // false where the heading is not known: then no side is, and no front
	Street     string      // name; empty if it has none or there is no street
	Class      string      // "primary road"; empty if there is no street
	OneWay     bool
	Lanes      int     // as tagged; 0 if unknown
	Left       Front   // buildings in view to the left,
	Middle     Front   // straight ahead,
	Right      Front   // to the right
	Things     []Thing // in order of distance
}

// Front is what buildings of one side of the view are.
type Front struct {
	Count   int
	Word    string // what the nearest one is: "house", "shop building", "large building"
	Storeys int    // median of those tagged; 0 if none is
}

// Thing is one thing near a view.
type Thing struct {
	Node     city.NodeID // or city.None for unnamed scenery
	What     string      // class in words: "food restaurant", "crossing", "parking"
	Name     string      // of a place; may be empty
	Streets  []string    // of a crossing: names of the other streets, or "a service road" of one without
	Named    bool        // the crossing has another street with a name
	With     string      // "traffic signals", "zebra crossing", "stop sign" of a crossing
	Distance geo.Metres
	Bearing  geo.Bearing
	Side     Side
	Visible  bool // in the field of view and no building between
}

// Describe collects what stands near a view: places and areas within 100 m,
// crossings of its street within 120 m, buildings and unnamed scenery within
// 60 m, in order of distance. It depends on nothing but its arguments.
func Describe(c *city.City, v streetview.View) Context {
	town, _, _ := strings.Cut(c.Title, ",")
	if town == "" {
		town = c.Name
	}
	x := Context{Town: town, Heading: v.Heading, HasHeading: v.HasHeading}
	street := v.Street
	if street == city.None {
		if hit, ok := c.NearestStreet(v.Pos, anchorReach, nil); ok {
			street = hit.Street
		}
	}
	if street != city.None {
		n := &c.Nodes[street]
		x.Street, x.Class, x.OneWay = n.Name, StreetClass(n.Type), n.Tags["oneway"] == "yes"
		x.Lanes = lanes(n.Tags["lanes"])
	}
	s := scene{sight.New(v.Pos, v.Heading)}
	scenery := c.SceneryWithin(v.Pos, crossingReach+signalReach)
	for _, f := range scenery {
		if f.Layer == "building" {
			s.Add(f)
		}
	}
	if v.HasHeading {
		x.Left, x.Middle, x.Right = s.fronts()
	}
	known := map[int64]bool{} // elements told of as nodes
	x.nodes(c, v, s, street, scenery, known)
	x.scenery(v, s, scenery, known)
	slices.SortStableFunc(x.Things, func(a, b Thing) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name))
	})
	x.dropRepeats()
	return x
}

// lanes reads the tag lanes.
func lanes(tag string) int {
	if len(tag) == 1 && tag[0] >= '1' && tag[0] <= '9' {
		return int(tag[0] - '0')
	}
	return 0
}

// thing places a thing at a point seen from the camera.
func (s scene) thing(v streetview.View, at orb.Point, d geo.Metres) Thing {
	local := s.Frame.Local(at)
	t := Thing{Node: city.None, Distance: d, Bearing: geo.BearingTo(v.Pos, at)}
	if d < 1 {
		t.Side, t.Visible = Here, true
		return t
	}
	t.Side = Around
	if v.HasHeading {
		t.Side = sight.SideOf(s.Turn(local))
	}
	t.Visible = t.Side.InView() && !s.Hidden(local)
	return t
}

// nodes adds the places, areas and crossings.
func (x *Context) nodes(c *city.City, v streetview.View, s scene, street city.NodeID, scenery []*city.Feature, known map[int64]bool) {
	for _, id := range c.Within(v.Pos, crossingReach) {
		n := &c.Nodes[id]
		at, d := c.DistanceTo(id, v.Pos)
		switch n.Kind {
		case city.POI, city.Area:
			if d > placeReach {
				continue
			}
			if n.Kind == city.Area && v.HasHeading { // of an area, what is in view counts
				if local, far, ok := s.Nearest(n.Geometry, placeReach); ok {
					at, d = s.Frame.LonLat(local), geo.Metres(far)
				}
			}
			t := s.thing(v, at, d)
			t.Node, t.What, t.Name = id, placeWords(n), n.Name
			if n.Category == "place" { // a hamlet or a quarter is a name on the map, nothing to be seen
				t.Visible = false
			}
			x.Things = append(x.Things, t)
			known[n.OSM] = true
		case city.Crossing:
			others, named := crossed(c, n, street)
			if len(others) == 0 {
				continue
			}
			t := s.thing(v, at, d)
			t.Node, t.What, t.Streets, t.Named = id, "crossing", others, named
			t.With = control(at, scenery)
			x.Things = append(x.Things, t)
		}
	}
}

// crossed names the streets that a street meets at a crossing, at most two and
// the most important first; a street without a name is told of by its class
// where none has a name. It returns nothing where the crossing is none of the
// street's, or where only footways and the like without a name leave it.
func crossed(c *city.City, n *city.Node, street city.NodeID) (names []string, named bool) {
	if street == city.None {
		return nil, false
	}
	self := &c.Nodes[street]
	on := false
	var others []*city.Node
	for _, id := range n.Streets {
		o := &c.Nodes[id]
		if id == street || o.Name != "" && o.Name == self.Name {
			on = true
			continue
		}
		if o.Name != "" || !ways[o.Type] {
			others = append(others, o)
			named = named || o.Name != ""
		}
	}
	if !on {
		return nil, false
	}
	slices.SortStableFunc(others, func(a, b *city.Node) int {
		return cmp.Or(cmp.Compare(osm.Rank(a.Type), osm.Rank(b.Type)), cmp.Compare(a.Name, b.Name))
	})
	for _, o := range others {
		name := o.Name
		if name == "" && !named {
			name = article(StreetClass(o.Type))
		}
		if name != "" && !slices.Contains(names, name) && len(names) < 2 {
			names = append(names, name)
		}
	}
	return names, named
}

// control says how the traffic at a crossing is controlled, from the scenery.
func control(at orb.Point, scenery []*city.Feature) string {
	best, rank := "", 3
	for _, f := range scenery {
		r := slices.Index([]string{"signal", "zebra", "stop"}, f.Layer)
		if r < 0 || r >= rank || geo.Distance(at, middle(f.Geometry)) > signalReach {
			continue
		}
		best, rank = ground(f.Layer, nil), r
	}
	return best
}

func middle(g orb.Geometry) orb.Point {
	if p, ok := g.(orb.Point); ok {
		return p
	}
	return g.Bound().Center()
}

// scenery adds unnamed things in view: parking, green, water, rails, trees,
// and signals and crossings for walkers that no street crossing speaks of.
func (x *Context) scenery(v streetview.View, s scene, scenery []*city.Feature, known map[int64]bool) {
	var crossings []orb.Point
	for _, t := range x.Things {
		if t.What == "crossing" {
			crossings = append(crossings, s.Frame.LonLat(polar(t)))
		}
	}
	for _, f := range scenery {
		what := ground(f.Layer, f.Tags)
		if what == "" || known[f.OSM] {
			continue
		}
		switch f.Layer {
		case "signal", "zebra", "stop":
			if slices.ContainsFunc(crossings, func(c orb.Point) bool { return geo.Distance(c, middle(f.Geometry)) <= signalReach }) {
				continue
			}
		}
		local, d, ok := s.Nearest(f.Geometry, sceneryReach)
		if !ok || d > float64(sceneryReach) {
			continue
		}
		t := s.thing(v, s.Frame.LonLat(local), geo.Metres(d))
		if !t.Visible || t.Side == Here && f.Layer != "green" && f.Layer != "parking" { // a street is in no river but on a bridge over it
			continue
		}
		t.What = what
		x.Things = append(x.Things, t)
	}
}

func polar(t Thing) orb.Point {
	sin, cos := math.Sincos(t.Bearing.Radians())
	return orb.Point{float64(t.Distance) * sin, float64(t.Distance) * cos}
}

// dropRepeats keeps the nearest of things that read the same: of places without
// a name one for each side, of crossings with the same street (those of a dual
// carriageway, say) one in view and one out of view.
func (x *Context) dropRepeats() {
	type key struct {
		what, name string
		side       Side
		inView     bool
	}
	seen := map[key]bool{}
	x.Things = slices.DeleteFunc(x.Things, func(t Thing) bool {
		k := key{what: t.What, name: t.Name}
		switch {
		case t.Named:
			k.name, k.inView = t.Streets[0], t.Side.InView()
		case t.Name == "":
			k.side = t.Side
		}
		drop := seen[k]
		seen[k] = true
		return drop
	})
}
