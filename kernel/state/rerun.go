package state

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// statements returns the statements of the body that make a name: the one that defines it, and those at the
// top of the body that set it as a whole. Other names on their left sides are left out. needs are the names
// that they use; why says why they cannot run again on their own.
func (b *body) statements(name string, localTypes []string) (texts, needs []string, why string) {
	inside := map[string]bool{} // what only this body has
	for _, t := range localTypes {
		inside[t] = true
	}
	uses := map[string]bool{}
	for _, s := range b.list {
		if d, ok := s.(*ast.DeclStmt); ok {
			if g := d.Decl.(*ast.GenDecl); g.Tok == token.CONST {
				for _, sp := range g.Specs {
					for _, id := range sp.(*ast.ValueSpec).Names {
						inside[id.Name] = true
					}
				}
			}
		}
		for {
			l, ok := s.(*ast.LabeledStmt)
			if !ok {
				break
			}
			s = l.Stmt
		}
		text, right := b.sets(s, name, len(texts) > 0)
		if text == "" {
			if setsInside(s, name) {
				return nil, nil, "it is set inside another statement"
			}
			continue
		}
		for u := range names(right) {
			if u == name && len(texts) == 0 {
				return nil, nil, "the statement uses an earlier " + name
			}
			uses[u] = true
		}
		texts = append(texts, text)
	}
	delete(uses, name)
	for _, u := range slices.Sorted(maps.Keys(uses)) {
		if inside[u] {
			return nil, nil, "the statement uses " + u + ", which is declared inside the cell"
		}
	}
	return texts, slices.Sorted(maps.Keys(uses)), ""
}

// sets returns a statement that does nothing but set the name, and what it uses; "" if s does not.
// again means that the name is there already.
func (b *body) sets(s ast.Stmt, name string, again bool) (text string, right []ast.Node) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE && s.Tok != token.ASSIGN || !slices.ContainsFunc(s.Lhs, isName(name)) {
			return "", nil
		}
		left, from := b.others(s.Lhs, name), s.Rhs
		if len(s.Lhs) == len(s.Rhs) { // each has its own value
			i := slices.IndexFunc(s.Lhs, isName(name))
			left, from = name, s.Rhs[i:i+1]
		}
		op := " := "
		if again {
			op = " = "
		}
		values := make([]string, len(from))
		for i, x := range from {
			values[i] = b.text(x)
			right = append(right, x)
		}
		return left + op + strings.Join(values, ", "), right
	case *ast.DeclStmt:
		g := s.Decl.(*ast.GenDecl)
		if g.Tok != token.VAR {
			return "", nil
		}
		for _, sp := range g.Specs {
			v := sp.(*ast.ValueSpec)
			i := slices.IndexFunc(v.Names, func(id *ast.Ident) bool { return id.Name == name })
			if i >= 0 {
				return b.spec(v, i)
			}
		}
	}
	return "", nil
}

// spec returns the var statement for one of the names of a specification.
func (b *body) spec(v *ast.ValueSpec, i int) (text string, right []ast.Node) {
	left := make([]ast.Expr, len(v.Names))
	for j, id := range v.Names {
		left[j] = id
	}
	text = "var " + b.others(left, v.Names[i].Name)
	values := v.Values
	if len(values) == len(v.Names) {
		text, values = "var "+v.Names[i].Name, values[i:i+1]
	} else if len(values) == 0 {
		text = "var " + v.Names[i].Name
	}
	if v.Type != nil {
		text += " " + b.text(v.Type)
		right = append(right, v.Type)
	}
	for j, x := range values {
		if j == 0 {
			text += " = "
		} else {
			text += ", "
		}
		text += b.text(x)
		right = append(right, x)
	}
	return text, right
}

func isName(name string) func(ast.Expr) bool {
	return func(x ast.Expr) bool {
		id, ok := x.(*ast.Ident)
		return ok && id.Name == name
	}
}

// others writes a left side with blanks for all names but one.
func (b *body) others(left []ast.Expr, name string) string {
	out := make([]string, len(left))
	for i, x := range left {
		out[i] = "_"
		if isName(name)(x) {
			out[i] = name
		}
	}
	return strings.Join(out, ", ")
}

// setsInside reports whether a statement sets a name as a whole somewhere inside. A name of its own that
// hides it counts too, which is on the safe side.
func setsInside(s ast.Stmt, name string) (found bool) {
	is := isName(name)
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			found = found || n.Tok != token.DEFINE && slices.ContainsFunc(n.Lhs, is)
		case *ast.IncDecStmt:
			found = found || is(n.X)
		case *ast.UnaryExpr:
			found = found || n.Op == token.AND && is(n.X)
		case *ast.RangeStmt:
			found = found || n.Tok == token.ASSIGN && (n.Key != nil && is(n.Key) || n.Value != nil && is(n.Value))
		}
		return !found
	})
	return found
}

// names lists the names that expressions and types use and do not declare themselves.
func names(list []ast.Node) map[string]bool {
	out := map[string]bool{}
	for _, x := range list {
		within := func(id *ast.Ident) bool { // declared in a function literal of the expression
			return id.Obj != nil && id.Obj.Pos() >= x.Pos() && id.Obj.Pos() < x.End()
		}
		skip := map[*ast.Ident]bool{}
		ast.Inspect(x, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				skip[n.Sel] = true
			case *ast.KeyValueExpr:
				if id, ok := n.Key.(*ast.Ident); ok && id.Obj == nil {
					skip[id] = true // a field, most likely
				}
			case *ast.Field:
				for _, id := range n.Names {
					skip[id] = true
				}
			case *ast.Ident:
				if n.Name != "_" && !skip[n] && !within(n) {
					out[n.Name] = true
				}
			}
			return true
		})
	}
	return out
}
