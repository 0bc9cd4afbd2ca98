package pyenv

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fresh gives the test a cache folder of its own.
func fresh(t *testing.T) {
	t.Helper()
	if _, _, err := interpreter(t.Context()); err != nil {
		t.Skip(err)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

// An environment without packages needs no index.
var nothing = []byte("# no packages\n")

func TestMadeOnce(t *testing.T) {
	fresh(t)
	base, version, err := interpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(version, "3.") {
		t.Errorf("the version is %q", version)
	}
	paths := make([]string, 3)
	var group sync.WaitGroup
	for i := range paths {
		group.Go(func() {
			var err error
			if paths[i], err = provide(t.Context(), "k", base, nothing); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if paths[0] != paths[1] || paths[1] != paths[2] {
		t.Errorf("three paths: %v", paths)
	}
	got := strings.TrimSpace(string(Run(t, paths[0], "-c", "import sys; print(sys.prefix != sys.base_prefix)")))
	if got != "True" {
		t.Error("this is no environment of its own")
	}
	mark := filepath.Join(filepath.Dir(filepath.Dir(paths[0])), "mark")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := provide(t.Context(), "k", base, nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the environment was made again")
	}
	if err := os.Remove(filepath.Join(filepath.Dir(mark), "ready")); err != nil {
		t.Fatal(err)
	}
	if _, err := provide(t.Context(), "k", base, nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("what an interrupted one left was taken")
	}
}

func TestRefused(t *testing.T) {
	fresh(t)
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", t.TempDir())
	base, _, err := interpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no hash": "six==1.16.0\n",
		"absent":  "six==1.16.0 --hash=sha256:" + strings.Repeat("0", 64) + "\n",
	} {
		if _, err := provide(t.Context(), "k", base, []byte(text)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestHashesAreChecked(t *testing.T) {
	err := explain(&exec.ExitError{Stderr: []byte("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.")})
	if !errors.Is(err, errHashes) {
		t.Errorf("got %v", err)
	}
}

func TestWaitEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	unlock()
	unlock, err = lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestCommon(t *testing.T) {
	python := Common(t)
	out := Run(t, python, "-c", "import geopandas, duckdb, networkx, osmnx, pyarrow, webdataset; print('ok')")
	if strings.TrimSpace(string(out)) != "ok" {
		t.Errorf("got %q", out)
	}
}
