package pyenv

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
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

// tiny makes a package in a folder that pip takes for its index, and returns the
// line that asks for it with its hash.
func tiny(t *testing.T) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range [][2]string{
		{"tiny.py", "NAME = 'tiny'\n"},
		{"tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"},
		{"tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"tiny-1.0.dist-info/RECORD", "tiny.py,,\ntiny-1.0.dist-info/METADATA,,\ntiny-1.0.dist-info/WHEEL,,\ntiny-1.0.dist-info/RECORD,,\n"},
	} {
		out, err := w.Create(f[0])
		if err == nil {
			_, err = io.WriteString(out, f[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tiny-1.0-py3-none-any.whl"), buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", dir)
	return fmt.Sprintf("tiny==1.0 --hash=sha256:%x\n", sha256.Sum256(buf.Bytes()))
}

func TestMadeOnce(t *testing.T) {
	fresh(t)
	requirements := []byte(tiny(t))
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
			if paths[i], err = provide(t.Context(), "k", base, requirements); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if paths[0] != paths[1] || paths[1] != paths[2] {
		t.Errorf("three paths: %v", paths)
	}
	got := strings.TrimSpace(string(Run(t, paths[0], "-c", "import sys, tiny; print(sys.prefix != sys.base_prefix, tiny.NAME)")))
	if got != "True tiny" {
		t.Error("this is no environment of its own")
	}
	mark := filepath.Join(filepath.Dir(filepath.Dir(paths[0])), "mark")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := provide(t.Context(), "k", base, requirements); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the environment was made again")
	}
	if err := os.Remove(filepath.Join(filepath.Dir(mark), "ready")); err != nil {
		t.Fatal(err)
	}
	if _, err := provide(t.Context(), "k", base, requirements); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("what an interrupted one left was taken")
	}
}

func TestHashesMustMatch(t *testing.T) {
	fresh(t)
	line := tiny(t)
	base, _, err := interpreter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wrong := line[:len(line)-65] + strings.Repeat("0", 64) + "\n"
	if _, err := provide(t.Context(), "k", base, []byte(wrong)); !errors.Is(err, errHashes) {
		t.Errorf("another file than the pinned one: %v", err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cache, "urbangraph", "pyenv", "k")); err == nil {
		t.Error("an environment is left behind")
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
