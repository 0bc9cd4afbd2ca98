package nn

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Ends of the keys of a module's LoRA term.
const (
	partA         = ".lora_A.weight"
	partB         = ".lora_B.weight"
	magnitudePart = ".lora_magnitude_vector.weight"
)

// loraTerm is the LoRA term of one module.
type loraTerm struct {
	a, b *tensors.Tensor // [rank, in], [out, rank]
	m    *tensors.Tensor // [out] with DoRA, else nil
}

// slot is where the tensor of a part goes.
func (l *loraTerm) slot(part string) **tensors.Tensor {
	switch part {
	case partA:
		return &l.a
	case partB:
		return &l.b
	}
	return &l.m
}

// parts gives the tensors that are there with the ends of their keys.
func (l loraTerm) parts() iter.Seq2[string, *tensors.Tensor] {
	return func(yield func(string, *tensors.Tensor) bool) {
		for _, part := range []string{partA, partB, magnitudePart} {
			if value := *l.slot(part); value != nil && !yield(part, value) {
				return
			}
		}
	}
}

// check makes sure that all parts are there and fit rank and base weight.
func (l loraTerm) check(base *model.Variable, lora *LoRA, hasModel bool) error {
	switch {
	case l.a == nil || l.b == nil:
		return errors.New("lora_A or lora_B is missing")
	case l.a.Rank() != 2 || l.b.Rank() != 2 || l.a.Shape().Dim(0) != lora.Rank || l.b.Shape().Dim(1) != lora.Rank:
		return fmt.Errorf("lora_A %s and lora_B %s do not have rank %d", l.a.Shape(), l.b.Shape(), lora.Rank)
	case lora.DoRA && l.m == nil:
		return errors.New("lora_magnitude_vector is missing, which DoRA needs")
	case !lora.DoRA && l.m != nil:
		return errors.New("there is a lora_magnitude_vector, but use_dora is not set")
	case l.m != nil && (l.m.Rank() != 1 || l.m.Size() != l.b.Shape().Dim(0)):
		return fmt.Errorf("lora_magnitude_vector %s does not fit lora_B %s", l.m.Shape(), l.b.Shape())
	case base == nil && hasModel:
		return errors.New("the model has no such linear layer; try AdapterOptions.ToStore for its names")
	case base != nil && (base.Shape().Rank() != 2 || base.Shape().Dim(0) != l.b.Shape().Dim(0) || base.Shape().Dim(1) != l.a.Shape().Dim(1)):
		return fmt.Errorf("lora_A %s and lora_B %s do not fit the weight %s", l.a.Shape(), l.b.Shape(), base.Shape())
	}
	return nil
}

// loraTerms collects the terms of the store by dotted module path.
func loraTerms(store *model.Store) (map[string]loraTerm, error) {
	terms := map[string]loraTerm{}
	for v := range store.IterVariables() {
		module, part, ok := parseAdapterKey(Key(v.Path()))
		if !ok || isInternal(v.Path()) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		term := terms[module]
		*term.slot(part) = value
		terms[module] = term
	}
	return terms, nil
}

var adapterKey = regexp.MustCompile(`^(.+)\.lora_(?:([AB])(?:\.[^.]+)?\.weight|magnitude_vector(?:\.[^.]+){0,2})$`)

// parseAdapterKey takes the module path and the part out of an adapter's tensor
// name, in a file or in PEFT's memory, where the adapter's own name is in it.
func parseAdapterKey(name string) (module, part string, ok bool) {
	m := adapterKey.FindStringSubmatch(strings.TrimPrefix(name, adapterPrefix))
	if m == nil {
		return "", "", false
	}
	switch m[2] {
	case "A":
		return m[1], partA, true
	case "B":
		return m[1], partB, true
	}
	return m[1], magnitudePart, true
}
