package ugdata

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// toy is a small hand-made city read from testdata/maps. Lines of a map:
//
//	origin LON LAT                              of the metres below; (1, 1) if not given
//	street KEY "NAME" CATEGORY/TYPE X,Y ... [TAG=VALUE ...]    metres east and north
//	crossing KEY "NAME" X,Y STREET ...
//	place KEY "NAME" CATEGORY/TYPE X,Y [TAG=VALUE ...]
//	area KEY "NAME" CATEGORY/TYPE X,Y ...
//	edge TYPE FROM TO [VIA] [X,Y]               distance and bearing are measured
//	image ID X,Y STREET [HEADING]               of the cases that follow
//
// Then cases: a command, "----", the expected lines, an empty line. The
// commands are
//
//	walk KEY ...            the path through these nodes, in all its texts
//	best KEY                the nodes and the path of the walk that is found to one
//	say KEY ...             the walk in each voice
//	paths [OPTION=VALUE ...]   the destinations of the paths that are found,
//	                        with hops and metres as the crow flies; wanted is 100
//	subgraph [OPTION=VALUE ...]   its nodes, image apart, and its edges
//	entities KEY ...        the entities on the walk
//	tuples DEGREES ...      a metre in these directions
//	distances METRES ...    as they are said
type toy struct {
	*city.City
	keys map[string]city.NodeID
	view streetview.View
}

func (m *toy) key(id city.NodeID) string {
	for k, v := range m.keys {
		if v == id {
			return k
		}
	}
	return "?"
}

// fields splits a line at blanks outside of quotes.
func fields(line string) []string {
	var out []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if rest, ok := strings.CutPrefix(line, `"`); ok {
			word, after, _ := strings.Cut(rest, `"`)
			out, line = append(out, word), after
			continue
		}
		word, after, _ := strings.Cut(line, " ")
		out, line = append(out, word), after
	}
	return out
}

func (m *toy) point(t *testing.T, s string) orb.Point {
	t.Helper()
	x, y, _ := strings.Cut(s, ",")
	fx, err1 := strconv.ParseFloat(x, 64)
	fy, err2 := strconv.ParseFloat(y, 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("%q is no point", s)
	}
	p := m.Frame.LonLat(orb.Point{fx, fy})
	if p[0] > 180 {
		p[0] -= 360
	}
	return p
}

type toyCase struct {
	command []string
	view    streetview.View
	want    string
	got     string
	line    int // of the command, from 1
}

func readToy(t *testing.T, path string) (*toy, []toyCase) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m := &toy{City: &city.City{Name: "toy", Title: "Toy", Country: "Nowhere", Frame: geo.Frame{Origin: orb.Point{1, 1}}}, keys: map[string]city.NodeID{}}
	var cases []toyCase
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		f := fields(lines[i])
		switch {
		case len(f) == 0 || f[0] == "#":
		case i+1 < len(lines) && lines[i+1] == "----":
			c := toyCase{command: f, view: m.view, line: i + 1}
			var want []string
			for i += 2; i < len(lines) && lines[i] != ""; i++ {
				want = append(want, lines[i])
			}
			c.want = strings.Join(want, "\n")
			cases = append(cases, c)
		default:
			m.add(t, f)
		}
	}
	return m, cases
}

func (m *toy) add(t *testing.T, f []string) {
	t.Helper()
	points := func(from int) (ps []orb.Point, tags map[string]string) {
		for _, s := range f[from:] {
			if k, v, ok := strings.Cut(s, "="); ok {
				if tags == nil {
					tags = map[string]string{}
				}
				tags[k] = v
				continue
			}
			ps = append(ps, m.point(t, s))
		}
		return ps, tags
	}
	class := func(n *city.Node) { n.Category, n.Type, _ = strings.Cut(f[3], "/") }
	switch f[0] {
	case "origin":
		lon, _ := strconv.ParseFloat(f[1], 64)
		lat, _ := strconv.ParseFloat(f[2], 64)
		m.Frame.Origin = orb.Point{lon, lat}
		return
	case "image":
		id, _ := strconv.ParseInt(f[1], 10, 64)
		m.view = streetview.View{ID: id, File: f[1] + ".jpg", Pos: m.point(t, f[2]), Street: m.keys[f[3]], Origin: streetview.Rendered}
		if len(f) > 4 {
			h, err := strconv.ParseFloat(f[4], 64)
			if err != nil {
				t.Fatal(err)
			}
			m.view.Heading, m.view.HasHeading = geo.Bearing(h), true
		}
		m.view.Foot = m.foot(m.view.Street, m.view.Pos)
		m.view.Distance, m.view.Bearing = geo.Distance(m.view.Pos, m.view.Foot), geo.BearingTo(m.view.Pos, m.view.Foot)
		return
	case "edge":
		m.Edges = append(m.Edges, m.edge(t, f))
		return
	}
	n := city.Node{OSM: int64(len(m.Nodes)) + 1000, Name: f[2]}
	switch f[0] {
	case "street":
		var line []orb.Point
		line, n.Tags = points(4)
		n.Kind, n.Geometry = city.Street, orb.LineString(line)
		class(&n)
	case "crossing":
		n.Kind, n.Type, n.Geometry = city.Crossing, "crossing", m.point(t, f[3])
		for _, s := range f[4:] {
			n.Streets = append(n.Streets, m.keys[s])
		}
	case "place":
		var at []orb.Point
		at, n.Tags = points(4)
		n.Kind, n.Geometry = city.POI, at[0]
		class(&n)
	case "area":
		ring, _ := points(4)
		n.Kind, n.Geometry = city.Area, orb.Polygon{append(ring, ring[0])}
		class(&n)
	default:
		t.Fatalf("unknown word %q", f[0])
	}
	m.keys[f[1]] = city.NodeID(len(m.Nodes))
	m.Nodes = append(m.Nodes, n)
}

// id returns the node of a key.
func (m *toy) id(t *testing.T, key string) city.NodeID {
	t.Helper()
	id, ok := m.keys[key]
	if !ok {
		t.Fatalf("no node is called %q", key)
	}
	return id
}

func (m *toy) edge(t *testing.T, f []string) city.Edge {
	t.Helper()
	typ, err := city.ParseEdgeType(f[1])
	if err != nil {
		t.Fatal(err)
	}
	e := city.Edge{From: m.id(t, f[2]), To: m.id(t, f[3]), Type: typ, Via: city.None}
	from := middleOf(m.Nodes[e.From].Geometry)
	switch typ {
	case city.Nearest, city.Bounds:
		e.At = m.foot(e.To, from)
		e.Distance, e.Bearing = geo.Distance(from, e.At), geo.BearingTo(from, e.At)
		if e.Distance < 1e-3 {
			e.Distance, e.Bearing = 0, 0
		}
	case city.Crosses:
		if via, ok := m.keys[f[4]]; ok {
			e.Via, e.At = via, m.Nodes[via].Geometry.(orb.Point)
		} else {
			e.At = m.point(t, f[5])
		}
	case city.Along:
		e.Via, e.At = m.id(t, f[4]), m.Nodes[e.To].Geometry.(orb.Point)
		e.Distance, e.Bearing = geo.Distance(from, e.At), geo.BearingTo(from, e.At)
	case city.Continues:
		e.At = m.point(t, f[4])
	default: // a place in an area
		e.At = m.foot(e.To, from)
		e.Distance = geo.Distance(from, e.At)
	}
	return e
}

func middleOf(g orb.Geometry) orb.Point {
	if p, ok := g.(orb.Point); ok {
		return p
	}
	return g.Bound().Center()
}

// foot is the point of a node that is nearest to p.
func (m *toy) foot(id city.NodeID, p orb.Point) orb.Point {
	here := newAround(p)
	x, y, _ := here.nearest(m.Nodes[id].Geometry)
	return here.point(x, y)
}

// walkOf follows the given nodes.
func (m *toy) walkOf(t *testing.T, keys []string) []hop {
	t.Helper()
	walk := []hop{{from: city.None, to: m.id(t, keys[0]), edge: anchored(m.view)}}
	for i := 1; i < len(keys); i++ {
		from, to := m.id(t, keys[i-1]), m.id(t, keys[i])
		found := false
		for next, e := range m.Neighbours(from) {
			if next == to {
				walk, found = append(walk, hop{from: from, to: to, edge: e}), true
				break
			}
		}
		if !found {
			t.Fatalf("no edge from %s to %s", keys[i-1], keys[i])
		}
	}
	return walk
}

// options reads options of a case, such as max-hops=4.
func (m *toy) options(t *testing.T, words []string) (o Options, seed uint64) {
	t.Helper()
	o, seed = Options{Paths: 100}, 1
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		n, err := strconv.ParseFloat(value, 64)
		switch name {
		case "destinations":
			o.Destinations, err = Selection(value), nil
		case "recipe":
			o.Recipe, err = Recipe(value), nil
		case "min-hops":
			o.MinHops = int(n)
		case "max-hops":
			o.MaxHops = int(n)
		case "min-distance":
			o.MinDistance = geo.Metres(n)
		case "max-distance":
			o.MaxDistance = geo.Metres(n)
		case "wanted":
			o.Paths = int(n)
		case "required":
			o.MinPaths = int(n)
		case "hops":
			o.Hops = int(n)
		case "nodes":
			o.Nodes = int(n)
		case "radius":
			o.Radius = geo.Metres(n)
		case "with-paths":
			o.WithPaths = n == 1
		case "seed":
			seed = uint64(n)
		default:
			t.Fatalf("unknown option %q", w)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	all, err := o.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return all, seed
}

// run returns what the code says to a case.
func (m *toy) run(t *testing.T, command []string) string {
	t.Helper()
	var b strings.Builder
	args := command[1:]
	switch command[0] {
	case "walk":
		m.write(t, &b, m.walkOf(t, args))
	case "best":
		tree := explore(m.City, m.view, 8, 1500)
		defer tree.close()
		to := m.id(t, args[0])
		if tree.depth(int32(to)) < 0 {
			return "none"
		}
		walk := tree.walk(to)
		for _, h := range walk {
			fmt.Fprintf(&b, "%s ", m.key(h.to))
		}
		b.WriteString("\n")
		m.write(t, &b, walk)
	case "say":
		for i := range voices {
			fmt.Fprintln(&b, voices[i].say(m.City, m.view, m.walkOf(t, args)))
		}
	case "paths":
		o, seed := m.options(t, args)
		var ends []string
		for _, p := range o.paths(m.City, m.view, rand.New(rand.NewPCG(seed, 1))) {
			ends = append(ends, fmt.Sprintf("%s, %d hops, %.0f m", m.key(p.Destination), p.Hops, float64(geo.Distance(m.view.Pos, m.Centroid(p.Destination)))))
			m.checkBack(t, p)
		}
		if len(ends) == 0 {
			return "none"
		}
		slices.Sort(ends)
		b.WriteString(strings.Join(ends, "\n"))
	case "subgraph":
		o, seed := m.options(t, args)
		g, _ := o.surroundings(m.City, m.view, rand.New(rand.NewPCG(seed, 1)))
		name := func(i int32) string {
			if i == 0 {
				return "image"
			}
			return m.key(g.Nodes[i])
		}
		for i := range g.Nodes[1:] {
			fmt.Fprintf(&b, "%s ", name(int32(i)+1))
		}
		b.WriteString("\n")
		for _, e := range g.Edges {
			fmt.Fprintf(&b, "%s %s %s\n", name(e.From), e.Type, name(e.To))
		}
	case "entities":
		b.WriteString(entities(m.City, m.walkOf(t, args)))
	case "tuples":
		for _, s := range args {
			d, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&b, tuple(1, geo.Bearing(d)))
		}
	case "distances":
		for _, s := range args {
			d, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s: %s\n", s, spoken(geo.Metres(d)))
		}
	default:
		t.Fatalf("unknown command %q", command[0])
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// write writes a path in all its texts.
func (m *toy) write(t *testing.T, b *strings.Builder, walk []hop) {
	p := (&Options{}).newPath(m.City, m.view, walk, &voices[0])
	fmt.Fprintf(b, "%s\n%s\n%s\n%d hops, %.1f m, ends at %s", p.Text, p.Plain, p.Summary, p.Hops, float64(p.Length), m.key(p.Destination))
	m.checkBack(t, p)
}

// checkBack reads a path back from its text: the same text, the same nodes.
func (m *toy) checkBack(t *testing.T, p Path) {
	t.Helper()
	items, err := ParsePath(p.Text)
	if err != nil {
		t.Errorf("%s: %v", p.Text, err)
		return
	}
	if back := FormatPath(items); back != p.Text {
		t.Errorf("read back\n got %s\nwant %s", back, p.Text)
	}
	walks, err := FindWalks(m.City, m.view, p.Text)
	if err != nil || len(walks) != 1 || !slices.Equal(walks[0], p.Nodes) {
		t.Errorf("%s: walks through %v (%v), want %v alone", p.Text, walks, err, p.Nodes)
	}
}

var update = flag.Bool("update", false, "write what the code says into testdata/maps")

// rewrite puts what the code says in place of what a map expects.
func rewrite(t *testing.T, path string, cases []toyCase) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	var out []string
	at := 0
	for _, c := range cases {
		out = append(out, lines[at:c.line+1]...)
		out = append(out, strings.Split(c.got, "\n")...)
		for at = c.line + 1; at < len(lines) && lines[at] != ""; at++ {
		}
	}
	out = append(out, lines[at:]...)
	if err := os.WriteFile(path, []byte(strings.Join(out, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestMaps runs the cases of the maps in testdata.
func TestMaps(t *testing.T) {
	files, err := filepath.Glob("testdata/maps/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no maps: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runMap(t, file) })
	}
}

func runMap(t *testing.T, file string) {
	m, cases := readToy(t, file)
	for i := range cases {
		c := &cases[i]
		m.view = c.view
		if c.got = m.run(t, c.command); c.got != c.want && !*update {
			t.Errorf("%s:%d: %s\n got %s\nwant %s", file, c.line, strings.Join(c.command, " "), c.got, c.want)
		}
	}
	if *update {
		rewrite(t, file, cases)
	}
}
