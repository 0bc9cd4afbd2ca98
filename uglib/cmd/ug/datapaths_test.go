package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

func TestDataPaths(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	base := []string{"--pbf", grid, "--count", "60", "--size", "64x48"}
	with := func(args ...string) []string { return append(args, base...) }
	file := filepath.Join(t.TempDir(), "paths.jsonl")
	r := mustJSON[pathsResult](t, with("data", "paths", file, "--paths-wanted", "3", "--max-hops", "6", "--destinations", "places+crossings")...)
	if r.Rows == 0 || r.Rows != r.Diversity.Paths || r.File != file || r.Diversity.Winds < 1 {
		t.Fatalf("paths = %+v", r)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	rows := 0
	for lines.Scan() {
		var row ugdata.ComposedRow
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(strings.SplitN(row.Messages[0].Content, " Spatial Reasoning Path: ", 2)[1], ". Based on the spatial")
		items, err := ugdata.ParsePath(path)
		if err != nil || items[0].Source != row.Node {
			t.Fatalf("path %s: %v", path, err)
		}
		rows++
	}
	if rows != r.Rows {
		t.Errorf("%d lines, %d rows", rows, r.Rows)
	}
	// What was written can be left out of the next dataset.
	if code, _, errOut := ug(t, with("data", "build", "--processed", file, "--paths-wanted", "3", "--max-hops", "6")...); code == 0 || !strings.Contains(errOut, "no place is left") && !strings.Contains(errOut, "processed") {
		t.Errorf("a dataset of no view: status %d\n%s", code, errOut)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"--paths", "grammar"}, "does not hold what these rows need"},
		{[]string{"--split", "tset"}, "no split"},
	} {
		if code, _, errOut := ug(t, with(append([]string{"data", "paths", file}, x.args...)...)...); code == 0 || !strings.Contains(errOut, x.want) {
			t.Errorf("ug data paths %v: status %d\n%s", x.args, code, errOut)
		}
	}
}
