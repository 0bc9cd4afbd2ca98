package gopls

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"unicode/utf8"

	"urbangraph/kernel/cell"
)

// shadow composes the project of a cell.
func shadow(nb Notebook, code string) *project {
	l := newLibrary("", "", nil, func() (string, error) { return "", nil })
	return compose(nb, cell.Parse(code).Outline(), &importer{lib: l})
}

func TestCompose(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       string // in this order in the cell's file, separated by " ~ "
		not        string // in neither file
	}{
		{"statements", "x := 1\nprintln(x)", "package main ~ import \"fmt\" ~ import h \"house/rooms\" ~ func main() { ~ x := 1 ~ println(x) ~ }", ""},
		{"declarations and statements", "import \"os\"\nfunc f() {}\nos.Exit(1)", "import \"os\" ~ func f() {} ~ func main() { ~ os.Exit(1)", ""},
		{"marked", "var a = 1\n%%\nvar b = 2", "var a = 1 ~ func main() { ~ var b = 2", "%%"},
		{"magics", "%time\n!ls\nx := 1", "func main() { ~ x := 1", "ls"},
		{"own main", "func main() { println() }", "func main() { println() }", "func main() {\n\n"},
		{"function between statements", "x := 1\nfunc f() {}\ny := 2", "func f() {} ~ func main() { ~ x := 1 ~ y := 2", ""},
		{"open bracket", "fmt.Println(strings.", "fmt.Println(strings. ~ ) ~ }", ""},
		{"open function", "func f() { fmt.", "func f() { fmt. ~ } ~ func main() {", ""},
		{"redeclared function", "func helper() {}", "func helper() {}", "names ...string"},
		{"redeclared method", "func (p *Point) Norm() float64 { return 1 }", "return 1", "return p.X"},
		{"redeclared variable", "var points []int\n%%\nprintln(points)", "var points []int", "points []Point"},
		{"import under another name", "import fmt \"house/rooms\"\nfmt.New(\"\")", "import fmt \"house/rooms\"", ""},
		{"empty", "", "func main() {", ""},
		{"only a comment", "// hello", "// hello", ""},
		{"two marks", "%%\nx := 1\n%%\ny := 2", "func main() { ~ x := 1", ""},
		{"bracket too many", "x := 1)\ny := 2", "func main()", ""},
	} {
		p := shadow(notebook, c.code)
		rest := p.text
		for _, w := range strings.Split(c.want, " ~ ") {
			i := strings.Index(rest, w)
			if i < 0 {
				t.Errorf("%s: %q is missing or out of order in\n%s", c.name, w, p.text)
				break
			}
			rest = rest[i+len(w):]
		}
		if c.not != "" && (strings.Contains(p.text, c.not) || strings.Contains(p.notebook, c.not)) {
			t.Errorf("%s: %q should not be in\n%s\n%s", c.name, c.not, p.text, p.notebook)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "", p.notebook, 0); err != nil {
			t.Errorf("%s: the notebook does not parse: %v\n%s", c.name, err, p.notebook)
		}
	}
	n := shadow(notebook, "").notebook
	for _, w := range []string{"type Point struct", "func helper(", "var limit = 3", "var points []Point", "var byName map[string]*rooms.Room", "import rooms \"house/rooms\"", "import h \"house/rooms\""} {
		if !strings.Contains(n, w) {
			t.Errorf("%q is missing in\n%s", w, n)
		}
	}
}

// TestTypesReadWell checks that types of variables name packages as users do where that is possible.
func TestTypesReadWell(t *testing.T) {
	nb := book{declared: "import \"fmt\"\nimport other \"house/other\"\nvar plot = 1", vars: []KeptVariable{
		{Name: "a", Type: "map[ug_rooms_12.Room][]*ug_rooms_12.Size", Imports: map[string]string{"ug_rooms_12": "house/rooms"}},
		{Name: "b", Type: "ug_other_3.T", Imports: map[string]string{"ug_other_3": "elsewhere/other"}},
		{Name: "c", Type: "struct{ ug_fmt_1 ug_fmt_1.Stringer }", Imports: map[string]string{"ug_fmt_1": "fmt"}},
	}}
	got := shadow(nb, "").notebook
	for _, w := range []string{"var a map[rooms.Room][]*rooms.Size\n", "import rooms \"house/rooms\"\n", "var b ug_other_3.T\n", "import ug_other_3 \"elsewhere/other\"\n", "var c struct{ ug_fmt_1 fmt.Stringer }\n"} {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in\n%s", w, got)
		}
	}
	if nb.vars[0].Type[4:6] != "ug" {
		t.Error("the notebook was changed")
	}
}

// mapped checks that what is mapped to the cell's file is the same text there, and is mapped back.
func mapped(t *testing.T, code string) {
	t.Helper()
	parsed := cell.Parse(code)
	if parsed.Script != nil {
		return
	}
	o := parsed.Outline()
	p := shadow(notebook, code)
	for _, s := range p.segments {
		if s.from < 0 || s.to < s.from || s.to > len(o.Masked) || s.at < 0 || s.at+s.to-s.from > len(p.text) {
			t.Fatalf("segment %+v of %q does not fit", s, code)
		}
		if got, want := p.text[s.at:s.at+s.to-s.from], o.Masked[s.from:s.to]; got != want {
			t.Fatalf("segment %+v of %q holds %q, want %q", s, code, got, want)
		}
	}
	for i := 0; i <= len(o.Masked); i++ {
		at := p.toFile(i)
		if at < 0 || at > len(p.text) {
			t.Fatalf("%q: offset %d becomes %d of %d", code, i, at, len(p.text))
		}
		if back, ok := p.toCell(at); ok && back != i && p.toFile(back) != at {
			t.Fatalf("%q: offset %d becomes %d and that %d", code, i, at, back)
		}
		if i < len(o.Masked) && strings.TrimSpace(o.Masked[i:i+1]) != "" && p.text[at] != o.Masked[i] {
			t.Fatalf("%q: offset %d is %q and becomes %q", code, i, o.Masked[i], p.text[at])
		}
	}
}

var cells = []string{
	"", "x := 1", "import \"fmt\"\nfmt.Println(\"ä😀\")", "func f() {\n%%\nx", "%%\nvar x int", "!ls\nx := `\n%no\n`\n%%\n",
	"type T struct{ a int }\nfunc (t T) m() {}\n\nt := T{}\nfunc g() {}\nt.m()", "/* open", "x := \"open", "x := `open", "}}}", "\ufeffx := 1",
	"package main\nimport (\n\"os\"\n)\nos.", "a;b;func c(){};d", "%%\n%%\n", "x := 1 // end\n\n\n// more\nfunc f() {} // f\n", "fmt.Println(\r\n1)\r\n",
	"x := 1\n//gonb:%time\ny := 2",
}

func TestComposeMaps(t *testing.T) {
	for _, c := range cells {
		mapped(t, c)
	}
}

// FuzzCompose checks the mapping of offsets and all that our own completer makes of any cell.
func FuzzCompose(f *testing.F) {
	for _, c := range cells {
		f.Add(c, len(c)/2)
	}
	l := newLibrary("", "", nil, func() (string, error) { return "", nil })
	f.Fuzz(func(t *testing.T, code string, offset int) {
		mapped(t, code)
		c := locate(code, offset)
		if c.offset < 0 || c.offset > len(c.code) || c.from < 0 || c.from > c.offset {
			t.Fatalf("%q: the cursor is at %d, from %d", code, c.offset, c.from)
		}
		o := Options{Magics: []MagicHelp{{"%time", ""}}}
		switch c.place {
		case inMagic:
			o.completeMagic(c)
		case inShell:
			completePath(c, "/nowhere")
		case inCode:
			p := compose(notebook, c.outline, &importer{lib: l})
			newOwn(l, p, p.toFile(c.offset)).complete("x")
			newOwn(l, p, p.toFile(c.offset)).explain(true)
			calledAt(c.outline.Masked, c.offset)
		}
		o.inspectMagic(c)
	})
}

func TestPositions(t *testing.T) {
	text := "ab\nä😀c\n\r\nlast"
	for offset := range len(text) + 1 {
		if clamp(text, offset) != offset {
			continue
		}
		if got := offsetOf(text, positionOf(text, offset)); got != offset {
			t.Errorf("offset %d is %+v and that %d", offset, positionOf(text, offset), got)
		}
	}
	if got := positionOf(text, strings.Index(text, "c")); got != (position{1, 3}) {
		t.Errorf("c is at %+v", got)
	}
	for _, p := range []position{{9, 0}, {0, 99}, {1, 99}} {
		if got := offsetOf(text, p); got < 0 || got > len(text) {
			t.Errorf("%+v is %d", p, got)
		}
	}
	for _, path := range []string{"/a b/c#d/ä.go", "/tmp/x%y"} {
		if got := filePath(fileURI(path)); got != path {
			t.Errorf("%s came back as %s", path, got)
		}
	}
}

// toCell is where an offset of cellFile is in the cell; it reports false outside of it.
func (p *project) toCell(offset int) (int, bool) {
	for _, s := range p.segments {
		if d := offset - s.at; d >= 0 && d <= s.to-s.from {
			return s.from + d, true
		}
	}
	return 0, false
}

// offsetOf is the byte offset of a position in text, or of the nearest one that exists.
func offsetOf(text string, p position) int {
	at := 0
	for range p.Line {
		i := strings.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	for units := 0; units < p.Character && at < len(text) && text[at] != '\n'; {
		r, n := utf8.DecodeRuneInString(text[at:])
		at += n
		units++
		if r > 0xFFFF {
			units++
		}
	}
	return at
}
