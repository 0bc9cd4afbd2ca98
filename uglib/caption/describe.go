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
	farReach      geo.Metres = 300
	mostFar                  = 4
)

// Context is what the map has around a view.
type Context struct {
	Town       string      // "Wilmington": the municipality, else what the city is called
	Admin      city.Admin  // what the map knows of the administrative areas
	Zone       string      // kind of area: "residential area", "mixed-use area"; empty if the map does not tell
	Inside     Thing       // green or open area that the camera stands in, such as a park or a wood; What is empty if none
	Heading    geo.Bearing // of the camera
	HasHeading bool        // false where the heading is not known: then no side is, and no front
	Street     string      // name; empty if it has none or there is no street
	Class      string      // "primary road"; empty if there is no street
	Off        geo.Metres  // from the view to the street
	Along      bool        // the camera looks along the street, within 35 degrees
	OneWay     bool
	Lanes      int     // as tagged; 0 if unknown
	Setting    Setting // bridge, tunnel, slope
	Open       bool    // that there is no building in the map means that there is none
	Left       Front   // buildings in view to the left,
	Middle     Front   // straight ahead,
	Right      Front   // to the right
	Things     []Thing // in order of distance
	Far        []Thing // named places at 100 to 300 m, at most four of different kinds, nearest first
	Counts     []Count // named places and areas within 100 m by kind, the most frequent first
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
	What     string      // class in words: "restaurant", "crossing", "car park"
	Name     string      // of a place; may be empty
	Count    int         // of unnamed things in view that read the same, of which this is the nearest
	Streets  []string    // of a crossing: names of the other streets, or "a service road" of one without
	Named    bool        // the crossing has another street with a name
	With     string      // "traffic signals", "zebra crossing", "stop sign" of a crossing
	Distance geo.Metres
	Bearing  geo.Bearing
	Side     Side
	Visible  bool // in the field of view and no building between

	kind  city.Kind
	green bool // an area that one can be in rather than at
}

// crossing is what a crossing of streets is in words.
const crossing = "crossing"

// Count is how many places of a kind there are.
type Count struct {
	What string
	N    int
}

// Describe collects what stands near a view: places and areas within 100 m,
// crossings of its street within 120 m, buildings and unnamed scenery within
// 60 m, in order of distance; what the street is like there; and what kind of
// area it is, in which district. It depends on nothing but its arguments.
func Describe(c *city.City, v streetview.View) Context {
	x := Context{Heading: v.Heading, HasHeading: v.HasHeading}
	street := v.Street
	if street == city.None {
		if hit, ok := c.NearestStreet(v.Pos, anchorReach, nil); ok {
			street = hit.Street
		}
	}
	if street != city.None {
		n := &c.Nodes[street]
		x.Street, x.Class = tidy(n.Name), StreetClass(n.Type)
		x.OneWay = n.Oneway() != 0
		x.Lanes = lanes(n.Tags["lanes"])
		_, x.Off = c.DistanceTo(street, v.Pos)
	}
	s := scene{sight.New(v.Pos, v.Heading)}
	scenery := c.SceneryWithin(v.Pos, crossingReach+signalReach)
	x.Setting = settingOf(c, v, street)
	if street != city.None && v.HasHeading {
		off := axis(c, v, street).Diff(v.Heading)
		x.Along = x.Off <= onStreet && math.Min(math.Abs(off), 180-math.Abs(off)) <= 35
	}
	for _, f := range scenery {
		if f.Layer == "building" {
			s.Add(f)
		}
	}
	if v.HasHeading && !x.Setting.Tunnel {
		x.Left, x.Middle, x.Right = s.fronts()
	}
	known := map[int64]bool{} // elements told of as nodes
	x.nodes(c, v, s, street, scenery, known)
	x.scenery(v, s, scenery, known)
	slices.SortStableFunc(x.Things, func(a, b Thing) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.What, b.What), cmp.Compare(a.Name, b.Name))
	})
	x.Open = !x.Setting.Tunnel && !x.Setting.Passage && !x.Setting.Bridge && (v.Origin == streetview.Rendered || slices.ContainsFunc(x.Things, func(t Thing) bool { return t.green && t.Visible && t.Distance < 30 }))
	x.Zone = zoneOf(c, v, street, scenery)
	x.count()
	x.place(c, v)
	x.Open = x.Open && x.Inside.What != "wood"
	x.dropRepeats()
	x.far(c, v)
	return x
}

// onStreet is how far from a street's line one is still on the street.
const onStreet geo.Metres = 15

// on is the word between the view and its street.
func (x Context) on() string {
	if x.Off > onStreet {
		return "near"
	}
	return "on"
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
	t := Thing{Node: city.None, Count: 1, Distance: d, Bearing: geo.BearingTo(v.Pos, at), kind: city.POI}
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

// nodes adds the places, areas and crossings. From a tunnel only crossings are
// told of.
func (x *Context) nodes(c *city.City, v streetview.View, s scene, street city.NodeID, scenery []*city.Feature, known map[int64]bool) {
	for _, id := range c.Within(v.Pos, crossingReach) {
		n := &c.Nodes[id]
		at, d := c.DistanceTo(id, v.Pos)
		switch n.Kind {
		case city.POI, city.Area:
			known[n.OSM] = true
			if d > placeReach || x.Setting.Tunnel || n.Type == "bridge" && n.Category != "building" {
				continue
			}
			if n.Kind == city.Area && v.HasHeading { // of an area, what is in view counts
				if local, far, ok := s.Nearest(n.Geometry, placeReach); ok {
					at, d = s.Frame.LonLat(local), geo.Metres(far)
				}
			}
			t := s.thing(v, at, d)
			t.Node, t.What, t.Name, t.kind = id, kindOf(n), tidy(n.Name), n.Kind
			t.green = n.Kind == city.Area && parkland(n)
			if n.Category == "place" { // a hamlet or a quarter is a name on the map, nothing to be seen
				t.Visible = false
			}
			x.Things = append(x.Things, t)
		case city.Crossing:
			others, named := crossed(c, n, street)
			if len(others) == 0 {
				continue
			}
			t := s.thing(v, at, d)
			t.Node, t.What, t.Streets, t.Named, t.kind = id, crossing, others, named, city.Crossing
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
		name := tidy(o.Name)
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
		best, rank = ground(f.Layer, f.Tags), r
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
	if x.Setting.Tunnel {
		return
	}
	var crossings []orb.Point
	for _, t := range x.Things {
		if t.What == crossing {
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
		if !t.Visible || t.Side == Here && f.Layer != "green" && f.Layer != "parking" && f.Layer != "plaza" { // a street is in no river but on a bridge over it
			continue
		}
		t.What, t.Name, t.green = what, tidy(f.Tags["name"]), f.Layer == "green" || f.Layer == "plaza"
		x.Things = append(x.Things, t)
	}
}

func polar(t Thing) orb.Point {
	sin, cos := math.Sincos(t.Bearing.Radians())
	return orb.Point{float64(t.Distance) * sin, float64(t.Distance) * cos}
}

// dropRepeats keeps one of things that read the same: of places with the same
// name the nearest in view, else the nearest; of crossings with the same streets
// likewise; of unnamed things the nearest on each side, and with the number of
// all where they can be counted, the nearest alone. What has no name goes where
// one of its kind with a name is near.
func (x *Context) dropRepeats() {
	type key struct{ what, name string }
	of := func(t Thing) key {
		switch {
		case t.What == crossing:
			return key{crossing, strings.Join(t.Streets, "/")}
		case t.Name != "" && !(lines[t.What] && t.Node == city.None):
			return key{name: t.Name}
		}
		return key{what: t.What}
	}
	best := map[key]int{}
	named := map[string]bool{}
	for i, t := range x.Things {
		if t.Name != "" && t.Visible {
			named[t.What] = true
		}
		k := of(t)
		j, ok := best[k]
		if !ok || t.Visible && !x.Things[j].Visible || t.Visible && t.Name != "" && x.Things[j].Name == "" {
			best[k] = i
		}
		if ok && t.What != crossing && t.Name == "" && x.Things[j].Visible && t.Visible && !mass[t.What] && !lines[t.What] && t.Side != Here && x.Things[j].Side != Here {
			x.Things[j].Count++
		}
	}
	kept := x.Things[:0]
	streets := map[string]bool{}
	for i, t := range x.Things {
		if best[of(t)] != i || t.Name == "" && named[t.What] || t.Name != "" && t.Name == x.Setting.Over {
			continue
		}
		if t.What == crossing && t.Named { // a crossing with A and B says all that one with A would
			fresh := false
			for _, name := range t.Streets {
				fresh = fresh || !streets[name]
				streets[name] = true
			}
			if !fresh {
				continue
			}
		}
		kept = append(kept, t)
	}
	x.Things = kept
}

// lines are things of which the map has pieces rather than a number.
var lines = map[string]bool{"river": true, "stream": true, "canal": true, "railway": true, "wood": true, "park": true, "tram track": true, "light rail track": true}

// far adds the named places farther away that no text is complete without.
func (x *Context) far(c *city.City, v streetview.View) {
	if x.Setting.Tunnel {
		return
	}
	kinds := map[string]bool{}
	names := map[string]bool{"": true, x.Street: true, x.Inside.Name: true, x.Town: true, x.Admin.Neighbourhood: true, x.Admin.District: true}
	for _, t := range x.Things {
		kinds[t.What], names[t.Name] = true, true
	}
	for _, id := range c.Within(v.Pos, farReach) {
		n := &c.Nodes[id]
		name := tidy(n.Name)
		if n.Kind != city.POI && n.Kind != city.Area || n.Category == "place" || n.Category == "building" || names[name] {
			continue
		}
		at, d := c.DistanceTo(id, v.Pos)
		what := kindOf(n)
		if d <= placeReach || kinds[what] {
			continue
		}
		kinds[what], names[name] = true, true
		x.Far = append(x.Far, Thing{Node: id, What: what, Name: name, Count: 1, Distance: d, Bearing: geo.BearingTo(v.Pos, at), Side: Around, kind: n.Kind})
		if len(x.Far) == mostFar {
			return
		}
	}
}

// count counts the named places by kind.
func (x *Context) count() {
	n := map[string]int{}
	seen := map[string]bool{}
	for _, t := range x.Things {
		if t.Node == city.None || t.Name == "" || seen[t.Name] || t.kind == city.Crossing {
			continue
		}
		seen[t.Name] = true
		n[t.What]++
	}
	for what, k := range n {
		x.Counts = append(x.Counts, Count{what, k})
	}
	slices.SortFunc(x.Counts, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
}
