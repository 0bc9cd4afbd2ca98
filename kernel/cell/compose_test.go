package cell

import (
	"bytes"
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// words lists the Go tokens of a text, without automatic semicolons.
func words(code string) []string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", 1, len(code)), []byte(code), nil, 0)
	var out []string
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return out
		case tok == token.SEMICOLON:
		case lit != "":
			out = append(out, strings.ReplaceAll(lit, "\r", ""))
		default:
			out = append(out, tok.String())
		}
	}
}

// missing returns a token of the source that the composed text has not as often, or "".
func missing(c *Cell, code string) string {
	count := map[string]int{}
	for _, w := range words(code) {
		count[w]++
	}
	renames := map[string]int{"main": 1} // a main becomes Main
	for _, w := range words(string(c.mask)) {
		if w == "import" || w == "type" || w == "var" || w == "(" || w == ")" {
			continue // groups are taken apart
		}
		if strings.HasPrefix(w, "`") && strings.Contains(w, "\n") {
			continue // may be taken apart
		}
		if count[w]--; count[w] < 0 {
			if w == "init" || renames[w] > 0 {
				renames[w]--
				continue
			}
			return w
		}
	}
	return ""
}

func TestNoTokenIsLost(t *testing.T) {
	for _, code := range all(t) {
		c := Parse(code)
		if c.Err != nil || c.Script != nil {
			continue
		}
		p := c.Compose(Plan{Specials: true})
		if w := missing(c, goLines(p.Code)); w != "" {
			t.Errorf("%q is lost: %q becomes\n%s", w, code, p.Code)
		}
	}
}

func TestGonbTakesComposedCells(t *testing.T) {
	plan := Plan{
		Specials: true, Before: []string{"a_ := 1", "_ = a_"}, Result: "show", Sync: "sync()",
		Imports: []Import{{"fmt", ""}}, Declare: []string{"type ugT struct{}"},
		After: func(n []string) []string { return []string{"put(\n" + strings.Join(append(n, "1"), ", ") + ")"} },
	}
	all := all(t)
	for _, p := range []Plan{{}, plan} {
		var one gonb // remembers from cell to cell
		for i := range all {
			// Twice with lines before, so that functions of high lines lie before those of low ones.
			for _, code := range []string{strings.Repeat("\n", 50*(len(all)-i)%701) + all[i], all[i]} {
				c := Parse(code)
				if c.Err != nil {
					t.Errorf("%v in %q", c.Err, code)
					continue
				}
				text := c.Compose(p).Code
				if text == "" {
					continue
				}
				if _, err := new(gonb).run(text); err != nil {
					t.Errorf("alone: %v\n%q", err, code)
				}
				if _, err := one.run(text); err != nil {
					t.Fatalf("after others: %v\n%q", err, code)
				}
			}
		}
	}
}

func TestReplayKeepsPositions(t *testing.T) {
	first := Parse(strings.Repeat("\n", 399) + "// f says something.\nfunc f() {\n\tundefinedName()\n}\ntype T struct{}\nfunc (T) M() {}\nvar v = 1\n")
	var text []string
	for _, d := range first.Declared() {
		text = append(text, d.Text())
	}
	second := Parse(strings.Join(text, "\n\n"))
	if second.Err != nil {
		t.Fatal(second.Err)
	}
	p := second.Compose(Plan{})
	for _, want := range []string{"// f says something.\n//line /cell/" + first.ID + ":401:1\nfunc f() {", "//line /cell/" + first.ID + ":405:1\nfunc (T) M() {}"} {
		if !strings.Contains(p.Code, want) {
			t.Errorf("%q is missing in\n%s", want, p.Code)
		}
	}
	if strings.Contains(p.Code, "//line /cell/"+second.ID) {
		t.Error("positions of the second cell in\n", p.Code)
	}
	for _, code := range []string{p.Code, Parse(text[0] + "\n\n" + strings.Repeat("// long\n", 30) + "func g() {}").Compose(Plan{}).Code} {
		if _, err := new(gonb).run(code); err != nil {
			t.Error(err)
		}
	}
	for i, d := range second.Declared() {
		if got, want := d.Source, first.Declared()[i].Source; got != want {
			t.Errorf("the source %q has become %q", want, got)
		}
	}
}

func TestComposeText(t *testing.T) {
	c := Parse("import \"fmt\"\n\n// f is f.\nfunc f() int { return 1 }\n\nx := f()\nif x > 1 {\n\tx := 2\n\t_ = x; return\n}\ny := 1\nfor y > 3 { return }\nfmt.Sprint(x, y) // both\n")
	p := c.Compose(Plan{
		ID: "ab12", Imports: []Import{{"a/keep", "ugkeep"}}, Declare: []string{"var z int"},
		Before: []string{"w := 1", "_ = w"}, Result: "ugshow.Result",
		After: func(n []string) []string { return []string{"put(" + strings.Join(n, ", ") + ")"} },
	})
	want := `import ugkeep "a/keep"
import "fmt"
var z int
func main() { flag.Parse(); ugCell() }

// f is f.
//line /cell/ab12:4:1
func f() int { return 1 }

//line /cell/ug:1:1
func ugCell() {
w := 1
_ = w
{
//line /cell/ab12:6:1
x := f()
if x > 1 {
	x := 2
	_ = x; {
/*line /cell/ug:1:1*/put()
/*line /cell/ab12:9:9*/return}
}
y := 1
for y > 3 { {
/*line /cell/ug:1:1*/put(x, y)
/*line /cell/ab12:12:13*/return} }
ugshow.Result(/*line /cell/ab12:13:1*/fmt.Sprint(x, y))
//line /cell/ug:1:1
put(x, y)
}
}
`
	if got := strings.TrimRight(p.Code, "\n") + "\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !p.Wrapped {
		t.Error("the last expression is not wrapped")
	}
	var lines []int
	for i := range strings.Count(want, "\n") {
		n, _ := p.Line(i + 1)
		lines = append(lines, n)
	}
	if want := []int{0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 6, 7, 8, 9, 0, 9, 10, 11, 12, 0, 12, 13}; !slices.Equal(lines[:len(want)], want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
	for _, n := range []int{-1, 0, len(p.lines) + 1} {
		if _, ok := p.Line(n); ok {
			t.Errorf("Line(%d) is known", n)
		}
	}
}

func TestComposeParts(t *testing.T) {
	after := func(n []string) []string { return []string{"put(" + strings.Join(n, ",") + ")"} }
	for _, r := range []struct {
		name, code string
		plan       Plan
		has, lacks []string
	}{
		{"specials", "%cd /tmp\n!*ls \\\n -l\n%% -n \"a b\"\nf()\n%autoget\n", Plan{Specials: true},
			[]string{"%cd /tmp\n!*ls   -l\n%args -n \"a b\"\n%autoget\n"}, []string{"%%"}},
		{"no specials", "%cd /tmp\n%main -n 3\nf()", Plan{}, []string{"%args -n 3\n"}, []string{"%cd"}},
		{"rewritten", "!ls\n%cd x\nf()", Plan{Rewrite: func(s Special) string {
			if s.Shell {
				return "!exec run 7"
			}
			return ""
		}}, []string{"!exec run 7\n"}, []string{"%cd", "ls"}},
		{"magics alone", "%cd x", Plan{Specials: true}, []string{"%cd x\n"}, []string{"main"}},
		{"nothing", "// x", Plan{}, nil, []string{"main"}},
		{"only after", "// x", Plan{After: after}, []string{"func ugCell() {\n{\n//line /cell/ug:1:1\nput()"}, nil},
		{"declarations replace the body", "var x = 1", Plan{}, []string{"var x = 1\n", "func ugCell() {\n{\n", "flag.Parse()"}, nil},
		{"exec", "%exec f -a 1\nfunc f() {}", Plan{ID: "c"}, []string{"%args -a 1\n", "//line /cell/c:1:1\nf()\n"}, []string{"%exec"}},
		{"own main", "func main() { main() }", Plan{ID: "c", After: after, Before: []string{"b"}},
			[]string{"func main() { ugCell() }\n", "func ugCell/*line /cell/c:1:10*/() { main() }"}, []string{"put", "flag"}},
		{"own flag", "var flag = 1\nf()", Plan{}, []string{"main() { ugCell() }"}, []string{"Parse"}},
		{"void", "f()", Plan{Result: "show", Void: []string{"f"}}, []string{"\nf()\n"}, []string{"show"}},
		{"not void", "f()", Plan{Result: "show", Void: []string{"g"}}, []string{"show("}, nil},
		{"semicolon", "x;", Plan{Result: "show", ID: "c"}, []string{"_ = /*line /cell/c:1:1*/x;"}, []string{"show"}},
		{"no result wanted", "x", Plan{ID: "c"}, []string{"_ = /*line /cell/c:1:1*/x"}, nil},
		{"sync", "gonbui.DisplayHtml(x)\nif a { _ = gonbui.UpdateHtml(x) }\ngonbui.IsNotebook()", Plan{Sync: "sync()"},
			[]string{"DisplayHtml(x); sync()\n", "UpdateHtml(x); sync() }", "IsNotebook()\n"}, []string{"IsNotebook();"}},
		{"return last", "x := 1\nreturn", Plan{After: after}, []string{"put(x)\n/*line"}, []string{"put(x)\n}\n}"}},
		{"returns of literals", "f := func() { return }", Plan{After: after}, []string{"{ return }\n"}, nil},
		{"no After", "return", Plan{After: func([]string) []string { return nil }}, []string{"\nreturn\n"}, nil},
		{"user's directives", "//line x.go:3\n/*line y:1:1*/f()\n// f\n//line z.go:9\nfunc f() {}", Plan{},
			[]string{"// line x.go:3\n/* line y:1:1*/f()", "// f\n// line z.go:9\n//line"}, nil},
		{"two inits", "func init() { init := 1; _ = init }\nfunc init() {}\nfunc init() {}", Plan{},
			[]string{"func init() { init := 1", "func init_2() {}", "func init_3() {}"}, nil},
		{"crlf", "x := `a\r\nb`\r\nf(x)\r\n", Plan{}, []string{"x := `a\nb`\nf(x)\n"}, []string{"\r"}},
		{"byte order mark", "\ufefff()", Plan{}, []string{"\nf()\n"}, []string{"\ufeff"}},
		{"percent in a raw string", "f(`\n%d`[1:])\n", Plan{}, []string{"f((`\n`+\"%\"+`d`)[1:])"}, nil},
		{"package at the margin", "packages := 1\nf(packages)", Plan{}, []string{"\n packages := 1\n"}, nil},
		{"variables without a name", "var _ I = T{}\nvar _, a = 1, 2\nx()", Plan{ID: "c", Before: []string{"b()"}},
			[]string{"var _, a = 1, 2\nfunc main", "b()\n{\n//line /cell/c:1:1\nvar _ I = T{}\n//line /cell/c:3:1\nx()"}, []string{"var _ I = T{}\nvar"}},
		{"variables without a name and main", "func main() { x() }\nvar (\n\t_ = f()\n)", Plan{ID: "c"},
			[]string{"() {\n//line /cell/c:3:1\nvar _ = f()\n/*line /cell/c:1:14*/ x() }"}, nil},
		{"comments go with functions", "x()\n// f\nfunc f() {}\ny()", Plan{}, []string{"// f\n//line"}, []string{"x()\n// f"}},
		{"blank cell", "\n\n", Plan{Before: []string{"b()"}}, []string{"b()"}, nil},
	} {
		c := Parse(r.code)
		if c.Err != nil {
			t.Errorf("%s: %v", r.name, c.Err)
			continue
		}
		got := c.Compose(r.plan).Code
		for _, s := range r.has {
			if !strings.Contains(got, s) {
				t.Errorf("%s: %q is missing in\n%s", r.name, s, got)
			}
		}
		for _, s := range r.lacks {
			if strings.Contains(got, s) {
				t.Errorf("%s: %q is in\n%s", r.name, s, got)
			}
		}
	}
}

func TestNothingIsComposedOfBadCellsAndScripts(t *testing.T) {
	for _, code := range []string{"x := (", "%%\n%%", "%%bash\nls"} {
		if got := Parse(code).Compose(Plan{Specials: true, Before: []string{"x"}}); got.Code != "" {
			t.Errorf("%q becomes %q", code, got.Code)
		}
	}
}

func TestCompilerNamesTheUsersLines(t *testing.T) {
	code := "import \"fmt\"\n\n// f adds.\nfunc f(n int) int {\n\treturn n + undefinedOne\n}\n\nfmt.Println(1)\nvar s string = 3; fmt.Println(s)\n" +
		"if true {\n\tundefinedTwo()\n\treturn\n}\ntype P struct{}\nfunc (P) M() int {\n}\nfmt.Sprint(undefinedThree,\n\tundefinedFour)\n"
	var g gonb
	c := Parse(code)
	p := c.Compose(Plan{Result: "show", Before: []string{"a := 1"}, Declare: []string{"func show(...any) {}"},
		After: func([]string) []string { return []string{"undefinedGlue()"} }})
	mainGo, err := g.run(p.Code)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	mainGo = strings.Replace(mainGo, "package main\n", "package main\nimport (\"flag\"; \"fmt\")\n", 1)
	for name, text := range map[string]string{"main.go": mainGo, "go.mod": "module cell\n\ngo 1.24\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-gcflags=-e", "-o", os.DevNull, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("it compiles")
	}
	at := "/cell/" + c.ID
	for _, want := range []string{at + ":5:13: undefined: undefinedOne", at + ":9:16: cannot use 3", at + ":11:2: undefined: undefinedTwo",
		at + ":16:1: missing return", at + ":17:12: undefined: undefinedThree", at + ":18:2: undefined: undefinedFour",
		"/cell/ug:1:1: undefined: undefinedGlue", "/cell/ug:2:1: declared and not used: a"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}
