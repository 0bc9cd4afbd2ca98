package gofront

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// fixImports answers `goimports -w`: it adds the imports that a file misses and takes out those that it
// does not use. It formats nothing, since GoNB writes the file again from what it reads there.
func (d *Daemon) fixImports(ctx context.Context, q request, w *answer) int {
	file := q.args[1]
	src, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(w.stderr(), "goimports:", err)
		return 2
	}
	r := &resolver{Daemon: d, ctx: ctx, dir: filepath.Dir(file), env: q.env}
	f, err := r.fix(file, src)
	if ctx.Err() != nil {
		return w.interrupted()
	}
	if err != nil {
		scanner.PrintError(w.stderr(), err)
		return 2
	}
	if text := f.text(); string(text) != string(src) {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			fmt.Fprintln(w.stderr(), "goimports:", err)
			return 2
		}
	}
	if text, ok := foretell(src, f.kept, f.added); ok && filepath.Base(file) == "main.go" {
		d.beginAhead(q, r.dir, text)
	}
	return 0
}

// resolver finds the imports of one file.
type resolver struct {
	*Daemon
	ctx context.Context
	dir string // of the notebook's module
	env []string

	mods *modules // read when first needed
}

// fixed is a file with what its imports should be.
type fixed struct {
	src    []byte
	set    *token.FileSet
	file   *ast.File
	kept   []*ast.ImportSpec
	unused []*ast.ImportSpec
	added  []addition
}

// fix finds what the imports of a file should be. The error is of a file that does not parse.
func (r *resolver) fix(file string, src []byte) (*fixed, error) {
	f := &fixed{src: src, set: token.NewFileSet()}
	var err error
	if f.file, err = parser.ParseFile(f.set, file, src, parser.ParseComments); err != nil {
		return nil, err
	}
	used := references(f.file)
	needed := map[string]bool{}
	for _, s := range f.file.Imports {
		name := r.importName(s)
		if name == "" || name == "_" || name == "." || name == "C" || used[name] != nil {
			f.kept = append(f.kept, s)
			needed[name] = true
		} else {
			f.unused = append(f.unused, s)
		}
	}
	for _, name := range sortedKeys(used) {
		if needed[name] {
			continue
		}
		if p := r.find(name, used[name]); p != "" {
			alias := ""
			if path.Base(p) != name {
				alias = name
			}
			f.added = append(f.added, addition{alias, p})
		}
	}
	return f, nil
}

// text is the file with its imports set right, on the lines where they were: imports that go leave blanks,
// those that come stand behind the package clause.
func (f *fixed) text() []byte {
	if len(f.unused)+len(f.added) == 0 {
		return f.src
	}
	out := slices.Clone(f.src)
	for _, s := range f.unused {
		blank(out, f.set, f.file, s)
	}
	var lines strings.Builder
	for _, a := range f.added {
		fmt.Fprintf(&lines, "; import %s %q", a.alias, a.path)
	}
	return slices.Insert(out, f.set.File(f.file.Pos()).Offset(f.file.Name.End()), []byte(lines.String())...)
}

// references are the names that stand before a dot in the file and are declared nowhere in it, with the
// exported names after the dot. They can only be packages.
func references(af *ast.File) map[string][]string {
	open := map[*ast.Ident]bool{}
	for _, id := range af.Unresolved {
		open[id] = true
	}
	used := map[string][]string{}
	ast.Inspect(af, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := s.X.(*ast.Ident); ok && open[id] && s.Sel.IsExported() && !slices.Contains(used[id.Name], s.Sel.Name) {
				used[id.Name] = append(used[id.Name], s.Sel.Name)
			}
		}
		return true
	})
	return used
}

// importName is the name under which a file knows what it imports, "" when that cannot be told: such an
// import stays, and building says what is wrong with it.
func (r *resolver) importName(s *ast.ImportSpec) string {
	if s.Name != nil {
		return s.Name.Name
	}
	p, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return ""
	}
	if p == "C" || p == "unsafe" {
		return p
	}
	if name := r.standard(r.ctx, r.env).name[p]; name != "" {
		return name
	}
	m := r.modules()
	if m == nil {
		return ""
	}
	dir, ok := m.locate(p)
	if !ok {
		return ""
	}
	return readName(dir)
}

// modules reads the notebook's go.mod; nil when it cannot be read.
func (r *resolver) modules() *modules {
	if r.mods == nil {
		if m, err := readModules(r.dir, r.Toolchain); err == nil {
			r.mods = m
		}
	}
	return r.mods
}

// find is the import path of a package by its name and some names that it exports, "" when there is none.
// The standard library goes before the project, and that before the modules that it requires; of several
// packages the one with the shortest path counts, except that crypto/rand goes before math/rand as in
// goimports. Where no package exports all the names, one is taken all the same if no other has its name, so
// that the compiler can say what is missing.
func (r *resolver) find(name string, symbols []string) string {
	known := r.standard(r.ctx, r.env).byName[name]
	for _, p := range known {
		if r.packages.exports(r.Settings, filepath.Join(r.Root, "src", filepath.FromSlash(p)), symbols) {
			return p
		}
	}
	found, only := "", ""
	if m := r.modules(); m != nil {
		found, only = r.packages.find(r.ctx, r.Settings, m, name, symbols)
	}
	switch {
	case found != "":
		return found
	case len(known) > 0:
		return known[0]
	}
	return only
}

// blank overwrites an import with spaces; where it stands without parentheses, empty ones take its place.
func blank(src []byte, set *token.FileSet, af *ast.File, s *ast.ImportSpec) {
	f := set.File(s.Pos())
	for i := f.Offset(s.Pos()); i < f.Offset(s.End()); i++ {
		if src[i] != '\n' {
			src[i] = ' '
		}
	}
	for _, d := range af.Decls {
		if g, ok := d.(*ast.GenDecl); ok && !g.Lparen.IsValid() && g.Specs[0] == s {
			copy(src[f.Offset(s.Path.Pos()):], "()") // a path takes three bytes or more
		}
	}
}
