package cell

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
)

// Name is a variable that the body defines at its top level by := or var.
type Name struct {
	Name      string
	Line      int      // where the name stands
	Statement string   // the source of the statement that defines it
	Group     []string // all names that the statement defines, blank ones left out
	Type      string   // as written, or ""
}

// names is what the body means for the names of other cells.
type names struct {
	defined    []Name
	types      []string
	uses       []string
	assigns    []string
	returns    []leave    // the returns of the body itself
	inLists    []ast.Stmt // all statements that others can follow
	endVisible []string   // the names of defined that the end can see
}

// leave is a return and the names of defined that it can see.
type leave struct {
	stmt    *ast.ReturnStmt
	visible []string
}

// bodyOffset is the offset in the cell of a position in the body.
func bodyOffset(p token.Pos) int { return int(p) - 1 - len(headBody) }

// analyse finds all names of the body, once.
func (c *Cell) analyse() *names {
	c.once.Do(func() {
		if c.Err != nil {
			return
		}
		n := &c.known
		w := newWalker()
		for _, d := range c.decls {
			if d.blank {
				for _, name := range d.Uses {
					w.use(name)
				}
			}
		}
		switch {
		case c.Exec != "":
			w.use(c.Exec)
		case c.body != nil:
			c.analyseBody(w)
		}
		for _, d := range c.decls {
			for _, name := range d.Names {
				if d.Kind != "func" || d.Key == name {
					delete(w.free, name)
					delete(w.assigned, name)
				}
			}
		}
		n.uses = slices.Sorted(maps.Keys(w.free))
		n.assigns = slices.Sorted(maps.Keys(w.assigned))
	})
	return &c.known
}

// analyseBody finds the names of the statements.
func (c *Cell) analyseBody(w *walker) {
	n := &c.known
	w.structs = map[string]bool{}
	for _, d := range c.file.Decls {
		noteStructs(w.structs, d)
	}
	seen := map[string]bool{}
	for _, s := range c.body.List {
		c.note(s, seen)
	}
	w.push()
	top := w.scope
	visible := func(s *scope) []string {
		var names []string
		for _, d := range n.defined {
			if s.find(d.Name) == top {
				names = append(names, d.Name)
			}
		}
		return names
	}
	w.returns = func(r *ast.ReturnStmt, s *scope) { n.returns = append(n.returns, leave{r, visible(s)}) }
	w.listed = func(s ast.Stmt) { n.inLists = append(n.inLists, s) }
	w.stmts(c.body.List)
	n.endVisible = visible(w.scope)
}

// noteStructs notes which types of a declaration are structs.
func noteStructs(structs map[string]bool, d ast.Decl) {
	g, ok := d.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, s := range g.Specs {
		if t, ok := s.(*ast.TypeSpec); ok {
			_, structs[t.Name.Name] = t.Type.(*ast.StructType)
		}
	}
}

// note adds what a statement at the top of the body defines.
func (c *Cell) note(s ast.Stmt, seen map[string]bool) {
	s = unlabelled(s)
	if d, ok := s.(*ast.DeclStmt); ok {
		if g, ok := d.Decl.(*ast.GenDecl); ok && g.Tok == token.TYPE {
			c.known.types = append(c.known.types, namesOf(g)...)
			return
		}
	}
	ids := defines(s)
	if len(ids) == 0 {
		return
	}
	group := make([]string, len(ids))
	for i, id := range ids {
		group[i] = id.Name
	}
	for _, id := range ids {
		if seen[id.Name] {
			continue
		}
		seen[id.Name] = true
		c.known.defined = append(c.known.defined, Name{
			Name:      id.Name,
			Line:      c.src.line(bodyOffset(id.Pos())),
			Statement: c.piece(bodyOffset(s.Pos()), bodyOffset(s.End())),
			Group:     group,
			Type:      c.typeOf(s, id),
		})
	}
}

// typeOf is the type that a var statement writes for a name.
func (c *Cell) typeOf(s ast.Stmt, id *ast.Ident) string {
	d, ok := s.(*ast.DeclStmt)
	if !ok {
		return ""
	}
	for _, sp := range d.Decl.(*ast.GenDecl).Specs {
		v, ok := sp.(*ast.ValueSpec)
		if ok && v.Type != nil && slices.Contains(v.Names, id) {
			return c.piece(bodyOffset(v.Type.Pos()), bodyOffset(v.Type.End()))
		}
	}
	return ""
}

// Defined lists the variables that the body defines at its top level, by the statement that comes first.
func (c *Cell) Defined() []Name { return slices.Clone(c.analyse().defined) }

// LocalTypes lists the types declared in the body, which no other cell sees. The types of a cell without
// %% are among them only when they depend on the body.
func (c *Cell) LocalTypes() []string { return slices.Clone(c.analyse().types) }

// Uses lists the names that the body uses and neither declares before nor gets from the cell's own
// declarations, sorted: variables, functions, types, packages and predeclared names alike. Fields,
// methods and labels are no names. The keys of a composite literal count as used unless its type is known
// to be a struct, so a name listed may turn out to be a field: `_ = name` keeps Go content.
func (c *Cell) Uses() []string { return slices.Clone(c.analyse().uses) }

// Assigns lists the names of Uses that the body gives a value: by assignment to them, their fields or
// elements, by ++ and --, in range, or possibly through their address. Methods with pointer receivers and
// functions that change what a slice, map or pointer holds do so unseen.
func (c *Cell) Assigns() []string { return slices.Clone(c.analyse().assigns) }
