package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
)

// Checkpoint is the weights file of a reference model, written in all the ways that hubs have them.
type Checkpoint struct {
	Dir    string
	Shapes map[string][]int
	Load   func(store *model.Store, path string, o transformer.LoadOptions) error
	Names  map[string]func(key string) string // ways to name the tensors, besides the file's own
	Unused []string                           // tensors of some files that the model has no use for
}

// Test loads the weights in all types, whole and in shards, under all names, in host memory and on [Backend], and looks
// at every tensor. Then it loads files with one tensor missing, surplus or misshapen.
func (c Checkpoint) Test(t *testing.T) {
	all := Tensors(t, c.Dir, "model")
	names := maps.Clone(c.Names)
	names["as in the reference's file"] = func(key string) string { return key }
	for how, name := range names {
		for _, dtype := range []dtypes.DType{dtypes.Float32, dtypes.BFloat16, dtypes.Float16} {
			named := map[string]*tensors.Tensor{}
			for key, x := range all {
				named[name(key)] = convert(t, x, dtype)
			}
			for _, key := range c.Unused {
				named[key] = tensors.FromValue([]float32{1})
			}
			for _, shards := range []int{1, 3} {
				for _, backend := range []compute.Backend{nil, Backend()} {
					store := model.NewStore()
					if err := c.Load(store, write(t, named, shards), transformer.LoadOptions{Backend: backend}); err != nil {
						t.Errorf("%s, %s in %d files: %v", how, dtype, shards, err)
						continue
					}
					c.compare(t, store, all, dtype, dtypes.Float32)
				}
			}
		}
	}
	store := model.NewStore()
	if err := c.Load(store, c.Dir, transformer.LoadOptions{DType: dtypes.BFloat16}); err != nil {
		t.Fatal(err)
	}
	c.compare(t, store, all, dtypes.BFloat16, dtypes.BFloat16)
	c.misfits(t, all)
}

// compare looks at every tensor of the store, which came from a file of one type into a model of another.
func (c Checkpoint) compare(t *testing.T, store *model.Store, all map[string]*tensors.Tensor, file, in dtypes.DType) {
	t.Helper()
	if n := len(weights(t, store)); n != len(c.Shapes) {
		t.Errorf("%d tensors were loaded, want %d", n, len(c.Shapes))
	}
	for key := range c.Shapes {
		v := store.GetVariable(nn.Path(key))
		if v == nil || v.DType() != in {
			t.Errorf("%s is %v, want one of %s", key, v, in)
			continue
		}
		if want := Floats(t, convert(t, all[key], file)); !slices.Equal(Floats(t, v.MustValue()), want) {
			t.Errorf("%s, from a file of %s, has other values", key, file)
		}
	}
}

func (c Checkpoint) misfits(t *testing.T, all map[string]*tensors.Tensor) {
	key := slices.MaxFunc(slices.Collect(maps.Keys(c.Shapes)), func(a, b string) int { return len(a) - len(b) })
	other := tensors.FromValue([]float32{1, 2, 3})
	for _, x := range []struct {
		change func(m map[string]*tensors.Tensor)
		want   []string
	}{
		{func(m map[string]*tensors.Tensor) { delete(m, key) }, []string{"1 missing (" + key, fmt.Sprint(c.Shapes[key]), "all shards"}},
		{func(m map[string]*tensors.Tensor) { m["zzz.weight"] = other }, []string{"1 surplus (zzz.weight [3] in model-3.safetensors", "config.json"}},
		{func(m map[string]*tensors.Tensor) { m[key] = other }, []string{"1 misshapen (" + key + " is [3] in model-", fmt.Sprintf("%v in the model", c.Shapes[key]), "config.json"}},
	} {
		m := maps.Clone(all)
		x.change(m)
		path := write(t, m, 3)
		store := model.NewStore()
		err := c.Load(store, path, transformer.LoadOptions{})
		var mismatch *nn.MismatchError
		if !errors.As(err, &mismatch) {
			t.Errorf("want a mismatch with %q, not %v", x.want, err)
			continue
		}
		for _, part := range append(x.want, path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q does not say %q", err, part)
			}
		}
		if n := store.NumVariables(); n != 0 {
			t.Errorf("%d variables were loaded all the same", n)
		}
	}
}

// write writes tensors into a folder, into so many files, and gives the path of the file or of the index.
func write(t *testing.T, all map[string]*tensors.Tensor, shards int) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	if shards == 1 {
		if err := nn.SaveTensors(path, all, nil); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := slices.Sorted(maps.Keys(all))
	index := map[string]map[string]string{"weight_map": {}}
	for i := range shards {
		part, name := map[string]*tensors.Tensor{}, fmt.Sprintf("model-%d.safetensors", i+1)
		for _, key := range keys[i*len(keys)/shards : (i+1)*len(keys)/shards] {
			part[key], index["weight_map"][key] = all[key], name
		}
		if err := nn.SaveTensors(filepath.Join(dir, name), part, nil); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(index)
	if err != nil {
		t.Fatal(err)
	}
	path += ".index.json"
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func convert(t *testing.T, x *tensors.Tensor, to dtypes.DType) *tensors.Tensor {
	t.Helper()
	y, err := nn.ConvertTensor(x, to)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// NothingRandom checks that a forward pass found all its variables in the store: none was made, which would have started
// it at random.
func NothingRandom(t *testing.T, store *model.Store, args []any, forward func(s *model.Scope, nodes []*graph.Node) *graph.Node) {
	t.Helper()
	before := weights(t, store)
	Run(t, store, args, func(s *model.Scope, nodes []*graph.Node) []*graph.Node { return []*graph.Node{forward(s, nodes)} })
	for path := range weights(t, store) {
		if _, ok := before[path]; !ok {
			t.Errorf("%s was not loaded", path)
		}
	}
}
