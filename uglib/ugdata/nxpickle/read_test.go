package nxpickle

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

const image = 812345678901234567

// wanted is the graph of make.py.
func wanted() *Graph {
	text := func(s string) Attr { return Attr{"node_text", s} }
	at := func(lon, lat float64) Attr { return Attr{"coords", Tuple{lon, lat}} }
	return &Graph{
		Attrs: Attrs{{"city", "Zürich 東京"}},
		Nodes: []Node{
			{int64(41), Attrs{text("Name: Elm Lane, ID: 41, Category: residential, Address: nan, , Coordinates: (103.848100, 1.350200)"), at(103.8481, 1.3502)}},
			{int64(7), Attrs{text("Name: مقهى, ID: 7, Category: food, Address: nan, , Coordinates: (103.848200, 1.350300)"), at(103.8482, 1.3503)}},
			{int64(900), Attrs{text("Name: Intersection of Elm Lane and Oak Road, ID: 900"), {"coords", []any{103.8483, 1.3504}}}},
			{int64(3), Attrs{text(""), at(103.8484, 1.3505)}},
			{int64(image), Attrs{text("Name: mapillary image, ID: 812345678901234567"), at(103.8479, 1.3501)}},
		},
		Edges: []Edge{
			{From: 0, To: 4, Attrs: Attrs{{"type", "nearest"}, {"distance", 12.5}, {"weight", 12.5}, {"bearing", 63.0}}},
			{From: 0, To: 2, Attrs: Attrs{{"type", "nearest"}, {"distance", 0.0}, {"weight", 1.0}}},
			{From: 0, To: 1, Attrs: Attrs{{"type", "nearest"}, {"distance", int64(15)}, {"weight", int64(15)}}},
			{From: 0, To: 3, Attrs: Attrs{{"type", "boundary_adjacent"}, {"distance", nil}, {"ok", true}}},
		},
	}
}

func readFile(t testing.TB, path string) *File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := Read(f, Limits{})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

func each(t testing.TB, pattern string, least int) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) < least {
		t.Fatalf("%d files of %s, %v", len(paths), pattern, err)
	}
	return paths
}

func TestRead(t *testing.T) {
	want := wanted()
	for _, path := range each(t, "graph-*.pkl", 12) {
		if f := readFile(t, path); !reflect.DeepEqual(f.Graph, want) || f.Centers != nil {
			t.Errorf("%s reads as\n%+v\nwant\n%+v", path, f.Graph, want)
		}
	}
	for _, path := range each(t, "centres-*.pkl", 12) {
		if f := readFile(t, path); !reflect.DeepEqual(f.Graph, want) || !reflect.DeepEqual(f.Centers, []ID{int64(image)}) {
			t.Errorf("%s reads as %+v with the centres %v", path, f.Graph, f.Centers)
		}
	}
	for _, path := range each(t, "used-*.pkl", 8) {
		if f := readFile(t, path); !reflect.DeepEqual(f.Graph, want) {
			t.Errorf("%s reads as\n%+v\nwant\n%+v", path, f.Graph, want)
		}
	}
}

// A view of some nodes, G.subgraph, holds the whole graph and the nodes it shows.
func TestView(t *testing.T) {
	want := wanted()
	want.Nodes = []Node{want.Nodes[0], want.Nodes[2], want.Nodes[4]}
	want.Edges = []Edge{{From: 0, To: 2, Attrs: want.Edges[0].Attrs}, {From: 0, To: 1, Attrs: want.Edges[1].Attrs}}
	for _, path := range each(t, "view-*.pkl", 4) {
		if f := readFile(t, path); !reflect.DeepEqual(f.Graph, want) {
			t.Errorf("%s reads as\n%+v\nwant\n%+v", path, f.Graph, want)
		}
	}
}

func TestMulti(t *testing.T) {
	for _, path := range each(t, "multi-*.pkl", 8) {
		g := readFile(t, path).Graph
		var edges []string
		for _, e := range g.Edges {
			edges = append(edges, fmt.Sprintf("%v %v %v %s", g.Nodes[e.From].ID, g.Nodes[e.To].ID, e.Key, e.Attrs.Text("type")))
		}
		got := strings.Join(edges, "; ")
		const want = "41 3 0 boundary_adjacent; 7 41 0 nearest; 900 41 0 nearest; 812345678901234567 41 0 nearest; 812345678901234567 41 1 second"
		if !g.Directed || !g.Multi || got != want {
			t.Errorf("%s: edges\n%s\nwant\n%s", path, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	big80 := new(big.Int).Lsh(big.NewInt(1), 80)
	for _, path := range each(t, "values-*.pkl", 10) {
		g := readFile(t, path).Graph
		for _, x := range []struct {
			node int
			key  string
			want any
		}{
			{0, "coords", []any{103.8481, 1.3502}}, {0, "x", 103.8481}, {0, "hops", int64(1<<62 + 1)}, {0, "small", 0.5}, {0, "flag", true},
			{0, "byte", int64(250)}, {0, "name", "Elm 街"}, {0, "order", []any{int64(1), int64(2), int64(3)}},
			{0, "geometry", orb.LineString{{103.8, 1.3}, {103.9, 1.4}}}, {1, "geometry", orb.Point{103.8482, 1.3503}},
			{3, "geometry", orb.Polygon{{{1, 2}, {3, 2}, {3, 4}, {1, 2}}}}, {3, "factory", Map{{"a", []any{int64(1), int64(2)}}}},
			{3, "tags", []any{"a", "b"}}, {3, "frozen", []any{int64(1)}}, {3, "big", big80}, {3, "negative", -int64(1 << 40)}, {3, "bytes", []byte{0, 0xff}},
		} {
			if got, _ := g.Nodes[x.node].Attrs.Get(x.key); !reflect.DeepEqual(got, x.want) {
				t.Errorf("%s: node %d, %s is %#v, want %#v", path, x.node, x.key, got, x.want)
			}
		}
	}
}

// What a pickle must not do; each is refused where it stands.
func TestRefused(t *testing.T) {
	global := func(module, name string) string { return "c" + module + "\n" + name + "\n" }
	for name, x := range map[string]struct {
		code   string
		want   string
		offset int64
	}{
		"a command":          {"\x80\x02" + global("os", "system") + "X\x02\x00\x00\x00ls\x85R.", "os.system, which is not among", 2},
		"a command by name":  {"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02ls\x85R.", "posix.system, which is not among", 19},
		"eval":               {"\x80\x02" + global("builtins", "eval") + "X\x01\x00\x00\x001\x85R.", "builtins.eval", 2},
		"getattr":            {"\x80\x02" + global("builtins", "getattr") + ".", "builtins.getattr", 2},
		"a call of int":      {"\x80\x02" + global("builtins", "int") + "X\x01\x00\x00\x001\x85R.", "it calls int", 23},
		"a persistent id":    {"\x80\x02K\x01Q.", "instruction 0x51", 4},
		"an extension":       {"\x80\x02\x82\x01.", "instruction 0x82", 2},
		"a buffer":           {"\x80\x05\x97.", "instruction 0x97", 2},
		"an old object":      {"\x80\x02(" + "inetworkx\nGraph\n.", "instruction 0x69", 3},
		"protocol 0":         {"(dp0\n.", "no pickle", 0},
		"protocol 6":         {"\x80\x06N.", "no pickle", 0},
		"protocol 9 later":   {"\x80\x02\x80\x09N.", "pickle protocol 9", 2},
		"cut":                {"\x80\x02}", "ends in the middle", 3},
		"a long text":        {"\x80\x02X\xff\xff\xff\xffab.", "ends in the middle", 2},
		"a longer text":      {"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.", "ends in the middle", 2},
		"a long frame":       {"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.", "ends in the middle", 2},
		"a long integer":     {"\x80\x02\x8a\xff" + strings.Repeat("a", 300) + ".", "an integer of 255 bytes", 2},
		"no value yet":       {"\x80\x02h\x05.", "refers to value 5", 2},
		"a far number":       {"\x80\x02Nr\xff\xff\xff\xff.", "numbers a value 4294967295", 3},
		"marks":              {"\x80\x02t.", "marks", 2},
		"deep marks":         {"\x80\x02" + strings.Repeat("(", 5000) + ".", "marks", 2 + mostMarks},
		"no graph":           {"\x80\x02}.", "a dictionary without a graph", -1},
		"a number":           {"\x80\x02K\x05.", "it holds a int", -1},
		"an empty stack":     {"\x80\x02.", "stack is empty", 2},
		"a list as a graph":  {"\x80\x02" + global("networkx.classes.graph", "Graph") + ")\x81]b.", "without its state", -1},
		"a view as a graph":  {"\x80\x02" + global("networkx.classes.reportviews", "NodeView") + ")\x81}b.", "a NodeView, where a graph", -1},
		"odd items":          {"\x80\x02}(K\x01u.", "damaged", 6},
		"bytes in a set":     {"\x80\x04\x8f(C\x01a\x90.", "damaged", 7},
		"another encoding":   {"\x80\x02" + global("_codecs", "encode") + "X\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86R.", "Latin-1", 35},
		"a NumPy object":     {"\x80\x02" + global("numpy", "dtype") + "X\x02\x00\x00\x00M8\x85R.", `NumPy type "M8"`, 23},
		"no geometry":        {"\x80\x02" + global("shapely.io", "from_wkb") + "X\x01\x00\x00\x00a\x85R.", "a geometry", 30},
		"another class":      {"\x80\x02" + global("networkx.classes.graph", "Grapf") + ".", "Grapf", 2},
		"a class of ours":    {"\x80\x02" + global("networkx.classes.filters", "show_edges") + ".", "show_edges", 2},
		"a module of a kind": {"\x80\x02" + global("networkx.classes.graph.os", "system") + ".", "system", 2},
	} {
		_, err := Read(strings.NewReader(x.code), Limits{})
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, x.want)
			continue
		}
		at, ok := errors.AsType[*Error](err)
		if !ok && x.offset >= 0 || ok && at.Offset != x.offset {
			t.Errorf("%s: %v; want byte %d", name, err, x.offset)
		}
	}
}

// Few bytes must not become many values.
func TestBounded(t *testing.T) {
	_, err := Read(strings.NewReader("\x80\x02"+strings.Repeat("}", 1<<20)+"."), Limits{Memory: 64 << 20})
	if err == nil || !strings.Contains(err.Error(), "64 MB of memory") {
		t.Errorf("a million dictionaries: %v", err)
	}
	if _, err := Read(strings.NewReader(strings.Repeat("\x80\x02", 100)), Limits{Bytes: 10}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a long file: %v", err)
	}
	// A list of ten lists of ten lists ...: 10^30 values in 400 bytes.
	var b bytes.Buffer
	b.WriteString("\x80\x04cnetworkx.classes.graph\nGraph\n)\x81}(X\x05\x00\x00\x00graph}X\x01\x00\x00\x00a]\x94")
	for i := range 30 {
		b.WriteString("0](")
		for range 10 {
			b.Write([]byte{'h', byte(i)})
		}
		b.WriteString("e\x94")
	}
	b.WriteString("sX\x05\x00\x00\x00_node}X\x04\x00\x00\x00_adj}ub.")
	if _, err := Read(&b, Limits{Memory: 64 << 20}); err == nil || !errors.Is(err, errTooMany) {
		t.Errorf("lists of lists: %v", err)
	}
	// A list that holds itself.
	loop := "\x80\x04cnetworkx.classes.graph\nGraph\n)\x81}(X\x05\x00\x00\x00graph}X\x01\x00\x00\x00a]\x94h\x00asX\x05\x00\x00\x00_node}X\x04\x00\x00\x00_adj}ub."
	if _, err := Read(strings.NewReader(loop), Limits{}); err == nil || !strings.Contains(err.Error(), "64 deep") {
		t.Errorf("a list that holds itself: %v", err)
	}
}

func TestIDs(t *testing.T) {
	for _, x := range []struct {
		v    any
		want ID
		err  string
	}{
		{1 << 60, int64(1 << 60), ""}, {"a", "a", ""}, {5.0, int64(5), ""}, {1e17, nil, "above 2^53"}, {0.5, nil, "float"},
		{new(big.Int).Lsh(big.NewInt(1), 70), nil, "64 bits"}, {nil, nil, "None"}, {[]byte("a"), nil, "bytes"},
	} {
		got, err := nodeID(x.v)
		if got != x.want || (x.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), x.err) {
			t.Errorf("%v is %v, %v", x.v, got, err)
		}
	}
}

func ExampleRead() {
	f, err := os.Open("testdata/centres-nx3.6.1-p5.pkl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	file, err := Read(f, Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(file.Graph.Nodes), "nodes around", file.Centers[0])
	for _, e := range file.Graph.Edges[:2] {
		metres, _ := e.Attrs.Float("distance")
		fmt.Println(file.Graph.Nodes[e.From].ID, e.Attrs.Text("type"), file.Graph.Nodes[e.To].ID, metres)
	}
	// Output:
	// 5 nodes around 812345678901234567
	// 41 nearest 812345678901234567 12.5
	// 41 nearest 900 0
}
