package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/parquet-go/parquet-go"

	"urbangraph/uglib/engine"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/store"
)

func TestEmbed(t *testing.T) {
	with := inSharedHome(t)
	runs := mustJSON[[]trainResult](t, with("train")...)
	views := mustJSON[viewsResult](t, "views", "--osm", grid, "--count", "100", "--size", "64x48")
	images, err := filepath.Glob(filepath.Join(views.Images, "*.jpg"))
	if err != nil || len(images) < 2 {
		t.Fatalf("images = %v, %v", images, err)
	}
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	lines := write(t, "texts.txt", "A school on the left.\n\n  Elm Street \nA school on the left.\n")
	common := []string{"embed", images[0], "--image", images[1], "--text", "Elm Street", "--texts", lines}

	r := mustJSON[embedResult](t, append(common, "--model", runs[1].Artefact.Key[:8], "--out", out("v.parquet"))...)
	if r.Images != 2 || r.Texts != 4 || r.Width != 32 || r.Model != runs[1].Artefact.String() {
		t.Fatalf("embed = %+v", r)
	}
	rows, err := parquet.ReadFile[engine.Row](out("v.parquet"))
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows {
		var norm float64
		for _, x := range row.Vector {
			norm += float64(x) * float64(x)
		}
		if row.ID != strconv.Itoa(i) || row.Dim != 32 || row.Model != r.Model || len(row.SHA256) != 64 || len(row.Vector) != 32 || math.Abs(norm-1) > 1e-4 {
			t.Errorf("row %d: id %s, %d values of square length %v", i, row.ID, len(row.Vector), norm)
		}
	}
	if r.Encoded != 4 || r.Same != 2 || r.Skipped == nil || r.Known != 0 || len(r.Skipped) != 0 || r.Graphs == 0 || rows[2].SHA256 != rows[4].SHA256 {
		t.Errorf("embed = %+v", r)
	}
	// --image comes first, then the arguments, then texts; equal texts embed alike.
	if rows[0].Kind != "image" || rows[0].Source != images[1] || rows[1].Source != images[0] || rows[2].Kind != "text" || rows[4].Source != "Elm Street" {
		t.Errorf("rows = %+v", rows)
	}
	if distance(rows[2].Vector, rows[4].Vector) > 1e-5 || distance(rows[3].Vector, rows[5].Vector) > 1e-5 {
		t.Error("equal texts embed differently")
	}
	if distance(rows[2].Vector, rows[3].Vector) < 1e-4 || distance(rows[0].Vector, rows[1].Vector) < 1e-6 {
		t.Error("different inputs embed alike")
	}

	// The same model by other names, to other formats.
	if code, text, errOut := ug(t, append(common, "--model", runs[1].Dir, "--out", out("v.jsonl"))...); code != 0 || !strings.Contains(text, "6 vectors of width 32 (2 images, 4 texts)") {
		t.Fatalf("status %d: %s%s", code, text, errOut)
	}
	data, err := os.ReadFile(out("v.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"kind":"image"`) {
		t.Errorf("%s", data)
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	for i := range rows {
		var row engine.Row
		if err := dec.Decode(&row); err != nil || row.Source != rows[i].Source || distance(row.Vector, rows[i].Vector) > 1e-5 {
			t.Errorf("line %d: %v, %+v", i, err, row)
		}
	}
	mustJSON[embedResult](t, append(common, "--model", filepath.Join(runs[1].Dir, "model"), "--out", out("v.safetensors"))...)
	file, err := nn.OpenTensors(out("v.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	vectors, err := file.Read("embeddings")
	if err != nil || vectors.Shape().Dim(0) != 6 || vectors.Shape().Dim(1) != 32 || !strings.Contains(file.Metadata["kinds"], `"image"`) {
		t.Fatalf("vectors: %v, metadata %v", err, file.Metadata)
	}
	if flat := tensors.MustCopyFlatData[float32](vectors); distance(flat[5*32:], rows[5].Vector) > 1e-5 {
		t.Error("the safetensors file holds other vectors")
	}

	// Files are not written over unasked.
	if code, _, errOut := ug(t, append(common, "--model", runs[1].Artefact.Key, "--out", out("v.jsonl"))...); code != exitFailure || !strings.Contains(errOut, "--force") {
		t.Errorf("over an old file: status %d: %s", code, errOut)
	}
	mustJSON[embedResult](t, "embed", "--text", "x", "--model", runs[0].Artefact.Key, "--out", out("v.jsonl"), "--force")
	if data, err := os.ReadFile(out("v.jsonl")); err != nil || strings.Count(string(data), "\n") != 1 {
		t.Errorf("%s, %v", data, err)
	}

	// Wrong inputs.
	broken := write(t, "broken.jpg", "no image")
	model := runs[0].Artefact.Key
	city := mustJSON[cityResult](t, "city", "--osm", grid)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{broken, "--model", model}, "broken.jpg"},
		{[]string{"none.jpg", "--model", model}, "none.jpg"},
		{[]string{"--texts", out("none.txt"), "--model", model}, "none.txt"},
		{[]string{"--texts", write(t, "empty.txt", "\n \n"), "--model", model}, "holds no texts"},
		{[]string{"--text", "x", "--model", "run/ffffffff"}, "ug ls"},
		{[]string{"--text", "x", "--model", "nowhere/at/all"}, "neither a folder nor a run"},
		{[]string{"--text", "x", "--model", city.Artefact.Key}, `of kind "city"`},
		{[]string{"--text", "x", "--model", dir}, "neither a model"},
		{[]string{"--text", "x", "--model", broken}, "is a file"},
		{[]string{"--text", "x"}, "ug train"}, // the default run is not there
		{[]string{"--text", "x", "--model", model, "--out", filepath.Join(dir, "none", "v.jsonl")}, "none"},
	} {
		args := append([]string{"embed", "--out", out("wrong.jsonl")}, c.args...)
		if code, text, errOut := ug(t, args...); code != exitFailure || text != "" || !strings.Contains(errOut, c.want) {
			t.Errorf("ug %v: status %d, want %d and %q: %s%s", args, code, exitFailure, c.want, text, errOut)
		}
	}
	// A run that leaves something out says so.
	skipped := out("some.skipped.jsonl")
	some := []string{"embed", broken, images[0], "--model", model, "--out", out("some.jsonl")}
	if code, text, errOut := ug(t, some...); code != exitSkipped || !strings.Contains(text, "wrote 1 vectors") || !strings.Contains(errOut, "skipped input 0 ("+broken) || !strings.Contains(errOut, skipped) {
		t.Errorf("status %d: %s%s", code, text, errOut)
	}
	if data, err := os.ReadFile(skipped); err != nil || !strings.Contains(string(data), `"reason":"the image cannot be decoded`) {
		t.Errorf("%s, %v", data, err)
	}
	mustJSON[embedResult](t, "embed", images[0], "--model", model, "--out", out("some.jsonl"), "--force")
	if _, err := os.Stat(skipped); err == nil {
		t.Error("an old list of what was left out stays")
	}

	// Tables, folders, patterns; a task and a prompt.
	table := filepath.Join(dir, "items.csv")
	if err := os.WriteFile(table, []byte("id,text,image\nx,Elm Street,\ny,,"+images[0]+"\nz,Elm Street,"+images[1]+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r = mustJSON[embedResult](t, "embed", table, views.Images, filepath.Join(views.Images, "*.jpg"), "--model", model, "--out", out("many.parquet"), "--batch", "4")
	many, err := parquet.ReadFile[engine.Row](out("many.parquet"))
	if err != nil || len(many) != 3+2*len(images) || r.Encoded != 2+len(images) || many[0].ID != "x" || many[3].ID != "3" || many[2].Kind != "image+text" || r.Graphs > 12 {
		t.Errorf("%d rows, %v, %+v", len(many), err, r)
	}
	r = mustJSON[embedResult](t, "embed", table, "--task", "retrieval-caption", "--prompt", "What is here?", "--model", model, "--out", out("asked.parquet"))
	asked, err := parquet.ReadFile[engine.Row](out("asked.parquet"))
	if err != nil || len(asked) != 3 {
		t.Fatalf("%d rows, %v", len(asked), err)
	}
	for i := range asked {
		if asked[i].SHA256 == many[i].SHA256 || distance(asked[i].Vector, many[i].Vector) < 1e-6 {
			t.Errorf("row %d: the task changes nothing", i)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.journal")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	if left, err := filepath.Glob(filepath.Join(dir, "*wrong*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func distance(a, b []float32) (sum float64) {
	for i, x := range a[:len(b)] {
		sum += math.Abs(float64(x) - float64(b[i]))
	}
	return sum
}

func TestWrongRuns(t *testing.T) {
	t.Setenv(store.HomeVariable, t.TempDir())
	for _, c := range []struct {
		line, want string
	}{
		{"train --stage 3", "1, 2"},
		{"train --steps 1,2,3", "3 values"},
		{"train --steps 0", "--steps 0"},
		{"train --batch 1", "2 pairs"},
		{"train --lr -1", "--lr -1"},
		{"train --near 2", "--near 2"},
		{"train --hidden -4", "--hidden"},
		{"train --steps many", "many"},
		{"train wilmington", "unknown command"},
		{"bench --metrics Hit@7", "Hit@5"},
		{"bench --candidates 1", "at least 2"},
		{"bench --count 5", "--train NAME"},
		{"embed", "--out FILE"},
		{"embed --text x --out v.txt", ".parquet"},
		{"embed --out v.jsonl", "nothing to embed"},
		{"embed --text <image> --out v.jsonl", "by --image"},
		{"embed - - --out v.jsonl", "one standard input"},
		{"embed --text x --task none --out v.jsonl", "geolocation"},
		{"embed --text x --prompt <graph> --out v.jsonl", "--prompt"},
		{"serve --port 70000", "--port"},
		{"serve --max-wait 2h", "--max-wait"},
		{"serve --timeout 0s", "--timeout"},
		{"serve extra", "unknown command"},
		{"demo extra", "unknown command"},
	} {
		code, out, errOut := ug(t, strings.Fields(c.line)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, c.want) || !strings.Contains(errOut, "--help") {
			t.Errorf("ug %s: status %d, want %d and %q: %s%s", c.line, code, exitUsage, c.want, out, errOut)
		}
	}
	// A home that cannot be written, even by root: it lies below a file.
	home := filepath.Join(write(t, "file", ""), "home")
	for _, command := range []string{"train", "bench", "demo"} {
		args := append([]string{command, "--home", home}, small...)
		if command == "demo" {
			args = append(args, "--out", filepath.Join(t.TempDir(), "demo"))
		}
		if code, out, errOut := ug(t, args...); code != exitFailure || !strings.Contains(errOut, home) {
			t.Errorf("ug %s in an unwritable home: status %d: %s%s", command, code, out, errOut)
		}
	}
}
