package ugbench

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// elsewhere writes the made-up town a degree further east, so that it is no
// neighbour of the first.
func elsewhere(t *testing.T) (path string) {
	t.Helper()
	data, err := os.ReadFile("testdata/grid.osm")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "elsewhere.osm")
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte(` lon="0.`), []byte(` lon="1.`)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// townSpec is a benchmark over views of a made-up town and of one like it
// elsewhere.
func townSpec(t *testing.T) Spec {
	t.Helper()
	views := func(path, name string, count int) streetview.Spec {
		town, err := city.FromFile(path, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		return streetview.Render(town, count)
	}
	train, heldOut := views("testdata/grid.osm", "here", 60), views(elsewhere(t), "there", 40)
	for _, v := range []*streetview.Spec{&train, &heldOut} {
		v.Width, v.Height = 64, 48
	}
	spec := For(ugdata.Spec{Train: []streetview.Spec{train}, HeldOut: []streetview.Spec{heldOut}, Seed: 1})
	spec.Candidates = 5
	return spec
}

func TestOpen(t *testing.T) {
	s := store.At(t.TempDir())
	ctx := store.With(t.Context(), s)
	spec := townSpec(t)
	b, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Make(b.Data, spec.Options)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Sets) != len(want.Sets) {
		t.Fatalf("%d sets, want %d", len(b.Sets), len(want.Sets))
	}
	for i := range want.Sets {
		if !reflect.DeepEqual(b.Sets[i], want.Sets[i]) {
			t.Errorf("set %d differs from the one made without the store", i)
		}
	}
	a, err := s.Lookup(spec)
	if err != nil || a.Manifest.Key != b.Key {
		t.Fatalf("the artefact is %v, %v", a, err)
	}
	_, err = want.KeptAs()
	if err == nil || !strings.Contains(err.Error(), "without the store") {
		t.Errorf("a benchmark in memory: %v", err)
	}
	ref, err := b.KeptAs()
	if err != nil {
		t.Fatal(err)
	}
	var again Bench
	if err := again.Reopen(ref); err != nil || !reflect.DeepEqual(again.Sets, b.Sets) || again.Key != b.Key {
		t.Errorf("opened again it differs, %v", err)
	}
	if err := again.Reopen([]byte(filepath.Join(s.Root(), "bench", "none"))); err == nil {
		t.Error("a benchmark that is not there is opened again")
	}
	file := a.Path(fileName(Geolocation, HeldOutCity))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The same size, but broken: the error names the file.
	if err := os.WriteFile(file, append([]byte("!"), data[1:]...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, spec); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error = %v", err)
	}
}

func TestForFollowsTheDataset(t *testing.T) {
	if spec := For(ugdata.Spec{}); spec.Grammar || spec.Candidates != 20 || spec.MinDistance != 100 || spec.MaxDistance != 1000 {
		t.Errorf("spec = %+v", spec)
	}
	if spec := For(ugdata.Spec{Options: ugdata.Options{PathText: "grammar"}}); !spec.Grammar {
		t.Error("paths in natural language for a dataset by the grammar")
	}
}
