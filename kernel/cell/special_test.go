package cell

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSpecials(t *testing.T) {
	for _, r := range []struct {
		code string
		want []Special
	}{
		{"%cd /tmp", []Special{{Line: 1, Last: 1, Name: "cd", Args: []string{"/tmp"}, Text: "cd /tmp"}}},
		{"x := 1\n% \tenv  A \"b c\"\\", []Special{{Line: 2, Last: 2, Name: "env", Args: []string{"A", "b c"}, Text: "env  A \"b c\" "}}},
		{"!ls -l", []Special{{Line: 1, Last: 1, Shell: true, Text: "ls -l"}}},
		{"!*go mod tidy", []Special{{Line: 1, Last: 1, Shell: true, InTemp: true, Text: "go mod tidy"}}},
		{"! *ls", []Special{{Line: 1, Last: 1, Shell: true, InTemp: true, Text: "ls"}}},
		{"!a \\\n\tb \\\n//gonb:c\nf()", []Special{{Line: 1, Last: 3, Shell: true, Text: "a  \tb  c"}}},
		{"//gonb:%ls\n//gonb:!pwd", []Special{{Line: 1, Last: 1, Name: "ls", Args: []string{}, Text: "ls"}, {Line: 2, Last: 2, Shell: true, Text: "pwd"}}},
		{"%ls\r\n!pwd\r\n", []Special{{Line: 1, Last: 1, Name: "ls", Args: []string{}, Text: "ls"}, {Line: 2, Last: 2, Shell: true, Text: "pwd"}}},
		{"\ufeff%ls", []Special{{Line: 1, Last: 1, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"%%\n%time", []Special{{Line: 2, Last: 2, Name: "time", Args: []string{}, Text: "time"}}},
		{" %ls", nil},
		{"x := `\n%ls\n`\n/*\n!ls\n*/", nil},
		{"x := \"`\"\n%ls", []Special{{Line: 2, Last: 2, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"x := '`'\n%ls", []Special{{Line: 2, Last: 2, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"// `\n%ls", []Special{{Line: 2, Last: 2, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"x := `a` + `b\n`\n%ls", []Special{{Line: 3, Last: 3, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"x := 1 /* ` */ /*\n*/ // /*\n%ls", []Special{{Line: 3, Last: 3, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"x := a /* c */* b\n%ls", []Special{{Line: 2, Last: 2, Name: "ls", Args: []string{}, Text: "ls"}}},
		{"!echo `\n%ls", []Special{{Line: 1, Last: 1, Shell: true, Text: "echo `"}, {Line: 2, Last: 2, Name: "ls", Args: []string{}, Text: "ls"}}},
	} {
		if got := Parse(r.code).Specials; !slices.EqualFunc(got, r.want, func(a, b Special) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("%q: %+v, want %+v", r.code, got, r.want)
		}
	}
}

func TestBody(t *testing.T) {
	for _, r := range []struct {
		code, args, exec string
		explicit         bool
	}{
		{"f()", "", "", false},
		{"%%\nf()", "", "", true},
		{"%% -a \"b c\" \r\nf()", "-a \"b c\"", "", true},
		{"%main\tx \\\n y\nf()", "x   y", "", true},
		{"//gonb:%%\nf()", "", "", true},
		{"% main a\nf()", "a", "", true},
		{"%exec f -a 1\n", "-a 1", "f", true},
	} {
		c := Parse(r.code)
		if c.Err != nil || c.MainArgs != r.args || c.Exec != r.exec || c.Explicit != r.explicit || len(c.Specials) > 0 {
			t.Errorf("%q: %v, arguments %q, exec %q, explicit %v, specials %v", r.code, c.Err, c.MainArgs, c.Exec, c.Explicit, c.Specials)
		}
	}
}

func TestScripts(t *testing.T) {
	for _, r := range []struct {
		code  string
		want  *Script
		known bool
	}{
		{"%%bash\nls\n", &Script{"bash", nil, "%%bash", "ls\n"}, true},
		{"\n \n%%sh\r\nls\r\n", &Script{"sh", nil, "%%sh", "ls\n"}, true},
		{"%%script python3 -c \"a b\"\nx", &Script{"script", []string{"python3", "-c", "a b"}, "%%script python3 -c \"a b\"", "x"}, true},
		{"//gonb:%%writefile -a f\nx", &Script{"writefile", []string{"-a", "f"}, "%%writefile -a f", "x"}, true},
		{"%%html\n<b>", &Script{"html", nil, "%%html", "<b>"}, false},
		{"%%bash", &Script{"bash", nil, "%%bash", ""}, true},
		{"%%", nil, false},
		{"%% bash", nil, false},
		{"%%\tbash", nil, false},
		{"%main", nil, false},
	} {
		c := Parse(r.code)
		if c.Err != nil || (c.Script == nil) != (r.want == nil) {
			t.Errorf("%q: %v, %+v", r.code, c.Err, c.Script)
			continue
		}
		if r.want == nil {
			continue
		}
		if r.want.Args == nil {
			r.want.Args = []string{}
		}
		if !reflect.DeepEqual(c.Script, r.want) || c.Script.Known() != r.known || c.HasGo() {
			t.Errorf("%q: %+v, want %+v", r.code, c.Script, r.want)
		}
	}
}

func TestErrorsOfMagics(t *testing.T) {
	for _, r := range []struct {
		code string
		line int
		says string
	}{
		{"%%\n%%\nf()", 2, "second time"},
		{"%main\nf()\n%%", 3, "after line 1"},
		{"%exec f\n%%", 2, "second time"},
		{"x := 1\n% ", 2, "name of a magic is missing"},
		{"! ", 1, "shell command is missing"},
		{"!\t", 1, "shell command is missing"},
		{"!*", 1, "shell command is missing"},
		{"!\\", 1, "shell command is missing"},
		{"%\t", 1, "name of a magic is missing"},
		{"%\\", 1, "name of a magic is missing"},
		{"%\"\"", 1, "name of a magic is missing"},
		{"%", 1, "stands alone"},
		{"!", 1, "stands alone"},
		{"f()\n%%bash\nls", 2, "first line of a cell"},
		{"f()\n%%foo", 2, "no magic of a line"},
		{"%mainly", 1, "no magic %mainly"},
		{"%execute f", 1, "no magic %execute"},
		{"%exec", 1, "names no function"},
		{"%exec 3", 1, "names no function"},
		{"%exec f\nfunc f() {}\nf()", 3, "%exec f in line 1"},
		{"%%bash -x\nls", 1, "%%script bash -x"},
		{"%%script\nls", 1, "names no program"},
		{"%%writefile\nx", 1, "name of one file"},
		{"%%writefile -b f\nx", 1, "name of one file"},
		{"x := 1\n%%\ny()", 1, "stands above the body, which begins in line 2"},
		{"func f() {\n%%\n}", 2, "inside what begins in line 1"},
		{"%test\nfunc TestA(t *testing.T) {}\nf()", 3, "would never run"},
		{"func main() {}\n%%\nf()", 1, "remove one of them"},
		{"func main() {}\nf()", 2, "beside func main in line 1"},
		{"func main() {}\nfunc main() {}", 2, "declared twice"},
		{"func f() {}\nx()\nfunc f() {}", 3, "declared twice, first in line 1"},
		{"func (a A[T]) M() {}\nfunc (b B[T]) M() {}", 2, "pointer receiver"},
		{"type T struct {\n\tA int `json:\"a\"\n%`\n}", 3, "tag in one line"},
	} {
		c := Parse(r.code)
		e, ok := c.Err.(*Error)
		if !ok || e.Line != r.line || !strings.Contains(e.Error(), r.says) || e.Syntax {
			t.Errorf("%q: %v, want line %d with %q", r.code, c.Err, r.line, r.says)
		}
	}
}

func TestErrorsOfSyntax(t *testing.T) {
	for _, r := range []struct {
		code         string
		line, column int
		says         string
		more         int
	}{
		{"x := (", 1, 7, "the end of the cell", 0},
		{"f(\n\n\n", 1, 3, "the end of the cell", 0},
		{"import \"fmt\"\n\nx = = 3", 3, 5, "expected operand", 0},
		{"func f( {\n}\nx()", 1, 9, "", 2},
		{"f()\n}", 2, 1, "nothing is open", 0},
		{"%cd x\nx := )", 2, 6, "nothing is open", 0},
		{"a b\nc d\ne f", 1, 3, "expected ';'", 0},
		{"x := 1 /* never", 1, 8, "comment not terminated", 0},
		{"/* never", 1, 1, "comment not terminated", 0},
		{"x := `\n%ls", 1, 6, "raw string literal not terminated", 0},
		{"x := \"a", 1, 6, "string literal not terminated", 0},
		{"x := 'ab'", 1, 6, "rune literal", 0},
		{"x := 0b3", 1, 8, "digit", 0},
		{"x := #", 1, 6, "U+0023", 0},
		{"%%\nx := 1\nfunc f() {\n\ty :=\n}", 5, 1, "expected operand", 0},
		{"x := 1\x00", 1, 7, "NUL", 0},
		{"x := \"\xff\"", 1, 7, "UTF-8", 0},
	} {
		c := Parse(r.code)
		e, ok := c.Err.(*Error)
		if !ok || e.Line != r.line || e.Column != r.column || !strings.Contains(e.Message, r.says) || !e.Syntax || len(e.More) != r.more {
			t.Errorf("%q: %+v, want %d:%d %q and %d more", r.code, e, r.line, r.column, r.says, r.more)
		}
	}
}

func TestIDIsStable(t *testing.T) {
	a, b := Parse("x := 1"), Parse("x := 1")
	if a.ID != b.ID || a.ID == Parse("x := 2").ID || len(a.ID) != 16 {
		t.Errorf("ids %q %q %q", a.ID, b.ID, Parse("x := 2").ID)
	}
	if got := Parse("x").ID; got != "2d711642b726b044" {
		t.Errorf("the id of x has become %s: cached cells are lost", got)
	}
}
