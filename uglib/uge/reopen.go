package uge

import (
	"errors"
	"path/filepath"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
)

// origin is the folder that holds a model, and what the model was then.
type origin struct {
	dir    string // absolute
	config Config
	graph  *graphenc.Config
	lora   *nn.LoRA
	values map[string]*tensors.Tensor // training replaces them
}

// remember notes that the folder holds the model as it is.
func (m *Model) remember(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	values, err := m.values()
	if err != nil {
		return err
	}
	m.origin = &origin{dir, m.Config, m.Graph, m.LoRA, values}
	return nil
}

func (m *Model) values() (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for v := range m.Vars.IterVariables() {
		if v.HasValue() {
			t, err := v.Value()
			if err != nil {
				return nil, err
			}
			values[v.Path()] = t
		}
	}
	return values, nil
}

// KeptAs returns the reference by which [Model.Reopen] finds the model again,
// in another cell of a notebook: the folder that it was loaded from or saved
// to. A model that has been trained or changed since has none. A change of the
// elements of a tensor in place is not seen.
func (m *Model) KeptAs() (reference []byte, err error) {
	o := m.origin
	if o == nil {
		return nil, errors.New("uge: the model lies in no folder; give it one with Save")
	}
	values, err := m.values()
	if err != nil {
		return nil, err
	}
	same := o.config == m.Config && o.graph == m.Graph && o.lora == m.LoRA && len(values) == len(o.values)
	for path, t := range values {
		same = same && o.values[path] == t
	}
	if !same {
		return nil, errors.New("uge: the model is another than " + o.dir + " holds; save it to a new folder with Save")
	}
	return []byte(o.dir), nil
}

// Reopen loads the model of a reference.
func (m *Model) Reopen(reference []byte) error {
	again, err := Load(string(reference))
	if err != nil {
		return err
	}
	*m = *again
	return nil
}
