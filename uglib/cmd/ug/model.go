package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/engine"
	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// modelFlags name a trained model.
type modelFlags struct{ name string }

func (f *modelFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "model", "", "run by its `KEY`, or folder of a run or model")
}

// loadedModel is a model with where it comes from.
type loadedModel struct {
	*uge.Model
	name string // as the user or the store calls it
	dir  string // with its files
}

// load reads the model that the flags name.
func (f *modelFlags) load(ctx context.Context) (*loadedModel, error) {
	m, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	m.Model, err = uge.Load(m.dir)
	return m, err
}

// engine reads the model and makes an engine for it, which the caller has to close.
func (f *modelFlags) engine(ctx context.Context, a *app, o engine.Options) (*loadedModel, *engine.Engine, error) {
	if err := a.computes(); err != nil {
		return nil, nil, err
	}
	m, err := f.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	be, err := backend.Default()
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.New(m.Model, be, o)
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
