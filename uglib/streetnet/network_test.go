package streetnet

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm"
)

var regen = flag.Bool("regen", false, "write the golden files anew")

func source(t testing.TB, path string) osm.Source {
	t.Helper()
	src, err := osm.File(path)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// text writes a network for people.
func text(n *Network) string {
	var b strings.Builder
	for i := range n.Nodes {
		v := &n.Nodes[i]
		fmt.Fprintf(&b, "%d: %d streets", v.ID, v.Streets)
		if v.Tags["highway"] != "" {
			fmt.Fprintf(&b, ", %s", v.Tags["highway"])
		}
		b.WriteString("\n")
		for j := range n.Edges {
			e := &n.Edges[j]
			if e.From != int32(i) {
				continue
			}
			fmt.Fprintf(&b, "  to %d", n.Nodes[e.To].ID)
			if e.Key > 0 {
				fmt.Fprintf(&b, " (parallel %d)", e.Key)
			}
			fmt.Fprintf(&b, ": %.1f m by", float64(e.Length))
			for _, w := range e.Ways {
				fmt.Fprintf(&b, " %d", n.Ways[w].ID)
				if n.Ways[w].Oneway {
					b.WriteString(" (one-way)")
				}
			}
			switch {
			case e.Forward && e.Backward:
				b.WriteString(", along and against the ways")
			case e.Backward:
				b.WriteString(", against the way")
			}
			fmt.Fprintf(&b, ", %d points\n", len(n.Course(e)))
		}
	}
	fmt.Fprintf(&b, "%+v\n", n.Report)
	return b.String()
}

// TestOdd compares networks of the map of oddities with those that OSMnx was
// found to make (TestSameAsOSMnx).
func TestOdd(t *testing.T) {
	for name, o := range map[string]Options{
		"all": {}, "drive": {Network: Drive}, "walk": {Network: Walk, Largest: true}, "rings": {KeepRings: true, Differ: []string{"highway"}},
	} {
		n, err := Read(t.Context(), source(t, "testdata/odd.osm"), o)
		if err != nil {
			t.Fatal(err)
		}
		got, path := text(n), "testdata/odd-"+name+".txt"
		if *regen {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// TestInvariants checks what holds for any network on a real town.
func TestInvariants(t *testing.T) {
	src, err := osm.Builtin("delaware")
	if err != nil {
		t.Fatal(err)
	}
	box := orb.Bound{Min: orb.Point{-75.56, 39.73}, Max: orb.Point{-75.53, 39.75}}
	raw, err := Read(t.Context(), src, Options{Bound: &box, Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	joined, err := Read(t.Context(), src, Options{Bound: &box})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[int64]orb.Point{}
	for _, v := range raw.Nodes {
		ids[v.ID] = v.At
		if !box.Contains(v.At) {
			t.Errorf("node %d lies outside of the box", v.ID)
		}
	}
	var sums [2]float64
	for i, n := range []*Network{raw, joined} {
		if !slices.IsSortedFunc(n.Edges, func(a, b Edge) int { return int(a.From) - int(b.From) }) {
			t.Error("the edges are not in the order of where they start")
		}
		for j := range n.Edges {
			e := &n.Edges[j]
			sums[i] += float64(e.Length)
			line := n.Course(e)
			if line[0] != n.Nodes[e.From].At || line[len(line)-1] != n.Nodes[e.To].At {
				t.Errorf("the line of edge %d does not lead from its start to its end", j)
			}
			if len(e.Ways) == 0 || !e.Forward && !e.Backward {
				t.Errorf("edge %d: %+v", j, e)
			}
		}
	}
	for _, v := range joined.Nodes {
		if ids[v.ID] != v.At {
			t.Errorf("node %d is not one of the vertices", v.ID)
		}
	}
	if joined.Report.Rings == 0 && (sums[0]-sums[1] > 1e-3 || sums[1]-sums[0] > 1e-3) {
		t.Errorf("%.3f m of street became %.3f m", sums[0], sums[1])
	}
	if joined.Report.Vertices != len(raw.Nodes) || joined.Report.Segments != len(raw.Edges) {
		t.Errorf("report %+v of %d nodes and %d edges", joined.Report, len(raw.Nodes), len(raw.Edges))
	}
}

func TestFaults(t *testing.T) {
	src := source(t, "testdata/odd.osm")
	box := orb.Bound{Min: orb.Point{5, 5}, Max: orb.Point{6, 6}}
	_, err := Read(t.Context(), src, Options{Bound: &box, Network: Drive})
	if !errors.Is(err, ErrNoStreets) || !strings.Contains(err.Error(), `no streets of the network "drive"`) || !strings.Contains(err.Error(), "within the box 5,5,6,6") {
		t.Errorf("an empty box: %v", err)
	}
	if _, err := Read(t.Context(), src, Options{Differ: []string{"surface"}}); err == nil || !strings.Contains(err.Error(), `"surface" is not among the tags that are kept`) {
		t.Errorf("a tag that is not kept: %v", err)
	}
	if _, err := Read(t.Context(), src, Options{Bound: &orb.Bound{Min: orb.Point{1, 1}}}); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("a box inside out: %v", err)
	}
	if _, err := ParseFilter("cars"); err == nil || !strings.Contains(err.Error(), "all, all_public, drive, drive_service, walk, bike") {
		t.Errorf("an unknown network: %v", err)
	}
	for f := All; f <= Bike; f++ {
		if got, err := ParseFilter(f.String()); got != f || err != nil {
			t.Errorf("%v: %v %v", f, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, src, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled read: %v", err)
	}
}

// TestGraphMLIsTheSame checks that the same map gives the same bytes, and that
// an error of the writer is told.
func TestGraphMLIsTheSame(t *testing.T) {
	var files [2]bytes.Buffer
	for i := range files {
		n, err := Read(t.Context(), source(t, "testdata/odd.osm"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.WriteGraphML(&files[i]); err != nil {
			t.Fatal(err)
		}
		if err := n.WriteGraphML(full{}); !errors.Is(err, errFull) {
			t.Errorf("a full disk: %v", err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("two files of one map differ")
	}
	for _, want := range []string{
		`<node id="9007199254740993">`, `>[101, 102]</data>`, `[&#39;He said &#34;no&#34; \\ it\&#39;s&#39;, &#39;[東京通り]&#39;]`,
		`>[False, True]</data>`, `>LINESTRING (0.001 0, 0.002 0, `,
	} {
		if !strings.Contains(files[0].String(), want) {
			t.Errorf("the file holds no %s:\n%s", want, &files[0])
		}
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// BenchmarkRead reads all ways of Delaware.
func BenchmarkRead(b *testing.B) {
	src, err := osm.Builtin("delaware")
	if err != nil {
		b.Fatal(err)
	}
	for name, o := range map[string]Options{"raw": {Raw: true}, "simplified": {}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(context.Background(), src, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
