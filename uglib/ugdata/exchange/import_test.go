package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// A dataset that is exported and imported again says the same of each place.
func TestExportImport(t *testing.T) {
	dir, d := ownExport(t)
	for _, name := range []string{"places.parquet", "paths.parquet", "samples.parquet", "cities", "pyg", "graphml", "webdataset", "scc"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	got, report, err := Import(context.Background(), dir, ImportOptions{City: "again"})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) > 0 || report.Samples != len(d.Samples) || report.Others > 0 || report.Dropped > 0 {
		t.Errorf("report is %+v", report)
	}
	places := map[int64]*ugdata.Place{}
	for i := range d.Places {
		places[d.Places[i].ID] = &d.Places[i]
	}
	pairs := map[string]bool{}
	for _, s := range d.Samples {
		pairs[fmt.Sprint(d.Places[s.Place].ID, s.Stage, s.Kind, s.Query, s.Positive, s.TextKey)] = true
	}
	for _, s := range got.Samples {
		p := &got.Places[s.Place]
		if !pairs[fmt.Sprint(p.ID, s.Stage, s.Kind, s.Query, s.Positive, s.TextKey)] {
			t.Fatalf("the pair %+v of place %d is new", s, p.ID)
		}
	}
	graphs := 0
	for i := range got.Places {
		p, want := &got.Places[i], places[got.Places[i].ID]
		if want == nil || p.Image == "" || len(p.Graph.Nodes) > 1 && !samePlace(p.Pos, want.Pos) {
			t.Fatalf("place %+v, want %+v", p, want)
		}
		if len(p.Graph.Nodes) == 1 {
			continue // of val or train without a pair of stage 2
		}
		graphs++
		c, was := got.Cities["again"], d.Cities["grid"]
		if len(p.Graph.Nodes) != len(want.Graph.Nodes) || len(p.Graph.Edges) != len(want.Graph.Edges) {
			t.Fatalf("the graph of place %d has %d nodes and %d edges, want %d and %d", p.ID, len(p.Graph.Nodes), len(p.Graph.Edges), len(want.Graph.Nodes), len(want.Graph.Edges))
		}
		for j, e := range p.Graph.Edges {
			if o := want.Graph.Edges[j]; e.Type != o.Type || e.From != o.From || e.To != o.To || e.Distance != o.Distance {
				t.Fatalf("edge %d of place %d is %+v, want %+v", j, p.ID, e, o)
			}
		}
		for j, id := range p.Graph.Nodes[1:] {
			n, o := &c.Nodes[id], &was.Nodes[want.Graph.Nodes[j+1]]
			if n.Name != was.DisplayName(want.Graph.Nodes[j+1]) || n.Kind != o.Kind && o.Kind != city.Area || n.Category != o.Category {
				t.Fatalf("node %d of place %d is %+v, want %+v", j, p.ID, n, o)
			}
		}
	}
	if graphs < 10 {
		t.Errorf("%d graphs", graphs)
	}
	if _, err := got.Audit(); err != nil {
		t.Error(err)
	}
}

func samePlace(a, b orb.Point) bool {
	return a == b
}

// folder makes a folder of the reference's files: pickles by NetworkX itself, and
// rows of every form.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pyenv.Run(t, pyenv.Common(t), "testdata/make_reference.py", dir)
	return dir
}

func TestImport(t *testing.T) {
	dir := folder(t)
	d, report, err := Import(context.Background(), dir, ImportOptions{Seed: 1, Options: ugdata.Options{Radius: 10, Buffer: 21, BlockLevel: 17}})
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, p := range report.Problems {
		problems = append(problems, strings.ReplaceAll(p.What, dir+"/", ""))
	}
	want := []string{
		"rows/captions_newyork.jsonl:3: ",           // no JSON
		"rows/captions_newyork.jsonl:4: the id 8.1", // digits lost
		"rows/captions_newyork.jsonl:5: the row has neither",
		"rows/captions_newyork.jsonl:6: the position [200, 95]",
		"rows/captions_newyork.jsonl:1: subgraphs/missing.pkl is not found",
		"rows/captions_newyork.jsonl:2: ", // a pickle that runs something
	}
	if len(problems) != len(want) {
		t.Fatalf("problems are\n%s", strings.Join(problems, "\n"))
	}
	for i, w := range want {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, w) }) {
			t.Errorf("problem %d is none of\n%s\nwant one that begins with %s", i, strings.Join(problems, "\n"), w)
		}
	}
	if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, "os.system") || strings.Contains(p, "posix.system") }) {
		t.Error("the pickle that runs something is taken")
	}
	if _, err := os.Stat(filepath.Join(dir, "owned")); err == nil {
		t.Fatal("a pickle ran something")
	}
	forms := map[Form]int{}
	for _, f := range report.Files {
		for form, n := range f.Rows {
			forms[form] += n
		}
	}
	if wantForms := map[Form]int{Pair: 2, Caption: 3, Swift: 1, Walk: 2, Composed: 1, Image: 6, Checkpoint: 1}; !reflect.DeepEqual(forms, wantForms) {
		t.Errorf("rows are %v, want %v", forms, wantForms)
	}
	byID := map[int64]*ugdata.Place{}
	for i := range d.Places {
		byID[d.Places[i].ID] = &d.Places[i]
	}
	// A place of which much is known: its position with all digits, its heading,
	// the caption without markup, the path with its nodes.
	const id = 812345678901234567
	p := byID[id]
	if p == nil || p.City != "newyork" || p.Pos != (orb.Point{-73.98571234, 40.74841234}) || p.Heading != 350 || p.Origin != streetview.FromMapillary || p.CaptionBy != ugdata.ByModel {
		t.Fatalf("place is %+v", p)
	}
	if p.Caption != "A street of brick houses." || p.Summary != "A quiet street near a café." || !strings.HasSuffix(p.Image, "812345678901234567.jpg") || len(p.ImageSHA256) != 64 {
		t.Errorf("texts are %q, %q of %s", p.Caption, p.Summary, p.Image)
	}
	if len(p.Paths) != 1 || p.Paths[0].Hops != 3 || len(p.Paths[0].Nodes) != 3 || !strings.HasPrefix(p.Paths[0].Text, "(812345678901234567, nearest, Elm Lane)") {
		t.Fatalf("paths are %+v", p.Paths)
	}
	c := d.Cities["newyork"]
	var names []string
	for _, n := range p.Paths[0].Nodes {
		names = append(names, c.Nodes[n].Kind.String()+" "+c.Nodes[n].Name)
	}
	if got := strings.Join(names, ", "); got != "street Elm Lane, street Oak Road, poi Café, Bar & Grill" {
		t.Errorf("the path leads along %s", got)
	}
	if p.Paths[0].Destination != p.Paths[0].Nodes[2] || len(p.Paths[0].Line) != 4 || p.Paths[0].Length != 253.3 {
		t.Errorf("path is %+v", p.Paths[0])
	}
	var edges []string
	for _, e := range p.Graph.Edges {
		name := func(i int32) string {
			if i == 0 {
				return "image"
			}
			return c.Nodes[p.Graph.Nodes[i]].Name
		}
		edges = append(edges, fmt.Sprintf("%s %s %s %.1f %.0f", name(e.From), e.Type, name(e.To), float64(e.Distance), float64(e.Bearing)))
	}
	wantEdges := []string{
		"Elm Lane crosses Oak Road 0.0 90", "image nearest Elm Lane 12.5 63",
		"Intersection of Elm Lane and Oak Road nearest Elm Lane 0.0 270", "Café, Bar & Grill nearest Oak Road 15.3 268", "Elm Park bounds Elm Lane 0.0 153",
	}
	slices.Sort(edges)
	slices.Sort(wantEdges)
	if !slices.Equal(edges, wantEdges) {
		t.Errorf("edges are\n%s\nwant\n%s", strings.Join(edges, "\n"), strings.Join(wantEdges, "\n"))
	}
	// A place with pairs keeps them as they are.
	q := byID[812345678901234569]
	if q == nil || q.City != "singapore" || len(q.Graph.Nodes) != 6 {
		t.Fatalf("place is %+v", q)
	}
	if report.Samples != 2 || report.Graphs != 4 {
		t.Errorf("report is %+v", report)
	}
	// What has neither image nor position is listed.
	reasons := map[int64]ugdata.SkipReason{}
	for _, s := range d.Skipped {
		reasons[s.View] = s.Reason
	}
	if !reflect.DeepEqual(reasons, map[int64]ugdata.SkipReason{812345678901234570: ugdata.NoImage}) {
		t.Errorf("skipped are %v", d.Skipped)
	}
	// The folder can be written, opened and trained with like any other.
	out := filepath.Join(t.TempDir(), "out")
	if err := Export(context.Background(), out, d, Options{Formats: []Format{Parquet, Reference, GraphML, PyG}, Images: true}); err != nil {
		t.Fatal(err)
	}
	again, err := ugdata.OpenFolder(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Places) != len(d.Places) || len(again.Samples) != len(d.Samples) || len(d.Samples) == 0 {
		t.Errorf("%d places and %d pairs, want %d and %d", len(again.Places), len(again.Samples), len(d.Places), len(d.Samples))
	}
	for name, c := range again.Cities {
		for i := range c.Nodes {
			if p := c.Centroid(city.NodeID(i)); !(p[0] >= -180 && p[0] <= 180) {
				t.Errorf("node %d of %s stands at %v", i, name, p)
			}
		}
	}
}

func TestImportRefuses(t *testing.T) {
	empty := t.TempDir()
	file := filepath.Join(empty, "x.txt")
	bad := t.TempDir()
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bad, "x.jsonl"), []byte("{}\n[]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		dir  string
		o    ImportOptions
		want string
	}{
		{filepath.Join(empty, "none"), ImportOptions{}, "no such file"},
		{file, ImportOptions{}, "is a file"},
		{empty, ImportOptions{}, "holds no file of JSON lines"},
		{bad, ImportOptions{}, "the first of 2 problems"},
		{bad, ImportOptions{City: "New York"}, "small letters"},
	} {
		if _, _, err := Import(context.Background(), x.dir, x.o); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: error is %v, want one with %q", x.dir, err, x.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Import(ctx, bad, ImportOptions{}); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("an import that is over before it begins: %v", err)
	}
}

// Every pickle of the folder becomes a graph in JSON but the one that runs
// something.
func TestConvertGraphs(t *testing.T) {
	dir := folder(t)
	out := t.TempDir()
	r, err := ConvertGraphs(context.Background(), dir, out)
	if err != nil {
		t.Fatal(err)
	}
	if r.Graphs != 4 || len(r.Problems) != 1 || !strings.Contains(r.Problems[0].What, "system") {
		t.Errorf("report is %+v", r)
	}
	f, err := os.Open(filepath.Join(out, "subgraphs/subgraph_9926589412345678901_812345678901234567.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := ugdata.ReadGraph(f)
	if err != nil {
		t.Fatal(err)
	}
	if g.Center != 812345678901234567 || len(g.Nodes) != 6 || g.Nodes[0].ID != 41 || g.Nodes[0].Kind != "street" || g.Nodes[5].Kind != "image" {
		t.Errorf("graph is %+v", g)
	}
	if _, err := ConvertGraphs(context.Background(), t.TempDir(), out); err == nil {
		t.Error("an empty folder is converted")
	}
}

func TestImageIDs(t *testing.T) {
	for name, want := range map[string]int64{
		"812345678901234.jpg": 812345678901234, "subgraph_9926589412345678901_812345678901234567.pkl": 812345678901234567,
		"extended_812345678901234_subgraph_812345678901235.pkl": 812345678901235, "mapillary_812345678901234_subgraph.pkl": 812345678901234,
		`C:\a\812345678901234.jpg`: 812345678901234, "a.jpg": 0, "1234567890.jpg": 0, "9926589412345678901.pkl": 0, "": 0,
	} {
		if got := imageIDOf(name); got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
}

func TestNumbersAndPositions(t *testing.T) {
	for text, want := range map[string]int64{`812345678901234567`: 812345678901234567, `"812345678901234567"`: 812345678901234567, `5.0`: 5, `" 7 "`: 7, `-3`: -3} {
		var n number
		if err := json.Unmarshal([]byte(text), &n); err != nil || n.value != want || !n.known {
			t.Errorf("%s is %+v, %v", text, n, err)
		}
	}
	for _, text := range []string{`8.12e17`, `1.5`, `"x"`, `[1]`, `true`, `99999999999999999999`} {
		if err := json.Unmarshal([]byte(text), new(number)); err == nil {
			t.Errorf("%s is an id", text)
		}
	}
	for text, want := range map[string]orb.Point{
		`[103.8481, 1.3502]`: {103.8481, 1.3502}, `"(103.8481, -1.3502)"`: {103.8481, -1.3502}, `{"type":"Point","coordinates":[-73.9,40.7]}`: {-73.9, 40.7}, `"-73.9 40.7"`: {-73.9, 40.7},
	} {
		var p position
		if err := json.Unmarshal([]byte(text), &p); err != nil || p.at != want || !p.known {
			t.Errorf("%s is %+v, %v", text, p, err)
		}
	}
	for _, text := range []string{`[1]`, `[1,2,3]`, `"x"`, `[200, 5]`, `[5, 95]`, `7`, `{"coordinates":[[1,2]]}`} {
		if err := json.Unmarshal([]byte(text), new(position)); err == nil {
			t.Errorf("%s is a position", text)
		}
	}
}

func TestParseText(t *testing.T) {
	for _, x := range []struct {
		text                    string
		name, category, address string
	}{
		{"Name: Elm Lane, ID: 41, Category: residential, Address: nan, Planning area: Bishan, Country: Singapore, , Coordinates: (103.848100, 1.350200)", "Elm Lane", "residential", "nan"},
		{"Name: Café, Bar, ID: 5 & Co, ID: 41, Category: food, Address: 12 Elm Lane, 19801, Wilmington, Country: USA, , street=Elm Lane, Coordinates: unavailable", "Café, Bar, ID: 5 & Co", "food", "12 Elm Lane, 19801, Wilmington"},
		{"Name: x, ID: 42, Category: a", "", "", ""}, {"", "", "", ""}, {"Name: x, ID: 41, Category: a", "x", "", ""},
	} {
		name, category, address := parseText(x.text, 41)
		if name != x.name || category != x.category || address != x.address {
			t.Errorf("%s is %q, %q, %q", x.text, name, category, address)
		}
	}
}

// A street of which a graph knows the middle alone is drawn through its feet.
func TestDrawn(t *testing.T) {
	middle := orb.Point{10, 50}
	for _, x := range []struct {
		feet []orb.Point
		want int
	}{{nil, 2}, {[]orb.Point{middle}, 2}, {[]orb.Point{{10.001, 50}}, 2}, {[]orb.Point{{10.001, 50}, {9.998, 50.0001}, {10.001, 50}}, 3}} {
		line := drawn(middle, x.feet)
		if len(line) != x.want || !slices.IsSortedFunc(line, func(a, b orb.Point) int { return int((a[0] - b[0]) * 1e6) }) && !slices.IsSortedFunc(line, func(a, b orb.Point) int { return int((b[0] - a[0]) * 1e6) }) {
			t.Errorf("%v is %v", x.feet, line)
		}
	}
	if p := pointAt(orb.Point{0, 0}, 90, 1000); p[0] < 0.00898 || p[0] > 0.00900 || p[1] > 1e-9 {
		t.Errorf("1 km to the east is %v", p)
	}
}

// Edges that lead from the street are turned round, with their bearing.
func TestTurned(t *testing.T) {
	g, err := ReadGraph(strings.NewReader(`{"center_node":812345678901234,"nodes":[{"node_id":41,"coords":[10,50],"kind":"street"},
		{"node_id":812345678901234,"coords":[10,50.0001],"kind":"image"}],"edges":[{"source":41,"target":812345678901234,"type":"nearest","distance":12.5,"bearing":243}]}`))
	if err != nil {
		t.Fatal(err)
	}
	sub, err := newTown("x").add(g, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ugdata.SubEdge{From: 0, To: 1, Type: city.Nearest, Distance: 12.5, Bearing: 63}); len(sub.Edges) != 1 || sub.Edges[0] != want {
		t.Errorf("edges are %+v, want %+v", sub.Edges, want)
	}
	f, err := g.File(0)
	if err != nil || f.Edges[0] != (ugdata.GraphEdge{Source: 812345678901234, Target: 41, Type: "nearest", Distance: 12.5, Bearing: 63}) {
		t.Errorf("in the portable form they are %+v, %v", f.Edges, err)
	}
}
