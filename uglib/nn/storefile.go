package nn

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"
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

	// Backend is where the values are put, see [TensorFile.ReadOn]; nil puts
	// them into host memory, from where the backend that uses them first copies
	// them.
	Backend compute.Backend
}

// MismatchError says which tensors of a file do not fit the model.
type MismatchError struct {
	File      string   // or shard index
	Missing   []Misfit // the model needs them and the file has them not
	Surplus   []Misfit // the file has them and the model knows them not
	Misshapen []Misfit
}

// Misfit is a tensor that does not fit.
type Misfit struct {
	Key     string // in the model
	Name    string // in the file, where that has another one or the model none
	File    string // that holds it, one of the shards; empty for one that is missing
	InFile  []int  // dimensions; nil where it is missing
	InModel []int  // dimensions; nil where it is surplus
}

// String names the tensor, where it lies, and both shapes.
func (m Misfit) String() string {
	name := m.Key
	if m.Name != "" && m.Name != m.Key {
		name += ", there " + m.Name
	}
	switch {
	case m.File == "":
		return fmt.Sprintf("%s %v", name, m.InModel)
	case m.InModel == nil:
		return fmt.Sprintf("%s %v in %s", name, m.InFile, filepath.Base(m.File))
	}
	return fmt.Sprintf("%s is %v in %s and %v in the model", name, m.InFile, filepath.Base(m.File), m.InModel)
}

// Error names the file, the first few tensors of each kind, and the cure.
func (e *MismatchError) Error() string {
	var parts []string
	for _, p := range []struct {
		kind    string
		tensors []Misfit
	}{{"missing", e.Missing}, {"surplus", e.Surplus}, {"misshapen", e.Misshapen}} {
		if n := len(p.tensors); n > 0 {
			var shown []string
			for _, m := range p.tensors[:min(n, 5)] {
				shown = append(shown, m.String())
			}
			if n > 5 {
				shown = append(shown, "...")
			}
			parts = append(parts, fmt.Sprintf("%d %s (%s)", n, p.kind, strings.Join(shown, "; ")))
		}
	}
	return fmt.Sprintf("file %s does not fit the model: %s; %s", e.File, strings.Join(parts, ", "), e.cure())
}

// cure says what to do about it.
func (e *MismatchError) cure() string {
	adapter := func(m Misfit) bool { return strings.Contains(m.Key, ".lora_") }
	switch {
	case slices.ContainsFunc(e.Surplus, adapter):
		return "weights with an adapter in them: try to save the two apart, or to merge them"
	case len(e.Misshapen) > 0 || len(e.Surplus) > 0:
		return "try the weights and the config.json of one and the same model"
	}
	return "try to fetch it anew, all shards with their index, and the config.json that belongs to it"
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
		if loaded[key], err = f.ReadOn(o.Backend, names[key], dtype); err != nil {
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
		e := f.entries[name]
		misfit := Misfit{Key: key, Name: name, File: e.file.Name(), InFile: e.shape}
		if known {
			misfit.InModel = append([]int{}, dims...)
		}
		switch {
		case len(want) > 0 && !known && !isInternal(Path(key)):
			mismatch.Surplus = append(mismatch.Surplus, misfit)
		case known && !slices.Equal(dims, e.shape):
			mismatch.Misshapen = append(mismatch.Misshapen, misfit)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, ok := names[key]; !ok {
			mismatch.Missing = append(mismatch.Missing, Misfit{Key: key, InModel: want[key]})
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
