package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"urbangraph/uglib/progress"
)

// HomeVariable is the environment variable that names the root of the default
// store.
const HomeVariable = "UG_HOME"

// ErrAbsent is what looking for an artefact that the store does not hold
// reports.
var ErrAbsent = errors.New("no such artefact")

// Store is a folder of artefacts. It holds no state of its own: several stores
// and several processes may use the same root at the same time.
type Store struct{ root string }

// At returns the store in the folder root, which is made when it is first
// written to.
func At(root string) *Store {
	if abs, err := filepath.Abs(root); err == nil {
		root = abs
	}
	return &Store{root: root}
}

// Default returns the store in $UG_HOME, or in the folder "urbangraph" of the
// user's cache folder if that is not set. It is an error if the folder cannot
// be made or written to.
func Default() (*Store, error) {
	root := os.Getenv(HomeVariable)
	if root == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("store: no folder for artefacts: %w; set %s to a folder that you can write to", err, HomeVariable)
		}
		root = filepath.Join(cache, "urbangraph")
	}
	s := At(root)
	if err := s.writable(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) writable() error {
	err := os.MkdirAll(s.root, 0o755)
	if err == nil {
		var probe *os.File
		if probe, err = os.CreateTemp(s.root, ".probe-*"); err == nil {
			_, err = probe.Write([]byte{0})
			err = errors.Join(err, probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("store: cannot write to the artefact folder %s: %w", s.root, s.explain(err))
	}
	return nil
}

type contextKey struct{}

// With returns a context in which [Get] uses s.
func With(ctx context.Context, s *Store) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// From returns the store that ctx carries, or the default one.
func From(ctx context.Context) (*Store, error) {
	if s, ok := ctx.Value(contextKey{}).(*Store); ok && s != nil {
		return s, nil
	}
	return Default()
}

// Get returns the artefact that spec describes from the store of ctx, and
// builds it first if it is not there. See [Store.Get].
func Get(ctx context.Context, spec Spec) (*Artefact, error) {
	s, err := From(ctx)
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, spec)
}

// Root returns the store's folder.
func (s *Store) Root() string { return s.root }

// Cache returns the folder for what work on artefacts may use again under another
// spec, such as the answers of a paid service: no artefact, and nothing is lost
// but time and money where it is removed. The folder may not exist yet.
func (s *Store) Cache(name string) string { return filepath.Join(s.root, ".cache", name) }

func (s *Store) dir(r Ref) string { return filepath.Join(s.root, r.Kind, r.Key) }

func (s *Store) buildDir(r Ref) string { return filepath.Join(s.root, r.Kind, buildingPrefix+r.Key) }

const (
	buildingPrefix = ".building-"
	removingPrefix = ".removing-"
	keepSuffix     = ".keep"
)

// Get returns the artefact that spec describes. If the store does not hold it,
// Get builds it, its absent inputs first and each once. If another goroutine
// or process is building it, Get waits for that one, or until ctx ends. An
// artefact that is there but damaged is an error that is [ErrCorrupt].
func (s *Store) Get(ctx context.Context, spec Spec) (*Artefact, error) {
	p, err := newPlan(spec, nil)
	if err != nil {
		return nil, err
	}
	return s.get(With(ctx, s), p)
}

// Lookup returns the artefact that spec describes if the store holds it; the
// error is [ErrAbsent] if it does not.
func (s *Store) Lookup(spec Spec) (*Artefact, error) {
	p, err := newPlan(spec, nil)
	if err != nil {
		return nil, err
	}
	return s.open(p)
}

func (s *Store) open(p *plan) (*Artefact, error) {
	a, err := openArtefact(s.dir(p.ref()))
	if err != nil {
		return nil, s.explain(err)
	}
	if have, want := a.Manifest.Schema, p.spec.Schema(); have != want {
		return nil, a.corrupt("its manifest has schema %d, not %d", have, want)
	}
	return a, nil
}

func (s *Store) get(ctx context.Context, p *plan) (*Artefact, error) {
	name := p.kind + " " + p.key[:8]
	a, err := s.open(p)
	if err == nil {
		progress.Start(ctx, "open "+name, 0).Done()
		return a, nil
	}
	if !errors.Is(err, ErrAbsent) {
		return nil, err
	}
	if slices.Contains(building(ctx), p.ref()) {
		return nil, fmt.Errorf("store: %s is needed to build itself", p.ref())
	}
	inputs := make([]*Artefact, len(p.inputs))
	for i, in := range p.inputs {
		if inputs[i], err = s.get(ctx, in); err != nil {
			return nil, fmt.Errorf("%w (an input of %s)", err, name)
		}
	}

	task := progress.Start(ctx, "build "+name, 0)
	defer task.Done()
	if err := os.MkdirAll(filepath.Join(s.root, p.kind), 0o755); err != nil {
		return nil, fmt.Errorf("store: cannot write to the artefact folder %s: %w", s.root, s.explain(err))
	}
	lock, err := s.lock(ctx, p.ref(), func() { task.Note("waiting for another build of it") })
	if err != nil {
		return nil, err
	}
	defer lock.release()
	// Another builder may have finished it meanwhile.
	if a, err := s.open(p); !errors.Is(err, ErrAbsent) {
		return a, err
	}
	if err := s.build(ctx, p, inputs); err != nil {
		return nil, err
	}
	return s.open(p)
}

type buildingKey struct{}

// building returns what is being built further up the call stack.
func building(ctx context.Context) []Ref {
	refs, _ := ctx.Value(buildingKey{}).([]Ref)
	return refs
}

// build makes the artefact of p; the caller holds its lock.
func (s *Store) build(ctx context.Context, p *plan, inputs []*Artefact) (err error) {
	ref := p.ref()
	b := &Build{
		Dir:      s.buildDir(ref),
		Key:      p.key,
		Inputs:   inputs,
		keepFile: s.buildDir(ref) + keepSuffix,
	}
	wrap := func(err error) error {
		return fmt.Errorf("store: cannot build %s %s: %w", p.kind, p.key[:8], s.explain(err))
	}
	if err := b.open(); err != nil {
		return wrap(err)
	}
	done := false
	defer func() {
		if !done { // also when Build panics
			err = errors.Join(err, b.abandon())
		}
	}()

	refs := building(ctx)
	buildCtx := context.WithValue(ctx, buildingKey{}, append(refs[:len(refs):len(refs)], ref))
	start := time.Now()
	if err := p.spec.Build(buildCtx, b); err != nil {
		return wrap(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return wrap(b.err)
	}
	if err := ctx.Err(); err != nil {
		return wrap(err)
	}
	if _, err := os.Lstat(b.Path(manifestName)); err == nil {
		return wrap(fmt.Errorf("it wrote a file named %s, which is the store's own", manifestName))
	}
	m := Manifest{
		Kind: p.kind, Key: p.key, Schema: p.spec.Schema(), Spec: p.json,
		Inputs: []Ref{}, Summary: b.summary,
		Created: start.UTC().Round(time.Millisecond), Code: CodeVersion(),
	}
	for _, in := range p.inputs {
		m.Inputs = append(m.Inputs, in.ref())
	}
	if m.Files, err = hashFiles(ctx, b.Dir); err != nil {
		return wrap(err)
	}
	m.Seconds = time.Since(start).Seconds()
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return wrap(fmt.Errorf("manifest: %w", err))
	}
	if err := writeAtomic(b.Path(manifestName), append(data, '\n')); err != nil {
		return wrap(err)
	}
	if err := os.Rename(b.Dir, s.dir(ref)); err != nil {
		return wrap(err)
	}
	done = true
	syncDir(filepath.Dir(b.Dir))
	if err := os.Remove(b.keepFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wrap(err)
	}
	return nil
}

// open makes the build folder, or clears what an interrupted build left in it
// but the kept files.
func (b *Build) open() error {
	data, err := os.ReadFile(b.keepFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		var names []string
		if json.Unmarshal(data, &names) == nil {
			b.kept = map[string]bool{}
			for _, n := range names {
				b.kept[n] = true
			}
		}
	}
	if err := os.MkdirAll(b.Dir, 0o755); err != nil {
		return err
	}
	if b.Resumed, err = b.clear(); err != nil {
		return err
	}
	if !b.Resumed {
		b.kept = nil
		if err := os.Remove(b.keepFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// abandon leaves nothing of a failed build but the kept files.
func (b *Build) abandon() error {
	resumable, err := b.clear()
	if err != nil || resumable {
		return err
	}
	if err := os.Remove(b.keepFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(b.Dir)
}

// entry is a folder under the root that belongs to a key.
type entry struct {
	ref        Ref
	dir        string
	unfinished bool
}

// entries lists what the store holds, finished or not, sorted by kind and key.
func (s *Store) entries() ([]entry, error) {
	kinds, err := os.ReadDir(s.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var all []entry
	for _, k := range kinds {
		if !k.IsDir() || !kindPattern.MatchString(k.Name()) {
			continue
		}
		dirs, err := os.ReadDir(filepath.Join(s.root, k.Name()))
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		for _, d := range dirs {
			key, unfinished := strings.CutPrefix(d.Name(), buildingPrefix)
			if d.IsDir() && keyPattern.MatchString(key) {
				all = append(all, entry{Ref{k.Name(), key}, filepath.Join(s.root, k.Name(), d.Name()), unfinished})
			}
		}
	}
	slices.SortFunc(all, func(a, b entry) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	return all, nil
}

// List returns the finished artefacts sorted by kind and key. If some are
// damaged the others are returned together with an error about those.
func (s *Store) List() ([]*Artefact, error) {
	all, err := s.entries()
	if err != nil {
		return nil, err
	}
	var list []*Artefact
	var errs []error
	for _, e := range all {
		if e.unfinished {
			continue
		}
		a, err := openArtefact(e.dir)
		switch {
		case err == nil:
			list = append(list, a)
		case !errors.Is(err, ErrAbsent): // removed meanwhile
			errs = append(errs, err)
		}
	}
	return list, errors.Join(errs...)
}

// Unfinished returns the artefacts whose build is under way or was
// interrupted, sorted by kind and key.
func (s *Store) Unfinished() ([]Ref, error) {
	all, err := s.entries()
	var refs []Ref
	for _, e := range all {
		if e.unfinished {
			refs = append(refs, e.ref)
		}
	}
	return refs, err
}

// Find returns the one finished artefact whose key, or kind/key, starts with
// prefix. The error is [ErrAbsent] if there is none, and lists the candidates
// if there are several.
func (s *Store) Find(prefix string) (*Artefact, error) {
	e, err := s.find(prefix, false)
	if err != nil {
		return nil, err
	}
	return openArtefact(e.dir)
}

func (s *Store) find(ref string, unfinishedToo bool) (entry, error) {
	all, err := s.entries()
	if err != nil {
		return entry{}, err
	}
	if ref == "" {
		return entry{}, fmt.Errorf("store: no artefact named; try \"ug ls\" for what there is")
	}
	var match []entry
	for _, e := range all {
		if e.unfinished && !unfinishedToo {
			continue
		}
		if strings.HasPrefix(e.ref.Key, ref) || strings.Contains(ref, "/") && strings.HasPrefix(e.ref.String(), ref) {
			match = append(match, e)
		}
	}
	switch len(match) {
	case 1:
		return match[0], nil
	case 0:
		return entry{}, fmt.Errorf("store: %w: %q in %s; try \"ug ls\" for what there is", ErrAbsent, ref, s.root)
	}
	names := make([]string, len(match))
	for i, e := range match {
		names[i] = e.ref.String()
	}
	return entry{}, fmt.Errorf("store: %q fits %d artefacts, give more digits: %s", ref, len(match), strings.Join(names, ", "))
}

// Remove deletes the one artefact, finished or interrupted, whose key or
// kind/key starts with ref. It works on damaged ones, and refuses one that is
// being built. Artefacts built from it stay.
func (s *Store) Remove(ref string) error {
	e, err := s.find(ref, true)
	if err != nil {
		return err
	}
	lock, err := s.tryLock(e.ref)
	if err != nil {
		return fmt.Errorf("store: cannot remove %s: %w", e.ref, s.explain(err))
	}
	if lock == nil {
		return fmt.Errorf("store: cannot remove %s: it is being built; stop that process first", e.ref)
	}
	defer lock.release()
	// Renamed first, so that no one sees half of it.
	aside, err := os.MkdirTemp(filepath.Dir(e.dir), removingPrefix+e.ref.Key+"-*")
	if err == nil {
		err = os.Rename(e.dir, filepath.Join(aside, "removed"))
		if e.unfinished {
			err = errors.Join(err, os.RemoveAll(e.dir+keepSuffix))
		}
		err = errors.Join(err, os.RemoveAll(aside))
	}
	if err != nil {
		return fmt.Errorf("store: cannot remove %s: %w", e.dir, s.explain(err))
	}
	return nil
}
