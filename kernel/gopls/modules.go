package gopls

import (
	"cmp"
	"go/build"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// library knows which packages a notebook can import and where their sources are. It may be used
// concurrently.
type library struct {
	root     string // GOROOT
	modCache string // GOMODCACHE
	context  build.Context

	modules  func() []moduleFolder
	standard func() map[string][]string // package name, as the path suggests it -> import paths
	others   func() map[string][]string // the same for modules, which takes longer to find
	ready    atomic.Bool                // others has been found

	mu       sync.Mutex
	packages map[string]*packageEntry // by folder
}

// moduleFolder is a module and where its source is.
type moduleFolder struct {
	path, dir string
	direct    bool // the project itself asks for it
}

// newLibrary reads the go.mod in dir, which write has to put there, when it is first needed.
func newLibrary(root, modCache string, env []string, goMod func() (string, error)) *library {
	l := &library{root: root, modCache: modCache, context: buildContext(root, env), packages: map[string]*packageEntry{}}
	l.modules = sync.OnceValue(func() []moduleFolder {
		file, err := goMod()
		if err != nil {
			return nil
		}
		return l.readModules(file)
	})
	l.standard = sync.OnceValue(func() map[string][]string {
		return indexOf(walkPackages("", filepath.Join(root, "src")))
	})
	l.others = sync.OnceValue(func() map[string][]string {
		var paths []string
		for _, m := range l.modules() {
			if m.direct {
				paths = append(paths, walkPackages(m.path, m.dir)...)
			}
		}
		defer l.ready.Store(true)
		return indexOf(paths)
	})
	return l
}

// buildContext decides which files of a package are read.
func buildContext(root string, env []string) build.Context {
	c := build.Default
	c.GOROOT = root
	for _, e := range env {
		switch name, value, _ := strings.Cut(e, "="); {
		case name == "CGO_ENABLED":
			c.CgoEnabled = value == "1"
		case name == "GOOS" && value != "":
			c.GOOS = value
		case name == "GOARCH" && value != "":
			c.GOARCH = value
		case name == "GOEXPERIMENT":
			for x := range strings.SplitSeq(value, ",") {
				c.ToolTags = append(slices.Clip(c.ToolTags), "goexperiment."+x)
			}
		}
	}
	return c
}

// readModules lists the modules that a go.mod requires, the longest paths first.
func (l *library) readModules(file string) []moduleFolder {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	f, err := modfile.Parse(file, data, nil)
	if err != nil {
		return nil
	}
	var out []moduleFolder
	for _, r := range f.Require {
		m := moduleFolder{path: r.Mod.Path, direct: !r.Indirect}
		at := r.Mod
		for _, x := range f.Replace {
			if x.Old.Path == r.Mod.Path && (x.Old.Version == "" || x.Old.Version == r.Mod.Version) {
				at = x.New
			}
		}
		switch p, err := module.EscapePath(at.Path); {
		case at.Version == "" && filepath.IsAbs(at.Path):
			m.dir = at.Path
		case at.Version == "":
			m.dir = filepath.Join(filepath.Dir(file), at.Path)
		case err == nil:
			v, err := module.EscapeVersion(at.Version)
			if err != nil {
				continue
			}
			m.dir = filepath.Join(l.modCache, filepath.FromSlash(p)+"@"+v)
		default:
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(x, y moduleFolder) int { return len(y.path) - len(x.path) })
	return out
}

// folder is where the sources of the package with an import path are.
func (l *library) folder(importPath string) (string, bool) {
	if !safePath(importPath) {
		return "", false
	}
	dir := filepath.Join(l.root, "src", filepath.FromSlash(importPath))
	if isFolder(dir) {
		return dir, true
	}
	for _, m := range l.modules() {
		rest, ok := strings.CutPrefix(importPath, m.path)
		if ok && (rest == "" || rest[0] == '/') {
			if dir := filepath.Join(m.dir, filepath.FromSlash(rest)); isFolder(dir) {
				return dir, true
			}
		}
	}
	// The standard library keeps copies of what it uses of others.
	dir = filepath.Join(l.root, "src", "vendor", filepath.FromSlash(importPath))
	return dir, isFolder(dir)
}

// safePath reports whether an import path stays below the folder that it is joined to.
func safePath(p string) bool {
	return p != "" && p != "." && path.Clean("/"+p) == "/"+p && !strings.ContainsAny(p, "\\\x00") && !strings.Contains(p, "..")
}

func isFolder(dir string) bool {
	fi, err := os.Stat(dir)
	return err == nil && fi.IsDir()
}

// maxIndexed limits the packages that are looked for in one module.
const maxIndexed = 3000

// fill finds the packages of the modules that the project itself asks for. Until that is done, the
// library knows the names of the standard library alone.
func (l *library) fill() { l.others() }

// named lists the import paths of the packages that have a name, as far as paths suggest it: those of the
// standard library first, shorter ones before longer ones.
func (l *library) named(name string) []string {
	paths := l.standard()[name]
	if l.ready.Load() {
		paths = append(slices.Clip(paths), l.others()[name]...)
	}
	return paths
}

// all calls f for each name and its import paths.
func (l *library) all(f func(name string, paths []string)) {
	for n, p := range l.standard() {
		f(n, p)
	}
	if l.ready.Load() {
		for n, p := range l.others() {
			f(n, p)
		}
	}
}

// indexOf orders import paths under the names that they suggest.
func indexOf(paths []string) map[string][]string {
	slices.SortFunc(paths, func(x, y string) int {
		return cmp.Or(cmp.Compare(strings.Count(x, "/"), strings.Count(y, "/")), cmp.Compare(x, y))
	})
	index := map[string][]string{}
	for _, p := range paths {
		name := guessName(p)
		index[name] = append(index[name], p)
	}
	return index
}

// walkPackages lists the import paths, which begin with prefix, of the folders below dir, itself included,
// that hold Go files and that another module may import.
func walkPackages(prefix, dir string) []string {
	var out []string
	var walk func(rel string, depth int)
	walk = func(rel string, depth int) {
		entries, err := os.ReadDir(filepath.Join(dir, rel))
		if err != nil || len(out) >= maxIndexed || depth > 12 {
			return
		}
		has := false
		for _, e := range entries {
			name := e.Name()
			if !e.IsDir() {
				has = has || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
				if name == "go.mod" && rel != "" {
					return // a module of its own
				}
			}
		}
		if has {
			out = append(out, path.Join(prefix, filepath.ToSlash(rel)))
		}
		for _, e := range entries {
			if e.IsDir() && importable(e.Name()) {
				walk(filepath.Join(rel, e.Name()), depth+1)
			}
		}
	}
	walk("", 0)
	return out
}

// importable reports whether packages in a folder with this name may be imported from elsewhere.
func importable(name string) bool {
	switch name {
	case "internal", "vendor", "testdata", "cmd", "builtin", "node_modules":
		return false
	}
	return name[0] != '.' && name[0] != '_'
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// guessName is the name that a package most likely has, from its import path.
func guessName(importPath string) string {
	dir, base := path.Split(importPath)
	if majorVersion.MatchString(base) && dir != "" {
		base = path.Base(dir)
	}
	if i := strings.Index(base, ".v"); i > 0 {
		base = base[:i]
	}
	base = strings.TrimPrefix(base, "go-")
	base = strings.TrimSuffix(base, "-go")
	if i := strings.LastIndexByte(base, '-'); i >= 0 {
		base = base[i+1:]
	}
	return base
}

// importPaths lists what can follow prefix in an import path: whole import paths, those of the standard
// library first.
func (l *library) importPaths(prefix string) []string {
	var out []string
	l.all(func(_ string, paths []string) {
		for _, p := range paths {
			if strings.HasPrefix(p, prefix) {
				out = append(out, p)
			}
		}
	})
	outside := func(p string) int {
		first, _, _ := strings.Cut(p, "/")
		if isFolder(filepath.Join(l.root, "src", first)) {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(x, y string) int {
		return cmp.Or(outside(x)-outside(y), cmp.Compare(x, y))
	})
	return slices.Compact(out)
}
