package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/store"
)

// Two made-up extracts: a small town, and one that is large enough to split.
const (
	town = "../../city/testdata/town.osm"
	grid = "../../ugbench/testdata/grid.osm"
)

// ug runs one command line and returns what it writes.
func ug(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

// mustJSON runs a command with --json and decodes its result.
func mustJSON[T any](t *testing.T, args ...string) T {
	t.Helper()
	var v T
	code, out, errOut := ug(t, append(args, "--json")...)
	if code != 0 {
		t.Fatalf("ug %s: status %d: %s", strings.Join(args, " "), code, errOut)
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("ug %s: %v in %s", strings.Join(args, " "), err, out)
	}
	return v
}

func TestCity(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	c := mustJSON[cityResult](t, "city", "--osm", town, "--name", "Little Town")
	if c.Name != "little-town" || c.Nodes["street"] == 0 || c.Nodes["crossing"] == 0 || c.Edges["crosses"] == 0 || !strings.Contains(c.Credit, "OpenStreetMap") {
		t.Errorf("city = %+v", c)
	}
	part := mustJSON[cityResult](t, "city", "--pbf", town, "--bbox", "0,0,0.003,0.003")
	if part.Nodes["street"] >= c.Nodes["street"] || part.Name != "town" {
		t.Errorf("the city in a box = %+v", part)
	}
	code, out, errOut := ug(t, "city", "--pbf", town)
	if code != 0 || errOut != "" {
		t.Errorf("status %d: %s", code, errOut)
	}
	for _, want := range []string{"nodes", "street", "OpenStreetMap contributors", "folder"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestViewsAndPhotos(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	drawn := mustJSON[viewsResult](t, "views", "--pbf", town, "--count", "6", "--size", "64x48", "--seed", "3")
	if drawn.Views != 6 || drawn.Origins["rendered"] != 6 || drawn.Anchored != 6 {
		t.Fatalf("drawn = %+v", drawn)
	}
	// The drawn images carry EXIF, so that they serve as a folder of photographs;
	// one file beside them is none.
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(drawn.Images)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken.jpg"), []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	photos := mustJSON[viewsResult](t, "views", "--pbf", town, "--photos", dir)
	if photos.Views != 6 || photos.Anchored != 6 || photos.Skipped["unreadable"] != 1 || photos.Images != dir {
		t.Errorf("photos = %+v", photos)
	}
	code, out, errOut := ug(t, "views", "--pbf", town, "--photos", dir)
	if code != 0 || !strings.Contains(out, "skipped") || !strings.Contains(out, "1 unreadable") {
		t.Errorf("status %d: %s%s", code, out, errOut)
	}
}

func TestData(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	flags := []string{"--pbf", grid, "--count", "60", "--size", "64x48"}
	with := func(args ...string) []string { return append(args, flags...) }
	built := mustJSON[dataResult](t, with("data", "build")...)
	n := 0
	for _, x := range built.Places["grid"] {
		n += x
	}
	if n == 0 || built.Places["grid"]["train"] == 0 || built.Samples["stage 1 scc"] == 0 || built.Origins["rendered"] != n {
		t.Fatalf("data = %+v", built)
	}
	places := mustJSON[[]placeResult](t, with("data", "show", "--places", "2")...)
	if len(places) != 2 || places[0].Caption == "" || places[0].City != "grid" || places[0].Nodes == 0 {
		t.Errorf("places = %+v", places)
	}
	if all := mustJSON[[]placeResult](t, with("data", "show", "--places", "1000")...); len(all) != n {
		t.Errorf("%d places, want all %d", len(all), n)
	}
	audit := mustJSON[auditResult](t, with("data", "audit")...)
	if audit.Places["train"] != built.Places["grid"]["train"] || len(audit.Findings) < 10 {
		t.Errorf("audit = %+v", audit)
	}
	for _, f := range audit.Findings {
		if !f.OK {
			t.Errorf("%+v", f)
		}
	}
	if code, out, errOut := ug(t, with("data", "audit", "--why", "--images")...); code != 0 || !strings.Contains(out, "A street is one node however long it is") {
		t.Errorf("status %d\n%s%s", code, out, errOut)
	}
	for _, args := range [][]string{{"data", "build"}, {"data", "show"}, {"data", "audit"}} {
		if code, out, errOut := ug(t, with(args...)...); code != 0 || !strings.Contains(out, "train") {
			t.Errorf("ug %v: status %d\n%s%s", args, code, out, errOut)
		}
	}
	dir := filepath.Join(t.TempDir(), "export")
	exported := mustJSON[exportResult](t, with("data", "export", dir)...)
	if _, err := os.Stat(filepath.Join(dir, "train_stage1.jsonl")); err != nil || exported.Dir != dir || exported.Places != n {
		t.Errorf("export = %v, %v", exported, err)
	}
	if grammar := mustJSON[dataResult](t, with("data", "build", "--paths", "grammar")...); grammar.Artefact == built.Artefact {
		t.Error("--paths changes nothing")
	}
}

func TestArtefacts(t *testing.T) {
	t.Setenv(store.HomeVariable, filepath.Join(t.TempDir(), "elsewhere"))
	home := t.TempDir()
	if code, out, _ := ug(t, "ls", "--home", home); code != 0 || !strings.Contains(out, "no artefacts") {
		t.Errorf("ls of nothing: status %d, %s", code, out)
	}
	c := mustJSON[cityResult](t, "city", "--pbf", town, "--home", home)
	if !strings.HasPrefix(c.Dir, home) {
		t.Errorf("built in %s, not under --home %s", c.Dir, home)
	}
	type listing struct {
		Home      string
		Artefacts []struct {
			Dir  string
			Size int64
			Kind string
			Key  string
		}
	}
	list := mustJSON[listing](t, "ls", "--home", home)
	if len(list.Artefacts) != 1 || list.Artefacts[0].Key != c.Artefact.Key || list.Artefacts[0].Kind != "city" || list.Artefacts[0].Size == 0 || list.Home != home {
		t.Errorf("ls = %+v", list)
	}
	if code, out, _ := ug(t, "ls", "--home", home); code != 0 || !strings.Contains(out, "city") || !strings.Contains(out, c.Artefact.Key[:8]) {
		t.Errorf("ls: status %d\n%s", code, out)
	}
	code, out, errOut := ug(t, "show", c.Artefact.Key[:6], "--verify", "--home", home)
	if code != 0 || !strings.Contains(out, "nodes.parquet") || !strings.Contains(out, "checksums") {
		t.Errorf("show: status %d\n%s%s", code, out, errOut)
	}
	shown := mustJSON[struct{ Manifest store.Manifest }](t, "show", "city/"+c.Artefact.Key, "--home", home)
	if shown.Manifest.Key != c.Artefact.Key || len(shown.Manifest.Files) == 0 {
		t.Errorf("show = %+v", shown)
	}
	// A damaged one is told with its cure, and the cure works.
	if err := os.Truncate(filepath.Join(c.Dir, "nodes.parquet"), 9); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ls"}, {"show", c.Artefact.Key}, {"city", "--pbf", town}} {
		if code, _, errOut := ug(t, append(args, "--home", home)...); code != exitFailure || !strings.Contains(errOut, "ug rm city/"+c.Artefact.Key) {
			t.Errorf("ug %v of a damaged artefact: status %d: %s", args, code, errOut)
		}
	}
	if code, out, errOut := ug(t, "rm", "city/"+c.Artefact.Key, "--home", home); code != 0 || !strings.Contains(out, "removed") {
		t.Errorf("rm: status %d: %s", code, errOut)
	}
	if code, _, errOut := ug(t, "rm", c.Artefact.Key, "--home", home); code != exitFailure || !strings.Contains(errOut, "no such artefact") {
		t.Errorf("rm twice: status %d: %s", code, errOut)
	}
	mustJSON[cityResult](t, "city", "--pbf", town, "--home", home)
}

func TestWrongCommandLines(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	for _, c := range []struct {
		line, want string
	}{
		{"city", "wilmington"},
		{"city newark dover", "at most 1"},
		{"city newark --pbf x.osm.pbf", "not both"},
		{"city newark --bbox 1,2,3,4", "--pbf FILE"},
		{"city --pbf " + town + " --bbox 1,2,3", "1,2,3"},
		{"city --nonsense", "--nonsense"},
		{"nonsense", "nonsense"},
		{"data nonsense", "nonsense"},
		{"views --count 3", "which city"},
		{"views newark --size big", "448x336"},
		{"views newark --size 64x48x2", "448x336"},
		{"views newark --photos . --count 3", "give one"},
		{"data build --held-out andorra", "--train NAME"},
		{"data build --count 5", "--train NAME"},
		{"data build --train newark=many", "newark=400"},
		{"data build --train newark --photos .", "--pbf FILE"},
		{"data show --places 0", "try 3"},
		{"data build --pbf " + town + " --paths poem", "poem"},
		{"show", "1 arg"},
		{"rm", "at least 1"},
		{"ls extra", "unknown command"},
	} {
		code, out, errOut := ug(t, strings.Fields(c.line)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, c.want) || !strings.Contains(errOut, "--help") {
			t.Errorf("ug %s: status %d, want %d and %q: %s%s", c.line, code, exitUsage, c.want, out, errOut)
		}
	}
}

func TestWrongInputs(t *testing.T) {
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv(store.HomeVariable, home)
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(town)
	if err != nil {
		t.Fatal(err)
	}
	cut := file("cut.osm", string(whole[:len(whole)/2]))
	file("plain/a.jpg", "no image")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"city", "atlantis"}, "wilmington"},
		{[]string{"city", "--pbf", filepath.Join(dir, "none.osm.pbf")}, "none.osm.pbf"},
		{[]string{"city", "--pbf", cut}, "cut.osm"},
		{[]string{"city", "--pbf", file("empty.osm", "")}, "empty"},
		{[]string{"city", "--pbf", file("text.pdf", "x")}, "text.pdf"},
		{[]string{"city", "--pbf", town, "--bbox", "50,50,51,51"}, "50"},
		{[]string{"views", "--pbf", town, "--photos", filepath.Join(dir, "none")}, "none"},
		{[]string{"views", "--pbf", town, "--photos", filepath.Join(dir, "plain")}, "plain"},
		{[]string{"show", "00"}, "ug ls"},
		{[]string{"city", "--pbf", town, "--home", file("home", "")}, "not a file"},
	} {
		code, out, errOut := ug(t, c.args...)
		if code != exitFailure || out != "" || !strings.Contains(errOut, c.want) {
			t.Errorf("ug %v: status %d, want %d and %q: %s%s", c.args, code, exitFailure, c.want, out, errOut)
		}
	}
	// Nothing half-written is left, neither as if whole nor aside.
	s := store.At(home)
	if list, err := s.List(); err != nil || len(list) > 2 { // the sound town, and its views at most
		t.Errorf("artefacts = %v, %v", list, err)
	}
	err = filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestInterrupt(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errOut strings.Builder
	code := run(ctx, []string{"views", "--pbf", town, "--count", "100"}, &out, &errOut)
	if code != exitInterrupt || out.String() != "" {
		t.Errorf("status %d, want %d: %s%s", code, exitInterrupt, &out, &errOut)
	}
}

func TestHelp(t *testing.T) {
	for _, newCommand := range commands {
		cmd := newCommand(&app{})
		for _, c := range append(cmd.Commands(), cmd) {
			if c.Short == "" || (!c.HasSubCommands() && c.Example == "") {
				t.Errorf("ug %s has no help or no example", c.Name())
			}
		}
	}
	if code, out, _ := ug(t, "--help"); code != 0 || !strings.Contains(out, "ug city wilmington") {
		t.Errorf("help: status %d\n%s", code, out)
	}
	if code, out, errOut := ug(t); code != 0 || !strings.Contains(out, "Usage:") {
		t.Errorf("no arguments: status %d\n%s%s", code, out, errOut)
	}
}
