package nxpickle

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/internal/pyenv"
)

// rich is a graph of every kind with every kind of attribute.
func rich(directed, multi bool) *Graph {
	g := wanted()
	g.Directed, g.Multi = directed, multi
	g.Attrs = append(g.Attrs, Attr{"list", []any{nil, true, false, int64(-5), int64(image), "街", Tuple{1.5, []any{}}, Map{{"a", int64(1)}, {int64(2), "b"}}}})
	g.Attrs = append(g.Attrs, Attr{"big", new(big.Int).Lsh(big.NewInt(1), 80)}, Attr{"low", new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(3), 70))}, Attr{"bytes", []byte{0, 0xff}})
	g.Nodes = append(g.Nodes, Node{ID: "named", Attrs: Attrs{}})
	g.Edges = append(g.Edges, Edge{From: 2, To: 2, Attrs: Attrs{{"loop", true}}})
	if multi {
		g.Edges = append(g.Edges, Edge{From: 2, To: 5, Attrs: Attrs{{"n", int64(1)}}}, Edge{From: 2, To: 5, Attrs: Attrs{{"n", int64(2)}}})
		keys := map[[2]int]int64{}
		for i := range g.Edges {
			e := &g.Edges[i]
			e.Key = keys[[2]int{e.From, e.To}]
			keys[[2]int{e.From, e.To}]++
		}
	}
	return g
}

func TestRoundTrip(t *testing.T) {
	for _, directed := range []bool{false, true} {
		for _, multi := range []bool{false, true} {
			g := rich(directed, multi)
			var buf bytes.Buffer
			if err := g.WritePickle(&buf); err != nil {
				t.Fatal(err)
			}
			f, err := Read(bytes.NewReader(buf.Bytes()), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(f.Graph, g) {
				t.Errorf("directed %v, multi %v: comes back as\n%+v\nwant\n%+v", directed, multi, f.Graph, g)
			}
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*Graph){
		"as an edge before":      func(g *Graph) { g.Edges = append(g.Edges, Edge{From: 4, To: 0}) },
		"joins nodes 0 and 90":   func(g *Graph) { g.Edges[0].To = 90 },
		"cannot be written":      func(g *Graph) { g.Nodes[0].Attrs[0].Value = orb.Point{} },
		`edge 1, attribute "x"`:  func(g *Graph) { g.Edges[1].Attrs = Attrs{{"x", 5}} },
		"an integer of 65 bytes": func(g *Graph) { g.Attrs = Attrs{{"x", new(big.Int).Lsh(big.NewInt(1), 64*8)}} },
	} {
		g := wanted()
		spoil(g)
		if err := g.WritePickle(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

// NetworkX itself loads what is written, and finds what Read finds in it.
func TestNetworkX(t *testing.T) {
	python := pyenv.Common(t)
	dir := t.TempDir()
	paths := map[string]*Graph{}
	for _, directed := range []bool{false, true} {
		for _, multi := range []bool{false, true} {
			g := rich(directed, multi)
			var buf bytes.Buffer
			if err := g.WritePickle(&buf); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, map[bool]string{true: "d", false: "u"}[directed]+map[bool]string{true: "m", false: "s"}[multi]+".pkl")
			if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			paths[path] = g
		}
	}
	for path, g := range paths {
		var got struct {
			Class        string
			Nodes, Edges int
			Same         bool
			ID           string
			Loop         bool
			Predecessors int
		}
		if err := json.Unmarshal(pyenv.Run(t, python, "testdata/load.py", path), &got); err != nil {
			t.Fatal(err)
		}
		if got.Nodes != len(g.Nodes) || got.Edges != len(g.Edges) || !got.Same || got.ID != "812345678901234567" || !got.Loop ||
			strings.Contains(got.Class, "Di") != g.Directed || strings.Contains(got.Class, "Multi") != g.Multi {
			t.Errorf("%s: NetworkX sees %+v", filepath.Base(path), got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, path := range each(f, "*.pkl", 40) {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data), Limits{Memory: 16 << 20})
		if err != nil {
			return
		}
		for _, e := range file.Graph.Edges {
			if e.From >= len(file.Graph.Nodes) || e.To >= len(file.Graph.Nodes) {
				t.Fatalf("edge %+v of %d nodes", e, len(file.Graph.Nodes))
			}
		}
		var buf bytes.Buffer
		if file.Graph.WritePickle(&buf) != nil {
			return // geometries and the like
		}
		again, err := Read(&buf, Limits{})
		if err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
		if len(again.Graph.Nodes) != len(file.Graph.Nodes) || len(again.Graph.Edges) != len(file.Graph.Edges) {
			t.Fatalf("%d nodes and %d edges come back as %d and %d", len(file.Graph.Nodes), len(file.Graph.Edges), len(again.Graph.Nodes), len(again.Graph.Edges))
		}
	})
}
