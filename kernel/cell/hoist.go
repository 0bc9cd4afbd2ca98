package cell

import (
	"go/ast"
	"go/parser"
	"go/token"
)

// hoist makes declarations of types and constants that stand between statements where that is right: in
// a cell without %% all of them, below %% those that a function or method needs; and in both cases only
// if they use nothing that the body alone has, except types with methods, which have no other place.
func (c *Cell) hoist(items []item) {
	var cands []candidate
	needed := map[string]bool{} // used by functions between the statements
	methods := map[string]bool{}
	local := map[string]bool{} // what the body has: variables, and what stays there
	for i := range items {
		it := &items[i]
		switch it.kind {
		case token.TYPE, token.CONST, token.FUNC:
		case token.IMPORT:
			continue
		default:
			continue
		}
		d := c.fragment(*it)
		if d == nil {
			continue
		}
		if f, ok := d.(*ast.FuncDecl); ok {
			if f.Recv != nil && len(f.Recv.List) == 1 {
				methods[BaseName(f.Recv.List[0].Type)] = true
			}
			for _, name := range usesOf(d) {
				needed[name] = true
			}
			continue
		}
		cands = append(cands, candidate{it, namesOf(d.(*ast.GenDecl)), usesOf(d), true})
	}
	if len(cands) == 0 {
		return
	}
	for _, it := range items {
		if it.kind == token.ILLEGAL || it.kind == token.VAR {
			for _, name := range c.definedBy(it) {
				local[name] = true
			}
		}
	}
	if c.Explicit {
		keepNeeded(cands, needed, methods)
	}
	for again := true; again; {
		again = false
		for i := range cands {
			cd := &cands[i]
			if !cd.up {
				for _, n := range cd.names {
					if !local[n] {
						local[n], again = true, true
					}
				}
				continue
			}
			if !has(methods, cd.names) && (has(local, cd.uses) || has(local, cd.names)) {
				cd.up, again = false, true
			}
		}
	}
	for _, cd := range cands {
		cd.it.top = cd.up
	}
}

// candidate is a declaration of types or constants between statements.
type candidate struct {
	it    *item
	names []string
	uses  []string
	up    bool
}

// keepNeeded leaves up only what the functions need, and what that needs.
func keepNeeded(cands []candidate, needed, methods map[string]bool) {
	for i := range cands {
		cands[i].up = false
	}
	for again := true; again; {
		again = false
		for i := range cands {
			cd := &cands[i]
			if cd.up || !has(needed, cd.names) && !has(methods, cd.names) {
				continue
			}
			cd.up, again = true, true
			for _, n := range cd.uses {
				needed[n] = true
			}
		}
	}
}

func has(set map[string]bool, names []string) bool {
	for _, n := range names {
		if set[n] {
			return true
		}
	}
	return false
}

// fragment parses one declaration, or returns nil when it has errors, which parse finds again.
func (c *Cell) fragment(it item) ast.Decl {
	f, err := parser.ParseFile(token.NewFileSet(), "", headDecl+string(c.mask[it.at:it.end]), parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return nil
	}
	return f.Decls[0]
}

// definedBy lists what a statement at the top of the body defines.
func (c *Cell) definedBy(it item) []string {
	f, err := parser.ParseFile(token.NewFileSet(), "", headBody+string(c.mask[it.at:it.end])+"\n}", parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return nil
	}
	var names []string
	for _, s := range f.Decls[0].(*ast.FuncDecl).Body.List {
		for _, id := range defines(s) {
			names = append(names, id.Name)
		}
	}
	return names
}

// defines lists the names that a statement brings into its block by := or var.
func defines(s ast.Stmt) []*ast.Ident {
	var ids []*ast.Ident
	switch s := unlabelled(s).(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return nil
		}
		for _, x := range s.Lhs {
			if id, ok := x.(*ast.Ident); ok && id.Name != "_" {
				ids = append(ids, id)
			}
		}
	case *ast.DeclStmt:
		d, ok := s.Decl.(*ast.GenDecl)
		if !ok || d.Tok != token.VAR {
			return nil
		}
		for _, sp := range d.Specs {
			if v, ok := sp.(*ast.ValueSpec); ok {
				for _, id := range v.Names {
					if id.Name != "_" {
						ids = append(ids, id)
					}
				}
			}
		}
	}
	return ids
}

// unlabelled is a statement without its labels.
func unlabelled(s ast.Stmt) ast.Stmt {
	for {
		l, ok := s.(*ast.LabeledStmt)
		if !ok {
			return s
		}
		s = l.Stmt
	}
}

// namesOf lists what a declaration of types, constants or variables names.
func namesOf(d *ast.GenDecl) []string {
	var names []string
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		}
	}
	return names
}
