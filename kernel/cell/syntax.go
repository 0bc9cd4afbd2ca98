package cell

import "go/ast"

// BaseName is the name that a type expression such as *T[K] is made from, "" when there is none.
func BaseName(x ast.Expr) string {
	for {
		switch e := x.(type) {
		case *ast.Ident:
			return e.Name
		case *ast.StarExpr:
			x = e.X
		case *ast.ParenExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.IndexListExpr:
			x = e.X
		default:
			return ""
		}
	}
}

// Root is the name that x, x.f, x[i], x[i:j], *x and their combinations belong to, nil when there is none.
func Root(x ast.Expr) *ast.Ident {
	for {
		switch e := x.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.SliceExpr:
			x = e.X
		case *ast.StarExpr:
			x = e.X
		case *ast.ParenExpr:
			x = e.X
		default:
			return nil
		}
	}
}

// rootName is the same as a name, "" when there is none.
func rootName(x ast.Expr) string {
	if id := Root(x); id != nil {
		return id.Name
	}
	return ""
}
