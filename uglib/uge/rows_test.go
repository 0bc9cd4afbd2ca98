package uge

import (
	"testing"

	"urbangraph/uglib/vision"
)

// A row's vector does not depend on what it is padded to, in any family; rows of
// one size share a compiled graph.
func TestBatchOf(t *testing.T) {
	for name, m := range families(t) {
		t.Run(name, func(t *testing.T) {
			p, err := m.Processor.Prepare(picture(3, 60, 40))
			if err != nil {
				t.Fatal(err)
			}
			grow(t, m, []Input{{Text: "<graph>", Graph: testGraph(m, 4, 1)}})
			stir(t, m)
			e := NewEncoder(m, testBackend(t))
			defer e.Close()
			for i, in := range []Input{
				{Text: "A street near a bakery."},
				{Text: "<image> Where is this?", Images: []vision.Picture{p}},
				{Text: "<graph><image> Where is this?", Images: []vision.Picture{p}, Graph: testGraph(m, 4, 1)},
			} {
				row, err := m.Row(in)
				if err != nil {
					t.Fatal(err)
				}
				size := row.Size
				size.Row.Tokens += 40
				size.Row.Tiles *= 2
				if in.Graph != nil {
					size.Graph.Nodes, size.Graph.Edges = size.Graph.Nodes+3, size.Graph.Edges+5
				}
				size = m.Round(size)
				want := encode(t, m, []Input{in})[0]
				for _, laid := range [][]Row{{row}, {row, row}} {
					b, err := m.BatchOf(laid, 2, size)
					if err != nil {
						t.Fatal(err)
					}
					out, err := e.Run(b)
					if err != nil {
						t.Fatal(err)
					}
					for k := range laid {
						if d := distance(out[k], want); d > 1e-5 {
							t.Errorf("%q: padded to %+v, row %d of %d differs by %g", in.Text, size, k, len(laid), d)
						}
					}
				}
				if e.Graphs() != i+1 {
					t.Errorf("%d graphs for %d sizes", e.Graphs(), i+1)
				}
			}
			small, err := m.Row(Input{Text: "x"})
			if err != nil {
				t.Fatal(err)
			}
			large, err := m.Row(Input{Text: "x y z x y z x y z x y z"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.BatchOf([]Row{large}, 1, small.Size)
			wantError(t, err, "size asked for")
			graph, err := m.Row(Input{Text: "<graph>", Graph: testGraph(m, 4, 1)})
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.BatchOf([]Row{graph}, 1, small.Size)
			wantError(t, err, "form")
			short := graph.Size
			short.Graph.Nodes--
			_, err = m.BatchOf([]Row{graph}, 1, short)
			wantError(t, err, "graphs that take")
		})
	}
}
