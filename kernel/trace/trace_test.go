package trace_test

import (
	"strings"
	"testing"

	"urbangraph/kernel/trace"
)

// book is a notebook of two cells: 7, with id abc, and 9, which GoNB knows as 4 and got with a line more.
type book struct{}

var seven = strings.Split("x := 1\n\tfoo(ü, y)\npanic(x)", "\n")

func (book) ByID(id string, line int) (trace.Place, bool) {
	if id != "abc" || line < 1 || line > len(seven) {
		return trace.Place{}, false
	}
	return trace.Place{ID: id, Count: 7, Line: line, Source: seven[line-1]}, true
}

func (book) ByCount(gonb, line int) (trace.Place, bool) {
	return trace.Place{ID: "def", Count: 9, Line: line - 1, Source: "type T struct{"}, gonb == 4
}

func TestCompile(t *testing.T) {
	for _, c := range []struct {
		name, output string
		annotations  []string
		value, want  string
		places       int
	}{
		{"in a cell", "# cell\n/cell/abc:2:6: undefined: ü\n", nil,
			"Cell[7]: Line 2: undefined: ü",
			"Cell[7]: Line 2: undefined: ü\n    \tfoo(ü, y)\n    \t    ^", 1},
		{"two errors, and a relative file name", "./cell/abc:2:6: undefined: ü\n../x/cell/abc:1:1: declared and not used: x", nil,
			"Cell[7]: Line 2: undefined: ü",
			"Cell[7]: Line 2: undefined: ü\n    \tfoo(ü, y)\n    \t    ^\nCell[7]: Line 1: declared and not used: x\n    x := 1\n    ^", 2},
		{"by GoNB's annotation", "# gonb_12\n./main.go:5:6: T redeclared", []string{"# gonb_12", "Cell[4]: Line 3\ncontext"},
			"Cell[9]: Line 2: T redeclared", "Cell[9]: Line 2: T redeclared\n    type T struct{", 1},
		{"unknown places", "./main.go:5:6: T redeclared\n/cell/zzz:1:1: bad\n\tother declaration", nil,
			"T redeclared", "T redeclared\nbad\nother declaration", 0},
		{"nothing", "", nil, "the cell does not compile", "the cell does not compile", 0},
	} {
		e := trace.Compile(c.output, c.annotations, book{})
		if e.Name != "CompileError" || e.Value != c.value || strings.Join(e.Traceback, "\n") != c.want || len(e.Places) != c.places {
			t.Errorf("%s: %q %q %q %v", c.name, e.Name, e.Value, strings.Join(e.Traceback, "\n"), e.Places)
		}
	}
}

func TestPanic(t *testing.T) {
	for _, c := range []struct{ name, text, kind, value, want string }{
		{"panic", "panic: boom\n\ngoroutine 1 [running]:\nmain.ugCell(...)\n\t/cell/abc:3 +0x1d\nmain.main()\n\t/cell/ug:5 +0x53\nexit status 2\n", "Panic", "boom",
			"panic: boom\n\ngoroutine 1 [running]:\nmain.ugCell(...)\n\tCell[7]: Line 3    panic(x)"},
		{"other files stay", "panic: boom\n\tmain.go:3 +0x1d\n\t/cell/zzz:3 +0x1d", "Panic", "boom", "panic: boom\n\tmain.go:3 +0x1d\n\t/cell/zzz:3 +0x1d"},
		{"fatal", "fatal error: all goroutines are asleep - deadlock!\n", "FatalError", "all goroutines are asleep - deadlock!", "fatal error: all goroutines are asleep - deadlock!"},
	} {
		e := trace.Panic(c.text, book{})
		if e.Name != c.kind || e.Value != c.value || strings.Join(e.Traceback, "\n") != c.want {
			t.Errorf("%s: %q %q %q", c.name, e.Name, e.Value, strings.Join(e.Traceback, "\n"))
		}
	}
	long := trace.Panic("fatal error: x\n"+strings.Repeat("goroutine 5 [running]:\nmain.f()\n\tx.go:1\n\n", 1000), book{})
	if n := len(long.Traceback); n > 500 || !strings.Contains(long.Traceback[n-1], "more goroutines") {
		t.Errorf("%d lines, the last is %q", n, long.Traceback[n-1])
	}
}

func TestKinds(t *testing.T) {
	for text, want := range map[string]bool{"exit status 2\n": true, "^C\nsignal: interrupt\n": true, "signal: killed": true, "oops\nexit status 2": false, "": true} {
		if trace.IsExit(text) != want {
			t.Errorf("IsExit(%q) is %v", text, !want)
		}
	}
	for text, want := range map[string]bool{"./main.go:3:4: bad": true, "/cell/a1:3:4: bad": true, "exit status 2": false, "# cell\nlink: x": true, "`%cd` failed": false} {
		if trace.IsCompile(text) != want {
			t.Errorf("IsCompile(%q) is %v", text, !want)
		}
	}
}

// FuzzErrors feeds both readers any text: neither may fail, and both always say something.
func FuzzErrors(f *testing.F) {
	f.Add("/cell/abc:2:6: undefined: ü", "Cell[4]: Line 3")
	f.Add("panic: x\n\t/cell/abc:99999999999999999999 +0x1", "")
	f.Fuzz(func(t *testing.T, text, annotation string) {
		if e := trace.Compile(text, []string{annotation}, book{}); e.Value == "" || len(e.Traceback) == 0 {
			t.Errorf("%+v", e)
		}
		if e := trace.Panic(text, book{}); len(e.Traceback) == 0 && text != "exit status 2" && !trace.IsExit(text) {
			t.Errorf("%+v", e)
		}
		trace.IsCompile(text)
	})
}
