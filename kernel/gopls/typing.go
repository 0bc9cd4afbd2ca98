package gopls

import (
	"go/ast"
	"go/token"

	"urbangraph/kernel/cell"
)

// typed is a type expression and the place that gives its names a meaning.
type typed struct {
	expr  ast.Expr
	pkg   *goPackage
	scope *fileScope
}

// maxSteps limits how far types are followed, which may lead in circles in code that does not compile.
const maxSteps = 200

// typer finds types by syntax alone: enough for the members of a variable, without checking the program.
type typer struct {
	lib    *library
	locals *local
	steps  int
}

// spent reports that a search has taken too many steps.
func (t *typer) spent() bool {
	t.steps++
	return t.steps > maxSteps
}

// declared is what a name means at the level of the package, in a file: a declaration of the package or
// of one that is imported with a dot.
func (t *typer) declared(name string, p *goPackage, scope *fileScope) *symbol {
	if s := p.symbols[name]; s != nil {
		return s
	}
	if scope != nil && ast.IsExported(name) {
		for _, path := range scope.dots {
			if d, err := t.lib.load(path); err == nil && d.symbols[name] != nil {
				return d.symbols[name]
			}
		}
	}
	return nil
}

// packageOf loads the package that a name stands for in a file.
func (t *typer) packageOf(name string, scope *fileScope) *goPackage {
	if scope != nil {
		if path, ok := scope.imports[name]; ok {
			p, err := t.lib.load(path)
			if err != nil {
				return nil
			}
			return p
		}
		for _, path := range scope.unnamed {
			if p, err := t.lib.load(path); err == nil && p.name == name {
				return p
			}
		}
	}
	return nil
}

// unimported loads a package that is known under a name, for a notebook that does not import it.
func (t *typer) unimported(name string) *goPackage {
	for _, path := range t.lib.named(name) {
		if p, err := t.lib.load(path); err == nil && p.name == name {
			return p
		}
	}
	return nil
}

// named is the declaration of the type that an expression names, nil when it names none.
func (t *typer) named(x typed) *symbol {
	if t.spent() {
		return nil
	}
	switch e := x.expr.(type) {
	case *ast.Ident:
		if l := t.locals.find(e.Name); l != nil && l.kind == Type && x.pkg.path == "" {
			return &symbol{name: l.name, kind: Type, pkg: x.pkg, scope: x.scope, pos: l.pos, spec: &ast.TypeSpec{Name: e, Type: l.typ}}
		}
		if s := t.declared(e.Name, x.pkg, x.scope); s != nil && s.kind == Type {
			return s
		}
		if e.Name == "error" {
			if b, err := t.lib.load("builtin"); err == nil {
				return b.symbols[e.Name]
			}
		}
	case *ast.StarExpr:
		return t.named(typed{e.X, x.pkg, x.scope})
	case *ast.ParenExpr:
		return t.named(typed{e.X, x.pkg, x.scope})
	case *ast.IndexExpr:
		return t.named(typed{e.X, x.pkg, x.scope})
	case *ast.IndexListExpr:
		return t.named(typed{e.X, x.pkg, x.scope})
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok {
			if p := t.packageOf(id.Name, x.scope); p != nil {
				if s := p.symbols[e.Sel.Name]; s != nil && s.kind == Type {
					return s
				}
			}
		}
	}
	return nil
}

// underlying follows names to a type literal.
func (t *typer) underlying(x typed) typed {
	for {
		s := t.named(x)
		if s == nil {
			switch e := x.expr.(type) {
			case *ast.StarExpr:
				x.expr = e.X
				continue
			case *ast.ParenExpr:
				x.expr = e.X
				continue
			}
			return x
		}
		x = typed{s.spec.Type, s.pkg, s.scope}
	}
}

// members lists the fields and methods of a type under their names. Those nearer to the type hide those
// of embedded types.
func (t *typer) members(x typed) map[string]*symbol {
	out := map[string]*symbol{}
	t.addMembers(out, x)
	return out
}

func (t *typer) addMembers(out map[string]*symbol, x typed) {
	add := func(s *symbol) {
		if out[s.name] == nil {
			out[s.name] = s
		}
	}
	for s := t.named(x); s != nil; s = t.named(x) {
		for _, m := range s.methods {
			add(m)
		}
		x = typed{s.spec.Type, s.pkg, s.scope}
		if !s.spec.Assign.IsValid() {
			break // a defined type has not the methods of the one that it is made from, but its fields
		}
	}
	x = t.underlying(x)
	var embedded []ast.Expr
	switch e := x.expr.(type) {
	case *ast.StructType:
		for _, f := range e.Fields.List {
			if len(f.Names) == 0 {
				embedded = append(embedded, f.Type)
				add(&symbol{name: embeddedName(f.Type), kind: Field, doc: f.Doc.Text(), pkg: x.pkg, scope: x.scope, pos: f.Pos(), field: f, typ: f.Type})
			}
			for _, n := range f.Names {
				doc := f.Doc.Text()
				if doc == "" {
					doc = f.Comment.Text()
				}
				add(&symbol{name: n.Name, kind: Field, doc: doc, pkg: x.pkg, scope: x.scope, pos: n.Pos(), field: f, typ: f.Type})
			}
		}
	case *ast.InterfaceType:
		for _, f := range e.Methods.List {
			if _, ok := f.Type.(*ast.FuncType); !ok {
				embedded = append(embedded, f.Type)
				continue
			}
			for _, n := range f.Names {
				add(&symbol{name: n.Name, kind: Method, doc: f.Doc.Text(), pkg: x.pkg, scope: x.scope, pos: n.Pos(), field: f})
			}
		}
	}
	for _, e := range embedded {
		if !t.spent() {
			t.addMembers(out, typed{e, x.pkg, x.scope})
		}
	}
}

// embeddedName is the name of the field that embeds a type.
func embeddedName(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.StarExpr:
		return embeddedName(x.X)
	}
	return cell.BaseName(e)
}

// signatureOf is the type of a function or method.
func (s *symbol) signatureOf() *ast.FuncType {
	if s.fn != nil {
		return s.fn.Type
	}
	if s.field != nil {
		f, _ := s.field.Type.(*ast.FuncType)
		return f
	}
	return nil
}

// symbolType is the type of the value that a symbol stands for.
func (t *typer) symbolType(s *symbol) (typed, bool) {
	switch {
	case s.typ != nil:
		return typed{s.typ, s.pkg, s.scope}, true
	case s.kind == Function || s.kind == Method:
		if f := s.signatureOf(); f != nil {
			return typed{f, s.pkg, s.scope}, true
		}
	case s.value != nil:
		outer := &typer{lib: t.lib, steps: t.steps}
		return outer.typeOf(typed{s.value, s.pkg, s.scope}, s.result)
	}
	return typed{}, false
}

// selected is what X.Sel stands for.
func (t *typer) selected(x typed, sel string) *symbol {
	if id, ok := x.expr.(*ast.Ident); ok {
		if t.locals.find(id.Name) == nil && t.declared(id.Name, x.pkg, x.scope) == nil {
			if p := t.packageOf(id.Name, x.scope); p != nil {
				return p.symbols[sel]
			}
			if p := t.unimported(id.Name); p != nil {
				return p.symbols[sel]
			}
			return nil
		}
	}
	of, ok := t.typeOf(x, 0)
	if !ok {
		return nil
	}
	return t.members(of)[sel]
}

// typeOf is the type of an expression, or of one of the results of a call.
func (t *typer) typeOf(x typed, result int) (typed, bool) {
	if t.spent() {
		return typed{}, false
	}
	sub := func(e ast.Expr) (typed, bool) { return t.typeOf(typed{e, x.pkg, x.scope}, 0) }
	here := func(e ast.Expr) (typed, bool) { return typed{e, x.pkg, x.scope}, e != nil }
	switch e := x.expr.(type) {
	case *ast.Ident:
		if l := t.locals.find(e.Name); l != nil {
			return l.typeOf(t, x)
		}
		if s := t.declared(e.Name, x.pkg, x.scope); s != nil && s.kind != Type {
			return t.symbolType(s)
		}
	case *ast.BasicLit:
		name := map[token.Token]string{token.INT: "int", token.FLOAT: "float64", token.IMAG: "complex128", token.CHAR: "rune", token.STRING: "string"}[e.Kind]
		return here(ast.NewIdent(name))
	case *ast.ParenExpr:
		return sub(e.X)
	case *ast.CompositeLit:
		return here(e.Type)
	case *ast.FuncLit:
		return here(e.Type)
	case *ast.UnaryExpr:
		if e.Op == token.ARROW {
			if c, ok := sub(e.X); ok {
				c = t.underlying(c)
				if ch, ok := c.expr.(*ast.ChanType); ok {
					return typed{ch.Value, c.pkg, c.scope}, true
				}
			}
			return typed{}, false
		}
		return sub(e.X) // members are those of the pointer, too
	case *ast.StarExpr:
		return sub(e.X)
	case *ast.TypeAssertExpr:
		return here(e.Type)
	case *ast.BinaryExpr:
		return sub(e.X)
	case *ast.SliceExpr:
		return sub(e.X)
	case *ast.IndexExpr:
		of, ok := sub(e.X)
		if !ok {
			return typed{}, false
		}
		if _, ok := of.expr.(*ast.FuncType); ok {
			return of, true // an instance of a generic function
		}
		_, elem, ok := t.element(of)
		return elem, ok
	case *ast.IndexListExpr:
		return sub(e.X)
	case *ast.SelectorExpr:
		if s := t.selected(typed{e.X, x.pkg, x.scope}, e.Sel.Name); s != nil && s.kind != Type {
			return t.symbolType(s)
		}
	case *ast.CallExpr:
		return t.callType(e, x, result)
	}
	return typed{}, false
}

// callType is the type of a result of a call or the type of a conversion.
func (t *typer) callType(e *ast.CallExpr, x typed, result int) (typed, bool) {
	if id, ok := e.Fun.(*ast.Ident); ok && x.pkg.symbols[id.Name] == nil {
		if t.locals.find(id.Name) == nil {
			switch id.Name {
			case "new", "make":
				if len(e.Args) > 0 {
					return typed{e.Args[0], x.pkg, x.scope}, true
				}
			case "append", "min", "max":
				if len(e.Args) > 0 {
					return t.typeOf(typed{e.Args[0], x.pkg, x.scope}, 0)
				}
			case "len", "cap", "copy":
				return typed{ast.NewIdent("int"), x.pkg, x.scope}, true
			}
		}
	}
	if s := t.named(typed{e.Fun, x.pkg, x.scope}); s != nil {
		return typed{e.Fun, x.pkg, x.scope}, true // a conversion
	}
	switch e.Fun.(type) {
	case *ast.ArrayType, *ast.MapType, *ast.StarExpr, *ast.InterfaceType:
		return typed{e.Fun, x.pkg, x.scope}, true
	}
	f, ok := t.typeOf(typed{e.Fun, x.pkg, x.scope}, 0)
	if !ok {
		return typed{}, false
	}
	f = t.underlying(f)
	ft, ok := f.expr.(*ast.FuncType)
	if !ok || ft.Results == nil {
		return typed{}, false
	}
	i := 0
	for _, r := range ft.Results.List {
		n := max(1, len(r.Names))
		if result < i+n {
			return typed{r.Type, f.pkg, f.scope}, true
		}
		i += n
	}
	return typed{}, false
}

// element is the type of keys and elements of a slice, array, map, string or channel.
func (t *typer) element(of typed) (key, elem typed, ok bool) {
	of = t.underlying(of)
	at := func(e ast.Expr) typed { return typed{e, of.pkg, of.scope} }
	switch e := of.expr.(type) {
	case *ast.ArrayType:
		return at(ast.NewIdent("int")), at(e.Elt), true
	case *ast.Ellipsis:
		return at(ast.NewIdent("int")), at(e.Elt), true
	case *ast.MapType:
		return at(e.Key), at(e.Value), true
	case *ast.ChanType:
		return at(e.Value), at(e.Value), true
	case *ast.Ident:
		if e.Name == "string" {
			return at(ast.NewIdent("int")), at(ast.NewIdent("rune")), true
		}
		return at(e), at(e), e.Name == "int"
	case *ast.FuncType: // an iterator: func(yield func(K, V) bool)
		if e.Params != nil && len(e.Params.List) == 1 {
			if y, ok := e.Params.List[0].Type.(*ast.FuncType); ok && y.Params != nil {
				var types []ast.Expr
				for _, p := range y.Params.List {
					for range max(1, len(p.Names)) {
						types = append(types, p.Type)
					}
				}
				if len(types) > 0 {
					return at(types[0]), at(types[len(types)-1]), true
				}
			}
		}
	}
	return typed{}, typed{}, false
}
