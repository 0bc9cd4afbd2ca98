package cell

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// LastExpression returns the expression that the body ends with, when its value is to be shown. That is
// not so when a semicolon follows it, and when it is a call made for its effect: of a function that
// returns nothing or only what a print statement would, as far as its name or the cell tells. What cannot
// be known counts as a value.
func (c *Cell) LastExpression() (text string, ok bool) {
	x, closed := c.last()
	if x == nil || closed || c.forEffect(x, nil) {
		return "", false
	}
	return c.piece(bodyOffset(x.Pos()), bodyOffset(x.End())), true
}

// last is the expression that the body ends with, or nil; closed says that a semicolon follows it.
func (c *Cell) last() (x ast.Expr, closed bool) {
	if c.body == nil || len(c.body.List) == 0 {
		return nil, false
	}
	s, ok := c.body.List[len(c.body.List)-1].(*ast.ExprStmt)
	if !ok {
		return nil, false
	}
	end := bodyOffset(s.End())
	for _, it := range c.items {
		if it.at < end && end <= it.end {
			closed = it.closed
		}
	}
	return s.X, closed
}

// mustBeUsed tells whether Go refuses the expression as a statement.
func mustBeUsed(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.CallExpr:
		id, ok := ast.Unparen(x.Fun).(*ast.Ident)
		if !ok {
			_, conversion := ast.Unparen(x.Fun).(*ast.ArrayType)
			return conversion
		}
		return types.Universe.Lookup(id.Name) != nil && !voidBuiltin(id.Name) && id.Name != "recover"
	case *ast.UnaryExpr:
		return x.Op != token.ARROW
	}
	return true
}

// forEffect tells whether an expression is a call known to be made for its effect. void are functions
// that return nothing.
func (c *Cell) forEffect(x ast.Expr, void []string) bool {
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	f := ast.Unparen(call.Fun)
	switch x := f.(type) {
	case *ast.IndexExpr:
		f = x.X
	case *ast.IndexListExpr:
		f = x.X
	}
	switch f := f.(type) {
	case *ast.FuncLit:
		return f.Type.Results == nil
	case *ast.Ident:
		if slices.Contains(void, f.Name) || voidBuiltin(f.Name) {
			return true
		}
		for _, d := range c.file.Decls {
			if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv == nil && fd.Name.Name == f.Name {
				return fd.Type.Results == nil
			}
		}
	case *ast.SelectorExpr:
		if pkg, ok := f.X.(*ast.Ident); ok && voidFunction(c.packageName(pkg.Name), f.Sel.Name) {
			return true
		}
		return c.voidMethod(f.Sel.Name)
	}
	return false
}

// packageName is the last word of the path that a name was imported as, or the name itself.
func (c *Cell) packageName(name string) string {
	for _, d := range c.decls {
		if d.Kind == "import" && d.Alias == name {
			return assumedName(d.Path)
		}
	}
	return name
}

// voidMethod tells whether a method is one that programs call for its effect: the cell declares it
// without results, or its name is one of those that return nothing, or an error that nobody looks at,
// wherever they are found.
func (c *Cell) voidMethod(name string) bool {
	known := false
	for _, d := range c.file.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv != nil && fd.Name.Name == name {
			if fd.Type.Results != nil {
				return false
			}
			known = true
		}
	}
	if known {
		return true
	}
	switch name {
	case "Broadcast", "Close", "Done", "Flush", "Lock", "Print", "Printf", "Println", "RLock", "RUnlock", "Show", "Signal", "Unlock", "Wait":
		return true
	}
	return strings.HasPrefix(name, "Set") && len(name) > 3 && token.IsExported(name[3:])
}
