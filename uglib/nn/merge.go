package nn

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Merged remembers what [LoRA.Merge] changed.
type Merged struct {
	base  map[string]*tensors.Tensor // weights before, by path
	terms map[string]*tensors.Tensor // the adapter's, by path
}

// Merge makes every LoRA term of the store part of its base weight, W +
// scale·B·A or DoRA's weight, and takes the terms out of the store, as PEFT's
// merge_and_unload: the model then runs without a LoRA and without its cost.
// Graphs that were built before must be built anew.
//
// The sum is taken in float64 and rounded to the weight's own type: a float32
// model gives the same vectors as before to about 1e-6, one in bfloat16 keeps
// three digits of the term. Merged holds a copy of each weight that was
// changed, so that Unmerge brings the store back bit for bit, where
// subtracting the term again, as PEFT does, would not.
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
		if err := term.check(v, l, true); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		if merged.base[path], err = cloneValue(v); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		if sums[path], err = l.mergedWeight(merged.base[path], term); err != nil {
			return nil, fmt.Errorf("merge LoRA: module %s: %w", module, err)
		}
		for part, value := range term.parts() {
			if merged.terms[Path(module+part)], err = value.LocalClone(); err != nil {
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
// [LoRA.Merge], bit for bit.
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

// mergedWeight is the weight of a layer with its term, in the type of W.
func (l *LoRA) mergedWeight(base *tensors.Tensor, term loraTerm) (*tensors.Tensor, error) {
	w, err := Floats(base)
	if err != nil {
		return nil, err
	}
	var m []float32
	if l.DoRA {
		if m, err = Floats(term.m); err != nil {
			return nil, err
		}
	}
	in := base.Shape().Dim(1)
	err = l.sums(w, in, term, func(o int, row []float64, length float64) {
		factor := 1.0
		if l.DoRA && length > 0 {
			factor = float64(m[o]) / length
		}
		for i, x := range row {
			w[o*in+i] = float32(factor * x)
		}
	})
	if err != nil {
		return nil, err
	}
	sum := tensors.FromShape(shapes.Make(dtypes.Float32, base.Shape().Dimensions...))
	if err := tensors.AssignFlatData(sum, w); err != nil {
		return nil, err
	}
	return ConvertTensor(sum, base.DType())
}

// sums shows each row of W + scale·B·A with its length; the row is used again.
func (l *LoRA) sums(w []float32, in int, term loraTerm, show func(o int, row []float64, length float64)) error {
	a, err := Floats(term.a)
	if err != nil {
		return err
	}
	b, err := Floats(term.b)
	if err != nil {
		return err
	}
	rank := term.a.Shape().Dim(0)
	row := make([]float64, in)
	for o := range term.b.Shape().Dim(0) {
		clear(row)
		for r := range rank {
			x := float64(b[o*rank+r]) * l.Scale()
			for i, y := range a[r*in : (r+1)*in] {
				row[i] += x * float64(y)
			}
		}
		square := 0.0
		for i, x := range w[o*in : (o+1)*in] {
			row[i] += float64(x)
			square += row[i] * row[i]
		}
		show(o, row, math.Sqrt(square))
	}
	return nil
}

// startMagnitude makes DoRA's variable of a module: the lengths of the rows of
// W, or of W + scale·B·A where the store has the other two already.
func (l *LoRA) startMagnitude(store *model.Store, module string) error {
	v := store.GetVariable(Path(module + ".weight"))
	if v == nil || !v.HasValue() {
		return errors.New("its weight has no value yet; load or initialise the model before the graph is built")
	}
	base, err := v.Value()
	if err != nil {
		return err
	}
	w, err := Floats(base)
	if err != nil {
		return err
	}
	out, in := base.Shape().Dim(0), base.Shape().Dim(1)
	term := loraTerm{a: tensors.FromShape(shapes.Make(dtypes.Float32, 1, in)), b: tensors.FromShape(shapes.Make(dtypes.Float32, out, 1))}
	a, b := store.GetVariable(Path(module+".lora_A.weight")), store.GetVariable(Path(module+".lora_B.weight"))
	if a != nil && a.HasValue() && b != nil && b.HasValue() {
		if term.a, err = a.Value(); err == nil {
			term.b, err = b.Value()
		}
		if err != nil {
			return err
		}
	}
	m := make([]float32, out)
	if err := l.sums(w, in, term, func(o int, _ []float64, length float64) { m[o] = float32(length) }); err != nil {
		return err
	}
	return setVariable(store, Path(module+".lora_magnitude_vector.weight"), tensors.FromFlatDataAndDimensions(m, out))
}

func cloneValue(v *model.Variable) (*tensors.Tensor, error) {
	value, err := v.Value()
	if err != nil {
		return nil, err
	}
	return value.LocalClone()
}
