package ugdata

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/city"
)

// A dataset whose splits and pairs are dealt again is like one that was made:
// apart, with the pairs of train and val places alone, the same for a seed.
func TestDeal(t *testing.T) {
	fresh := func() *Dataset {
		d := gridData(t)
		d.Samples = nil
		for i := range d.Places {
			d.Places[i].Split = ""
		}
		return d
	}
	d := fresh()
	given := Sample{Place: 0, Kind: SCC, Stage: 1, Query: "q", Positive: "given"}
	d.Samples = []Sample{given}
	if err := d.Deal(gridOptions, 7, "omega"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Audit(); err != nil {
		t.Error(err)
	}
	count := map[Split]int{}
	for i := range d.Places {
		count[d.Places[i].Split]++
		if (d.Places[i].City == "omega") != (d.Places[i].Split == HeldOut) {
			t.Fatalf("place %d of %s is in %s", d.Places[i].ID, d.Places[i].City, d.Places[i].Split)
		}
	}
	for _, s := range Splits {
		if count[s] == 0 {
			t.Errorf("no place is in %s: %v", s, count)
		}
	}
	kept := false
	for _, s := range d.Samples {
		if p := &d.Places[s.Place]; p.Split != Train && p.Split != Val || s.Place == 0 && s != given {
			t.Fatalf("pair %+v is of a place of %s", s, p.Split)
		}
		kept = kept || s == given
	}
	if trained := d.Places[0].Split == Train || d.Places[0].Split == Val; kept != trained {
		t.Errorf("a pair that was given is kept: %v, its place is in %s", kept, d.Places[0].Split)
	}
	again, other := fresh(), fresh()
	again.Samples = []Sample{given}
	if err := again.Deal(gridOptions, 7, "omega"); err != nil || !reflect.DeepEqual(again.Places, d.Places) || !reflect.DeepEqual(again.Samples, d.Samples) {
		t.Errorf("the same seed deals otherwise, %v", err)
	}
	if err := other.Deal(gridOptions, 8, "omega"); err != nil || reflect.DeepEqual(other.Places, d.Places) {
		t.Errorf("another seed deals the same, %v", err)
	}
	// Texts that are missing make no pairs.
	mute := fresh()
	for i := range mute.Places {
		mute.Places[i].Caption, mute.Places[i].Paths = "", nil
	}
	if err := mute.Deal(gridOptions, 7); err != nil || len(mute.Samples) > 0 {
		t.Errorf("%d pairs of no text, %v", len(mute.Samples), err)
	}
	if err := fresh().Deal(gridOptions, 7, "gamma"); err == nil || !strings.Contains(err.Error(), "gamma") {
		t.Errorf("a city that is not there: %v", err)
	}
	twice := fresh()
	twice.Places[1].ID = twice.Places[0].ID
	if err := twice.Deal(gridOptions, 7); err == nil || !strings.Contains(err.Error(), "comes twice") {
		t.Errorf("a place twice: %v", err)
	}
	if err := fresh().Deal(Options{Hops: 99}, 7); err == nil {
		t.Error("options that cannot be are taken")
	}
}

// A dataset that stands alone comes back whole; one that points outside does not
// open.
func TestFolder(t *testing.T) {
	d := gridData(t)
	d.Places = slices.Clone(d.Places[:50])
	d.Samples = nil
	d.Places[0].Image = "images/a.jpg"
	d.Places[1].Image = "/elsewhere/b.jpg"
	d.Places[2].Image = "../c.jpg"
	delete(d.Cities, "omega")
	dir := t.TempDir()
	if err := WriteFolder(dir, d); err != nil {
		t.Fatal(err)
	}
	got, err := OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Places[0].Image != filepath.Join(dir, "images/a.jpg") || got.Places[1].Image != "/elsewhere/b.jpg" || got.Places[2].Image != "../c.jpg" {
		t.Errorf("images are %s, %s, %s", got.Places[0].Image, got.Places[1].Image, got.Places[2].Image)
	}
	if len(got.Cities["alpha"].Nodes) != len(d.Cities["alpha"].Nodes) || !reflect.DeepEqual(got.Places[7].Graph, d.Places[7].Graph) {
		t.Error("places or cities change")
	}
	for name, spoil := range map[string]func(p *Place){
		"names node 99999":          func(p *Place) { p.Graph = Subgraph{Nodes: []city.NodeID{-1, 99999}} },
		"a subgraph without its im": func(p *Place) { p.Graph = Subgraph{} },
		"a path of place":           func(p *Place) { p.Paths = []Path{{Nodes: []city.NodeID{99999}}} },
		"cannot be that of a folde": func(p *Place) { p.City = "../alpha" },
	} {
		bad := *d
		bad.Places = slices.Clone(d.Places)
		spoil(&bad.Places[3])
		if err := Write(dir, &bad); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error is %v, want one with %q", err, name)
		}
	}
	d.Cities["../x"] = d.Cities["alpha"]
	if err := WriteFolder(dir, d); err == nil || !strings.Contains(err.Error(), "../x") {
		t.Errorf("a city outside of the folder: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "x")); err == nil {
		t.Error("it was written")
	}
}
