package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// lock is an exclusive right to build or remove one artefact, held against
// other goroutines and other processes; the system drops it when the process
// ends, however it ends.
type lock struct {
	file *os.File
	path string
}

// tryLock takes the lock of ref, or returns nil if another holds it.
func (s *Store) tryLock(ref Ref) (*lock, error) {
	path := filepath.Join(s.root, ref.Kind, ".lock-"+ref.Key)
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, f.Close()
		}
		if err != nil {
			return nil, errors.Join(&fs.PathError{Op: "flock", Path: path, Err: err}, f.Close())
		}
		// The holder before us removes the file: then ours is a lock on nothing.
		mine, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if current, err := os.Stat(path); err == nil && os.SameFile(mine, current) {
			return &lock{f, path}, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// lock takes the lock of ref; while another holds it, it calls waiting once and
// waits until ctx ends.
func (s *Store) lock(ctx context.Context, ref Ref, waiting func()) (*lock, error) {
	pause := 5 * time.Millisecond
	for {
		l, err := s.tryLock(ref)
		if err != nil {
			return nil, fmt.Errorf("store: cannot lock %s: %w", ref, s.explain(err))
		}
		if l != nil {
			return l, nil
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("store: waiting for another build of %s: %w", ref, ctx.Err())
		case <-time.After(pause):
			pause = min(2*pause, 250*time.Millisecond)
		}
	}
}

// release gives the lock back. Failing to remove the file or to close it does
// no harm: an empty file stays, and the lock ends with the process.
func (l *lock) release() {
	_ = os.Remove(l.path)
	_ = l.file.Close()
}

// explain adds the cure to an error of the file system that has one.
func (s *Store) explain(err error) error {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		return fmt.Errorf("%w; there is no room under %s: remove artefacts with \"ug rm\", or set %s to a folder on a larger disk",
			err, s.root, HomeVariable)
	case errors.Is(err, unix.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; set %s to a folder that you can write to (now %s)", err, HomeVariable, s.root)
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EEXIST):
		return fmt.Errorf("%w; set %s to a folder, not a file (now %s)", err, HomeVariable, s.root)
	}
	return err
}

// writeAtomic writes data to path so that a reader sees all of it or what was
// there before, even after a crash.
func writeAtomic(path string, data []byte) error {
	return renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}

// syncDir makes a rename in dir durable, on file systems that can.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// CodeVersion names the version of this module in the running program: the
// revision of its repository where the build recorded one ("+changes" when the
// working tree differed from it), else the module's version.
var CodeVersion = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	module := strings.TrimSuffix(reflect.TypeFor[Store]().PkgPath(), "/uglib/store")
	if info.Main.Path == module {
		var revision, changes string
		for _, set := range info.Settings {
			switch {
			case set.Key == "vcs.revision":
				revision = set.Value
			case set.Key == "vcs.modified" && set.Value == "true":
				changes = "+changes"
			}
		}
		if revision != "" {
			return revision + changes
		}
		return module + " " + orDevel(info.Main.Version)
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return module + " " + orDevel(dep.Version)
		}
	}
	return module + " (devel)"
})

func orDevel(version string) string {
	if version == "" {
		return "(devel)"
	}
	return version
}
