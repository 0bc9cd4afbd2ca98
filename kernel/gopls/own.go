package gopls

import (
	"cmp"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// own completes and explains from syntax alone, without gopls.
type own struct {
	lib   *library
	pkg   *goPackage // the notebook with the cell
	tree  *ast.File  // the cell's file
	scope *fileScope
	pos   token.Pos // of the cursor
	types *typer
	text  string // of the cell's file
	at    int    // of the cursor in it
}

// newOwn reads a project. Where nothing follows the dot before the offset a name is put in, so that the
// parser does not take one from the next line.
func newOwn(lib *library, p *project, offset int) *own {
	text := p.text
	if before := strings.TrimRight(text[:offset], " \t"); strings.HasSuffix(before, ".") {
		if _, to := identifierAt(text, offset); to == offset {
			text = text[:offset] + "_" + text[offset:]
		}
	}
	o := &own{lib: lib, text: text, at: offset, pkg: &goPackage{name: "main", fset: token.NewFileSet(), symbols: map[string]*symbol{}}}
	parse := func(name, src string) *ast.File {
		tree, _ := parser.ParseFile(o.pkg.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		return tree
	}
	if n := parse(notebookFile, p.notebook); n != nil {
		o.pkg.declare(n)
	}
	o.scope = &fileScope{}
	o.types = &typer{lib: lib}
	o.tree = parse(cellFile, text)
	if o.tree == nil {
		return o
	}
	o.scope = scopeOf(o.tree)
	if f := o.pkg.fset.File(o.tree.Package); f != nil {
		o.pos = f.Pos(min(offset, f.Size()))
	}
	o.pkg.declare(o.tree)
	o.types.locals = locals(o.tree, o.pos)
	return o
}

// operand finds the X of the selector X.Sel whose Sel is at the cursor.
func (o *own) operand() ast.Expr {
	from, _ := identifierAt(o.text, o.at)
	before := strings.TrimRight(o.text[:from], " \t")
	if !strings.HasSuffix(before, ".") || strings.HasSuffix(before, "..") {
		return nil
	}
	var found ast.Expr
	if o.tree != nil {
		ast.Inspect(o.tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Pos() <= o.pos && o.pos <= s.Sel.End() {
				found = s.X
			}
			return n != nil && n.Pos() <= o.pos && o.pos <= n.End()
		})
	}
	if found != nil {
		return found
	}
	// The parser lost it: read back from the dot.
	i := len(before) - 1
	for i > 0 && (inIdentifier(rune(before[i-1])) || before[i-1] == '.' || before[i-1] >= 0x80) {
		i--
	}
	e, err := parser.ParseExpr(before[i : len(before)-1])
	if err != nil {
		return nil
	}
	return e
}

// complete lists what can stand at the cursor, each with the kind and how it is declared.
func (o *own) complete(prefix string) []candidate {
	var out []candidate
	fits := func(name string) bool { return strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix)) }
	from, _ := identifierAt(o.text, o.at)
	if strings.HasSuffix(strings.TrimRight(o.text[:from], " \t"), ".") {
		x := o.operand()
		if x == nil {
			return nil
		}
		symbols, foreign := o.membersOf(x)
		for name, s := range symbols {
			if fits(name) && name != "_" && (ast.IsExported(name) || !foreign && s.pkg == o.pkg) {
				out = append(out, candidate{name, s.kind, s.brief(), 0})
			}
		}
		return ranked(out, prefix)
	}
	seen := map[string]bool{}
	add := func(name string, kind Kind, signature string, rank int) {
		if fits(name) && !seen[name] && name != "_" {
			seen[name] = true
			out = append(out, candidate{name, kind, signature, rank})
		}
	}
	for l := o.types.locals; l != nil; l = l.outer {
		text := ""
		if l.typ != nil {
			text = o.pkg.short(l.typ)
		}
		add(l.name, l.kind, text, 0)
	}
	for name, s := range o.pkg.symbols {
		if name != "main" {
			add(name, s.kind, s.brief(), 1)
		}
	}
	for name, path := range o.scope.imports {
		add(name, Package, path, 2)
	}
	for _, path := range o.scope.dots {
		if p, err := o.lib.load(path); err == nil {
			for name, s := range p.symbols {
				if ast.IsExported(name) && fits(name) {
					add(name, s.kind, s.brief(), 2)
				}
			}
		}
	}
	for k := token.BREAK; k <= token.VAR; k++ {
		add(k.String(), Keyword, "", 3)
	}
	if b, err := o.lib.load("builtin"); err == nil {
		for name, s := range b.symbols {
			if doc.IsPredeclared(name) {
				add(name, s.kind, s.brief(), 4)
			}
		}
	}
	for _, c := range o.lib.packageNames(prefix) {
		add(c.name, c.kind, c.signature, c.rank)
	}
	return ranked(out, prefix)
}

// packageNames lists the names of packages, imported or not, that begin with a prefix of at least two
// letters.
func (l *library) packageNames(prefix string) []candidate {
	var out []candidate
	if len(prefix) < 2 {
		return nil
	}
	l.all(func(name string, paths []string) {
		if strings.HasPrefix(name, prefix) && token.IsIdentifier(name) {
			out = append(out, candidate{name, Package, paths[0], 5})
		}
	})
	return ranked(out, prefix)
}

// candidate is a completion of our own.
type candidate struct {
	name      string
	kind      Kind
	signature string
	rank      int
}

// ranked sorts candidates: near ones first, among them those in the case that was typed.
func ranked(c []candidate, prefix string) []candidate {
	other := func(x candidate) int {
		if strings.HasPrefix(x.name, prefix) {
			return 0
		}
		return 1
	}
	slices.SortFunc(c, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.rank, y.rank), cmp.Compare(other(x), other(y)), cmp.Compare(x.name, y.name))
	})
	return c
}

// membersOf lists what can follow x and a dot, and whether that is of another package.
func (o *own) membersOf(x ast.Expr) (symbols map[string]*symbol, foreign bool) {
	if id, ok := x.(*ast.Ident); ok && o.types.locals.find(id.Name) == nil && o.types.declared(id.Name, o.pkg, o.scope) == nil {
		p := o.types.packageOf(id.Name, o.scope)
		if p == nil {
			p = o.types.unimported(id.Name)
		}
		if p == nil {
			return nil, true
		}
		return p.symbols, true
	}
	in := typed{x, o.pkg, o.scope}
	if o.types.named(in) != nil { // a method expression
		return o.types.members(in), false
	}
	of, ok := o.types.typeOf(in, 0)
	if !ok {
		return nil, false
	}
	return o.types.members(of), false
}

// brief is the signature of a symbol without its name, for lists.
func (s *symbol) brief() string {
	switch {
	case s.signatureOf() != nil:
		return s.pkg.short(s.signatureOf())
	case s.typ != nil:
		return s.pkg.short(s.typ)
	case s.kind == Type && s.spec != nil:
		return s.pkg.short(s.spec.Type)
	}
	return ""
}

// short prints a type in one line.
func (p *goPackage) short(typ ast.Expr) string {
	switch typ.(type) {
	case *ast.StructType:
		return "struct{...}"
	case *ast.InterfaceType:
		return "interface{...}"
	}
	return strings.Join(strings.Fields(p.text(typ)), " ")
}

// explain describes the name at the cursor as Markdown; with whole, type declarations have their fields
// and functions their source.
func (o *own) explain(whole bool) (string, bool) {
	from, to := identifierAt(o.text, o.at)
	word := o.text[from:to]
	if word == "" || word == "_" || isNumber(word) {
		return "", false
	}
	o.at = to // of the selector, the cursor may stand before its name
	if x := o.operand(); x != nil {
		symbols, foreign := o.membersOf(x)
		if s := symbols[word]; s != nil && (!foreign || ast.IsExported(word)) {
			return s.markdown(whole), true
		}
		return "", false
	}
	if l := o.types.locals.find(word); l != nil {
		return o.explainLocal(l), true
	}
	if s := o.types.declared(word, o.pkg, o.scope); s != nil {
		return s.markdown(whole), true
	}
	p := o.types.packageOf(word, o.scope)
	if p == nil {
		if b, err := o.lib.load("builtin"); err == nil && b.symbols[word] != nil && doc.IsPredeclared(word) {
			return b.symbols[word].markdown(whole), true
		}
		p = o.types.unimported(word)
	}
	if p == nil {
		return "", false
	}
	text := p.doc
	if !whole {
		text = new(doc.Package).Synopsis(text)
	}
	return describe("package "+p.name+" // "+p.path, markdownDoc(text)), true
}

// explainLocal describes a name inside a function.
func (o *own) explainLocal(l *local) string {
	typ := ""
	if l.typ != nil {
		typ = " " + o.pkg.text(l.typ)
	} else if t, ok := l.typeOf(o.types, typed{ast.NewIdent(l.name), o.pkg, o.scope}); ok {
		typ = " " + t.pkg.text(t.seenFrom(o.pkg))
	}
	word := map[Kind]string{Type: "type ", Constant: "const "}[l.kind]
	return describe(cmp.Or(word, "var ")+l.name+typ, "")
}

// seenFrom is a type expression as another package would write it.
func (t typed) seenFrom(p *goPackage) ast.Expr {
	if t.pkg == p {
		return t.expr
	}
	sub := func(e ast.Expr) ast.Expr { return typed{e, t.pkg, t.scope}.seenFrom(p) }
	switch e := t.expr.(type) {
	case *ast.Ident:
		if t.pkg.symbols[e.Name] != nil && t.pkg.path != "builtin" {
			return &ast.SelectorExpr{X: ast.NewIdent(t.pkg.name), Sel: ast.NewIdent(e.Name)}
		}
	case *ast.StarExpr:
		return &ast.StarExpr{X: sub(e.X)}
	case *ast.ArrayType:
		return &ast.ArrayType{Len: e.Len, Elt: sub(e.Elt)}
	case *ast.MapType:
		return &ast.MapType{Key: sub(e.Key), Value: sub(e.Value)}
	}
	return t.expr
}

// markdown describes a symbol.
func (s *symbol) markdown(whole bool) string {
	declaration := s.signature()
	if whole {
		declaration = s.whole()
		if at := s.pkg.fset.Position(s.pos); s.fn != nil && s.pkg.dir != "" {
			if src := sourceAt(at.Filename, nil, at.Line); src != "" {
				declaration = src
			}
		}
	}
	return describe(declaration, markdownDoc(s.doc))
}
