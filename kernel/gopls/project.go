package gopls

import (
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"urbangraph/kernel/cell"
)

// Notebook is what earlier cells have left.
type Notebook interface {
	Declarations() []cell.Decl // of the package, in order, the latest of each key
	Variables() []KeptVariable // values that later cells can use
}

// KeptVariable is a name whose value is kept between cells.
type KeptVariable struct {
	Name    string
	Type    string            // such as []float64 or *graph.Graph
	Imports map[string]string // name of a package in Type -> import path; the name need not be the usual one
}

// Names of the files of the shadow module.
const (
	notebookFile = "notebook.go"
	cellFile     = "main.go"
)

// project is a cell and its notebook as the two files of a package.
type project struct {
	notebook string // text of notebookFile
	text     string // text of cellFile
	segments []segment
}

// segment is a part of the cell that stands as it is in cellFile.
type segment struct {
	from, to int // in the cell
	at       int // in cellFile
}

// toFile is where an offset of the cell is in cellFile.
func (p *project) toFile(offset int) int {
	for _, s := range slices.Backward(p.segments) { // where two meet, the piece that begins there
		if s.from <= offset && offset <= s.to {
			return s.at + offset - s.from
		}
	}
	return len(p.text)
}

// compose writes the two files for a cell. A cell that does not parse is cut as well as can be; brackets
// that are still open are closed, so that what follows stays apart.
func compose(nb Notebook, o cell.Outline, m *importer) *project {
	p := &project{}
	var top, body, imports strings.Builder
	var tops, bodies, importSegments []segment
	start := 0
	for i, piece := range o.Pieces {
		end := len(o.Masked)
		if i+1 < len(o.Pieces) {
			end = o.Pieces[i+1].From
		}
		b, segments := &body, &bodies
		switch {
		case piece.Kind == token.IMPORT:
			b, segments = &imports, &importSegments
		case piece.Top:
			b, segments = &top, &tops
		}
		for _, s := range cut(o, start, end, piece) {
			if s.body {
				b, segments = &body, &bodies
			}
			*segments = append(*segments, segment{s.from, s.to, b.Len()})
			b.WriteString(o.Masked[s.from:s.to])
			b.WriteByte('\n')
		}
		start = end
	}
	if len(o.Pieces) == 0 {
		bodies = append(bodies, segment{0, len(o.Masked), 0})
		body.WriteString(o.Masked + "\n")
	}
	for _, b := range []*strings.Builder{&imports, &top, &body} {
		b.WriteString(closers(b.String()))
	}

	own := declaredIn("package main\n" + imports.String() + top.String())
	var b strings.Builder
	add := func(from []segment, text string) {
		for _, s := range from {
			p.segments = append(p.segments, segment{s.from, s.to, b.Len() + s.at})
		}
		b.WriteString(text)
	}
	known, vars := notebookImports(nb)
	p.notebook = notebookText(nb.Declarations(), vars, known, own)
	for _, i := range known {
		own.packages[i.name] = true
	}
	const begin, end = "\nfunc main() {\n", "}\n"
	main := len(bodies) > 0 || !own.names["main"]
	src := "package main\n" + imports.String() + top.String()
	if main {
		src += begin + body.String() + end
	}
	known = append(known, m.find(src, func(name string) bool { return own.names[name] || own.packages[name] })...)

	b.WriteString("package main\n\n")
	b.WriteString(importText(known, own.imports))
	add(importSegments, imports.String())
	add(tops, top.String())
	if main {
		b.WriteString(begin)
		add(bodies, body.String())
		b.WriteString(end)
	}
	p.text = b.String()
	slices.SortFunc(p.segments, func(x, y segment) int { return x.from - y.from })
	return p
}

// part is a piece of the cell, or what stands in front of or behind it.
type part struct {
	from, to int
	body     bool // belongs to the body, whatever the piece is
}

// cut divides the text around a piece where the line that begins the body stands in it: what follows
// that line belongs to the body.
func cut(o cell.Outline, start, end int, piece cell.Piece) []part {
	if o.Mark < start || o.Mark >= end || o.Mark < piece.From {
		return []part{{from: start, to: end}}
	}
	return []part{{from: start, to: o.Mark}, {from: o.Mark, to: end, body: true}}
}

// closers are the brackets that a piece of Go leaves open, on a line of their own.
func closers(src string) string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(src)), []byte(src), func(token.Position, string) {}, 0)
	var open []byte
	for {
		_, tok, lit := s.Scan()
		switch tok {
		case token.LPAREN:
			open = append(open, ')')
		case token.LBRACK:
			open = append(open, ']')
		case token.LBRACE:
			open = append(open, '}')
		case token.RPAREN, token.RBRACK, token.RBRACE:
			if n := len(open); n > 0 && open[n-1] == tok.String()[0] {
				open = open[:n-1]
			}
		case token.EOF:
			slices.Reverse(open)
			if len(open) > 0 {
				return string(open) + "\n"
			}
			return ""
		case token.STRING:
			if strings.HasPrefix(lit, "`") && (len(lit) == 1 || !strings.HasSuffix(lit, "`")) {
				slices.Reverse(open)
				return "`" + string(open) + "\n"
			}
		}
	}
}

// declared is what a file declares at the level of the package.
type declared struct {
	names   map[string]bool // and methods as Type~Method
	imports map[string]bool // by the names that they have in the file

	packages map[string]bool // names of packages that are imported in either file
}

// declaredIn reads a file that may not parse.
func declaredIn(src string) declared {
	d := declared{names: map[string]bool{}, imports: map[string]bool{}, packages: map[string]bool{}}
	tree, _ := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if tree == nil {
		return d
	}
	for _, i := range tree.Imports {
		if path, err := strconv.Unquote(i.Path.Value); err == nil {
			name := guessName(path)
			if i.Name != nil {
				name = i.Name.Name
			}
			d.imports[name], d.packages[name] = true, true
		}
	}
	for _, decl := range tree.Decls {
		switch x := decl.(type) {
		case *ast.FuncDecl:
			if r := receiver(x); r != "" {
				d.names[r+"~"+x.Name.Name] = true
			} else {
				d.names[x.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, s := range x.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					d.names[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, n := range s.Names {
						d.names[n.Name] = true
					}
				}
			}
		}
	}
	return d
}

// namedImport is an import of the notebook.
type namedImport struct{ name, alias, path string }

// notebookImports lists the imports of a notebook, each name once: those of declarations and those that
// the types of variables need. The variables come with their types as a user would write them.
func notebookImports(nb Notebook) ([]namedImport, []KeptVariable) {
	var out []namedImport
	seen := map[string]bool{}
	add := func(alias, path string) {
		name := alias
		if name == "" {
			name = guessName(path)
		}
		if path != "" && (!seen[name] || name == "_" || name == ".") {
			seen[name] = true
			out = append(out, namedImport{name, alias, path})
		}
	}
	for _, d := range nb.Declarations() {
		if d.Kind == "import" {
			add(d.Alias, d.Path)
		}
	}
	vars := slices.Clone(nb.Variables())
	for i, v := range vars {
		for _, from := range slices.Sorted(maps.Keys(v.Imports)) {
			path := v.Imports[from]
			to := guessName(path)
			if !token.IsIdentifier(to) || seen[to] && !slices.Contains(out, namedImport{to, "", path}) && !slices.Contains(out, namedImport{to, to, path}) {
				add(from, path)
				continue
			}
			add(to, path)
			vars[i].Type = renamePackage(vars[i].Type, from, to)
		}
	}
	return out, vars
}

// renamePackage gives a package another name in a type.
func renamePackage(typ, from, to string) string {
	var b strings.Builder
	last := 0
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(typ))
	s.Init(file, []byte(typ), func(token.Position, string) {}, 0)
	at := -1 // of an identifier to rename, when a period follows
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return b.String() + typ[last:]
		}
		if tok == token.PERIOD && at >= 0 {
			b.WriteString(typ[last:at] + to)
			last = at + len(from)
		}
		at = -1
		if tok == token.IDENT && lit == from {
			at = file.Offset(pos)
		}
	}
}

// importText writes imports, less those whose names are taken.
func importText(imports []namedImport, taken map[string]bool) string {
	var b strings.Builder
	for _, i := range imports {
		if !taken[i.name] || i.name == "_" || i.name == "." {
			b.WriteString(strings.TrimSpace("import "+i.alias) + " " + strconv.Quote(i.path) + "\n")
		}
	}
	return b.String()
}

// notebookText writes what earlier cells have left, less what the cell declares anew.
func notebookText(decls []cell.Decl, vars []KeptVariable, imports []namedImport, own declared) string {
	var b strings.Builder
	b.WriteString("package main\n\n" + importText(imports, nil))
	for _, d := range decls {
		if d.Kind == "import" || own.replaces(d) {
			continue
		}
		b.WriteString("\n" + d.Source + "\n")
		if d.Kind != "func" || !strings.Contains(d.Key, "~") {
			for _, n := range d.Names {
				own.names[n] = true
			}
		}
	}
	for _, v := range vars {
		if v.Type != "" && !own.names[v.Name] {
			own.names[v.Name] = true
			b.WriteString("\nvar " + v.Name + " " + v.Type + "\n")
		}
	}
	return b.String()
}

// replaces reports whether the cell declares all that d does, or d is the main function of a cell.
func (own declared) replaces(d cell.Decl) bool {
	if d.Kind == "func" && strings.Contains(d.Key, "~") {
		return own.names[d.Key]
	}
	for _, n := range d.Names {
		if !own.names[n] && !(d.Kind == "func" && (n == "main" || n == "init")) {
			return false
		}
	}
	return len(d.Names) > 0
}
