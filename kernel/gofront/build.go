package gofront

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

// builder builds the cell whose main.go stands in dir.
type builder struct {
	Settings
	dir string
	env []string
}

// build makes the program out. It reports handled = false when the real go command has to do it; else
// code is the exit status and text what the compiler had to say.
func (b builder) build(out string) (text string, code int, handled bool) {
	cell, ok := b.readCell()
	if !ok {
		return "", 0, false
	}
	cfg, ok := b.loadConfig(cell.key)
	if !ok {
		var err error
		if cfg, err = b.makeConfig(cell.key, cell.imports); err != nil {
			return "", 0, false // the real go command words the error
		}
	}
	bin := b.binary(cell, cfg)
	if place(bin, out) == nil {
		return "", 0, true
	}
	work, err := os.MkdirTemp(b.Cache, "build-")
	if err != nil {
		return "", 0, false
	}
	defer os.RemoveAll(work)
	object, program := filepath.Join(work, "main.a"), filepath.Join(work, "main")

	msg, err := b.tool("compile", "-o", object, "-p", "main", "-lang="+cell.language, "-complete", "-dwarf=false",
		"-buildid=", "-importcfg", cfg.file, "-pack", "-c="+strconv.Itoa(runtime.NumCPU()), "./main.go")
	if err != nil {
		return "# " + filepath.Base(b.dir) + "\n" + msg, 1, true
	}
	// A failing link is left to the real go command: it has the better words for it.
	if _, err := b.tool("link", "-s", "-w", "-buildid=", "-o", program, "-importcfg", cfg.linkFile(), "-buildmode=exe", object); err != nil {
		return "", 0, false
	}
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return "", 0, false
	}
	if os.Rename(program, bin) != nil || place(bin, out) != nil {
		return "", 0, false
	}
	prune(filepath.Dir(bin), maxBinaries, bin)
	return "", 0, true
}

// tool runs a program of the toolchain in the folder of the cell.
func (b builder) tool(name string, args ...string) (output string, err error) {
	cmd := exec.Command(filepath.Join(b.ToolDir, name), args...)
	cmd.Dir = b.dir
	cmd.Env = Setenv(b.env, "GOGC", "400")
	o, err := cmd.CombinedOutput()
	return string(o), err
}

// cell is what the front has to know of a cell to build it directly.
type cell struct {
	source   []byte
	imports  []string
	language string // such as "go1.26"
	key      string // of the import configuration
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
	for _, v := range []struct{ name, own string }{
		{"GOOS", runtime.GOOS}, {"GOARCH", runtime.GOARCH}, {"CGO_ENABLED", "0"}, {"GOWORK", "off"},
	} {
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

// readCell reads the cell and decides whether it can be built directly.
func (b builder) readCell() (*cell, bool) {
	entries, err := os.ReadDir(b.dir)
	if err != nil || !b.plain() {
		return nil, false
	}
	for _, e := range entries {
		n := e.Name()
		if n != "main.go" && (n == "go.work" || n == "vendor" || slices.Contains(sourceSuffixes, filepath.Ext(n))) {
			return nil, false
		}
	}
	src, err := os.ReadFile(filepath.Join(b.dir, "main.go"))
	if err != nil {
		return nil, false
	}
	for _, s := range specials {
		if bytes.Contains(src, []byte(s)) {
			return nil, false
		}
	}
	c := &cell{source: src, imports: []string{"runtime"}}
	af, err := parser.ParseFile(token.NewFileSet(), "main.go", src, parser.ImportsOnly)
	if err != nil {
		return nil, false
	}
	for _, s := range af.Imports {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil || p == "C" {
			return nil, false
		}
		if p != "unsafe" {
			c.imports = append(c.imports, p)
		}
	}
	slices.Sort(c.imports)
	c.imports = slices.Compact(c.imports)
	mod, err := os.ReadFile(filepath.Join(b.dir, "go.mod"))
	if err != nil {
		return nil, false
	}
	f, err := modfile.ParseLax("go.mod", mod, nil)
	if err != nil || f.Module == nil || f.Go == nil || len(f.Godebug) > 0 {
		return nil, false
	}
	c.language = Toolchain{Version: f.Go.Version}.Language()
	if c.language != b.Language() {
		return nil, false
	}
	sum, _ := os.ReadFile(filepath.Join(b.dir, "go.sum"))
	// The module path differs from kernel to kernel and has no influence on what is imported.
	mod = bytes.Replace(mod, []byte(f.Module.Mod.Path), []byte("cell"), 1)
	c.key = digest(b.Version, strings.Join(c.imports, " "), string(mod), string(sum),
		strings.Join(b.goEnv(), "\n"))
	return c, true
}

// goEnv are the variables that steer the Go toolchain.
func (b builder) goEnv() []string {
	var out []string
	for _, e := range b.env {
		if strings.HasPrefix(e, "GO") && !strings.HasPrefix(e, "GONB_") || strings.HasPrefix(e, "CGO_") {
			out = append(out, e)
		}
	}
	slices.Sort(out)
	return out
}

// binary is where the program built from a cell is kept. The folder of the cell is part of the name,
// as stack traces hold it.
func (b builder) binary(c *cell, cfg *config) string {
	return filepath.Join(b.Cache, "bin", digest(c.key, cfg.Stamp, cfg.Head, b.dir, string(c.source)))
}

// place makes out the program bin, which may be missing, and marks bin as used.
func place(bin, out string) error {
	if err := touch(bin); err != nil {
		return err
	}
	if err := os.Remove(out); err != nil && !os.IsNotExist(err) {
		return err
	}
	if os.Link(bin, out) == nil {
		return nil
	}
	src, err := os.Open(bin)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return err
	}
	return dst.Close()
}

// digest is a hash over strings, in hexadecimal digits.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
