package gofront

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

// cell is what the front has to know of a cell to build it directly.
type cell struct {
	source  []byte
	imports []string
	module  string // key of all but the imports that the import configuration depends on
	key     string // of the import configuration
}

// specials are directives that the direct way of building does not follow.
var specials = []string{"//go:embed", "//go:build", "//go:linkname", "//go:debug", "// +build"}

// sourceSuffixes are those of files that go build compiles beside main.go.
var sourceSuffixes = []string{".go", ".s", ".c", ".cc", ".cpp", ".cxx", ".m", ".f", ".F", ".h", ".syso", ".swig"}

// harmlessFlags are flags of the user that change nothing in what the direct way builds.
var harmlessFlags = []string{"-buildvcs=true", "-buildvcs=auto", "-mod=mod", "-mod=readonly", "-modcacherw", "-v"}

// plain reports whether the variables of the caller, which a notebook can change, ask for nothing but a
// build for this machine with the flags of [BuildEnv].
func (b builder) plain() bool {
	if !native(b.env) {
		return false
	}
	for _, v := range []struct{ name, own string }{{"CGO_ENABLED", "0"}, {"GOWORK", "off"}} {
		if got := lookup(b.env, v.name); got != "" && got != v.own {
			return false
		}
	}
	user, ok := strings.CutSuffix(lookup(b.env, "GOFLAGS"), BuildFlags)
	if !ok {
		return false
	}
	for _, f := range strings.Fields(user) {
		if !slices.Contains(harmlessFlags, f) {
			return false
		}
	}
	return true
}

// native reports whether the variables of the caller ask for programs of this machine.
func native(env []string) bool {
	for _, v := range []struct{ name, own string }{{"GOOS", runtime.GOOS}, {"GOARCH", runtime.GOARCH}} {
		if got := lookup(env, v.name); got != "" && got != v.own {
			return false
		}
	}
	return true
}

// id tells cells apart.
func (c *cell) id() string { return digest(c.key, string(c.source)) }

// readCell reads the cell whose main.go has the given text; the error is [errUnusual] when it cannot be
// built directly.
func (b builder) readCell(src []byte) (*cell, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil || !b.plain() {
		return nil, errUnusual
	}
	for _, e := range entries {
		n := e.Name()
		if n != "main.go" && (n == "go.work" || n == "vendor" || slices.Contains(sourceSuffixes, filepath.Ext(n))) {
			return nil, errUnusual
		}
	}
	for _, s := range specials {
		if bytes.Contains(src, []byte(s)) {
			return nil, errUnusual
		}
	}
	c := &cell{source: src, imports: []string{"runtime"}}
	af, err := parser.ParseFile(token.NewFileSet(), "main.go", src, parser.ImportsOnly)
	if err != nil {
		return nil, errUnusual
	}
	for _, s := range af.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil || p == "C" {
			return nil, errUnusual
		}
		if p != "unsafe" {
			c.imports = append(c.imports, p)
		}
	}
	slices.Sort(c.imports)
	c.imports = slices.Compact(c.imports)
	if c.module, err = b.cellModule(); err != nil {
		return nil, errUnusual
	}
	c.key = digest(c.module, strings.Join(c.imports, " "))
	return c, nil
}

// cellModule is the key of the module of the notebook, which it remembers.
func (b builder) cellModule() (string, error) {
	mod, err := os.ReadFile(filepath.Join(b.dir, "go.mod"))
	if err != nil {
		return "", errUnusual
	}
	sum, _ := os.ReadFile(filepath.Join(b.dir, "go.sum"))
	of := [3]string{string(mod), string(sum), stationKey(b.env)}
	b.keyMu.Lock()
	defer b.keyMu.Unlock()
	if b.keyOf == of {
		return b.key, nil
	}
	key, err := b.moduleKey(b.dir, b.env)
	if err == nil {
		b.keyOf, b.key = of, key
	}
	return key, err
}

// moduleKey is a hash over all but the imports that an import configuration depends on.
func (s Settings) moduleKey(dir string, env []string) (string, error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return "", err
	}
	sum, _ := os.ReadFile(filepath.Join(dir, "go.sum"))
	f, err := modfile.ParseLax("go.mod", mod, nil)
	if err != nil || f.Module == nil || f.Go == nil || len(f.Godebug) > 0 {
		return "", errUnusual
	}
	if (Toolchain{Version: f.Go.Version}).Language() != s.Language() {
		return "", errUnusual
	}
	// The module path differs from kernel to kernel and has no influence on what is imported.
	mod = bytes.Replace(mod, []byte(f.Module.Mod.Path), []byte("cell"), 1)
	return digest(s.Version, string(mod), string(sum), stationKey(env)), nil
}

// goEnv are the variables that steer the Go toolchain.
func goEnv(env []string) []string {
	var out []string
	for _, e := range env {
		if strings.HasPrefix(e, "GO") && !strings.HasPrefix(e, "GONB_") || strings.HasPrefix(e, "CGO_") {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}
