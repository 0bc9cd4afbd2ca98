package state

import (
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"maps"
	"slices"
	"strings"

	"urbangraph/kernel/cell"
)

// effects are what a piece of Go does with names that it does not declare itself.
type effects struct {
	uses     map[string]bool // it mentions them
	assigned map[string]bool // it sets them, a field or element of them, or takes their address
	touched  map[string]bool // it calls a method on them or passes them whole to a function
	bare     map[string]bool // it mentions them other than as x.y and x()
	called   map[string]bool // it calls them
	keys     []key           // names, or fields
}

// key is a name before a colon in a composite literal. It is a field if the type is a struct.
type key struct{ name, typ string }

func newEffects() effects {
	return effects{uses: map[string]bool{}, assigned: map[string]bool{}, touched: map[string]bool{}, bare: map[string]bool{}, called: map[string]bool{}}
}

// declared is a declaration with what it does.
type declared struct {
	cell.Decl
	effects
	basic     map[string]bool // variables that nothing but an assignment changes: numbers, strings, bools
	structure bool            // the type of a struct
}

// describe finds out what a declaration does.
func describe(d cell.Decl) declared {
	out := declared{Decl: d, effects: newEffects(), basic: map[string]bool{}}
	f := parse(d.Source)
	if d.Kind == "import" || f == nil || len(f.Decls) != 1 {
		return out
	}
	out.note(f, f)
	maps.DeleteFunc(out.uses, func(n string, _ bool) bool { return !slices.Contains(d.Uses, n) })
	if g, ok := f.Decls[0].(*ast.GenDecl); ok {
		switch spec := g.Specs[0].(type) {
		case *ast.ValueSpec:
			out.noteBasic(spec)
		case *ast.TypeSpec:
			_, out.structure = spec.Type.(*ast.StructType)
		}
	}
	return out
}

func (d *declared) noteBasic(v *ast.ValueSpec) {
	for i, id := range v.Names {
		typ, ok := v.Type.(*ast.Ident)
		if ok && isPredeclared(typ.Name) && typ.Name != "any" && typ.Name != "error" {
			d.basic[id.Name] = true
		} else if v.Type == nil && i < len(v.Values) {
			_, d.basic[id.Name] = v.Values[i].(*ast.BasicLit)
		}
	}
}

func parse(src string) *ast.File {
	f, _ := parser.ParseFile(token.NewFileSet(), "", "package main\n"+src, 0)
	return f
}

// body is the statements of a cell, parsed.
type body struct {
	effects
	code  string
	list  []ast.Stmt
	early bool // a return stands inside another statement
}

// bodyOf parses the body of a cell; nil if it has none that anything can be added to.
func bodyOf(c *cell.Cell) *body {
	if c.OwnMain() || !c.HasBody() {
		return nil
	}
	b := &body{effects: newEffects(), code: "package main\n" + goCode(c.Compose(cell.Plan{}).Code)}
	f, _ := parser.ParseFile(token.NewFileSet(), "", b.code, 0)
	if f == nil {
		return nil
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != cell.Main || fn.Recv != nil || fn.Body == nil || len(fn.Body.List) == 0 {
			continue
		}
		block, ok := fn.Body.List[len(fn.Body.List)-1].(*ast.BlockStmt)
		if !ok {
			return nil
		}
		b.list = block.List
		b.note(f, block)
		for _, s := range b.list {
			b.early = b.early || returns(s)
		}
		return b
	}
	return nil
}

// goCode is composed text without the line %args that stands before it.
func goCode(text string) string {
	if strings.HasPrefix(text, "%") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// text is the source of a part of the body.
func (b *body) text(n ast.Node) string { return b.code[n.Pos()-1 : n.End()-1] }

// returns reports whether a return of the body itself stands inside a statement.
func returns(s ast.Stmt) (found bool) {
	if _, top := s.(*ast.ReturnStmt); top {
		return false
	}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			found = true
		}
		return !found
	})
	return found
}

// note adds what a part of a file does. The parser has resolved the names that the part declares.
func (e *effects) note(f *ast.File, n ast.Node) {
	free := func(id *ast.Ident) bool {
		return id != nil && id.Name != "_" && (id.Obj == nil || f.Scope.Lookup(id.Name) == id.Obj)
	}
	set := func(x ast.Expr) {
		if id := cell.Root(x); free(id) {
			e.assigned[id.Name] = true
		}
	}
	skip := map[*ast.Ident]bool{} // names of fields, names before a point and names that are called
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, x := range n.Lhs {
					set(x)
				}
			}
		case *ast.IncDecStmt:
			set(n.X)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				set(n.X)
			}
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				set(n.Key)
				set(n.Value)
			}
		case *ast.CallExpr:
			if s, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr); ok {
				if id := cell.Root(s.X); free(id) {
					e.touched[id.Name] = true
				}
			}
			if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok && free(id) {
				e.uses[id.Name], e.called[id.Name] = true, true
				skip[id] = true
			}
			if harmless(n.Fun) {
				break
			}
			for _, x := range n.Args {
				if id, ok := ast.Unparen(x).(*ast.Ident); ok && free(id) {
					e.touched[id.Name] = true
				}
			}
		case *ast.CompositeLit:
			for _, x := range n.Elts {
				kv, ok := x.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				if id, ok := kv.Key.(*ast.Ident); ok && free(id) {
					skip[id] = e.noteKey(id.Name, n.Type)
				}
			}
		case *ast.SelectorExpr:
			skip[n.Sel] = true
			if id, ok := n.X.(*ast.Ident); ok && free(id) {
				e.uses[id.Name] = true
				skip[id] = true
			}
		case *ast.Ident:
			if free(n) && !skip[n] {
				e.uses[n.Name] = true
				e.bare[n.Name] = true
			}
		}
		return true
	})
}

// noteKey notes a key in a literal of a type. It reports whether the key may be a field.
func (e *effects) noteKey(name string, typ ast.Expr) bool {
	switch t := typ.(type) {
	case *ast.StructType:
		return true
	case *ast.SelectorExpr:
		return token.IsExported(name)
	case *ast.IndexExpr:
		return e.noteKey(name, t.X)
	case *ast.IndexListExpr:
		return e.noteKey(name, t.X)
	case *ast.Ident:
		e.keys = append(e.keys, key{name, t.Name})
		return true
	}
	return false
}

// readers are packages whose functions change nothing that they get.
var readers = map[string]bool{"bytes": true, "cmp": true, "errors": true, "filepath": true, "fmt": true, "log": true, "math": true,
	"path": true, "regexp": true, "strconv": true, "strings": true, "time": true, "unicode": true, "utf8": true}

// harmless reports whether a call changes nothing through its arguments: of most of Go's own functions, of
// conversions, and of functions that only read.
func harmless(fn ast.Expr) bool {
	switch f := ast.Unparen(fn).(type) {
	case *ast.Ident:
		return isPredeclared(f.Name) && f.Name != "copy" && f.Name != "clear" && f.Name != "delete"
	case *ast.SelectorExpr:
		id, ok := f.X.(*ast.Ident)
		return ok && readers[id.Name]
	case *ast.ArrayType, *ast.MapType, *ast.FuncType, *ast.InterfaceType:
		return true
	}
	return false
}

// world is what is declared at package level while a cell runs: the notebook's declarations and, over
// them, its own.
type world struct {
	byName  map[string]*declared
	methods map[string][]*declared // by the name of their type
	own     map[string]bool        // names that the cell declares
	fresh   []*declared            // the cell's declarations
}

func (m *Memory) world(c *cell.Cell) *world {
	w := &world{byName: map[string]*declared{}, methods: map[string][]*declared{}, own: map[string]bool{}}
	for i := range m.decls {
		w.add(&m.decls[i])
	}
	for _, d := range c.Declared() {
		x := describe(d)
		w.add(&x)
		w.fresh = append(w.fresh, &x)
		if !isMethod(d) {
			for _, n := range d.Names {
				w.own[n] = true
			}
		}
	}
	return w
}

func (w *world) add(d *declared) {
	if typ, _, ok := strings.Cut(d.Key, "~"); ok && d.Kind == "func" {
		typ, _, _ = strings.Cut(typ, "[")
		w.methods[typ] = append(w.methods[typ], d)
		return
	}
	for _, n := range d.Names {
		w.byName[n] = d
	}
}

// mentions lists the names that are used, those before colons that are no fields among them.
func (w *world) mentions(e effects) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range e.uses {
			if !yield(n) {
				return
			}
		}
		for _, k := range e.keys {
			if t := w.byName[k.typ]; (t == nil || !t.structure) && !e.uses[k.name] && !yield(k.name) {
				return
			}
		}
	}
}

// reach is what a cell can get to when it runs.
type reach struct {
	vars     map[string]bool // package-level variables of the notebook
	assigned map[string]bool // of these, those that may be set
	touched  map[string]bool // of these, those that may be changed otherwise
	names    map[string]bool // names that are kept
	indirect map[string]bool // of these, those that functions mention
	missing  map[string]bool // names that functions mention and that are kept no more
	visited  map[*declared]bool
}

// reach follows the names that a cell uses through declarations and through the types of kept names.
func (m *Memory) reach(w *world, e effects) *reach {
	r := &reach{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[*declared]bool{}}
	m.follow(r, w, e, false)
	return r
}

func (m *Memory) follow(r *reach, w *world, e effects, inside bool) {
	for u := range w.mentions(e) {
		if d := w.byName[u]; d != nil {
			if d.Kind == "var" {
				r.vars[u] = true
				r.assigned[u] = r.assigned[u] || e.assigned[u]
				r.touched[u] = r.touched[u] || e.touched[u] && !d.basic[u]
			}
			m.visit(r, w, d)
			m.visitMethods(r, w, u)
			continue
		}
		k := m.names[u]
		if k == nil && m.promoted[u] != "" {
			r.missing[u] = true
		}
		if k == nil || k.global || inside && isPredeclared(u) {
			m.visitMethods(r, w, u) // of a generic type, whose key GoNB does not know
			continue
		}
		if inside {
			r.indirect[u] = true
		}
		if r.names[u] {
			continue
		}
		r.names[u] = true
		for _, t := range k.own {
			if d := w.byName[t]; d != nil {
				m.visit(r, w, d)
			}
			m.visitMethods(r, w, t)
		}
		needs := newEffects()
		for _, n := range k.needs {
			needs.uses[n] = true
		}
		m.follow(r, w, needs, false)
	}
}

func (m *Memory) visit(r *reach, w *world, d *declared) {
	if r.visited[d] {
		return
	}
	r.visited[d] = true
	m.follow(r, w, d.effects, true)
}

// visitMethods visits the methods of a type. Those that GoNB files under "unknown" may be of any.
func (m *Memory) visitMethods(r *reach, w *world, typ string) {
	for _, d := range w.methods[typ] {
		m.visit(r, w, d)
	}
	for _, d := range w.methods["unknown"] {
		m.visit(r, w, d)
	}
}
