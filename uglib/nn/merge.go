package nn

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Merged remembers what [LoRA.Merge] changed.
type Merged struct {
	base  map[string]*tensors.Tensor // weights before, by path
	terms map[string]*tensors.Tensor // LoRA matrices, by path
}

// Merge adds every LoRA term of the store to its base weight, W + scale·B·A,
// and takes the terms out of the store, as PEFT's merge_and_unload: the model
// then runs without a LoRA and without its cost. Graphs that were built before
// must be built anew. Unmerge brings the store back bit for bit.
func (l *LoRA) Merge(store *model.Store) (*Merged, error) {
	terms, err := loraTerms(store)
	if err != nil {
		return nil, fmt.Errorf("merge LoRA: %w", err)
	}
	merged := &Merged{base: map[string]*tensors.Tensor{}, terms: map[string]*tensors.Tensor{}}
	sums := map[string]*tensors.Tensor{}
	for _, module := range slices.Sorted(maps.Keys(terms)) {
		term, path := terms[module], Path(module+".weight")
		v := store.GetVariable(path)
		if err := term.check(v, l.Rank, true); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		if merged.base[path], err = cloneValue(v); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		if sums[path], err = l.mergedWeight(merged.base[path], term); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		for _, m := range []string{".lora_A.weight", ".lora_B.weight"} {
			path := Path(module + m)
			if merged.terms[path], err = cloneValue(store.GetVariable(path)); err != nil {
				return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(sums)) {
		if err := setVariable(store, path, sums[path]); err != nil {
			return nil, fmt.Errorf("merge LoRA: %s: %w", path, err)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(merged.terms)) {
		if err := store.DeleteVariable(path); err != nil {
			return nil, fmt.Errorf("merge LoRA: %s: %w", path, err)
		}
	}
	return merged, nil
}

// Unmerge puts the base weights and the LoRA terms back as they were before
// [LoRA.Merge].
func (m *Merged) Unmerge(store *model.Store) error {
	for _, values := range []map[string]*tensors.Tensor{m.base, m.terms} {
		for _, path := range slices.Sorted(maps.Keys(values)) {
			value, err := values[path].Clone()
			if err == nil {
				err = setVariable(store, path, value)
			}
			if err != nil {
				return fmt.Errorf("unmerge LoRA: %s: %w", path, err)
			}
		}
	}
	return nil
}

// mergedWeight is W + scale·B·A, summed in float64, in the type of W.
func (l *LoRA) mergedWeight(base *tensors.Tensor, term loraTerm) (*tensors.Tensor, error) {
	w, err := Floats(base)
	if err != nil {
		return nil, err
	}
	a, err := Floats(term.a)
	if err != nil {
		return nil, err
	}
	b, err := Floats(term.b)
	if err != nil {
		return nil, err
	}
	in, rank := term.a.Shape().Dim(1), term.a.Shape().Dim(0)
	row := make([]float64, in)
	for o := range term.b.Shape().Dim(0) {
		clear(row)
		for r := range rank {
			x := float64(b[o*rank+r]) * l.Scale()
			for i, y := range a[r*in : (r+1)*in] {
				row[i] += x * float64(y)
			}
		}
		for i, x := range row {
			w[o*in+i] = float32(float64(w[o*in+i]) + x)
		}
	}
	sum := tensors.FromShape(shapes.Make(dtypes.Float32, base.Shape().Dimensions...))
	if err := tensors.AssignFlatData(sum, w); err != nil {
		return nil, err
	}
	return ConvertTensor(sum, base.DType())
}

func cloneValue(v *model.Variable) (*tensors.Tensor, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	return value.LocalClone()
}
