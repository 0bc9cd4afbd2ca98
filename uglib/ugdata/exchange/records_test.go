package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/ugdata"
)

func TestRecords(t *testing.T) {
	for _, x := range []struct {
		text string
		form Form
		want func(r Record) bool
	}{
		{
			`{"messages":[{"role":"user","content":"<image> q"}],"positive_messages":[[{"role":"user","content":"a"}]],"images":"i/812345678901234.jpg","graphs":[]}`,
			Pair, func(r Record) bool {
				return r.Row.Images[0] == "i/812345678901234.jpg" && r.ImageID == 0 && r.Path == nil
			},
		},
		{
			`{"image_caption":"**Image:** A","summarization":" S ","swift_format":{"messages":[{"role":"user","content":"x"}],"images":[],"graphs":[]},"image_paths":"i.jpg","original_subgraph_path":"g.pkl","mapillary_id":"812345678901234567"}`,
			Caption, func(r Record) bool {
				return r.Caption == "A" && r.Summary == "S" && r.Row.Images[0] == "i.jpg" && r.Row.Graphs[0] == "g.pkl" && r.ImageID == 812345678901234567
			},
		},
		{
			`{"messages":[{"role":"user","content":"<graph><image>**Image:** A long street. <summarization>S"},{"role":"assistant","content":"S"}],"images":["i.jpg"],"graphs":["g.pkl"],"label":1.0}`,
			Swift, func(r Record) bool { return r.Caption == "A long street." && r.Summary == "S" },
		},
		{
			`{"messages":[{"role":"user","content":"(812345678901234, nearest, Elm Lane) (9.8m, 41°(NE))"}],"destination_node":41,"origin_node":812345678901234,"hop_distance":1,"image_path":"i.jpg","graph_path":"g.pkl","summarization":"S","path_meta":null}`,
			Walk, func(r Record) bool {
				return len(r.Way) == 2 && r.Way[1] == 41 && r.Path.Hops == 1 && r.Row.Graphs[0] == "g.pkl" && r.Row.Images[0] == "i.jpg"
			},
		},
		{
			`{"messages":[{"role":"user","content":"legend Spatial Reasoning Path: (1, nearest, Elm Lane) (9.8m, 41°(NE)) -> (88.0m, 95°(E)) -> (Elm Lane, X, Oak Road). Based on the spatial context represented in graph, S"},{"role":"assistant","content":"S"}],"images":"i.jpg","graphs":"g.pkl","mapillary_node":"1"}`,
			Composed, func(r Record) bool { return r.Path.Hops == 2 && r.Path.Length == 97.8 && r.Summary == "S" },
		},
		{`{"mapillary_id":5,"geometry":{"type":"Point","coordinates":[103.8,1.3]},"url":"","compass_angle":NaN}`, Image, func(r Record) bool { return r.Heading == nil && r.Position[1] == 1.3 && r.ImageID == 5 }},
		{`{"image_path":"a.jpg","status":"failed","error":"x","timestamp":"y"}`, Checkpoint, func(Record) bool { return true }},
	} {
		n := 0
		for r, err := range Records(strings.NewReader("\n"+x.text+"\n"), "a.jsonl") {
			if n++; err != nil || r.Form != x.form || r.Line != 2 || r.File != "a.jsonl" || !x.want(r) {
				t.Errorf("%s\nreads as %+v, %v", x.text, r, err)
			}
		}
		if n != 1 {
			t.Errorf("%d records of a line", n)
		}
	}
	// One bad line is one error; the next line is read.
	var errs []string
	good := 0
	for _, err := range Records(strings.NewReader("{}\n[1]\n{\"mapillary_id\":5,\"url\":\"x\"}\n{\"url\":\"x\"}\n{\"mapillary_id\":1e30,\"url\":\"x\"}\n{\"mapillary_id\":7,\"url\":\"x\",\"compass_angle\":1e9}\n"), "a.jsonl") {
		if err != nil {
			errs = append(errs, err.Error())
		} else {
			good++
		}
	}
	if good != 1 || len(errs) != 5 {
		t.Errorf("%d lines are good, errors are %q", good, errs)
	}
	for i, want := range []string{"a.jsonl:1: the line has no messages", "a.jsonl:2: json: cannot", "a.jsonl:4: the image has no mapillary_id", "a.jsonl:5: the id 1e30 is a float", "a.jsonl:6: compass_angle is 1e+09"} {
		if !strings.HasPrefix(errs[i], want) {
			t.Errorf("error %d is %s, want %s", i, errs[i], want)
		}
	}
}

// Rows of our own composer are read as those of the reference's.
func TestComposedRoundTrip(t *testing.T) {
	s, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	s.Options.PathText = "composed"
	d := openSpec(t, s)
	var buf bytes.Buffer
	n, err := ugdata.WriteComposed(context.Background(), &buf, d)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	paths := map[string]*ugdata.Path{}
	for i := range d.Places {
		for j := range d.Places[i].Paths {
			paths[d.Places[i].Paths[j].Text] = &d.Places[i].Paths[j]
		}
	}
	for r, err := range Records(&buf, "paths.jsonl") {
		if err != nil || r.Form != Composed {
			t.Fatalf("%+v, %v", r, err)
		}
		want := paths[r.Path.Text]
		if want == nil || r.Path.Hops != want.Hops || r.Path.Summary != want.Summary || r.Path.Entities != want.Entities {
			t.Fatalf("path is %+v, want %+v", r.Path, want)
		}
		n--
	}
	if n != 0 {
		t.Errorf("%d rows are missing", n)
	}
}

func FuzzRecords(f *testing.F) {
	for _, text := range []string{
		`{"messages":[{"role":"user","content":"<image> q"}],"positive_messages":[[{"role":"user","content":"a"}]],"negative_images":[["x"]],"images":"i.jpg","graphs":[],"label":NaN}`,
		`{"image_caption":"A","summarization":"S","swift_format":{"messages":[{"role":"user","content":"x"}]},"image_paths":["i.jpg"],"mapillary_id":"812345678901234567","coordinates":[103.8,1.3]}`,
		`{"messages":[{"role":"user","content":"(1, nearest, A) (9.8m, 41°(NE))"}],"destination_node":41,"origin_node":1,"hop_distance":1,"path_meta":{"paths":[[1,41]],"paths_parsed":[{"formatted_path":"x","total_length_meters":3}]},"image_coordinates":"(103.8, 1.3)"}`,
		`{"messages":[{"role":"user","content":"Spatial Reasoning Path: (1, nearest, A). Based on the spatial context"},{"role":"assistant","content":"S"}],"mapillary_node":"1"}`,
		`{"mapillary_id":5,"geometry":{"type":"Point","coordinates":[103.8,1.3]},"url":"","compass_angle":-Infinity}`,
		`{"image_path":"a.jpg","status":"failed"}`, "\ufeff{}\n\n[", `{"id":9007199254740993,"url":"x"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for r, err := range Records(strings.NewReader(text), "x") {
			if err != nil {
				continue
			}
			if r.Position != nil && !onEarth(*r.Position) {
				t.Fatalf("an image at %v", *r.Position)
			}
			if r.Form != Image && r.Form != Checkpoint && len(r.Row.Messages) == 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// FuzzGraph reads graph files and grows a city of them.
func FuzzGraph(f *testing.F) {
	pickles, err := filepath.Glob("../nxpickle/testdata/*.pkl")
	if err != nil || len(pickles) == 0 {
		f.Fatal(err)
	}
	for _, path := range pickles {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"center_node":8,"nodes":[{"node_id":8,"node_text":"x","coords":[1,2],"kind":"image"},{"node_id":"0","coords":[1,2]}],"edges":[{"source":8,"target":0}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := ReadGraph(bytes.NewReader(data))
		if err != nil {
			return
		}
		file, err := g.File(0)
		if err == nil {
			var buf bytes.Buffer
			if err := file.Write(&buf); err != nil {
				t.Fatal(err)
			}
			if again, err := ugdata.ReadGraph(&buf); err != nil || len(again.Nodes) != len(g.Nodes) {
				t.Fatalf("what was read cannot be read again: %v", err)
			}
		}
		town := newTown("x")
		sub, err := town.add(g, 0)
		if err != nil {
			return
		}
		for _, e := range sub.Edges {
			if int(e.From) >= len(sub.Nodes) || int(e.To) >= len(sub.Nodes) {
				t.Fatalf("edge %+v of %d nodes", e, len(sub.Nodes))
			}
		}
		if town.close(nil) == nil {
			for i := range town.city.Nodes {
				if p := town.city.Centroid(city.NodeID(i)); p[0] != p[0] {
					t.Fatalf("node %d stands nowhere", i)
				}
			}
		}
	})
}

// Values of Python that NetworkX wrote come into the portable form.
func TestGraphOfPickle(t *testing.T) {
	python := pyenv.Common(t)
	path := filepath.Join(t.TempDir(), "g.pkl")
	pyenv.Run(t, python, "-c", `
import pickle, sys, networkx, numpy, shapely
g = networkx.Graph(central_node=812345678901234)
g.add_node("41", name="Elm Lane", category="residential", start_x=numpy.float64(1.0), start_y=2.0, end_x=1.002, end_y=2.0)
g.add_node(numpy.int64(5), name="Elm Park", category="leisure", geometry=shapely.Polygon([(1, 2), (1.001, 2), (1.001, 2.001)]))
g.add_node(7, name="lost")
g.add_node(8, node_text="Name: Shop, ID: 8, Category: commercial, Address: nan, , Coordinates: (1.000000, 2.500000)")
g.add_node(812345678901234, pos=[1.001, 2.0001])
g.add_edge("41", 812345678901234, type="nearest", distance=11.0)
g.add_edge("41", 5, type="internal")
g.add_edge(7, 8)
g.add_edge(8, 8)
pickle.dump(g, open(sys.argv[1], "wb"))
`, path)
	g, err := readGraphFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if g.Center != 812345678901234 || len(g.Nodes) != 4 || g.Dropped != 1 || len(g.Edges) != 2 {
		t.Fatalf("graph is %+v", g)
	}
	file, err := g.File(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(file.Nodes)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"node_id":41,"node_text":"Name: Elm Lane, ID: 41, Category: residential, Address: nan, , Coordinates: (1.001000, 2.000000)","coords":[1.001,2],"kind":"street"}`,
		`"kind":"area"`, `"coords":[1,2.5],"kind":"poi"`, `"coords":[1.001,2.0001],"kind":"image"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("nodes are\n%s\nwithout\n%s", b, want)
		}
	}
	if e := file.Edges[1]; e.Type != "bounds" || e.Source != 5 || e.Target != 41 || e.Distance < 50 || e.Distance > 80 {
		t.Errorf("edge is %+v", e)
	}
}
