package gopls

import (
	"go/ast"
	"go/token"
)

// local is a name that is declared inside a function, in a chain from the innermost name outwards. Its
// type comes from a type expression, from a value, or from what a range statement gives.
type local struct {
	name   string
	kind   Kind
	pos    token.Pos
	typ    ast.Expr
	value  ast.Expr
	result int // which of the results of value
	ranged int // 1: key, 2: element of value
	outer  *local
	before *local // the names that value sees
}

// find is the innermost local with a name, nil when there is none.
func (l *local) find(name string) *local {
	for ; l != nil; l = l.outer {
		if l.name == name {
			return l
		}
	}
	return nil
}

// typeOf is the type of the name, whose declaration stands in the file of x.
func (l *local) typeOf(t *typer, x typed) (typed, bool) {
	if l.typ != nil {
		return typed{l.typ, x.pkg, x.scope}, true
	}
	if l.value == nil || t.spent() {
		return typed{}, false
	}
	before := &typer{lib: t.lib, locals: l.before, steps: t.steps}
	defer func() { t.steps = before.steps }()
	v, ok := before.typeOf(typed{l.value, x.pkg, x.scope}, l.result)
	if !ok || l.ranged == 0 {
		return v, ok
	}
	key, elem, ok := before.element(v)
	if l.ranged == 1 {
		return key, ok
	}
	return elem, ok
}

// locals lists the names that are declared inside functions and visible at pos.
func locals(tree *ast.File, pos token.Pos) *local {
	v := &scopeWalk{pos: pos}
	for _, d := range tree.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && f.Pos() <= pos && pos <= f.End() {
			if f.Recv != nil {
				v.fields(f.Recv)
			}
			v.function(f.Type, f.Body)
		}
	}
	return v.names
}

// scopeWalk collects names on the way to a position.
type scopeWalk struct {
	pos   token.Pos
	names *local
}

// bind adds a name, whose value sees the names that are there before.
func (v *scopeWalk) bind(n *ast.Ident, l local) { v.bindAfter(v.names, n, l) }

func (v *scopeWalk) bindAfter(before *local, n *ast.Ident, l local) {
	if n == nil || n.Name == "_" || n.End() > v.pos {
		return
	}
	if l.kind == "" {
		l.kind = Variable
	}
	l.name, l.pos, l.outer, l.before = n.Name, n.Pos(), v.names, before
	v.names = &l
}

func (v *scopeWalk) fields(l *ast.FieldList) {
	if l == nil {
		return
	}
	for _, f := range l.List {
		for _, n := range f.Names {
			typ := f.Type
			if e, ok := typ.(*ast.Ellipsis); ok {
				typ = &ast.ArrayType{Elt: e.Elt}
			}
			v.bind(n, local{typ: typ})
		}
	}
}

func (v *scopeWalk) function(t *ast.FuncType, body *ast.BlockStmt) {
	v.fields(t.Params)
	v.fields(t.Results)
	v.block(body)
}

// inside reports whether the position lies in n.
func (v *scopeWalk) inside(n ast.Node) bool { return n.Pos() <= v.pos && v.pos <= n.End() }

func (v *scopeWalk) block(b *ast.BlockStmt) {
	if b != nil && v.inside(b) {
		v.list(b.List)
	}
}

func (v *scopeWalk) list(l []ast.Stmt) {
	for _, s := range l {
		if s.Pos() > v.pos {
			return
		}
		v.statement(s)
	}
}

// statement takes the names of a statement that begins before the position; names of inner scopes only
// when the position lies in them.
func (v *scopeWalk) statement(s ast.Stmt) {
	defer v.literals(s)
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE && s.End() <= v.pos {
			v.assign(s.Lhs, s.Rhs)
		}
	case *ast.DeclStmt:
		if d, ok := s.Decl.(*ast.GenDecl); ok {
			v.declaration(d)
		}
	case *ast.LabeledStmt:
		v.statement(s.Stmt)
	case *ast.BlockStmt:
		v.block(s)
	case *ast.IfStmt:
		if v.inside(s) {
			v.optional(s.Init)
			v.block(s.Body)
			if s.Else != nil && v.inside(s.Else) {
				v.statement(s.Else)
			}
		}
	case *ast.ForStmt:
		if v.inside(s) {
			v.optional(s.Init)
			v.block(s.Body)
		}
	case *ast.RangeStmt:
		if v.inside(s) {
			if s.Tok == token.DEFINE && s.X != nil && s.X.End() <= v.pos {
				for i, e := range []ast.Expr{s.Key, s.Value} {
					if n, ok := e.(*ast.Ident); ok {
						v.bind(n, local{value: s.X, ranged: i + 1})
					}
				}
			}
			v.block(s.Body)
		}
	case *ast.SwitchStmt:
		if v.inside(s) {
			v.optional(s.Init)
			v.clauses(s.Body, nil, nil)
		}
	case *ast.TypeSwitchStmt:
		if v.inside(s) {
			v.optional(s.Init)
			var name *ast.Ident
			var of ast.Expr
			if a, ok := s.Assign.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
				name, _ = a.Lhs[0].(*ast.Ident)
				if x, ok := a.Rhs[0].(*ast.TypeAssertExpr); ok {
					of = x.X
				}
			}
			v.clauses(s.Body, name, of)
		}
	case *ast.SelectStmt:
		if v.inside(s) {
			v.clauses(s.Body, nil, nil)
		}
	}
}

func (v *scopeWalk) optional(s ast.Stmt) {
	if s != nil {
		v.statement(s)
	}
}

// clauses goes into the clause in which the position lies. A clause of a type switch binds name.
func (v *scopeWalk) clauses(body *ast.BlockStmt, name *ast.Ident, of ast.Expr) {
	for i, c := range body.List {
		end := body.End()
		if i+1 < len(body.List) {
			end = body.List[i+1].Pos()
		}
		if v.pos < c.Pos() || v.pos > end {
			continue
		}
		switch c := c.(type) {
		case *ast.CaseClause:
			if name != nil {
				if len(c.List) == 1 {
					v.bind(name, local{typ: c.List[0]})
				} else {
					v.bind(name, local{value: of})
				}
			}
			v.list(c.Body)
		case *ast.CommClause:
			v.optional(c.Comm)
			v.list(c.Body)
		}
	}
}

func (v *scopeWalk) assign(lhs, rhs []ast.Expr) {
	before := v.names
	bindings := make([]local, len(lhs))
	for i := range lhs {
		switch {
		case len(lhs) == len(rhs):
			bindings[i] = local{value: rhs[i]}
		case len(rhs) == 1:
			_, call := rhs[0].(*ast.CallExpr)
			switch {
			case call:
				bindings[i] = local{value: rhs[0], result: i}
			case i == 0: // v, ok := m[k], x.(T) or <-c
				bindings[i] = local{value: rhs[0]}
			default:
				bindings[i] = local{typ: ast.NewIdent("bool")}
			}
		}
	}
	for i, e := range lhs {
		if n, ok := e.(*ast.Ident); ok {
			v.bindAfter(before, n, bindings[i])
		}
	}
}

func (v *scopeWalk) declaration(d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			v.bind(s.Name, local{kind: Type, typ: s.Type})
		case *ast.ValueSpec:
			kind := Variable
			if d.Tok == token.CONST {
				kind = Constant
			}
			for i, n := range s.Names {
				b := local{kind: kind, typ: s.Type}
				switch {
				case len(s.Values) == len(s.Names):
					b.value = s.Values[i]
				case len(s.Values) == 1:
					b.value, b.result = s.Values[0], i
				}
				v.bind(n, b)
			}
		}
	}
}

// literals goes into the function literal of a statement in which the position lies.
func (v *scopeWalk) literals(s ast.Stmt) {
	if !v.inside(s) {
		return
	}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			return false // its statements are looked at one by one
		case *ast.FuncLit:
			if v.inside(n) {
				v.function(n.Type, n.Body)
			}
			return false
		}
		return true
	})
}
