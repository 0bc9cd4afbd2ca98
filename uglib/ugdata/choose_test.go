package ugdata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

func spots(n int) []spot {
	frame := geo.Frame{Origin: orb.Point{10, 50}}
	var all []spot
	for i := range n {
		all = append(all, spot{int64(1000 + i), frame.LonLat(orb.Point{float64(i) * 5, 0})})
	}
	return all
}

func TestChoosePerCell(t *testing.T) {
	views := spots(200)
	o := Options{PerCell: 3}.complete()
	got, err := o.choose(views, 1)
	if err != nil {
		t.Fatal(err)
	}
	in, all := map[uint64]int{}, map[uint64]int{}
	for i, v := range views {
		cell := geo.Cell(v.pos, 18)
		all[cell]++
		if got[i] == kept {
			in[cell]++
		}
	}
	for cell, n := range all {
		if in[cell] != min(n, 3) {
			t.Errorf("cell %d keeps %d of %d views", cell, in[cell], n)
		}
	}
	// The choice depends on the seed, and on nothing else.
	turned := slices.Clone(views)
	slices.Reverse(turned)
	back, _ := o.choose(turned, 1)
	slices.Reverse(back)
	if !slices.Equal(got, back) {
		t.Error("the order of the views changes the choice")
	}
	if other, _ := o.choose(views, 2); slices.Equal(got, other) {
		t.Error("another seed gives the same choice")
	}
	coarse := Options{PerCell: 3, CellLevel: 12}.complete()
	rough, _ := coarse.choose(views, 1)
	if n := len(slices.DeleteFunc(rough, func(v verdict) bool { return v != kept })); n > 6 {
		t.Errorf("%d views are kept of cells of 2 km", n)
	}
}

func TestChooseProcessed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "done.txt")
	if err := os.WriteFile(path, []byte("1001\n\n{\"mapillary_node\": \"1003\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := ProcessedFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Processed: p, PerCell: 1, CellLevel: 1}.complete()
	got, err := o.choose(spots(5), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got[1] != processed || got[3] != processed || len(slices.DeleteFunc(slices.Clone(got), func(v verdict) bool { return v != kept })) != 1 {
		t.Errorf("verdicts %v, want two processed and one of the others kept", got)
	}
	if err := os.WriteFile(path, []byte("1002\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := o.choose(spots(5), 1); err == nil || !strings.Contains(err.Error(), "has changed since") {
		t.Errorf("a file that changed: %v", err)
	}
	os.Remove(path)
	if _, err := o.choose(spots(5), 1); err == nil || !strings.Contains(err.Error(), "give the path of the file again") {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := ProcessedFile(path); err == nil {
		t.Error("a file that is not there can be named")
	}
}

func TestReadProcessed(t *testing.T) {
	ids, err := ReadProcessed(strings.NewReader(`
700000000000001
"700000000000002"
{"mapillary_node": "700000000000003", "images": "x/9.jpg"}
{"mapillary_id": 700000000000004}
{"place_id": "700000000000005"}
{"images": ["/mydata/stage1_images/700000000000006.JPG"], "place_id": null}
{"image_path": "c:\\images\\9007199254740993.png"}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{700000000000001, 700000000000002, 700000000000003, 700000000000004, 700000000000005, 700000000000006, 9007199254740993} {
		if !ids[id] {
			t.Errorf("%d is missing in %v", id, ids)
		}
	}
	if len(ids) != 7 {
		t.Errorf("%d ids", len(ids))
	}
	for text, want := range map[string]string{
		"12\nx":                     `line 2: "x" is no id`,
		"1e6":                       "line 1",
		"{":                         "line 1",
		`{"url": "x"}`:              "names no view",
		`{"mapillary_id": 1.5}`:     `"1.5" is no id`,
		`{"images": ["photo.jpg"]}`: "names no view",
		"92233720368547758080":      "is no id",
	} {
		if _, err := ReadProcessed(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

func FuzzReadProcessed(f *testing.F) {
	f.Add("700000000000001\n\"2\"\n{\"mapillary_node\": \"3\"}\n{\"images\": [\"a/4.jpg\"]}")
	f.Add(`{"messages":[{"role":"user","content":"<image> Where?"}],"images":"1.jpg","place_id":"5"}`)
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := ReadProcessed(strings.NewReader(text))
		if (ids == nil) == (err == nil) {
			t.Fatalf("ids %v, error %v", ids, err)
		}
		if lines := strings.Count(text, "\n") + 1; len(ids) > lines {
			t.Fatalf("%d ids of %d lines", len(ids), lines)
		}
	})
}
