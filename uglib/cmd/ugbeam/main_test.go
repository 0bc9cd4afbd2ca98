package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

const grid = "../../ugbench/testdata/grid.osm"

func TestCities(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(grid)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "grid.osm"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	const good = `{"train":[{"builtin":"dover","views":40},{"extract":"grid.osm","views":9,"size":[64,48]}],"heldout":[{"extract":"grid.osm","name":"other","views":3}],"seed":5,"options":{"Radius":80,"Splits":{"Folds":3,"Fold":2}}}`
	spec, err := parseCities(strings.NewReader(good), dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Train) != 2 || spec.Train[1].City.Name != "grid" || spec.Train[1].Width != 64 || spec.Train[0].Seed != 5 || spec.HeldOut[0].City.Name != "other" ||
		spec.Options.Radius != 80 || spec.Options.Splits.Fold != 2 || spec.Seed != 5 {
		t.Errorf("spec %+v", spec)
	}
	for _, x := range []struct{ old, new, want string }{
		{`"builtin":"dover",`, ``, `train, city 0: give either "builtin" or "extract"`},
		{`"dover"`, `"nowhere"`, "no built-in city"},
		{`"views":40`, `"views":0`, "train, city 0: 0 views cannot be drawn"},
		{`"views":9`, `"views":9,"photos":"x"`, "both views and photos"},
		{`"views":3`, `"photos":"gone"`, "heldout, city 0: photo folder"},
		{`"extract":"grid.osm","name"`, `"extract":"gone.osm","name"`, "gone.osm"},
		{`"views":3`, `"views":3,"box":"1,2"`, "heldout, city 0"},
		{`"seed"`, `"sed"`, `unknown field "sed"`},
		{`"Fold":2`, `"Fold":4`, "no fold 4 of 3"},
		{`{"train"`, `{"tr`, "invalid"},
	} {
		if _, err := parseCities(strings.NewReader(strings.Replace(good, x.old, x.new, 1)), dir); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s gives %v, want %q", x.new, err, x.want)
		}
	}
	if _, err := readCities(filepath.Join(dir, "gone.json")); err == nil || !strings.Contains(err.Error(), "gone.json") {
		t.Errorf("a file that is not there gives %v", err)
	}
}

func FuzzCities(f *testing.F) {
	f.Add(`{"train":[{"builtin":"dover","views":40}],"heldout":[{"extract":"x","box":"1,2,3,4","photos":"p"}],"options":{"Splits":{"Areas":[{"Split":"test","Shape":[[[[0,0],[1,0],[1,1],[0,0]]]]}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := parseCities(strings.NewReader(text), "/nowhere")
		if err == nil && len(spec.Train)+len(spec.HeldOut) > 0 && spec.Options.Check() != nil {
			t.Fatal("options that cannot be are taken")
		}
	})
}

func TestIsWorker(t *testing.T) {
	for line, want := range map[string]bool{
		"--worker=true --id=1 --control_endpoint=x": true, "--worker": true, "-worker": true, "--worker=false": false,
		"--runner prism": false, "--worker_binary x": false, "": false, "worker": false,
	} {
		if got := isWorker(strings.Fields(line)); got != want {
			t.Errorf("%q is of a worker: %v", line, got)
		}
	}
}

// The command builds a dataset on the runner of this machine, and finds it
// again.
func TestRun(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	abs, err := filepath.Abs(grid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(citiesFile{Train: []cityEntry{{Extract: abs, Views: 60, Size: [2]int{64, 48}}}, Seed: 1, Options: ugdata.Options{ValShare: 0.001, TestShare: 0.001}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "cities.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	ugbeam := func(args ...string) (int, string, string) {
		var out, errOut bytes.Buffer
		code := run(t.Context(), append(args, "--home", home, "--json"), &out, &errOut)
		return code, out.String(), errOut.String()
	}
	code, out, errOut := ugbeam("--cities", file)
	var first, again result
	if err := json.Unmarshal([]byte(out), &first); code != 0 || err != nil {
		t.Fatalf("status %d, %v: %s%s", code, err, out, errOut)
	}
	if first.Found || first.Counters["cities surveyed"] != 1 || first.Counters["views described"] == 0 || first.Summary["samples"] == nil {
		t.Errorf("result %+v", first)
	}
	if a, err := store.At(home).Find(first.Artefact); err != nil || a.Verify() != nil {
		t.Errorf("artefact %v", err)
	}
	code, out, _ = ugbeam("--cities", file)
	if err := json.Unmarshal([]byte(out), &again); code != 0 || err != nil || !again.Found || again.Artefact != first.Artefact {
		t.Errorf("again: status %d, %v, %+v", code, err, again)
	}
	for _, x := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--cities", file + "x"}, exitFailure, "cities.jsonx"},
		{[]string{"--open", "0"}, exitUsage, "--open 0"},
		{[]string{"--nonsense"}, exitUsage, "unknown flag"},
	} {
		if code, _, errOut := ugbeam(x.args...); code != x.code || !strings.Contains(errOut, x.want) {
			t.Errorf("%v: status %d, %s", x.args, code, errOut)
		}
	}
	if code, out, _ := ugbeam("--help"); code != 0 || !strings.Contains(out, "--environment_type") || !strings.Contains(out, "apache/beam_flink1.19_job_server:2.77.0") {
		t.Errorf("help: status %d\n%s", code, out)
	}
}
