package state

import (
	"go/parser"
	"go/token"
	"testing"

	"urbangraph/kernel/cell"
)

// FuzzPrepare prepares any cell in a notebook that keeps names of all sorts: what is composed must be Go
// still, and the statements that are found to run again as well.
func FuzzPrepare(f *testing.F) {
	for _, s := range []string{
		"x := 1", "x, y := f(), x\n_ = y", "%%\nif x > 0 {\n\treturn\n}\nx++", "func g() int { return x + s.N }\n%%\ng()",
		"var v = 3\n%%\nv = x\ns.M(v)", "x := func() { x() }\nx = nil\nfor x = range 3 {\n}", "var (\n\ta, b = 1, x\n\tc int\n)\n_ = a",
		"%exec f", "func main() { x := 1; _ = x }", "%test\nfunc TestX(t *testing.T) { _ = x }", "x:\n\tfor {\n\t\tbreak x\n\t}", "type x struct{ v int }\n%%\n_ = x{v: 1}",
		"%%\nx, err := p.F(r)\nerr = p.G(r, &x)\ndefer func() { recover() }()\nselect {}", "import \"fmt\"\nfmt.Println(x, max(1, 2), path.Join(s))",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		c := cell.Parse(code)
		if c.Err != nil || c.Script != nil {
			return
		}
		m := &Memory{dir: t.TempDir()}
		m.clear()
		for _, k := range []*kept{
			{name: "x", typ: "int", file: 1, count: 1},
			{name: "s", typ: `map[string]*"a/b".T`, dynamic: []string{`[]"c/d".U`, "int"}, file: 2, zoned: true},
			{name: "r", short: "func()", rerun: []string{"r := func() int { return x }"}, needs: []string{"x"}, why: "it is"},
			{name: "path", typ: "[]string", file: 3},
			{name: "max", typ: "int", file: 4},
			{name: "v", typ: "int", file: 5, global: true},
		} {
			m.names[k.name] = k
		}
		m.declare(cell.Parse("var v int\n\nfunc f() int { return v }\n"))
		m.names["v"] = &kept{name: "v", typ: "int", file: 5, global: true}
		s, err := m.Prepare(c)
		if err != nil {
			return
		}
		p := c.Compose(cell.Plan{Imports: s.Imports, Declare: s.Declare, Before: s.Before, After: s.After})
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+goCode(p.Code), 0); err != nil {
			t.Fatalf("%v in\n%s", err, p.Code)
		}
		if s.body == nil {
			return
		}
		for _, d := range c.Defined() {
			texts, _, _ := s.body.statements(d.Name, nil)
			for _, text := range texts {
				if parse("func _() {\n"+text+"\n_ = "+d.Name+"\n}") == nil {
					t.Errorf("%q is no statement", text)
				}
			}
		}
		m.Commit(s, c)
		m.Replay()
		m.Table()
	})
}
