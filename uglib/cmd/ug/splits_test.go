package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/store"
)

func TestSplitFlags(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	own := []string{"data", "build", "--pbf", grid, "--count", "60", "--size", "64x48", "--subgraph-radius", "40", "--block-level", "16"}
	build := func(args ...string) *dataResult {
		r := mustJSON[dataResult](t, append(own[:len(own):len(own)], args...)...)
		return &r
	}
	plain := build()
	fold := build("--folds", "3", "--fold", "2")
	if fold.Artefact == plain.Artefact || fold.Places["grid"]["test"] == 0 {
		t.Errorf("fold 2 of 3: %+v", fold)
	}
	areas := filepath.Join(t.TempDir(), "areas.geojson")
	if err := os.WriteFile(areas, []byte(`{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"split":"buffer"},"geometry":{"type":"Polygon","coordinates":[[[-180,-90],[180,-90],[180,0],[-180,-90]]]}},
		{"type":"Feature","properties":{"split":"test"},"geometry":{"type":"Polygon","coordinates":[[[179,0],[180,0],[180,1],[179,0]]]}}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if far := build("--split-areas", areas); far.Places["grid"]["test"] != 0 || far.Places["grid"]["train"] == 0 {
		t.Errorf("a test area elsewhere: %+v", far.Places)
	}
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--split-city", "grid=test"}, exitFailure, "no place is left for training"},
		{[]string{"--split-city", "grid"}, exitUsage, "no NAME=SPLIT; try grid=test"},
		{[]string{"--split-city", "grid=best"}, exitUsage, `into "best"`},
		{[]string{"--split-city", "nowhere=test"}, exitFailure, "names the city nowhere"},
		{[]string{"--fold", "2"}, exitUsage, "give --folds"},
		{[]string{"--folds", "3", "--fold", "4"}, exitUsage, "no fold 4 of 3"},
		{[]string{"--split-areas", areas + "x"}, exitFailure, "areas.geojsonx"},
	} {
		if code, _, errOut := ug(t, append(own[:len(own):len(own)], x.args...)...); code != x.code || !strings.Contains(errOut, x.want) {
			t.Errorf("%v: status %d, %s; want %d and %q", x.args, code, errOut, x.code, x.want)
		}
	}
}

// A dataset from elsewhere that leaks ends the command with an error that says
// where.
func TestAuditFails(t *testing.T) {
	dir := t.TempDir()
	row := func(name, caption, image string) {
		line := `{"messages":[{"role":"user","content":"<image> Where?"}],"positive_messages":[[{"role":"user","content":"` + caption + `"}]],"images":["` + image + `"],"graphs":[]}` + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	row("train_stage1.jsonl", "On Elm Lane.", "1.jpg")
	row("val_stage1.jsonl", "On Oak Road.", "2.jpg")
	if code, out, errOut := ug(t, "data", "audit", dir); code != 0 || !strings.Contains(out, "not known") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}
	row("val_stage1.jsonl", "On  Elm Lane.", "1.jpg")
	code, out, errOut := ug(t, "data", "audit", dir, "--json")
	if code != exitFailure || !strings.Contains(errOut, "image files in both (train and val): 1, must be 0") || !strings.Contains(out, `"name": "captions of both, white space and case apart",
      "splits": "train and val",
      "value": 1,`) {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}
	if code, _, errOut := ug(t, "data", "audit", t.TempDir()); code != exitFailure || !strings.Contains(errOut, "neither places.parquet nor training files") {
		t.Errorf("an empty folder: status %d, %s", code, errOut)
	}
}
