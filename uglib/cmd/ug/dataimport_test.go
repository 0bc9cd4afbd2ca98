package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

// What is exported with its images is imported again, exported from there, and
// its graphs are converted.
func TestDataImport(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	dir, out := filepath.Join(t.TempDir(), "export"), filepath.Join(t.TempDir(), "import")
	exported := mustJSON[exportResult](t, "data", "export", dir, "--pbf", grid, "--count", "60", "--size", "64x48", "--images")
	file := filepath.Join(dir, "broken.jsonl")
	if err := os.WriteFile(file, []byte("{\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := mustJSON[importResult](t, "data", "import", dir, out, "--city", "again")
	if got.Places == 0 || got.Places > exported.Places || got.Pairs == 0 || got.Graphs == 0 || got.Dir != out || len(got.Problems) != 1 || got.Problems[0].File != file {
		t.Fatalf("import = %+v", got)
	}
	d, err := ugdata.OpenFolder(out)
	if err != nil || len(d.Places) != got.Places || d.Cities["again"] == nil {
		t.Fatalf("the folder opens with %v", err)
	}
	code, text, errOut := ug(t, "data", "import", dir, out, "--city", "again")
	if code != 0 || !strings.Contains(text, "broken.jsonl:1") || !strings.Contains(text, "train") {
		t.Errorf("status %d\n%s%s", code, text, errOut)
	}
	again := filepath.Join(t.TempDir(), "again")
	if x := mustJSON[exportResult](t, "data", "export", again, "--from", out, "--format", "pyg,webdataset"); x.Places != got.Places {
		t.Errorf("export = %+v", x)
	}
	for _, name := range []string{"pyg/graphs.npz", "webdataset/train-000000.tar", "README.md", "SHA256SUMS"} {
		if _, err := os.Stat(filepath.Join(again, name)); err != nil {
			t.Error(err)
		}
	}
	graphs := mustJSON[importResult](t, "data", "import", filepath.Join(dir, "graphs"), filepath.Join(t.TempDir(), "graphs"), "--graphs-only")
	if graphs.Graphs != got.Graphs || len(graphs.Problems) != 0 {
		t.Errorf("graphs = %+v", graphs)
	}
	for _, args := range [][]string{
		{"data", "export", dir, "--format", "csv"}, {"data", "export", dir, "--shard-mb", "0"}, {"data", "export", dir, "--from", t.TempDir()},
		{"data", "import", t.TempDir(), out}, {"data", "import", dir, out, "--city", "New York"}, {"data", "import", dir},
	} {
		if code, _, errOut := ug(t, args...); code == 0 || errOut == "" {
			t.Errorf("ug %v: status %d, %s", args, code, errOut)
		}
	}
}
