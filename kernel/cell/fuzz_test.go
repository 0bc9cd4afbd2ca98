package cell

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// addCells makes the corpus the seeds.
func addCells(f *testing.F) {
	for _, s := range corpus(f) {
		f.Add(s.code)
	}
	for _, code := range []string{"%%\n%%", "% ", "! ", "%\t", "!\\", "%%bash\nls", "%exec f", "\ufeffx\r\ny", "x := `\n%", "`", "/*", "func (", "}{", "L: func f() {}", "package a\npackage", "//line /cell/ab:9:1\nfunc f() {}", "//line /cell/ab:70000:1\nfunc f() {}"} {
		f.Add(code)
	}
}

func FuzzParse(f *testing.F) {
	addCells(f)
	f.Fuzz(func(t *testing.T, code string) {
		c := Parse(code)
		c.Uses()
		c.Assigns()
		c.LocalTypes()
		c.LastExpression()
		for _, p := range c.Outline().Pieces {
			if p.From < 0 || p.To < p.From || p.To > len(code) {
				t.Fatalf("%q: piece %+v", code, p)
			}
		}
		if c.Err != nil {
			if e := c.Err.(*Error); e.Line < 1 || e.Line > 1+strings.Count(code, "\n") || e.Message == "" {
				t.Fatalf("%q: the error %+v", code, e)
			}
			return
		}
		for _, d := range c.Declared() {
			if d.Line < 1 || len(d.Names) == 0 && d.Kind != "import" {
				t.Fatalf("%q: declaration %+v", code, d)
			}
			if _, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+d.Text(), 0); err != nil {
				t.Fatalf("%q: declaration %+v: %v", code, d, err)
			}
		}
		for _, d := range c.Defined() {
			if !slices.Contains(d.Group, d.Name) {
				t.Fatalf("%q: name %+v", code, d)
			}
		}
		if c.Script != nil {
			return
		}
		plain := c.Compose(Plan{}).Code
		if w := missing(c, plain); w != "" && plain != "" {
			t.Fatalf("%q is lost: %q becomes\n%s", w, code, plain)
		}
		for _, p := range []Plan{{Specials: true}, {
			Before: []string{"a := 1"}, Declare: []string{"type ugT int"}, Result: "show", Sync: "sync()",
			After: func(n []string) []string { return []string{"put(" + strings.Join(n, ", ") + ")"} },
		}} {
			text := c.Compose(p).Code
			if text == "" {
				continue
			}
			if _, err := new(gonb).run(text); err != nil {
				t.Fatalf("%q becomes\n%s\n%v", code, text, err)
			}
		}
	})
}

func FuzzMagics(f *testing.F) {
	for _, s := range []string{"%", "%%", "!", "% a", "!*b", "%%bash", "x\\", "`", "/*", "*/", "//gonb:%a", "%exec f", "%main", "f()", "'`'", "\"a", "//", "package x"} {
		f.Add(s, "`\n%c", "!d \\")
	}
	f.Fuzz(func(t *testing.T, a, b, d string) {
		code := a + "\n" + b + "\n" + d
		c := Parse(code)
		last := 0
		for _, s := range c.Specials {
			if s.Line <= last || s.Last < s.Line || s.Last > 1+strings.Count(code, "\n") {
				t.Fatalf("%q: %+v", code, c.Specials)
			}
			last = s.Last
			if s.Shell == (s.Name != "") {
				t.Fatalf("%q: %+v", code, s)
			}
			if strings.TrimSpace(s.String()[1:]) == "" {
				t.Fatalf("%q: %q would end GoNB", code, s.String())
			}
		}
	})
}

func FuzzIsComplete(f *testing.F) {
	addCells(f)
	f.Fuzz(func(t *testing.T, code string) {
		c := Parse(code)
		status, indent := c.IsComplete()
		if status == "complete" && c.Err != nil || strings.Trim(indent, "\t") != "" || indent != "" && status != "incomplete" {
			t.Fatalf("%q is %s with %q; %v", code, status, indent, c.Err)
		}
	})
}
