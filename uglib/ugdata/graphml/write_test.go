package graphml

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urbangraph/uglib/internal/pyenv"
)

var header = Header{
	Graph: []Value{{Key{"crs", String}, "epsg:4326"}, {Key{"seed", Long}, int64(1<<62 + 1)}},
	Nodes: []Key{{"name", String}, {"x", Double}, {"y", Double}, {"osm_id", Long}, {"oneway", Boolean}},
	Edges: []Key{{"length", Double}, {"type", String}},
}

func sample(h Header) []byte {
	var buf bytes.Buffer
	w := NewWriter(&buf, h)
	w.Node("812345678901234567", `<Elm & "Oak">`, 103.8481, -1e-9, int64(1<<53+1), true)
	w.Node("2", "مقهى 街\t\x01", nil, nil, nil, false)
	w.Edge("812345678901234567", "2", 12.5, "nearest")
	w.Edge("2", "812345678901234567", 0.1, nil)
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

func TestWriteIsXML(t *testing.T) {
	dec := xml.NewDecoder(bytes.NewReader(sample(header)))
	count := map[string]int{}
	for {
		token, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.StartElement); ok {
			count[s.Name.Local]++
		}
	}
	if want := map[string]int{"graphml": 1, "key": 9, "graph": 1, "node": 2, "edge": 2, "data": 2 + 5 + 2 + 2 + 1}; !reflect.DeepEqual(count, want) {
		t.Errorf("elements are %v, want %v", count, want)
	}
}

func TestRefused(t *testing.T) {
	for want, f := range map[string]func(w *Writer){
		"node 1 has 1 attributes, want 2":          func(w *Writer) { w.Node("1", "a") },
		`node 1, attribute "n": a float64 is no l`: func(w *Writer) { w.Node("1", "a", 1.5) },
		`attribute "n": a int is no string`:        func(w *Writer) { w.Node("1", 5, nil); w.Node("2", "a", nil) },
	} {
		w := NewWriter(io.Discard, Header{Nodes: []Key{{"n", String}, {"n", Long}}})
		f(w)
		if err := w.Close(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
	if err := NewWriter(io.Discard, Header{Nodes: []Key{{"n", "text"}}}).Close(); err == nil {
		t.Error("a type that GraphML lacks is taken")
	}
	if err := NewWriter(full{}, header).Close(); err == nil {
		t.Error("a full disk is no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0.1: "0.1", 1e21: "1e+21", math.Inf(1): "INF", math.Inf(-1): "-INF", -103.8481: "-103.8481"} {
		if got, err := format(Double, v); got != want || err != nil {
			t.Errorf("%v is %q, %v", v, got, err)
		}
	}
}

// NetworkX reads types, ids and texts as they were written.
func TestNetworkX(t *testing.T) {
	python := pyenv.Common(t)
	for _, directed := range []bool{false, true} {
		h := header
		h.Directed = directed
		path := filepath.Join(t.TempDir(), "graph.graphml")
		if err := os.WriteFile(path, sample(h), 0o644); err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(pyenv.Run(t, python, "testdata/load.py", path), &got); err != nil {
			t.Fatal(err)
		}
		var want any
		text := `{"class":"Graph","graph":{"crs":"epsg:4326","seed":"4611686018427387905"},"nodes":[
			["812345678901234567",{"name":"<Elm & \"Oak\">","x":103.8481,"y":-1e-09,"osm_id":"9007199254740993","oneway":true}],
			["2",{"name":"مقهى 街\t\ufffd","oneway":false}]],
			"edges":[["812345678901234567","2",{"length":12.5,"type":"nearest"}],["2","812345678901234567",{"length":0.1}]]}`
		text = strings.Replace(text, `"Graph"`, map[bool]string{true: `"MultiDiGraph"`, false: `"MultiGraph"`}[directed], 1)
		if !directed { // an edge has no direction: it is seen from the node that came first
			text = strings.Replace(text, `["2","812345678901234567",{"l`, `["812345678901234567","2",{"l`, 1)
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("NetworkX reads\n%v\nwant\n%v", got, want)
		}
	}
}

func ExampleWriter() {
	w := NewWriter(os.Stdout, Header{Nodes: []Key{{"name", String}}, Edges: []Key{{"length", Double}}})
	w.Node("1", "Elm Lane")
	w.Node("2", nil)
	w.Edge("1", "2", 12.5)
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
	// <key id="n0" for="node" attr.name="name" attr.type="string"/>
	// <key id="e0" for="edge" attr.name="length" attr.type="double"/>
	// <graph edgedefault="undirected">
	// <node id="1">
	// <data key="n0">Elm Lane</data>
	// </node>
	// <node id="2">
	// </node>
	// <edge id="0" source="1" target="2">
	// <data key="e0">12.5</data>
	// </edge>
	// </graph>
	// </graphml>
}
