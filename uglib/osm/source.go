package osm

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"urbangraph/uglib/osm/extract"
)

// Source names an extract by its content. Path is not part of it, so that the
// same extract in another folder is the same source.
type Source struct {
	Path   string `json:"-"` // where the file lies; empty for a built-in extract, which Locate finds
	File   string // base name, which says the format
	SHA256 string // of the whole file, in hex
	Size   int64  // in bytes
}

// module is the Go module whose testdata folder holds the built-in extracts.
const module, moduleVersion = "github.com/paulmach/osm", "v0.8.0"

var builtins = []struct {
	name   string
	source Source
}{
	{"delaware", Source{
		File:   "delaware-latest.osm.pbf",
		SHA256: "71ce7bd152d68cb9bdb11d9de4548db86d103f664bb8620a210ddee433534647",
		Size:   7812234,
	}},
	{"andorra", Source{
		File:   "andorra-latest.osm.bz2",
		SHA256: "3f829b93cce7b62c6bc21b1291c9ffcf540f50892664078b7e9c8dadc5d420ad",
		Size:   2973951,
	}},
}

// Builtin returns an extract that comes with the Go modules: "delaware" or
// "andorra". It does not look for the file; [Source.Locate] does.
func Builtin(name string) (Source, error) {
	var names []string
	for _, b := range builtins {
		if b.name == name {
			return b.source, nil
		}
		names = append(names, b.name)
	}
	return Source{}, fmt.Errorf("no built-in extract is called %q, only %s; for any other, give the path of an .osm.pbf file",
		name, strings.Join(names, " and "))
}

// File returns the extract at path, with its size and checksum.
func File(path string) (Source, error) {
	if err := extract.Check(path); err != nil {
		return Source{}, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Source{}, fmt.Errorf("extract %s: %w", path, err)
	}
	sum, size, err := checksum(abs)
	if err != nil {
		return Source{}, err
	}
	if size == 0 {
		return Source{}, fmt.Errorf("extract %s is empty; fetch it again", path)
	}
	return Source{Path: abs, File: filepath.Base(abs), SHA256: sum, Size: size}, nil
}

// Locate returns the path of the source's file after it has checked the size
// and the SHA-256 of what lies there. A source without a path is looked for
// among the built-in extracts, in the Go module cache.
func (s Source) Locate() (string, error) {
	path, cure := s.Path, "give its path again"
	if path == "" {
		cache, err := moduleCache()
		if err != nil {
			return "", err
		}
		if !s.isBuiltin() {
			return "", fmt.Errorf("extract %s (SHA-256 %.12s…) is not a built-in one and its path is not known; give the path again", s.File, s.SHA256)
		}
		path = filepath.Join(cache, filepath.FromSlash(module)+"@"+moduleVersion, "testdata", s.File)
		cure = "run `go mod download " + module + "@" + moduleVersion + "`"
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("extract %s is missing: %s", path, cure)
	case err != nil:
		return "", fmt.Errorf("extract %s: %w", path, err)
	case info.IsDir():
		return "", fmt.Errorf("extract %s is a folder; give the path of a file", path)
	case info.Size() != s.Size:
		return "", fmt.Errorf("extract %s has %d bytes where %d are expected: it is truncated or another edition; %s", path, info.Size(), s.Size, s.cure())
	}
	sum, _, err := checksum(path)
	if err != nil {
		return "", err
	}
	if sum != s.SHA256 {
		return "", fmt.Errorf("extract %s has SHA-256 %.12s… where %.12s… is expected: it is damaged or another edition; %s", path, sum, s.SHA256, s.cure())
	}
	return path, nil
}

func (s Source) isBuiltin() bool {
	for _, b := range builtins {
		if b.source.SHA256 == s.SHA256 {
			return true
		}
	}
	return false
}

// cure says how to get a sound copy of a file that is there but wrong.
func (s Source) cure() string {
	if s.Path == "" {
		return "run `go clean -modcache`, then `go mod download`"
	}
	return "fetch it again"
}

// moduleCache returns the Go module cache: $GOMODCACHE, else what the go
// command says, else the default place.
func moduleCache() (string, error) {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir, nil
	}
	if out, err := exec.Command("go", "env", "GOMODCACHE").Output(); err == nil {
		if dir := strings.TrimSpace(string(out)); dir != "" {
			return dir, nil
		}
	}
	if dir := os.Getenv("GOPATH"); dir != "" {
		return filepath.Join(filepath.SplitList(dir)[0], "pkg", "mod"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("the Go module cache was not found (%w); set $GOMODCACHE", err)
	}
	return filepath.Join(home, "go", "pkg", "mod"), nil
}

func checksum(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, fmt.Errorf("extract %s is missing; give the path of an .osm.pbf, .osm, .osm.gz or .osm.bz2 file", path)
	}
	if err != nil {
		return "", 0, fmt.Errorf("extract %s: %w", path, err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, fmt.Errorf("extract %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
