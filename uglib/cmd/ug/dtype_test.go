package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/parquet-go/parquet-go"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/engine"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/uge"
)

// Vectors of each type are near those of float32, and files say which it was.
func TestEmbedTypes(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	views := mustJSON[viewsResult](t, "views", "--osm", grid, "--count", "100", "--size", "64x48")
	dir := t.TempDir()
	table := filepath.Join(dir, "items.jsonl")
	var lines strings.Builder
	for i := range 20 {
		fmt.Fprintf(&lines, "{\"text\": \"House %d of Elm Street\"}\n", i)
	}
	if err := os.WriteFile(table, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	read := func(path string) (rows []engine.Row, dtype string) {
		t.Helper()
		rows, err := parquet.ReadFile[engine.Row](path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(f, info.Size())
		if err != nil {
			t.Fatal(err)
		}
		dtype, _ = file.Lookup("model_dtype")
		return rows, dtype
	}
	args := []string{"embed", table, views.Images, "--model", runs[1].Dir, "--out"}
	usual := filepath.Join(dir, "usual.parquet")
	if r := mustJSON[embedResult](t, append(args, usual)...); r.DType != "float32" {
		t.Errorf("the usual type is %q", r.DType)
	}
	want, dtype := read(usual)
	if dtype != "" || len(want) < 21 {
		t.Errorf("%d rows of type %q", len(want), dtype)
	}
	for name, least := range map[string]float64{"float32": 1 - 1e-6, "bfloat16": 0.999, "float16": 0.9999} {
		path := filepath.Join(dir, name+".parquet")
		if be, err := backend.Default(); err != nil {
			t.Fatal(err)
		} else if _, err := typeOf(name, be); err != nil {
			t.Log(err)
			continue
		}
		r := mustJSON[embedResult](t, append(args, path, "--dtype", name)...)
		rows, dtype := read(path)
		if len(rows) != len(want) || r.DType != name || (dtype == name) != (name != "float32") {
			t.Errorf("%s: %d rows, %+v, the file says %q", name, len(rows), r, dtype)
			continue
		}
		for i, row := range rows {
			same := uge.Similarity(row.Vector, want[i].Vector)
			if !(same > least) || slices.Equal(row.Vector, want[i].Vector) != (name == "float32") || row.SHA256 != want[i].SHA256 {
				t.Errorf("%s: row %d has cosine %.9f", name, i, same)
			}
		}
	}
	if code, text, errOut := ug(t, append(args, filepath.Join(dir, "text.parquet"), "--dtype", "bfloat16")...); code != 0 || !strings.Contains(text, "in bfloat16") {
		t.Errorf("status %d: %s%s", code, text, errOut)
	}
	url, end := startServer(t, "--model", runs[1].Dir, "--dtype", "bfloat16")
	if url == "" || end() != 0 {
		t.Error("ug serve does not take --dtype")
	}
}

// What an interrupted run left is of use to one of the same type alone.
func TestEmbedResumesInType(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	dir := t.TempDir()
	out := filepath.Join(dir, "v.jsonl")
	args := func(dtype string) []string {
		return []string{"embed", "--text", "Elm Street", "--text", "a school", "--model", runs[0].Dir, "--out", out, "--force", "--dtype", dtype}
	}
	// interrupted computes the vectors and cannot write them.
	interrupted := func(dtype string) {
		t.Helper()
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
		if code, text, errOut := ug(t, args(dtype)...); code != exitFailure {
			t.Fatalf("status %d: %s%s", code, text, errOut)
		}
		if err := os.Remove(out); err != nil {
			t.Fatal(err)
		}
	}
	vectors := func() (list [][]float32, types []string) {
		t.Helper()
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for dec := json.NewDecoder(strings.NewReader(string(data))); dec.More(); {
			var row engine.Row
			if err := dec.Decode(&row); err != nil {
				t.Fatal(err)
			}
			list, types = append(list, row.Vector), append(types, row.DType)
		}
		return list, types
	}
	mustJSON[embedResult](t, args("float32")...)
	want, _ := vectors()
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	interrupted("bfloat16")
	if r := mustJSON[embedResult](t, args("bfloat16")...); r.Known != 2 || r.Encoded != 0 || r.Anew != "" {
		t.Errorf("in the same type: %+v", r)
	}
	if list, types := vectors(); !slices.Equal(types, []string{"bfloat16", "bfloat16"}) || slices.Equal(list[0], want[0]) {
		t.Errorf("vectors of type %v", types)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	interrupted("bfloat16")
	code, text, errOut := ug(t, append(args("float32"), "--json")...)
	var r embedResult
	if err := json.Unmarshal([]byte(text), &r); err != nil || code != 0 || r.Known != 0 || r.Encoded != 2 || !strings.Contains(r.Anew, "type") || !strings.Contains(errOut, "type that the model is computed in has changed: starting anew") {
		t.Errorf("in another type: status %d, %v, %s%s", code, err, text, errOut)
	}
	if list, types := vectors(); !slices.Equal(types, []string{"", ""}) || distance(list[0], want[0]) > 1e-5 || distance(list[1], want[1]) > 1e-5 {
		t.Errorf("other vectors than those of float32, of type %q", types)
	}
}

// limited is a backend that computes in float32 alone.
type limited struct{ compute.Backend }

func (limited) Description() string { return "an abacus" }

func (limited) Capabilities() compute.Capabilities {
	return compute.Capabilities{DTypes: map[dtypes.DType]bool{dtypes.Float32: true}}
}

func TestTypeOf(t *testing.T) {
	if dtype, err := typeOf("float32", limited{}); err != nil || dtype != dtypes.Float32 {
		t.Errorf("%v, %v", dtype, err)
	}
	for _, name := range []string{"bfloat16", "float16"} {
		if _, err := typeOf(name, limited{}); err == nil || !strings.Contains(err.Error(), "--dtype "+name+": an abacus does not") || !strings.Contains(err.Error(), "ug backend --help") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// It is told before inputs are read or the model is looked for.
	for _, args := range [][]string{
		{"embed", "none.jpg", "--model", "nowhere/at/all", "--out", filepath.Join(t.TempDir(), "v.jsonl"), "--dtype", "float64"},
		{"serve", "--model", "nowhere/at/all", "--dtype", "int8"}, {"serve", "--dtype", ""},
	} {
		if code, out, errOut := ug(t, args...); code != exitUsage || out != "" || !strings.Contains(errOut, "float32, bfloat16, float16") {
			t.Errorf("ug %v: status %d: %s%s", args, code, out, errOut)
		}
	}
}

// The model's weights go to the backend as they are loaded: pure Go computes with
// the mapped file, and host memory holds nothing of it.
func TestModelOnDevice(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	f := modelFlags{name: runs[0].Dir, dtype: "float32"}
	device, err := f.device(&app{errOut: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	m, e, err := f.engine(t.Context(), device, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for key := range m.Backbone.Shapes() {
		value, err := m.Vars.GetVariable(nn.Path(key)).Value()
		if err != nil {
			t.Fatal(err)
		}
		if value.HasLocal() || !value.IsOnDevice(0) {
			t.Errorf("%s is in host memory", key)
		}
	}
}
