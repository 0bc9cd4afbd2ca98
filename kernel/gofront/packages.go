package gofront

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/renameio/v2"
)

// standard are the packages of the standard library that can be imported.
type standard struct {
	name   map[string]string   // by import path
	byName map[string][]string // import paths, the likely ones first
}

// standard asks the go command for the standard library once for each version of Go and keeps the answer.
// Without an answer it is empty: cells then have to import what they use.
func (d *Daemon) standard(ctx context.Context, env []string) *standard {
	experiment := lookup(env, "GOEXPERIMENT")
	d.stdMu.Lock()
	defer d.stdMu.Unlock()
	if s := d.std[experiment]; s != nil {
		return s
	}
	file := filepath.Join(d.Cache, "names", "std-"+digest(d.Root, d.Version, experiment))
	text, err := os.ReadFile(file)
	if err != nil {
		cmd := command(ctx, d.Root, env, d.Go, "list", "-f", "{{.ImportPath}} {{.Name}}", "std")
		if text, err = cmd.Output(); err != nil {
			return new(standard)
		}
		keep(file, text)
	}
	s := parseStandard(text)
	if d.std == nil {
		d.std = map[string]*standard{}
	}
	d.std[experiment] = s
	return s
}

// parseStandard reads lines of import path and name.
func parseStandard(text []byte) *standard {
	s := &standard{name: map[string]string{}, byName: map[string][]string{}}
	for line := range strings.Lines(string(text)) {
		p, name, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(p, "vendor/") || hidden(p) {
			continue
		}
		s.name[p] = name
		s.byName[name] = append(s.byName[name], p)
	}
	for _, paths := range s.byName {
		slices.SortFunc(paths, func(a, b string) int {
			return cmp.Or(-compareBool(a == "crypto/rand", b == "crypto/rand"), byLength(a, b))
		})
	}
	return s
}

// hidden reports whether a package cannot be imported from everywhere.
func hidden(p string) bool { return strings.Contains("/"+p+"/", "/internal/") }

// byLength orders import paths as goimports does: the shorter first.
func byLength(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// packages remembers what is known of packages. It may be used concurrently.
type packages struct {
	mu     sync.Mutex
	symbol map[string]exports   // by folder
	listed map[string][]listing // module@version -> its packages
	found  map[string]string    // name -> import path that was found last
}

// exports are the symbols that the package in a folder exports.
type exports struct {
	stamp string // of a folder that may change
	have  map[string]bool
}

// listing is a package of a module.
type listing struct{ path, name string }

// fixed reports whether what lies in a folder never changes.
func (s Settings) fixed(dir string) bool {
	return strings.HasPrefix(dir, s.ModCache+string(filepath.Separator)) || strings.HasPrefix(dir, s.Root+string(filepath.Separator))
}

// readName reads the package clauses of a folder until one says what its package is called.
func readName(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, e := range entries {
		if !source(e) {
			continue
		}
		af, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err == nil && af.Name.Name != "documentation" && !ignored(af) {
			return af.Name.Name
		}
	}
	return ""
}

// source reports whether a file belongs to the package of its folder.
func source(e fs.DirEntry) bool {
	n := e.Name()
	return !e.IsDir() && strings.HasSuffix(n, ".go") && !strings.HasSuffix(n, "_test.go") && n[0] != '_' && n[0] != '.'
}

// ignored reports whether a file asks to be left out of every build.
func ignored(af *ast.File) bool {
	for _, g := range af.Comments {
		for _, c := range g.List {
			if c.Pos() < af.Package && strings.HasPrefix(c.Text, "//go:build ignore") {
				return true
			}
		}
	}
	return false
}

// exports reports whether the package in a folder exports all the symbols.
func (k *packages) exports(s Settings, dir string, symbols []string) bool {
	have := k.exported(s, dir)
	for _, s := range symbols {
		if !have[s] {
			return false
		}
	}
	return true
}

// exported are the symbols that the package in a folder exports. Of folders that never change they are kept
// for later kernels.
func (k *packages) exported(s Settings, dir string) map[string]bool {
	stamp, file := "", ""
	if s.fixed(dir) {
		file = filepath.Join(s.Cache, "names", "of-"+digest(dir, s.Version))
	} else {
		stamp = stampFiles([]string{dir})
	}
	k.mu.Lock()
	e, ok := k.symbol[dir]
	k.mu.Unlock()
	if ok && e.stamp == stamp {
		return e.have
	}
	e = exports{stamp: stamp}
	if text, err := os.ReadFile(file); err == nil {
		e.have = map[string]bool{}
		for name := range strings.FieldsSeq(string(text)) {
			e.have[name] = true
		}
	} else if e.have = readExports(dir); file != "" {
		keep(file, []byte(strings.Join(sortedKeys(e.have), "\n")))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.symbol == nil {
		k.symbol = map[string]exports{}
	}
	k.symbol[dir] = e
	return e.have
}

// readExports reads what the files of a folder that are built on this machine export.
func readExports(dir string) map[string]bool {
	have := map[string]bool{}
	note := func(id *ast.Ident) {
		if id.IsExported() {
			have[id.Name] = true
		}
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !source(e) {
			continue
		}
		if ok, err := build.Default.MatchFile(dir, e.Name()); err != nil || !ok {
			continue
		}
		af, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, e.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, d := range af.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					note(d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						note(s.Name)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							note(n)
						}
					}
				}
			}
		}
	}
	return have
}

// find is the import path of a package of the given name that the project holds or a module which it, or
// the notebook, requires by itself. One that exports all symbols goes before others, one of the project
// before those of modules, and a shorter path before a longer one. found is "" when no package exports
// them; only is then the import path of the one package that has the name, if there is just one.
func (k *packages) find(ctx context.Context, s Settings, m *modules, name string, symbols []string) (found, only string) {
	k.mu.Lock()
	last := k.found[name]
	k.mu.Unlock()
	if dir, ok := m.locate(last); ok && readName(dir) == name && k.exports(s, dir, symbols) {
		return last, ""
	}
	all := k.named(ctx, s, m, name)
	for _, p := range all {
		if dir, ok := m.locate(p); ok && k.exports(s, dir, symbols) {
			k.mu.Lock()
			defer k.mu.Unlock()
			if k.found == nil {
				k.found = map[string]string{}
			}
			k.found[name] = p
			return p, ""
		}
	}
	if len(all) == 1 {
		only = all[0]
	}
	return "", only
}

// named are the import paths of the packages with the given name: those of the project first, then by
// length.
func (k *packages) named(ctx context.Context, s Settings, m *modules, name string) []string {
	own, required := ownModule(s.Repo)
	var mine, theirs []string
	for mod, version := range m.required {
		if ctx.Err() != nil {
			break
		}
		if m.indirect[mod] && required[mod] {
			continue
		}
		dir, ok := m.folder(mod, version)
		if !ok {
			continue
		}
		for _, p := range k.list(s, mod, version, dir) {
			switch {
			case p.name != name:
			case mod == own:
				mine = append(mine, p.path)
			default:
				theirs = append(theirs, p.path)
			}
		}
	}
	slices.SortFunc(mine, byLength)
	slices.SortFunc(theirs, byLength)
	return append(mine, theirs...)
}

// list lists the packages of a module. What lies in the module cache never changes and is listed once;
// folders that may change are read again each time.
func (k *packages) list(s Settings, mod, version, dir string) []listing {
	if !s.fixed(dir) {
		return walk(mod, dir)
	}
	id := mod + "@" + version + " " + dir
	k.mu.Lock()
	l, ok := k.listed[id]
	k.mu.Unlock()
	if ok {
		return l
	}
	file := filepath.Join(s.Cache, "names", digest(id))
	if text, err := os.ReadFile(file); err == nil {
		for line := range strings.Lines(string(text)) {
			if p, n, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
				l = append(l, listing{p, n})
			}
		}
	} else {
		l = walk(mod, dir)
		var b bytes.Buffer
		for _, p := range l {
			fmt.Fprintln(&b, p.path, p.name)
		}
		keep(file, b.Bytes())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.listed == nil {
		k.listed = map[string][]listing{}
	}
	k.listed[id] = l
	return l
}

// maxFolders limits the folders that are looked at in one module.
const maxFolders = 20_000

// walk lists the packages below a folder that can be imported.
func walk(mod, dir string) []listing {
	var out []listing
	folders := 0
	filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil {
			return fs.SkipDir
		}
		if n := e.Name(); rel != "." {
			if n[0] == '.' || n[0] == '_' || n == "testdata" || n == "vendor" || n == "internal" || n == "node_modules" || isFile(filepath.Join(at, "go.mod")) {
				return fs.SkipDir
			}
		}
		if folders++; folders > maxFolders {
			return fs.SkipAll
		}
		if n := readName(at); n != "" && n != "main" {
			out = append(out, listing{path.Join(mod, filepath.ToSlash(rel)), n})
		}
		return nil
	})
	return out
}

// keep writes a file of the cache; without it the next kernel finds out again.
func keep(file string, data []byte) {
	if os.MkdirAll(filepath.Dir(file), 0o755) == nil {
		renameio.WriteFile(file, data, 0o644)
	}
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
