package nn

import (
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/dtypes/bfloat16"
	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func f32(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }

func allTypes() map[string]*tensors.Tensor {
	return map[string]*tensors.Tensor{
		"b.f32":   tensors.FromValue([][]float32{{1, -2.5}, {3, 4}}),
		"a.f32":   tensors.FromScalar(float32(7)),
		"f64":     tensors.FromValue([]float64{1e-300, 2}),
		"bf16":    tensors.FromValue([]bfloat16.BFloat16{bfloat16.FromFloat32(1.5), bfloat16.FromFloat32(-3)}),
		"f16":     tensors.FromValue([]float16.Float16{float16.FromFloat32(0.25)}),
		"i64":     tensors.FromValue([]int64{-1, 1 << 40}),
		"i32":     tensors.FromValue([]int32{-1}),
		"i16":     tensors.FromValue([]int16{-2, 3}),
		"i8":      tensors.FromValue([]int8{-3, 3, 4}),
		"u64":     tensors.FromValue([]uint64{1 << 63}),
		"u32":     tensors.FromValue([]uint32{1 << 31}),
		"u16":     tensors.FromValue([]uint16{1 << 15}),
		"u8":      tensors.FromValue([]uint8{1, 2, 255}),
		"bool":    tensors.FromValue([]bool{true, false, true}),
		"é \"ü\"": tensors.FromValue([][]float32{{1}, {2}}),
	}
}

func TestTensorsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	all := allTypes()
	if err := SaveTensors(path, all, map[string]string{"format": "pt", "a": "1"}); err != nil {
		t.Fatal(err)
	}
	got, err := LoadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(all))) {
		t.Fatalf("names %v", slices.Sorted(maps.Keys(got)))
	}
	for name, want := range all {
		if !got[name].Equal(want) {
			t.Errorf("%s: got %v, want %v", name, got[name], want)
		}
	}
	f, err := OpenTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Metadata["format"] != "pt" || len(f.Metadata) != 2 {
		t.Errorf("metadata %v", f.Metadata)
	}
	x, err := f.ReadAs("bf16", dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "bf16 as float32", floats(t, x), []float32{1.5, -3}, 0)
	if x, err = f.ReadAs("i32", dtypes.Float32); err != nil || x.DType() != dtypes.Int32 {
		t.Errorf("ReadAs of integers: %v, %v", x, err)
	}
	if _, err = f.Read("absent"); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("error %v should name the absent tensor", err)
	}
	again := filepath.Join(t.TempDir(), "y.safetensors")
	if err := SaveTensors(again, got, f.Metadata); err != nil {
		t.Fatal(err)
	}
	one, _ := os.ReadFile(path)
	two, _ := os.ReadFile(again)
	if string(one) != string(two) {
		t.Error("equal tensors gave different files")
	}
}

func TestSaveTensorsLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	if err := SaveTensors(filepath.Join(dir, "absent", "x.safetensors"), allTypes(), nil); err == nil {
		t.Error("no error for a folder that does not exist")
	}
	for name, x := range map[string]*tensors.Tensor{"complex": tensors.FromValue([]complex64{1}), "__metadata__": tensors.FromValue([]float32{1})} {
		if err := SaveTensors(filepath.Join(dir, "x.safetensors"), map[string]*tensors.Tensor{name: x}, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := SaveTensors(filepath.Join(dir, "taken"), allTypes(), nil); err == nil {
		t.Error("no error for a path that is a folder")
	}
	if err := os.Remove(filepath.Join(dir, "taken")); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// raw makes a safetensors file of a header and data.
func raw(header string, data int) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return string(b) + header + strings.Repeat("\x00", data)
}

func TestBrokenTensorFiles(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "too few"},
		{"text", "not a tensor file at all", "no safetensors file"},
		{"no JSON", raw("{", 0), "parse the header"},
		{"cut short", raw(`{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`, 12), "cut short"},
		{"size", raw(`{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}`, 16), "needs 12 bytes"},
		{"negative", raw(`{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,16]}}`, 16), "bad shape"},
		{"overflow", raw(`{"x":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,16]}}`, 16), "bad shape"},
		{"backwards", raw(`{"x":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}`, 16), "no range"},
		{"overlap", raw(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), "begins at byte 2"},
		{"gap", raw(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`, 8), "begins at byte 4"},
		{"rest", raw(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 8), "end at byte 4 of 8"},
		{"metadata", raw(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
	} {
		path := filepath.Join(t.TempDir(), "broken.safetensors")
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := LoadTensors(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one with %q and the path", c.name, err, c.want)
		}
	}
	path := filepath.Join(t.TempDir(), "f8.safetensors")
	if err := os.WriteFile(path, []byte(raw(`{"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, 4)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadTensors(path); err == nil || !strings.Contains(err.Error(), "F8_E4M3") {
		t.Errorf("unknown type: error %v", err)
	}
}

func TestShardedTensors(t *testing.T) {
	dir := t.TempDir()
	save := func(name string, all map[string]*tensors.Tensor) {
		if err := SaveTensors(filepath.Join(dir, name), all, map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
	}
	index := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	save("model-00001-of-00002.safetensors", map[string]*tensors.Tensor{"a": tensors.FromValue([]float32{1})})
	save("model-00002-of-00002.safetensors", map[string]*tensors.Tensor{"b": tensors.FromValue([]float32{2})})
	index(`{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`)
	all, err := LoadTensors(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || floats(t, all["b"])[0] != 2 {
		t.Errorf("got %v", all)
	}
	for _, c := range []struct{ index, want string }{
		{`{"weight_map":{"a":"model-00003.safetensors"}}`, "missing shard"},
		{`{"weight_map":{"c":"model-00001-of-00002.safetensors"}}`, `"c"`},
		{`{"weight_map":{"a":"../x.safetensors"}}`, "outside"},
		{`{"weight_map":{}}`, "no weight_map"},
		{`[]`, "index"},
	} {
		index(c.index)
		if _, err := LoadTensors(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("index %s: error %v, want one with %q", c.index, err, c.want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "model.safetensors.index.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadTensors(dir); err == nil || !strings.Contains(err.Error(), "neither") {
		t.Errorf("two files without an index: error %v", err)
	}
}

func TestStoreRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	s := newStore(t, 5)
	set(t, s, "/model/embed_tokens/weight", [][]float32{{1, 2}, {3, 4}})
	set(t, s, "/model/norm/weight", []float32{1, 2})
	set(t, s, optimizerScope+"/m/model/norm/weight", []float32{8, 9})
	if err := SaveStore(path, s, nil, nil); err != nil {
		t.Fatal(err)
	}
	fresh := model.NewStore()
	if err := LoadStore(fresh, path, LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	for v := range s.IterVariables() {
		w := fresh.GetVariable(v.Path())
		if w == nil || !w.MustValue().Equal(v.MustValue()) {
			t.Errorf("%s is %v", v.Path(), w)
			continue
		}
		if want := strings.HasPrefix(v.Path(), "/model/"); w.Trainable != want {
			t.Errorf("%s: trainable is %v, want %v", v.Path(), w.Trainable, want)
		}
	}
	if err := SaveStore(path, s, IsWeight, nil); err != nil {
		t.Fatal(err)
	}
	all, err := LoadTensors(path)
	if err != nil || len(all) != 2 || all["model.embed_tokens.weight"] == nil {
		t.Errorf("model alone: %v, %v", all, err)
	}
}

func TestLoadStoreMismatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := SaveTensors(path, map[string]*tensors.Tensor{
		"a": tensors.FromValue([]float32{1, 2}), "b": tensors.FromValue([]float32{1, 2}), "c": tensors.FromValue([]float32{1}),
	}, nil); err != nil {
		t.Fatal(err)
	}
	s := model.NewStore()
	set(t, s, "/a", []float32{9, 9})
	set(t, s, "/b", []float32{9, 9, 9})
	set(t, s, "/d", []float32{9})
	err := LoadStore(s, path, LoadOptions{})
	var m *MismatchError
	if !errors.As(err, &m) {
		t.Fatalf("error %v", err)
	}
	if len(m.Missing) != 1 || len(m.Surplus) != 1 || len(m.Misshapen) != 1 {
		t.Errorf("mismatch %+v", m)
	}
	for _, want := range []string{path, "1 missing (d [1])", "1 surplus (c [1] in model.safetensors)",
		"1 misshapen (b is [2] in model.safetensors and [3] in the model)", "try the weights and the config.json of one"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	near(t, "the store after a failed load", floats(t, s.GetVariable("/a").MustValue()), []float32{9, 9}, 0)

	expect := map[string][]int{"x.a": {2}, "x.b": {2}, "x.c": {1}}
	rename := func(name string) string { return "x." + name }
	s = model.NewStore()
	if err := LoadStore(s, path, LoadOptions{Expect: expect, Rename: rename, DType: dtypes.BFloat16}); err != nil {
		t.Fatal(err)
	}
	if v := s.GetVariable("/x/b"); v == nil || v.DType() != dtypes.BFloat16 {
		t.Errorf("renamed variable is %v", v)
	}
	keep := func(key string) bool { return key == "x.a" }
	s = model.NewStore()
	if err := LoadStore(s, path, LoadOptions{Expect: expect, Rename: rename, Keep: keep}); err != nil || s.NumVariables() != 1 {
		t.Errorf("Keep: %v, %d variables", err, s.NumVariables())
	}
	if err := LoadStore(model.NewStore(), path, LoadOptions{Rename: func(string) string { return "same" }}); err == nil || !strings.Contains(err.Error(), "both") {
		t.Errorf("two tensors for one key: %v", err)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(raw(`{"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"__metadata__":{"a":"b"}}`, 16)))
	f.Add([]byte(raw(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4)))
	f.Add([]byte(raw(`{"__metadata__":null}`, 0)))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "fuzz.safetensors")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		all, err := LoadTensors(path)
		if err != nil {
			return
		}
		if err := SaveTensors(path, all, nil); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := LoadTensors(path)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		for name, x := range all {
			if y := again[name]; y == nil || !x.Shape().Equal(y.Shape()) {
				t.Fatalf("tensor %q came back as %v", name, y)
			}
		}
	})
}
