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
//	street KEY "NAME" CATEGORY/TYPE X,Y ...     metres east and north of (1, 1)
//	crossing KEY "NAME" X,Y STREET ...
//	place KEY "NAME" CATEGORY/TYPE X,Y
//	area KEY "NAME" CATEGORY/TYPE X,Y ...
//	edge TYPE FROM TO [VIA] [X,Y]               distance and bearing are measured
//	image ID X,Y STREET
//
// Then cases: a command, "----", the expected lines, an empty line.
type toy struct {
	*city.City
	keys map[string]city.NodeID
	view streetview.View
}

var toyFrame = geo.Frame{Origin: orb.Point{1, 1}}

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

func toyPoint(t *testing.T, s string) orb.Point {
	t.Helper()
	x, y, _ := strings.Cut(s, ",")
	fx, err1 := strconv.ParseFloat(x, 64)
	fy, err2 := strconv.ParseFloat(y, 64)
	if err1 != nil || err2 != nil {
		t.Fatalf("%q is no point", s)
	}
	return toyFrame.LonLat(orb.Point{fx, fy})
}

type toyCase struct {
	command []string
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
	m := &toy{City: &city.City{Name: "toy", Title: "Toy", Country: "Nowhere", Frame: toyFrame}, keys: map[string]city.NodeID{}}
	var cases []toyCase
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		f := fields(lines[i])
		switch {
		case len(f) == 0 || f[0] == "#":
		case i+1 < len(lines) && lines[i+1] == "----":
			c := toyCase{command: f, line: i + 1}
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
	points := func(from int) (ps []orb.Point) {
		for _, s := range f[from:] {
			ps = append(ps, toyPoint(t, s))
		}
		return ps
	}
	class := func(n *city.Node) { n.Category, n.Type, _ = strings.Cut(f[3], "/") }
	switch f[0] {
	case "image":
		id, _ := strconv.ParseInt(f[1], 10, 64)
		m.view = streetview.View{ID: id, File: f[1] + ".jpg", Pos: toyPoint(t, f[2]), Street: m.keys[f[3]], HasHeading: true, Origin: streetview.Rendered}
		m.view.Foot, m.view.Distance = m.DistanceTo(m.view.Street, m.view.Pos)
		m.view.Bearing = geo.BearingTo(m.view.Pos, m.view.Foot)
		return
	case "edge":
		m.Edges = append(m.Edges, m.edge(t, f))
		return
	}
	n := city.Node{OSM: int64(len(m.Nodes)) + 1000, Name: f[2]}
	switch f[0] {
	case "street":
		n.Kind, n.Geometry = city.Street, orb.LineString(points(4))
		class(&n)
	case "crossing":
		n.Kind, n.Type, n.Geometry = city.Crossing, "crossing", toyPoint(t, f[3])
		for _, s := range f[4:] {
			n.Streets = append(n.Streets, m.keys[s])
		}
	case "place":
		n.Kind, n.Geometry = city.POI, toyPoint(t, f[4])
		class(&n)
	case "area":
		ring := points(4)
		n.Kind, n.Geometry = city.Area, orb.Polygon{append(ring, ring[0])}
		class(&n)
	default:
		t.Fatalf("unknown word %q", f[0])
	}
	m.keys[f[1]] = city.NodeID(len(m.Nodes))
	m.Nodes = append(m.Nodes, n)
}

func (m *toy) edge(t *testing.T, f []string) city.Edge {
	t.Helper()
	typ, err := city.ParseEdgeType(f[1])
	if err != nil {
		t.Fatal(err)
	}
	e := city.Edge{From: m.keys[f[2]], To: m.keys[f[3]], Type: typ, Via: city.None}
	from := middleOf(m.Nodes[e.From].Geometry)
	switch typ {
	case city.Nearest, city.Bounds:
		line := m.Nodes[e.To].Geometry.(orb.LineString)
		e.At = footOf(line, from)
		e.Distance, e.Bearing = geo.Distance(from, e.At), geo.BearingTo(from, e.At)
		if e.Distance < 1e-3 {
			e.Distance, e.Bearing = 0, 0
		}
	case city.Crosses:
		if via, ok := m.keys[f[4]]; ok {
			e.Via, e.At = via, m.Nodes[via].Geometry.(orb.Point)
		} else {
			e.At = toyPoint(t, f[5])
		}
	case city.Along:
		e.Via, e.At = m.keys[f[4]], m.Nodes[e.To].Geometry.(orb.Point)
		e.Distance = geo.Distance(from, e.At)
	case city.Continues:
		e.At = toyPoint(t, f[4])
	}
	return e
}

func middleOf(g orb.Geometry) orb.Point {
	if p, ok := g.(orb.Point); ok {
		return p
	}
	return g.Bound().Center()
}

// footOf is the nearest point of a line of axis-parallel pieces.
func footOf(line orb.LineString, p orb.Point) orb.Point {
	b := line.Bound()
	return orb.Point{min(max(p[0], b.Min[0]), b.Max[0]), min(max(p[1], b.Min[1]), b.Max[1])}
}

// walkOf follows the given nodes.
func (m *toy) walkOf(t *testing.T, keys []string) []hop {
	t.Helper()
	walk := []hop{{from: city.None, to: m.keys[keys[0]], edge: anchored(m.view)}}
	for i := 1; i < len(keys); i++ {
		from, to := m.keys[keys[i-1]], m.keys[keys[i]]
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
		m, cases := readToy(t, file)
		for i := range cases {
			c := &cases[i]
			var got string
			switch c.command[0] {
			case "walk":
				p := (&Options{}).newPath(m.City, m.view, m.walkOf(t, c.command[1:]), &voices[0])
				got = fmt.Sprintf("%s\n%s\n%s\n%d hops, %.1f m, ends at %s", p.Text, p.Plain, p.Summary, p.Hops, float64(p.Length), m.key(p.Destination))
			case "paths":
				o, err := Options{Paths: 100}.withDefaults()
				if err != nil {
					t.Fatal(err)
				}
				var ends []string
				for _, p := range o.paths(m.City, m.view, rand.New(rand.NewPCG(1, 1))) {
					ends = append(ends, m.key(p.Destination))
				}
				slices.Sort(ends)
				got = strings.Join(ends, "\n")
			default:
				t.Fatalf("%s:%d: unknown command %q", file, c.line, c.command[0])
			}
			if c.got = got; got != c.want && !*update {
				t.Errorf("%s:%d: %s\n got %s\nwant %s", file, c.line, strings.Join(c.command, " "), got, c.want)
			}
		}
		if *update {
			rewrite(t, file, cases)
		}
	}
}
