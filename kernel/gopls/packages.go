package gopls

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"urbangraph/kernel/cell"
)

// goPackage is what the sources of a package declare, read without the bodies of functions.
type goPackage struct {
	path, name, dir string
	doc             string
	fset            *token.FileSet
	symbols         map[string]*symbol
}

// symbol is something that a package declares, a field or a method.
type symbol struct {
	name  string
	kind  Kind
	doc   string
	pkg   *goPackage
	scope *fileScope
	pos   token.Pos

	fn      *ast.FuncDecl      // function or method
	spec    *ast.TypeSpec      // type
	field   *ast.Field         // field, or method of an interface
	typ     ast.Expr           // variable, constant or field, nil when not written
	value   ast.Expr           // variable without a type: its initialiser
	result  int                // which of the results of value it is
	methods map[string]*symbol // of a type
}

// fileScope is what names of packages mean in one file.
type fileScope struct {
	imports map[string]string // name -> import path
	unnamed []string          // import paths without a name of their own
	dots    []string          // import paths whose names are those of the file
}

// packageEntry is a package in memory.
type packageEntry struct {
	stamp string
	pkg   *goPackage
	err   error
	used  time.Time
}

// maxPackages limits the packages that are kept in memory.
const maxPackages = 100

// load reads the package with an import path, or gives it back from memory when none of its files has
// changed.
func (l *library) load(importPath string) (*goPackage, error) {
	dir, ok := l.folder(importPath)
	if !ok {
		return nil, fmt.Errorf("no sources of package %q", importPath)
	}
	files, stamp, err := l.sources(dir)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	e := l.packages[dir]
	if e != nil && e.stamp == stamp {
		e.used = time.Now()
		l.mu.Unlock()
		return e.pkg, e.err
	}
	l.mu.Unlock()
	e = &packageEntry{stamp: stamp, used: time.Now()}
	e.pkg, e.err = readPackage(importPath, dir, files)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.packages[dir] = e
	for len(l.packages) > maxPackages {
		oldest := ""
		for d, p := range l.packages {
			if oldest == "" || p.used.Before(l.packages[oldest].used) {
				oldest = d
			}
		}
		delete(l.packages, oldest)
	}
	return e.pkg, e.err
}

// sources lists the files that make the package in dir on this machine, and a stamp of them.
func (l *library) sources(dir string) (files []string, stamp string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", err
	}
	var b strings.Builder
	for _, e := range entries {
		n := e.Name()
		if e.IsDir() || !strings.HasSuffix(n, ".go") || strings.HasSuffix(n, "_test.go") {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue
		}
		fmt.Fprintln(&b, n, fi.Size(), fi.ModTime().UnixNano())
		files = append(files, filepath.Join(dir, n))
	}
	matched := files[:0]
	for _, f := range files {
		if ok, err := l.context.MatchFile(dir, filepath.Base(f)); ok && err == nil {
			matched = append(matched, f)
		}
	}
	if len(matched) == 0 {
		return nil, "", fmt.Errorf("no Go files for this machine in %s", dir)
	}
	return matched, b.String(), nil
}

// readPackage reads a package. Files that do not parse count as far as they do.
func readPackage(importPath, dir string, files []string) (*goPackage, error) {
	p := &goPackage{path: importPath, dir: dir, fset: token.NewFileSet(), symbols: map[string]*symbol{}}
	var trees []*ast.File
	for _, f := range files {
		tree, _ := parser.ParseFile(p.fset, f, nil, parser.ParseComments|parser.SkipObjectResolution)
		if tree == nil || tree.Name == nil {
			continue
		}
		if p.name == "" {
			p.name = tree.Name.Name
		}
		if tree.Name.Name != p.name {
			continue // a program beside the package, kept out by a tag that is not ours
		}
		if tree.Doc != nil && len(tree.Doc.Text()) > len(p.doc) {
			p.doc = tree.Doc.Text()
		}
		trees = append(trees, tree)
	}
	if p.name == "" {
		return nil, fmt.Errorf("no Go package in %s", dir)
	}
	p.declare(trees...)
	return p, nil
}

// declare takes the declarations of files into p.
func (p *goPackage) declare(trees ...*ast.File) {
	var methods []*symbol
	for _, tree := range trees {
		scope := scopeOf(tree)
		for _, d := range tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				s := &symbol{name: d.Name.Name, kind: Function, doc: d.Doc.Text(), pkg: p, scope: scope, pos: d.Pos(),
					fn: &ast.FuncDecl{Recv: d.Recv, Name: d.Name, Type: d.Type}}
				if d.Recv != nil {
					s.kind = Method
					methods = append(methods, s)
				} else if s.name != "_" && s.name != "init" {
					p.symbols[s.name] = s
				}
			case *ast.GenDecl:
				p.declareSpecs(d, scope)
			}
		}
		tree.Comments = nil
	}
	for _, m := range methods {
		if t := p.symbols[receiver(m.fn)]; t != nil && t.kind == Type {
			if t.methods == nil {
				t.methods = map[string]*symbol{}
			}
			t.methods[m.name] = m
		}
	}
}

// declareSpecs takes a declaration of types, variables or constants into p.
func (p *goPackage) declareSpecs(d *ast.GenDecl, scope *fileScope) {
	doc := func(of ...*ast.CommentGroup) string {
		for _, g := range of {
			if t := g.Text(); t != "" {
				return t
			}
		}
		return ""
	}
	var typ ast.Expr // of constants that repeat the one before
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			p.symbols[s.Name.Name] = &symbol{name: s.Name.Name, kind: Type, doc: doc(s.Doc, d.Doc, s.Comment), pkg: p, scope: scope, pos: s.Pos(), spec: s}
		case *ast.ValueSpec:
			kind := Variable
			if d.Tok == token.CONST {
				kind = Constant
				if len(s.Values) > 0 {
					typ = s.Type
				}
			}
			for i, n := range s.Names {
				v := &symbol{name: n.Name, kind: kind, doc: doc(s.Doc, s.Comment, d.Doc), pkg: p, scope: scope, pos: n.Pos(), typ: s.Type}
				if v.typ == nil && kind == Constant {
					v.typ = typ
				}
				switch {
				case len(s.Values) == len(s.Names):
					v.value = s.Values[i]
				case len(s.Values) == 1:
					v.value, v.result = s.Values[0], i
				}
				if n.Name != "_" {
					p.symbols[n.Name] = v
				}
			}
		}
	}
}

// scopeOf reads the imports of a file.
func scopeOf(tree *ast.File) *fileScope {
	s := &fileScope{imports: map[string]string{}}
	for _, i := range tree.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue
		}
		if i.Name != nil {
			switch i.Name.Name {
			case ".":
				s.dots = append(s.dots, path)
			case "_":
			default:
				s.imports[i.Name.Name] = path
			}
			continue
		}
		s.imports[guessName(path)] = path
		s.unnamed = append(s.unnamed, path)
	}
	return s
}

// receiver is the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	return cell.BaseName(f.Recv.List[0].Type)
}

// signature is how the symbol is declared, without the body of functions and the fields of types.
func (s *symbol) signature() string {
	switch {
	case s.fn != nil:
		return s.pkg.text(s.fn)
	case s.spec != nil:
		spec := &ast.TypeSpec{Name: s.spec.Name, TypeParams: s.spec.TypeParams, Assign: s.spec.Assign, Type: s.spec.Type}
		switch s.spec.Type.(type) {
		case *ast.StructType:
			spec.Type = ast.NewIdent("struct")
		case *ast.InterfaceType:
			spec.Type = ast.NewIdent("interface")
		}
		return "type " + s.pkg.text(spec)
	case s.kind == Field:
		return strings.TrimSpace("field " + s.name + " " + s.pkg.text(s.typ))
	case s.kind == Method && s.field != nil:
		return "func " + s.name + strings.TrimPrefix(s.pkg.text(s.field.Type), "func")
	}
	b := "var " + s.name
	if s.kind == Constant {
		b = "const " + s.name
	}
	if s.typ != nil {
		b += " " + s.pkg.text(s.typ)
	}
	if s.value != nil && (s.kind == Constant || s.typ == nil) {
		if v := s.pkg.text(s.value); len(v) <= 80 && !strings.Contains(v, "\n") {
			b += " = " + v
		}
	}
	return b
}

// whole is how the symbol is declared, with the fields of types.
func (s *symbol) whole() string {
	if s.spec != nil {
		return "type " + s.pkg.text(s.spec)
	}
	return s.signature()
}

// text prints a piece of syntax.
func (p *goPackage) text(n ast.Node) string {
	switch n := n.(type) {
	case nil:
		return ""
	case ast.Expr:
		if n == nil {
			return ""
		}
	}
	var b bytes.Buffer
	if err := (&printer.Config{Mode: printer.UseSpaces | printer.TabIndent, Tabwidth: 8}).Fprint(&b, p.fset, n); err != nil {
		return ""
	}
	return b.String()
}
