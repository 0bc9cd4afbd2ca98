package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/spf13/cobra"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/engine"
	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// modelFlags name a trained model, and the type that it is computed in.
type modelFlags struct{ name, dtype string }

func (f *modelFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "model", "", "run by its `KEY`, or folder of a run or model")
	flags.StringVar(&f.dtype, "dtype", modelTypes[0].name, "`TYPE` that the model is held and computed in: "+typeNames())
}

// modelTypes are the types that a model can be computed in, the usual one first.
var modelTypes = []struct {
	name  string
	dtype dtypes.DType
}{{"float32", dtypes.Float32}, {"bfloat16", dtypes.BFloat16}, {"float16", dtypes.Float16}}

// typeHelp is what commands say of --dtype.
const typeHelp = `The model is held and computed in the type --dtype; vectors are written as float32 in any case.
bfloat16 takes half the memory of float32 and changes vectors a little (cosine above 0.999);
float16 changes them less, but large activations leave its range, and inputs whose vector is not
finite are left out; XLA does not take it. The pure Go backend takes weights that the files hold in
the same type as they lie there, mapped, without reading or copying them; it is somewhat slower in
bfloat16 and about ten times slower in float16. While the command runs the model's files may be
replaced, but not overwritten in place or cut short.`

func typeNames() string {
	var names []string
	for _, t := range modelTypes {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

// typeOf is the type of that name, if the backend computes in it.
func typeOf(name string, b compute.Backend) (dtypes.DType, error) {
	for _, t := range modelTypes {
		switch {
		case t.name != name:
		case b.Capabilities().DTypes[t.dtype]:
			return t.dtype, nil
		default:
			return 0, fmt.Errorf(`--dtype %s: %s does not compute in it; take another type, or another backend (see "ug backend --help")`, name, b.Description())
		}
	}
	return 0, usagef("--dtype %q: there are %s", name, typeNames())
}

// device says on what and in which type the model is to be computed. It is asked
// before any other work, so that what cannot be is told at once.
func (f *modelFlags) device(a *app) (o transformer.LoadOptions, err error) {
	if err = a.computes(); err != nil {
		return o, err
	}
	if o.Backend, err = backend.Default(); err != nil {
		return o, err
	}
	o.DType, err = typeOf(f.dtype, o.Backend)
	return o, err
}

// loadedModel is a model with where it comes from.
type loadedModel struct {
	*uge.Model
	name string // as the user or the store calls it
	dir  string // with its files
}

// engine reads the model to a device and makes an engine for it, which the
// caller has to close.
func (f *modelFlags) engine(ctx context.Context, device transformer.LoadOptions, o engine.Options) (*loadedModel, *engine.Engine, error) {
	m, err := f.find(ctx)
	if err != nil {
		return nil, nil, err
	}
	if m.Model, err = uge.LoadWith(m.dir, device); err != nil {
		return nil, nil, err
	}
	e, err := engine.New(m.Model, device.Backend, o)
	if err != nil {
		return nil, nil, usageError{err}
	}
	return m, e, nil
}

// find says where the model is, without reading it.
func (f *modelFlags) find(ctx context.Context) (*loadedModel, error) {
	if f.name != "" {
		info, err := os.Stat(f.name)
		switch {
		case err == nil && info.IsDir():
			return f.folder()
		case err == nil:
			return nil, fmt.Errorf("model %s is a file; name the folder that holds it", f.name)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("model %s: %w", f.name, err)
		}
	}
	s, err := store.From(ctx)
	if err != nil {
		return nil, err
	}
	art, err := f.artefact(s)
	if err != nil {
		return nil, err
	}
	return &loadedModel{name: art.Ref().String(), dir: (&train.Run{Dir: art.Dir}).ModelDir()}, nil
}

// folder is a model's own folder, or a run's.
func (f *modelFlags) folder() (*loadedModel, error) {
	run := (&train.Run{Dir: f.name}).ModelDir()
	for _, dir := range []string{f.name, run} {
		_, err := os.Stat(filepath.Join(dir, transformer.ConfigName))
		if err == nil {
			return &loadedModel{name: f.name, dir: dir}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("model %s: %w", f.name, err)
		}
	}
	return nil, fmt.Errorf("folder %s holds neither a model (%s) nor a training run", f.name, transformer.ConfigName)
}

// artefact returns the run that the flags name.
func (f *modelFlags) artefact(s *store.Store) (*store.Artefact, error) {
	if f.name == "" {
		data, err := ugdata.Default()
		if err != nil {
			return nil, err
		}
		art, err := s.Lookup(train.Stage2(data))
		if errors.Is(err, store.ErrAbsent) {
			return nil, errors.New(`the default model is not trained yet; train it with "ug train", or name another by --model ("ug ls" lists runs)`)
		}
		return art, err
	}
	art, err := s.Find(f.name)
	if errors.Is(err, store.ErrAbsent) {
		return nil, fmt.Errorf("model %s is neither a folder nor a run: %w", f.name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", f.name, err)
	}
	if kind := art.Manifest.Kind; kind != (train.Spec{}).Kind() {
		return nil, fmt.Errorf(`model %s is no training run but of kind %q; "ug ls" lists runs`, f.name, kind)
	}
	return art, nil
}
