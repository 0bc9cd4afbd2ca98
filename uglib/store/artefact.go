package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// ErrCorrupt is what opening or verifying an artefact whose files are not as
// its manifest says reports; the error also names the folder and the cure.
var ErrCorrupt = errors.New("artefact is damaged")

const manifestName = "manifest.json"

// Artefact is a finished product in the store.
type Artefact struct {
	Dir      string   // its folder
	Manifest Manifest // what it is and what it was made from
}

// Manifest describes an artefact. It stands in manifest.json in its folder.
type Manifest struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Schema  int             `json:"schema"`
	Spec    json.RawMessage `json:"spec"`
	Inputs  []Ref           `json:"inputs"`
	Files   []File          `json:"files"`             // sorted by name
	Summary map[string]any  `json:"summary,omitempty"` // small facts by Build.Summary
	Created time.Time       `json:"created"`
	Seconds float64         `json:"seconds"` // wall time of the build, last attempt only
	Code    string          `json:"code"`    // version of the code that built it
}

// Ref names another artefact.
type Ref struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

// String returns kind/key.
func (r Ref) String() string { return r.Kind + "/" + r.Key }

// File is one file of an artefact.
type File struct {
	Name   string `json:"name"` // relative to the folder, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// Path joins name to the artefact's folder.
func (a *Artefact) Path(name ...string) string {
	return filepath.Join(append([]string{a.Dir}, name...)...)
}

// Ref returns the artefact's name.
func (a *Artefact) Ref() Ref { return Ref{Kind: a.Manifest.Kind, Key: a.Manifest.Key} }

// Size returns the bytes that the artefact's files take.
func (a *Artefact) Size() int64 {
	var n int64
	for _, f := range a.Manifest.Files {
		n += f.Size
	}
	return n
}

// Verify reads every file of the artefact and compares it with its checksum.
// The error is [ErrCorrupt] if one differs.
func (a *Artefact) Verify() error {
	if err := a.check(); err != nil {
		return err
	}
	files, err := hashFiles(context.Background(), a.Dir)
	if err != nil {
		return fmt.Errorf("store: verify %s: %w", a.Dir, err)
	}
	sums := make(map[string]string, len(files))
	for _, f := range files {
		sums[f.Name] = f.SHA256
	}
	for _, f := range a.Manifest.Files {
		if sums[f.Name] != f.SHA256 {
			return a.corrupt("%s has SHA-256 %s, the manifest says %s", f.Name, sums[f.Name], f.SHA256)
		}
	}
	return nil
}

// check compares the sizes of the files with the manifest.
func (a *Artefact) check() error {
	for _, f := range a.Manifest.Files {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) {
			return a.corrupt("the manifest names the file %q outside the folder", f.Name)
		}
		info, err := os.Stat(a.Path(f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return a.corrupt("%s is missing", f.Name)
		case err != nil:
			return fmt.Errorf("store: open %s: %w", a.Dir, err)
		case !info.Mode().IsRegular():
			return a.corrupt("%s is not a regular file", f.Name)
		case info.Size() != f.Size:
			return a.corrupt("%s has %d bytes, the manifest says %d", f.Name, info.Size(), f.Size)
		}
	}
	return nil
}

// corrupt returns an error that names the folder, what is wrong and the cure.
func (a *Artefact) corrupt(format string, args ...any) error {
	kind, key := filepath.Base(filepath.Dir(a.Dir)), filepath.Base(a.Dir)
	return fmt.Errorf("store: %w: %s: %s; remove it with \"ug rm %s/%s\" and it is built anew",
		ErrCorrupt, a.Dir, fmt.Sprintf(format, args...), kind, key)
}

// openArtefact reads the manifest in dir, whose last two elements are kind and
// key, and checks it. A folder that is not there gives [ErrAbsent].
func openArtefact(dir string) (*Artefact, error) {
	a := &Artefact{Dir: dir}
	data, err := os.ReadFile(a.Path(manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := os.Stat(dir); errors.Is(statErr, fs.ErrNotExist) {
			return nil, fmt.Errorf("store: %w: %s", ErrAbsent, dir)
		}
		return nil, a.corrupt("%s is missing", manifestName)
	}
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", dir, err)
	}
	if err := json.Unmarshal(data, &a.Manifest); err != nil {
		return nil, a.corrupt("%s: %v", manifestName, err)
	}
	kind, key := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
	if a.Manifest.Kind != kind || a.Manifest.Key != key {
		return nil, a.corrupt("its manifest is that of %q", a.Ref())
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	return a, nil
}

// hashFiles lists the files under dir but the manifest, sorted by name, and
// computes their checksums in parallel. Anything that is neither a regular file nor a folder
// is an error.
func hashFiles(ctx context.Context, dir string) ([]File, error) {
	files := []File{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || rel == manifestName {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", path)
		}
		files = append(files, File{Name: filepath.ToSlash(rel)})
		return nil
	})
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			f, err := os.Open(filepath.Join(dir, filepath.FromSlash(files[i].Name)))
			if err != nil {
				return err
			}
			defer f.Close()
			h := sha256.New()
			if files[i].Size, err = io.Copy(h, f); err != nil {
				return err
			}
			files[i].SHA256 = hex.EncodeToString(h.Sum(nil))
			return nil
		})
	}
	return files, g.Wait()
}
