package nn

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// optimizerScope holds the optimizer's moments and step.
const optimizerScope = "/adamw"

// isInternal reports whether the variable at path belongs to the optimizer or
// to the random number generator, not to the model.
func isInternal(path string) bool {
	return strings.HasPrefix(path, optimizerScope+"/") || strings.HasPrefix(path, "/#")
}

// LoadOptions says how a safetensors file is brought into a store.
type LoadOptions struct {
	// Rename gives the key in the store for a name in the file; an empty key
	// leaves the tensor out. Nil keeps the names.
	Rename func(name string) string

	// Expect holds the keys and dimensions that must come, no more and no
	// fewer. If it is nil, the variables that the store has already (those of
	// the model, where Keep is nil or true) are expected; a store without any
	// takes whatever the file has.
	Expect map[string][]int

	// Keep, if not nil, restricts the load to these keys: others in the file
	// are left out and others in the store stay as they are.
	Keep func(key string) bool

	// DType is what floating-point tensors are converted to: Float32, say, for
	// a model that computes in it. A variable that the store has already gives
	// its own type; dtypes.InvalidDType keeps the file's.
	DType dtypes.DType
}

// MismatchError says which tensors of a file do not fit the model.
type MismatchError struct {
	File      string
	Missing   []string // keys that the model needs and the file has not
	Surplus   []string // keys that the file has and the model knows not
	Misshapen []string // "key: file [2 3], model [3 2]"
}

// Error names the file and the first few tensors of each kind.
func (e *MismatchError) Error() string {
	var parts []string
	for _, p := range []struct {
		kind  string
		names []string
	}{{"missing", e.Missing}, {"surplus", e.Surplus}, {"misshapen", e.Misshapen}} {
		if n := len(p.names); n > 0 {
			shown := strings.Join(p.names[:min(n, 5)], ", ")
			if n > 5 {
				shown += ", ..."
			}
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, p.kind, shown))
		}
	}
	return fmt.Sprintf("file %s does not fit the model: %s; try the config.json that belongs to it", e.File, strings.Join(parts, "; "))
}

// LoadStore reads the tensors of a file, shard index or model folder (see
// [OpenTensors]) into the variables of a store. A tensor that is missing,
// surplus or of another shape is a [*MismatchError], and then the store is
// left as it was.
//
// Load before the graph is built: a variable that is made here has its value,
// and the layer that asks for it later finds it (and panics on another
// shape). A layer whose variable is absent from the store would start it at
// random without a complaint, which is what Expect guards against.
func LoadStore(store *model.Store, path string, o LoadOptions) error {
	f, err := OpenTensors(path)
	if err != nil {
		return err
	}
	defer f.Close()
	names, err := o.match(store, f)
	if err != nil {
		return err
	}
	loaded := make(map[string]*tensors.Tensor, len(names))
	keys := slices.Sorted(maps.Keys(names))
	for _, key := range keys {
		dtype := o.DType
		if v := store.GetVariable(Path(key)); v != nil {
			dtype = v.DType()
		}
		if loaded[key], err = f.ReadAs(names[key], dtype); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := setVariable(store, Path(key), loaded[key]); err != nil {
			return fmt.Errorf("load %s: tensor %q: %w", path, names[key], err)
		}
	}
	return nil
}

// match pairs the keys to load with the names in the file.
func (o LoadOptions) match(store *model.Store, f *TensorFile) (map[string]string, error) {
	want := o.Expect
	if want == nil {
		want = map[string][]int{}
		for v := range store.IterVariables() {
			if !isInternal(v.Path()) {
				want[Key(v.Path())] = v.Shape().Dimensions
			}
		}
	}
	if o.Keep != nil {
		want = maps.Clone(want)
		maps.DeleteFunc(want, func(key string, _ []int) bool { return !o.Keep(key) })
	}
	mismatch := &MismatchError{File: f.path}
	names := map[string]string{}
	for _, name := range f.Names() {
		key := name
		if o.Rename != nil {
			key = o.Rename(name)
		}
		if key == "" || o.Keep != nil && !o.Keep(key) {
			continue
		}
		if other, twice := names[key]; twice {
			return nil, fmt.Errorf("file %s: tensors %q and %q are both %q of the model", f.path, other, name, key)
		}
		names[key] = name
		dims, known := want[key]
		switch {
		case len(want) > 0 && !known && !isInternal(Path(key)):
			mismatch.Surplus = append(mismatch.Surplus, key)
		case known && !slices.Equal(dims, f.entries[name].shape):
			mismatch.Misshapen = append(mismatch.Misshapen, fmt.Sprintf("%s: file %v, model %v", key, f.entries[name].shape, dims))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, ok := names[key]; !ok {
			mismatch.Missing = append(mismatch.Missing, key)
		}
	}
	if len(mismatch.Missing)+len(mismatch.Surplus)+len(mismatch.Misshapen) > 0 {
		return nil, mismatch
	}
	return names, nil
}

// setVariable gives the variable at path the value, making it if need be.
func setVariable(store *model.Store, path string, value *tensors.Tensor) error {
	if v := store.GetVariable(path); v != nil {
		if !v.Shape().Equal(value.Shape()) {
			return fmt.Errorf("shape %s does not fit the variable's %s", value.Shape(), v.Shape())
		}
		return v.SetValue(value)
	}
	v, err := store.CreateVariable(path, value)
	if err != nil {
		return err
	}
	v.SetTrainable(isWeight(v))
	return nil
}

// SaveStore writes variables of the store to a safetensors file under their
// Hugging Face keys (see [SaveTensors]). Keep chooses by key; nil writes every
// variable, with the optimizer's and the state of the random numbers, which
// makes the file a checkpoint: after LoadStore into an empty store, training
// goes on bit for bit.
func SaveStore(path string, store *model.Store, keep func(key string) bool, metadata map[string]string) error {
	all := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		key := Key(v.Path())
		if keep != nil && !keep(key) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return fmt.Errorf("save %s: %w", path, err)
		}
		all[key] = value
	}
	return SaveTensors(path, all, metadata)
}

// IsWeight reports whether a key belongs to the model rather than to the
// optimizer or the random number generator; SaveStore with it writes a model
// without its training state.
func IsWeight(key string) bool { return !isInternal(Path(key)) }
