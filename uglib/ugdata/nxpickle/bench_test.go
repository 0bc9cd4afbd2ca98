package nxpickle

import (
	"bytes"
	"fmt"
	"testing"
)

// A graph of the size to which the reference cuts them.
func BenchmarkRead(b *testing.B) {
	g := &Graph{}
	for i := range int64(1000) {
		g.Nodes = append(g.Nodes, Node{i, Attrs{{"node_text", fmt.Sprintf("Name: Elm Lane %d, ID: %d, Category: residential, Address: nan, , Coordinates: (103.848100, 1.350200)", i, i)}, {"coords", Tuple{103.8481, 1.3502}}}})
	}
	for i := range 3000 {
		g.Edges = append(g.Edges, Edge{From: i % 1000, To: (i*7 + i/1000 + 1) % 1000, Attrs: Attrs{{"type", "nearest"}, {"distance", 12.5}}})
	}
	g.Multi = true
	var buf bytes.Buffer
	if err := g.WritePickle(&buf); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(buf.Bytes()), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
