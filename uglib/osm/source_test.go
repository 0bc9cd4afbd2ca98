package osm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBuiltinsAreThere(t *testing.T) {
	for _, b := range builtins {
		s, err := Builtin(b.name)
		if err != nil {
			t.Fatal(err)
		}
		path, err := s.Locate()
		if err != nil {
			t.Errorf("%s: %v", b.name, err)
		} else if filepath.Base(path) != s.File {
			t.Errorf("%s lies at %s", b.name, path)
		}
	}
	if _, err := Builtin("atlantis"); err == nil || !strings.Contains(err.Error(), "delaware and andorra") {
		t.Errorf("an unknown extract: %v", err)
	}
}

// TestWrongBuiltin looks for the built-in extract in a module cache that lacks
// it, or holds a wrong one.
func TestWrongBuiltin(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("GOMODCACHE", cache)
	s, err := Builtin("delaware")
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want ...string) {
		t.Helper()
		_, err := s.Locate()
		for _, w := range append(want, s.File) {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("error %v does not say %q", err, w)
			}
		}
	}
	expect("is missing", "go mod download github.com/paulmach/osm@v0.8.0")
	dir := filepath.Join(cache, "github.com", "paulmach", "osm@v0.8.0", "testdata")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, s.File)
	write(t, path, make([]byte, 100))
	expect("has 100 bytes where 7812234 are expected", "go clean -modcache")
	write(t, path, make([]byte, s.Size))
	expect("has SHA-256", "where 71ce7bd152d6… is expected", "go clean -modcache")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	mkdir(t, dir, s.File)
	expect("is a folder")
}

func TestFileChangedSince(t *testing.T) {
	path := filepath.Join(t.TempDir(), "town.osm")
	write(t, path, []byte("<osm/>"))
	s, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Locate(); err != nil || got != path {
		t.Fatalf("%s, %v", got, err)
	}
	write(t, path, []byte("<osm></osm>"))
	if _, err := s.Locate(); err == nil || !strings.Contains(err.Error(), "another edition; fetch it again") {
		t.Errorf("error %v", err)
	}
	os.Remove(path)
	if _, err := s.Locate(); err == nil || !strings.Contains(err.Error(), "is missing: give its path again") {
		t.Errorf("error %v", err)
	}
}

// TestPathIsNoPartOfASource checks that a source is the same wherever its file
// lies, and that one read back without its path says so.
func TestPathIsNoPartOfASource(t *testing.T) {
	s, err := File("testdata/block.osm")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "testdata") {
		t.Errorf("the path is in %s", b)
	}
	var back Source
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if _, err := back.Locate(); err == nil || !strings.Contains(err.Error(), "give the path again") {
		t.Errorf("error %v", err)
	}
}
