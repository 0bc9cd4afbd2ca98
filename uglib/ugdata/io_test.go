package ugdata

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

func TestTablesRoundTrip(t *testing.T) {
	d := gridData(t)
	dir := t.TempDir()
	if err := Write(dir, d); err != nil {
		t.Fatal(err)
	}
	got, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Places) != len(d.Places) {
		t.Fatalf("%d places come back of %d", len(got.Places), len(d.Places))
	}
	for i := range d.Places {
		if !reflect.DeepEqual(got.Places[i], d.Places[i]) {
			t.Fatalf("place %d comes back as\n%+v\nwant\n%+v", i, got.Places[i], d.Places[i])
		}
	}
	if !reflect.DeepEqual(got.Samples, d.Samples) {
		t.Error("samples change")
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 {
		t.Errorf("files left behind: %v", left)
	}
}

func TestReadDamaged(t *testing.T) {
	d := gridData(t)
	d.Places, d.Samples = d.Places[:20], nil
	for _, x := range []struct {
		name  string
		spoil func(dir string) error
		want  string
	}{
		{"missing", func(dir string) error { return os.Remove(filepath.Join(dir, pathsTable)) }, "is missing"},
		{"cut", func(dir string) error { return os.Truncate(filepath.Join(dir, placesTable), 700) }, "is damaged"},
		{"other", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, samplesTable), []byte("no table"), 0o644)
		}, "is damaged"},
		{"no place", func(dir string) error {
			return writeTable(filepath.Join(dir, samplesTable), []sampleRow{{PlaceID: 5}})
		}, "no place 5"},
		{"bad edge", func(dir string) error {
			r := newPlaceRow(&d.Places[0])
			r.EdgeTo[0] = 900
			return writeTable(filepath.Join(dir, placesTable), []placeRow{r})
		}, "edge 0 joins"},
	} {
		dir := t.TempDir()
		if err := Write(dir, d); err != nil {
			t.Fatal(err)
		}
		if err := x.spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: error is %v, want one with %q", x.name, err, x.want)
		}
	}
}

func TestRowsRoundTrip(t *testing.T) {
	d := gridData(t)
	index := map[int64]int{}
	for i := range d.Places {
		index[d.Places[i].ID] = i
	}
	var rows []Row
	for i := range d.Samples {
		rows = append(rows, d.Row(i, "graphs/x.json"))
	}
	var buf bytes.Buffer
	if err := WriteRows(&buf, rows); err != nil {
		t.Fatal(err)
	}
	again, err := ReadRows(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again, rows) {
		t.Fatalf("rows change: first is %+v, want %+v", again[0], rows[0])
	}
	for i, r := range again {
		s, err := r.Sample(index[r.PlaceID])
		if err != nil {
			t.Fatal(err)
		}
		if s != d.Samples[i] {
			t.Fatalf("sample %d comes back as %+v, want %+v", i, s, d.Samples[i])
		}
	}
}

// A row of the reference: the format of its README, strings for lists, unknown
// columns, no label.
func TestReadReferenceRows(t *testing.T) {
	rows, err := ReadRows(strings.NewReader(`
{"messages":[{"role":"user","content":"<graph><image> What is here?"}],"positive_messages":[[{"role":"user","content":"Elm Lane"}],[{"role":"user","content":"second"}]],"images":"a.jpg","graphs":["g.pkl"],"pair_type":"stage2_image_graph","district":"x"}

{"messages":[{"role":"user","content":"<image> q"}],"positive_messages":[[{"role":"user","content":"t"}]],"images":["b.jpg"],"graphs":null,"label":0.5}
`))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if rows[0].Label != 1 || !slices.Equal(rows[0].Images, []string{"a.jpg"}) || rows[1].Label != 0.5 || len(rows[1].Graphs) != 0 {
		t.Errorf("rows read as %+v", rows)
	}
	s, err := rows[0].Sample(3)
	if err != nil || s.Stage != 2 || s.Place != 3 || s.Positive != "Elm Lane" || s.TextKey != TextKey("elm lane") || s.PlaceKey == 0 {
		t.Errorf("sample is %+v, %v", s, err)
	}
	if s, _ := rows[1].Sample(0); s.Stage != 1 {
		t.Errorf("a row without graph is of stage %d", s.Stage)
	}
	for _, bad := range []string{`{"messages":[]}`, `[1]`, `{"messages":[{"role":1}]}`, `{`} {
		if _, err := ReadRows(strings.NewReader("\n" + bad)); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s gives %v, want an error that names line 2", bad, err)
		}
	}
	if _, err := (Row{}).Sample(0); err == nil {
		t.Error("an empty row is a sample")
	}
}

// Every form that a row of the reference may have.
func TestRowForms(t *testing.T) {
	user := func(texts ...string) (out []Message) {
		for _, s := range texts {
			out = append(out, Message{"user", s})
		}
		return out
	}
	for name, x := range map[string]struct {
		text string
		want Row
	}{
		"lists of lists": {
			`{"messages":[{"role":"user","content":"q"}],"positive_messages":[[{"role":"user","content":"a"},{"role":"user","content":"b"}],[{"role":"user","content":"c"}]],
			"negative_messages":[[{"role":"user","content":"n"}],[{"role":"user","content":"m"}]],"images":["i.jpg"],"graphs":["g.pkl"],
			"positive_images":[["p.jpg"],[]],"positive_graphs":[["p.pkl"],["r.pkl"]],"negative_images":[["n.jpg"]],"negative_graphs":[["n.pkl","m.pkl"]],"label":0.5,"pair_type":"x"}`,
			Row{
				Messages: user("q"), PositiveMessages: [][]Message{user("a", "b"), user("c")}, NegativeMessages: [][]Message{user("n"), user("m")},
				Images: []string{"i.jpg"}, Graphs: []string{"g.pkl"}, PositiveImages: [][]string{{"p.jpg"}, {}}, PositiveGraphs: [][]string{{"p.pkl"}, {"r.pkl"}},
				NegativeImages: [][]string{{"n.jpg"}}, NegativeGraphs: [][]string{{"n.pkl", "m.pkl"}}, Label: 0.5, PairType: "x",
			},
		},
		"items alone": {
			`{"messages":{"role":"user","content":"q"},"positive_messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}],"images":"i.jpg","graphs":null,
			"negative_messages":{"role":"user","content":"n"},"positive_images":"p.jpg","negative_images":["n.jpg","m.jpg"],"label":null}`,
			Row{
				Messages: user("q"), PositiveMessages: [][]Message{user("a", "b")}, NegativeMessages: [][]Message{user("n")}, Images: []string{"i.jpg"}, Graphs: []string{},
				PositiveImages: [][]string{{"p.jpg"}}, NegativeImages: [][]string{{"n.jpg"}, {"m.jpg"}}, Label: 1,
			},
		},
		"parts and objects": {
			`{"messages":[{"role":"user","content":[{"type":"graph"},{"type":"image"},{"type":"text","text":" q"}]},{"role":"assistant","content":null}],"images":[{"path":"i.jpg","bytes":null}]}`,
			Row{Messages: []Message{{"user", "<graph><image> q"}, {"assistant", ""}}, Images: []string{"i.jpg"}, Graphs: []string{}, Label: 1},
		},
		"words of Python": {
			`{"messages":[{"role":"user","content":"NaN \" -Infinity"}],"images":[],"label":NaN,"x":[-Infinity,Infinity,1]}`,
			Row{Messages: user(`NaN " -Infinity`), Images: []string{}, Graphs: []string{}, Label: 1},
		},
		"byte order mark": {"\ufeff" + `{"messages":[{"role":"user","content":"q"}]}`, Row{Messages: user("q"), Images: []string{}, Graphs: []string{}, Label: 1}},
	} {
		text := strings.Join(strings.Fields(x.text), " ")
		rows, err := ReadRows(strings.NewReader(text + "\r\n"))
		if err != nil || len(rows) != 1 || !reflect.DeepEqual(rows[0], x.want) {
			t.Errorf("%s reads as\n%+v, %v\nwant\n%+v", name, rows, err, x.want)
		}
	}
	for text, want := range map[string]string{
		`{"messages":[{"role":"user","content":"q"}],"images":[5]}`:             "5 stands where the path of a file is expected",
		`{"messages":[{"role":"user","content":"q"}],"graphs":{"a":1}}`:         `{"a":1} stands where the path`,
		`{"messages":[{"role":"user","content":7}]}`:                            "7 stands where the text of a message is expected",
		`{"messages":[{"role":"user","content":[{"type":"audio"}]}]}`:           `of type "audio"`,
		`{"messages":[{"role":"user","content":"q"}],"positive_messages":"a"}`:  "cannot unmarshal string",
		`{"messages":[{"role":"user","content":"q"}],"label":"1"}`:              "label",
		`{"messages":[{"role":"user","content":"q"}],"negative_images":[[[]]]}`: "[] stands where",
	} {
		if _, err := ReadRows(strings.NewReader("\n" + text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: error is %v, want one with line 2 and %q", text, err, want)
		}
	}
}

func TestGraphRoundTrip(t *testing.T) {
	d := gridData(t)
	p := &d.Places[7]
	c := d.Cities[p.City]
	var buf bytes.Buffer
	if err := p.File(c).Write(&buf); err != nil {
		t.Fatal(err)
	}
	f, err := ReadGraph(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f, p.File(c)) {
		t.Errorf("graph file changes")
	}
	g, err := f.Subgraph(len(c.Nodes))
	if err != nil || !reflect.DeepEqual(g, p.Graph) {
		t.Errorf("subgraph comes back as %+v, %v", g, err)
	}
	if _, err := f.Subgraph(1); err == nil {
		t.Error("a graph of another city is taken")
	}
	for _, bad := range []string{
		`{"center_node": 1.5}`, `{"center_node": 1, "nodes": []}`, `{"center_node":1,"nodes":[{"node_id":1},{"node_id":1}]}`,
		`{"center_node":1,"nodes":[{"node_id":1}],"edges":[{"source":1,"target":2}]}`, ``,
	} {
		if _, err := ReadGraph(strings.NewReader(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestExport(t *testing.T) {
	d := gridData(t)
	d.Samples = d.Samples[:60]
	dir := t.TempDir()
	if err := Export(context.Background(), dir, d); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, name := range []string{"train_stage1.jsonl", "train_stage2.jsonl", "val_stage1.jsonl", "val_stage2.jsonl"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := ReadRows(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		total += len(rows)
		for _, r := range rows {
			if !strings.HasPrefix(name, string(r.Split)) {
				t.Fatalf("%s holds a row of %s", name, r.Split)
			}
			for _, g := range r.Graphs {
				f, err := os.Open(filepath.Join(dir, g))
				if err != nil {
					t.Fatal(err)
				}
				graph, err := ReadGraph(f)
				f.Close()
				if err != nil || graph.Center != r.PlaceID {
					t.Fatalf("graph of place %d has the centre %d, %v", r.PlaceID, graph.Center, err)
				}
			}
		}
	}
	if total != 60 {
		t.Errorf("%d rows for 60 samples", total)
	}
}

func TestDefault(t *testing.T) {
	t.Setenv("UG_FAST", "")
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 3 || len(s.HeldOut) != 1 || s.Train[0].City.Name != "wilmington" || s.HeldOut[0].City.Name != "andorra" {
		t.Errorf("default is %+v", s)
	}
	t.Setenv("UG_FAST", "1")
	fast, err := Default()
	if err != nil || len(fast.Train) != 1 || fast.Train[0].Count != 300 || fast.HeldOut[0].Count != 60 {
		t.Errorf("fast default is %+v, %v", fast, err)
	}
	if a, _ := store.Key(s); a == "" || a == must(store.Key(fast)) {
		t.Error("the two defaults are the same artefact")
	}
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

// Drawn views of a real town through the store: built once, opened again.
func TestOpen(t *testing.T) {
	town, err := city.Builtin("dover")
	if err != nil {
		t.Fatal(err)
	}
	views := streetview.Render(town, 40)
	views.Width, views.Height = 112, 84
	spec := Spec{Train: []streetview.Spec{views}, Seed: 3, Options: Options{TestShare: 0.3}}
	ctx := store.With(context.Background(), store.At(t.TempDir()))
	d, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d.Places, again.Places) || !reflect.DeepEqual(d.Samples, again.Samples) {
		t.Error("opened again, the dataset is another")
	}
	if _, err := again.Audit(); err != nil {
		t.Error(err)
	}
	for _, p := range d.Places {
		if _, err := os.Stat(p.Image); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(ctx, Spec{}); err == nil || !strings.Contains(err.Error(), "Spec.Train") {
		t.Errorf("an empty spec gives %v", err)
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add(`{"messages":[{"role":"user","content":"<image> q"}],"positive_messages":[[{"role":"user","content":"t"}]],"images":["b.jpg"],"graphs":[],"label":1,"place_id":"7"}`)
	f.Add("\n{}\n")
	f.Fuzz(func(t *testing.T, s string) {
		rows, err := ReadRows(strings.NewReader(s))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if err := WriteRows(&buf, rows); err != nil {
			t.Fatal(err)
		}
		again, err := ReadRows(&buf)
		if err != nil || !reflect.DeepEqual(rows, again) {
			t.Fatalf("%+v comes back as %+v, %v", rows, again, err)
		}
	})
}

func FuzzReadGraph(f *testing.F) {
	f.Add(`{"center_node":8,"nodes":[{"node_id":8,"node_text":"x","coords":[1,2],"kind":"image"},{"node_id":0,"kind":"street"}],"edges":[{"source":8,"target":0,"type":"nearest","distance":1,"bearing":2}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ReadGraph(strings.NewReader(s))
		if err != nil {
			return
		}
		if sub, err := g.Subgraph(4); err == nil && len(sub.Nodes) != len(g.Nodes) {
			t.Fatalf("%d nodes of %d", len(sub.Nodes), len(g.Nodes))
		}
	})
}

func ExampleMake() {
	alpha := gridTown("alpha", 14, gridOrigin)
	d, err := Make(context.Background(), []Source{{City: alpha, Views: gridViews(alpha, 100000000000000)}}, gridOptions, 7)
	if err != nil {
		fmt.Println(err)
		return
	}
	p := d.Places[1]
	fmt.Println(p.Caption)
	fmt.Println(p.Paths[0].Plain)
	// Output:
	// Facing east on alpha Row 0, a residential street in alpha. Open ground. Ahead, 70 m: crossing with alpha Column 1. Behind, 35 m northwest: bakery alpha Shop 0-0.
	// Start on alpha Row 0 and walk 70 m east, straight ahead; turn left into alpha Column 1 for 1 km north; turn right into alpha Row 5 for 100 m east; bookshop alpha Shop 5-1 is 15 m north on the left.
}
