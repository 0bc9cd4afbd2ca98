package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/parquet-go/parquet-go"

	"urbangraph/uglib/internal/pyenv"
	"urbangraph/uglib/nn"
)

// result is a result of n unit vectors, the last of which is equal to the first.
func result(n int) *Rows {
	r := &Rows{Model: "run/1", Width: 4}
	vectors := map[Sum][]float32{}
	for i := n - 1; i >= 0; i-- { // not in order
		x := Result{Index: i, ID: "id " + string(rune('a'+i%26)), Kind: "text", Source: "Straße \"7\"\n", Sum: Sum{byte(i % (n - 1)), 7}}
		angle := float64(i % (n - 1))
		vectors[x.Sum] = []float32{float32(math.Cos(angle)), 0, float32(math.Sin(angle)), 0}
		r.Add(x)
	}
	r.Add(Result{Index: n, ID: "bad", Err: errors.New("bad")})
	r.Sort()
	r.Vector = func(s Sum) ([]float32, error) {
		if vectors[s] == nil {
			return nil, errors.New("lost")
		}
		return vectors[s], nil
	}
	return r
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	r := result(5)
	for _, name := range []string{"v.parquet", "v.jsonl", "V.SafeTensors"} {
		if err := Write(filepath.Join(dir, name), r); err != nil || !CanWrite(name) {
			t.Fatalf("%s: %v", name, err)
		}
	}
	rows, err := parquet.ReadFile[Row](filepath.Join(dir, "v.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "v.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	file, err := nn.OpenTensors(filepath.Join(dir, "V.SafeTensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensor, err := file.Read("embeddings")
	if err != nil {
		t.Fatal(err)
	}
	flat := tensors.MustCopyFlatData[float32](tensor)
	if len(rows) != 5 || len(flat) != 20 || file.Metadata["dim"] != "4" || file.Metadata["model"] != "run/1" {
		t.Fatalf("%d rows, %d values, %v", len(rows), len(flat), file.Metadata)
	}
	var sums []string
	if err := json.Unmarshal([]byte(file.Metadata["sha256"]), &sums); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		want, err := r.Vector(r.Items[i].Sum)
		if err != nil {
			t.Fatal(err)
		}
		if row.ID != "id "+string(rune('a'+i)) || !slices.Equal(row.Vector, want) || row.Dim != 4 || row.SHA256 != r.Items[i].Sum.String() || sums[i] != row.SHA256 {
			t.Errorf("row %d: %+v", i, row)
		}
		var line Row
		if err := dec.Decode(&line); err != nil || line.ID != row.ID || line.Source != row.Source || !slices.Equal(line.Vector, want) {
			t.Errorf("line %d: %+v, %v", i, line, err)
		}
		if !slices.Equal(flat[4*i:4*i+4], want) {
			t.Errorf("tensor row %d: %v", i, flat[4*i:4*i+4])
		}
	}
	// Whole or not at all.
	r.Vector = func(Sum) ([]float32, error) { return nil, errors.New("lost") }
	for _, name := range []string{"w.parquet", "w.jsonl", "w.safetensors"} {
		wantError(t, Write(filepath.Join(dir, name), r), name, "lost")
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*w.*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	wantError(t, Write("v.txt", r), ".parquet")
	wantError(t, Write(filepath.Join(dir, "none", "v.jsonl"), r), "none")
}

// A result says in which type it was computed, where that is not the usual one.
func TestWriteType(t *testing.T) {
	dir := t.TempDir()
	for _, dtype := range []string{"", "bfloat16"} {
		r := result(5)
		r.DType = dtype
		paths := map[string]string{}
		for _, kind := range []string{"parquet", "jsonl", "safetensors"} {
			paths[kind] = filepath.Join(dir, dtype+"v."+kind)
			if err := Write(paths[kind], r); err != nil {
				t.Fatal(err)
			}
		}
		table, err := os.ReadFile(paths["parquet"])
		if err != nil {
			t.Fatal(err)
		}
		file, err := parquet.OpenFile(bytes.NewReader(table), int64(len(table)))
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := file.Lookup("model_dtype"); got != dtype || ok != (dtype != "") || len(file.Schema().Fields()) != 7 {
			t.Errorf("parquet: %q, %v, %v", got, ok, file.Schema())
		}
		tensor, err := nn.OpenTensors(paths["safetensors"])
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := tensor.Metadata["model_dtype"]; got != dtype || ok != (dtype != "") {
			t.Errorf("safetensors: %v", tensor.Metadata)
		}
		if err := tensor.Close(); err != nil {
			t.Fatal(err)
		}
		lines, err := os.ReadFile(paths["jsonl"])
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"": 0, "bfloat16": 5}[dtype]; strings.Count(string(lines), `"model_dtype":"bfloat16"`) != want || strings.Count(string(lines), "model_dtype") != want {
			t.Errorf("lines: %s", lines)
		}
	}
}

// The files open in PyArrow, DuckDB and NumPy.
func TestOpensInPython(t *testing.T) {
	python := pyenv.Common(t)
	dir := t.TempDir()
	r := result(6)
	for _, name := range []string{"v.parquet", "v.safetensors"} {
		if err := Write(filepath.Join(dir, name), r); err != nil {
			t.Fatal(err)
		}
	}
	var got struct {
		Types, Names, IDs []string
		TensorIDs         []string `json:"tensor_ids"`
		Model, Dtype      string
		Norms             []float64
		Same              bool
		Metadata          map[string]string
	}
	if err := json.Unmarshal(pyenv.Run(t, python, "testdata/read.py", dir), &got); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Names, []string{"id", "kind", "source", "vector", "model", "dim", "sha256"}) || !strings.HasPrefix(got.Types[3], "list<") || !strings.Contains(got.Types[3], "float") || strings.Contains(got.Types[3], "double") {
		t.Errorf("columns %v of %v", got.Names, got.Types)
	}
	if !got.Same || got.Dtype != "F32" || len(got.IDs) != 6 || !slices.Equal(got.IDs, got.TensorIDs) || got.Model != "run/1" || got.Metadata["dim"] != "4" {
		t.Errorf("read %+v", got)
	}
	for _, n := range got.Norms {
		if math.Abs(n-1) > 1e-6 {
			t.Errorf("norm %v", n)
		}
	}
}
