package cell

import (
	"go/ast"
	"go/token"
)

// scope is a block of names; true is a type that is a struct.
type scope struct {
	names map[string]bool
	outer *scope
}

// walker resolves names as Go's blocks do, without types. It implements [ast.Visitor].
type walker struct {
	scope    *scope
	funcs    int                           // how many function literals it is in
	structs  map[string]bool               // types of the package that are structs
	free     map[string]struct{}           // names used that nothing inside declares
	assigned map[string]struct{}           // free names that get a value
	returns  func(*ast.ReturnStmt, *scope) // called for the returns of the function itself
	listed   func(ast.Stmt)                // called for the statements of lists
}

func newWalker() *walker {
	return &walker{scope: &scope{}, free: map[string]struct{}{}, assigned: map[string]struct{}{}}
}

func (w *walker) push() { w.scope = &scope{outer: w.scope} }
func (w *walker) pop()  { w.scope = w.scope.outer }

func (w *walker) declare(name string) { w.declareAs(name, false) }

func (w *walker) declareAs(name string, isStruct bool) {
	if name == "_" {
		return
	}
	if w.scope.names == nil {
		w.scope.names = map[string]bool{}
	}
	w.scope.names[name] = isStruct
}

// isStruct tells whether a name is known to be a struct type.
func (w *walker) isStruct(name string) bool {
	if s := w.scope.find(name); s != nil {
		return s.names[name]
	}
	return w.structs[name]
}

// find is the innermost scope with a name, or nil.
func (s *scope) find(name string) *scope {
	for ; s != nil; s = s.outer {
		if _, ok := s.names[name]; ok {
			return s
		}
	}
	return nil
}

func (w *walker) use(name string) {
	if name != "_" && w.scope.find(name) == nil {
		w.free[name] = struct{}{}
	}
}

// assign notes that the variable at the root of an expression changes, and that its names are used.
func (w *walker) assign(x ast.Expr) {
	w.node(x)
	if name := rootName(x); name != "" && name != "_" && w.scope.find(name) == nil {
		w.assigned[name] = struct{}{}
	}
}

func (w *walker) node(n ast.Node) {
	if n != nil {
		ast.Walk(w, n)
	}
}

func (w *walker) exprs(list []ast.Expr) {
	for _, x := range list {
		w.node(x)
	}
}

func (w *walker) stmts(list []ast.Stmt) {
	for _, s := range list {
		if w.listed != nil {
			w.listed(s)
		}
		w.node(s)
	}
}

// Visit implements [ast.Visitor]: it handles what declares names and leaves the rest to ast.Walk.
func (w *walker) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case nil, *ast.Comment, *ast.CommentGroup, *ast.BasicLit, *ast.BranchStmt:
		return nil
	case *ast.Ident:
		w.use(n.Name)
	case *ast.SelectorExpr:
		w.node(n.X)
	case *ast.Field:
		w.node(n.Type)
	case *ast.CompositeLit:
		w.literal(n, nil)
	case *ast.FuncLit:
		w.funcs++
		w.function(nil, n.Type, n.Body)
		w.funcs--
	case *ast.FuncType, *ast.InterfaceType, *ast.StructType:
		return w
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			w.assign(n.X)
		} else {
			w.node(n.X)
		}
	case *ast.GenDecl:
		for _, s := range n.Specs {
			w.spec(s)
		}
	case *ast.FuncDecl:
		w.function(n.Recv, n.Type, n.Body)
	default:
		if s, ok := n.(ast.Stmt); ok {
			return w.stmt(s)
		}
		return w
	}
	return nil
}

// stmt handles a statement; the result is w when ast.Walk shall go into it.
func (w *walker) stmt(s ast.Stmt) ast.Visitor {
	switch s := s.(type) {
	case *ast.BlockStmt:
		w.push()
		w.stmts(s.List)
		w.pop()
	case *ast.LabeledStmt:
		w.node(s.Stmt)
	case *ast.AssignStmt:
		w.exprs(s.Rhs)
		if s.Tok == token.DEFINE {
			w.define(s.Lhs)
			break
		}
		for _, x := range s.Lhs {
			w.assign(x)
		}
	case *ast.IncDecStmt:
		w.assign(s.X)
	case *ast.IfStmt:
		w.push()
		w.part(s.Init)
		w.node(s.Cond)
		w.node(s.Body)
		w.part(s.Else)
		w.pop()
	case *ast.ForStmt:
		w.push()
		w.part(s.Init)
		if s.Cond != nil {
			w.node(s.Cond)
		}
		w.part(s.Post)
		w.node(s.Body)
		w.pop()
	case *ast.RangeStmt:
		w.node(s.X)
		w.push()
		for _, x := range []ast.Expr{s.Key, s.Value} {
			switch {
			case x == nil:
			case s.Tok == token.DEFINE:
				w.define([]ast.Expr{x})
			default:
				w.assign(x)
			}
		}
		w.node(s.Body)
		w.pop()
	case *ast.SwitchStmt:
		w.push()
		w.part(s.Init)
		if s.Tag != nil {
			w.node(s.Tag)
		}
		for _, cl := range s.Body.List {
			w.clause(cl, "")
		}
		w.pop()
	case *ast.TypeSwitchStmt:
		w.push()
		w.part(s.Init)
		name := ""
		switch a := s.Assign.(type) {
		case *ast.AssignStmt:
			w.exprs(a.Rhs)
			if len(a.Lhs) == 1 {
				name = rootName(a.Lhs[0])
			}
		case *ast.ExprStmt:
			w.node(a.X)
		}
		for _, cl := range s.Body.List {
			w.clause(cl, name)
		}
		w.pop()
	case *ast.SelectStmt:
		for _, cl := range s.Body.List {
			w.clause(cl, "")
		}
	case *ast.ReturnStmt:
		if w.funcs == 0 && w.returns != nil {
			w.returns(s, w.scope)
		}
		return w
	default:
		return w
	}
	return nil
}

// part walks a statement that may be missing.
func (w *walker) part(s ast.Stmt) {
	if s != nil {
		w.node(s)
	}
}

// clause walks a case; name is the variable of a type switch.
func (w *walker) clause(s ast.Stmt, name string) {
	switch s := s.(type) {
	case *ast.CaseClause:
		w.exprs(s.List)
		w.push()
		if name != "" {
			w.declare(name)
		}
		w.stmts(s.Body)
		w.pop()
	case *ast.CommClause:
		w.push()
		w.part(s.Comm)
		w.stmts(s.Body)
		w.pop()
	}
}

// define declares the names on the left of :=; those that the block has already are assigned, which
// matters to no name outside.
func (w *walker) define(lhs []ast.Expr) {
	for _, x := range lhs {
		if id, ok := x.(*ast.Ident); ok {
			w.declare(id.Name)
		} else {
			w.node(x)
		}
	}
}

// spec declares what a local declaration names.
func (w *walker) spec(s ast.Spec) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		if s.Type != nil {
			w.node(s.Type)
		}
		w.exprs(s.Values)
		for _, n := range s.Names {
			w.declare(n.Name)
		}
	case *ast.TypeSpec:
		_, isStruct := s.Type.(*ast.StructType)
		w.declareAs(s.Name.Name, isStruct)
		w.push()
		w.typeParams(s.TypeParams)
		w.node(s.Type)
		w.pop()
	}
}

// typeParams declares type parameters before their constraints, which may use them.
func (w *walker) typeParams(l *ast.FieldList) {
	if l == nil {
		return
	}
	for _, f := range l.List {
		for _, n := range f.Names {
			w.declare(n.Name)
		}
	}
	w.params(l)
}

// params declares the names of field lists, after using their types.
func (w *walker) params(lists ...*ast.FieldList) {
	for _, l := range lists {
		if l != nil {
			for _, f := range l.List {
				w.node(f.Type)
			}
		}
	}
	for _, l := range lists {
		if l != nil {
			for _, f := range l.List {
				for _, n := range f.Names {
					w.declare(n.Name)
				}
			}
		}
	}
}

// function walks a function: parameters, results and body are one block.
func (w *walker) function(recv *ast.FieldList, t *ast.FuncType, body *ast.BlockStmt) {
	w.push()
	if recv != nil {
		for _, f := range recv.List {
			w.receiver(f)
		}
	}
	w.typeParams(t.TypeParams)
	w.params(t.Params, t.Results)
	if body != nil {
		w.stmts(body.List)
	}
	w.pop()
}

// receiver uses the type of a receiver, declares its type parameters and its name.
func (w *walker) receiver(f *ast.Field) {
	t := f.Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
			continue
		case *ast.ParenExpr:
			t = x.X
			continue
		}
		break
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		w.node(x.X)
		w.define([]ast.Expr{x.Index})
	case *ast.IndexListExpr:
		w.node(x.X)
		w.define(x.Indices)
	default:
		w.node(t)
	}
	for _, n := range f.Names {
		w.declare(n.Name)
	}
}

// literal walks a composite literal of a type, which may have been left out inside another one. Keys of
// structs are no names, but without types only a literal struct type and types of the cell are known to
// be structs: a key that may be one or the other counts as used.
func (w *walker) literal(n *ast.CompositeLit, elided ast.Expr) {
	t := n.Type
	if t == nil {
		t = elided
	} else {
		w.node(t)
	}
	for {
		if s, ok := t.(*ast.StarExpr); ok && n.Type == nil {
			t = s.X // &T is left out as well
			continue
		}
		break
	}
	var key, elem ast.Expr
	fields := false
	switch t := t.(type) {
	case *ast.ArrayType:
		elem = t.Elt
	case *ast.MapType:
		key, elem = t.Key, t.Value
	case *ast.StructType:
		fields = true
	case *ast.Ident:
		fields = w.isStruct(t.Name)
	case *ast.IndexExpr:
		fields = w.isStruct(rootName(t.X))
	case *ast.IndexListExpr:
		fields = w.isStruct(rootName(t.X))
	}
	for _, x := range n.Elts {
		if kv, ok := x.(*ast.KeyValueExpr); ok {
			if !fields {
				w.element(kv.Key, key)
			}
			x = kv.Value
		}
		w.element(x, elem)
	}
}

// element walks an element of a composite literal whose type may be left out.
func (w *walker) element(x, t ast.Expr) {
	if lit, ok := x.(*ast.CompositeLit); ok && lit.Type == nil {
		w.literal(lit, t)
		return
	}
	w.node(x)
}
