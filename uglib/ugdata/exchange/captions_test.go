package exchange

import (
	"os"
	"path/filepath"
	"testing"

	"urbangraph/uglib/ugdata"
)

// Captions are read back as those of the reference's script, and each names the
// graph of its place.
func TestCaptions(t *testing.T) {
	dir, d := exported(t)
	places := map[int64]*ugdata.Place{}
	for i := range d.Places {
		if p := &d.Places[i]; p.Split != ugdata.Buffer {
			places[p.ID] = p
		}
	}
	for _, split := range ugdata.Splits[:4] {
		path := filepath.Join(dir, "scc", "captions_"+string(split)+".jsonl")
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r, err := range Records(f, path) {
			p := places[r.ImageID]
			if err != nil || r.Form != Caption || p == nil || p.Split != split {
				t.Fatalf("%+v of %+v, %v", r, p, err)
			}
			if r.Caption != p.Caption || r.Summary != p.Summary || *r.Position != p.Pos || r.City != p.City || *r.Heading != float64(p.Heading) {
				t.Fatalf("row is %+v, place %+v", r, p)
			}
			g, err := readGraphFile(filepath.Join(dir, "scc", r.Row.Graphs[0]))
			if err != nil || g.Center != p.ID || len(g.Nodes) != len(p.Graph.Nodes) {
				t.Fatalf("graph of place %d: %v", p.ID, err)
			}
			must(t, filepath.Join(dir, r.Row.Images[0]))
			delete(places, r.ImageID)
		}
	}
	if len(places) > 0 {
		t.Errorf("%d places have no row", len(places))
	}
}
