package beam

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"path/filepath"
	"sync"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
)

// Work is what every step needs to know. It goes to the workers as JSON; make it
// with [NewWork].
type Work struct {
	Spec   []byte // the dataset's spec, paths of its files included, encoded with gob
	Home   string // store that all workers see: the parts and the dataset
	Inputs string // store of cities, views and captions; empty for Home
	Cities int    // how many a worker keeps open
}

// openCities is how many cities a worker keeps open by default.
const openCities = 2

// NewWork returns the work of building a dataset into the store in home.
func NewWork(spec ugdata.Spec, home string) (Work, error) {
	if !filepath.IsAbs(home) {
		return Work{}, fmt.Errorf("beam: the store %q is no absolute path; give one that all workers see", home)
	}
	if _, err := spec.Builder(); err != nil {
		return Work{}, err
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(spec); err != nil {
		return Work{}, fmt.Errorf("beam: the dataset's spec: %w", err)
	}
	return Work{Spec: b.Bytes(), Home: home, Cities: openCities}, nil
}

func (w Work) spec() (ugdata.Spec, error) {
	var s ugdata.Spec
	if err := gob.NewDecoder(bytes.NewReader(w.Spec)).Decode(&s); err != nil {
		return s, fmt.Errorf("beam: the dataset's spec is damaged: %w; is the worker's program that of the launcher?", err)
	}
	return s, nil
}

// Parts returns the folder of the parts of the build.
func (w Work) Parts() (ugdata.Parts, error) {
	spec, err := w.spec()
	if err != nil {
		return "", err
	}
	key, err := store.Key(spec)
	if err != nil {
		return "", err
	}
	return ugdata.Parts(filepath.Join(w.Home, spec.Kind(), ".parts-"+key)), nil
}

// Open returns the finished dataset's artefact; the error is [store.ErrAbsent]
// while it is not there.
func (w Work) Open() (*store.Artefact, error) {
	spec, err := w.spec()
	if err != nil {
		return nil, err
	}
	return store.At(w.Home).Lookup(spec)
}

// inputs returns a context in which cities and views are opened from their
// store.
func (w Work) inputs(ctx context.Context) context.Context {
	home := w.Inputs
	if home == "" {
		home = w.Home
	}
	return store.With(ctx, store.At(home))
}

// session is what the steps of one work share in one process: a city that one
// of them has opened is open to all.
type session struct {
	builder *ugdata.Builder
	parts   ugdata.Parts
}

var (
	sessionsMu sync.Mutex
	sessions   = map[string]*session{}
)

// session returns the work's, made on first use and kept while the process
// runs, as workers serve one pipeline.
func (w Work) session() (*session, error) {
	sessionsMu.Lock()
	defer sessionsMu.Unlock()
	key := w.Home + "\x00" + w.Inputs + "\x00" + string(w.Spec)
	if s := sessions[key]; s != nil {
		return s, nil
	}
	spec, err := w.spec()
	if err != nil {
		return nil, err
	}
	builder, err := spec.Builder()
	if err != nil {
		return nil, err
	}
	builder.Keep(w.Cities)
	parts, err := w.Parts()
	if err != nil {
		return nil, err
	}
	s := &session{builder, parts}
	sessions[key] = s
	return s, nil
}

// forget drops the work's session, and with it the cities that it has open.
func (w Work) forget() {
	sessionsMu.Lock()
	defer sessionsMu.Unlock()
	delete(sessions, w.Home+"\x00"+w.Inputs+"\x00"+string(w.Spec))
}

// Progress returns how many of how many parts are there; total is 0 until they
// are planned. It is for whoever sees the folder Home.
func (w Work) Progress() (done, total int) {
	parts, err := w.Parts()
	if err != nil {
		return 0, 0
	}
	outline, err := parts.ReadOutline()
	if err != nil {
		return 0, 0
	}
	return parts.Done(), outline.Jobs
}
