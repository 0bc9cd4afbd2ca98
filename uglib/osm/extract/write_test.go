package extract

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/paulmach/orb"
)

// TestWriter writes what it reads and reads it again, here and with osmium.
func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	err := Scan(t.Context(), "testdata/map.osm", Handler{
		Node:     func(id int64, at orb.Point, tags Tags) { w.Node(id, at, tags.All()) },
		Way:      func(id int64, nodes []int64, tags Tags) { w.Way(id, nodes, tags.All()) },
		Relation: func(id int64, members []Member, tags Tags) { w.Relation(id, members, tags.All()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got dump
	if err := scan(t.Context(), bytes.NewReader(b.Bytes()), pbf, got.handler()); err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(dumpOf(t, "testdata/map.osm"), "\n") // without the bounds
	if got.String() != want {
		t.Errorf("%s\nwant\n%s", &got, want)
	}

	many := NewWriter(&b)
	b.Reset()
	none := func(func(string, string) bool) {}
	for i := range int64(2*perBlock + 1) {
		many.Node(i, orb.Point{float64(i) / 1e6, -45}, none)
	}
	if err := many.Close(); err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	err = scan(t.Context(), bytes.NewReader(b.Bytes()), pbf, Handler{Node: func(id int64, at orb.Point, _ Tags) {
		if id != n || at != (orb.Point{float64(n) / 1e6, -45}) {
			t.Fatalf("node %d lies at %v", id, at)
		}
		n++
	}})
	if err != nil || n != 2*perBlock+1 {
		t.Errorf("%d nodes: %v", n, err)
	}
	if _, err := exec.LookPath("osmium"); err == nil {
		cmd := exec.Command("osmium", "fileinfo", "-e", "-F", "pbf", "-g", "data.count.nodes", "-")
		cmd.Stdin = bytes.NewReader(b.Bytes())
		if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "16001" {
			t.Errorf("osmium: %v: %s", err, out)
		}
	}
	if err := NewWriter(full{}).Close(); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
