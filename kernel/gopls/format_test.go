package gopls

import (
	"strings"
	"testing"

	"urbangraph/kernel/cell"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"statements", "x:=1\nif x>0{\nprintln( x )\n}", "x := 1\nif x > 0 {\n\tprintln(x)\n}"},
		{"indented statements", "  x:=1\n  y:=2\n", "x := 1\ny := 2\n"},
		{"declarations", "func f( ){\nreturn}\n\n\n\nvar x=1", "func f() {\n\treturn\n}\n\nvar x = 1"},
		{"imports", "import (\n\"os\"\n\"fmt\"\n)", "import (\n\t\"fmt\"\n\t\"os\"\n)"},
		{"marked", "var a=1\n%%\nb:=2", "var a = 1\n%%\nb := 2"},
		{"marked with arguments", "%main  --x   1\nb:=2", "%main  --x   1\nb := 2"},
		{"magics", "%time\nx:=1\n!ls   -l\ny:=2", "%time\nx := 1\n!ls   -l\ny := 2"},
		{"magic between declarations", "var a=1\n\n%env A=  b\nvar b=1", "var a = 1\n\n%env A=  b\nvar b = 1"},
		{"continued magic", "!echo a \\\n   b\nx:=1", "!echo a \\\n   b\nx := 1"},
		{"magic in a block", "for {\n!ls\nx:=1\n}", "for {\n!ls\n\tx := 1\n}"},
		{"hidden magic", "//gonb:%time\nx:=1", "//gonb:%time\nx := 1"},
		{"magic above a function", "%time\nfunc f( ) {}", "%time\nfunc f() {}"},
		{"comments", "// a\nx:=1 // b\n\n// c", "// a\nx := 1 // b\n\n// c"},
		{"function between statements", "x:=1\nfunc f( ){}\n\ny:=2", "x := 1\nfunc f() {}\n\ny := 2"},
		{"declarations then statements", "import \"fmt\"\ntype T struct{a int\nlong string}\nfmt.Println( T{} )", "import \"fmt\"\n\ntype T struct {\n\ta    int\n\tlong string\n}\nfmt.Println(T{})"},
		{"semicolons", "x:=1;y:=2", "x := 1\ny := 2"},
		{"blank lines", "\n\nx:=1\n\n\n\ny:=2\n\n", "x := 1\n\ny := 2\n"},
		{"raw string", "x:=`\n%no\n  !no\n`", "x := `\n%no\n  !no\n`"},
		{"carriage returns", "x:=1\r\n%time\r\ny:=2\r\n", "x := 1\n%time\ny := 2\n"},
		{"script", "%%bash\n  x:=1", "%%bash\n  x:=1"},
		{"package clause", "package main\nvar x=1", "package main\nvar x = 1"},
		{"empty", "", ""},
		{"only a magic", "%who", "%who"},
		{"only a comment", "//x", "//x"},
		{"the comment of ours", "/*special 0*/\n%time\nx:=1", "/*special 0*/\n%time\nx := 1"},
		{"empty statements", "x:;;", "x:"},
		{"label", "loop:\nfor{\nbreak loop\n}", "loop:\nfor {\n\tbreak loop\n}"},
	} {
		got, err := Format(c.code)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%q, want\n%q", c.name, err, got, c.want)
		}
	}
	for _, code := range []string{"x := ", "func f() {", "%%\n%%\n", "!\nx := 1", "x :!!p"} {
		if got, err := Format(code); err == nil || got != code {
			t.Errorf("%q became %q, %v", code, got, err)
		}
	}
}

// FuzzFormat checks that formatting keeps the magics and what Go reads, and that a second time changes
// nothing.
func FuzzFormat(f *testing.F) {
	for _, c := range cells {
		f.Add(c)
	}
	f.Add("for {\n!ls\nx:=1\n}")
	f.Add("x:=1\nfunc f( ){}\n\ny:=2")
	f.Fuzz(func(t *testing.T, code string) {
		once, err := Format(code)
		if err != nil {
			if once != code {
				t.Errorf("%q became %q with %v", code, once, err)
			}
			return
		}
		before, after := cell.Parse(strings.ReplaceAll(code, "\r\n", "\n")), cell.Parse(once)
		if after.Err != nil || len(before.Specials) != len(after.Specials) || before.Explicit != after.Explicit || before.MainArgs != after.MainArgs {
			t.Fatalf("%q became %q: %v", code, once, after.Err)
		}
		for i, s := range before.Specials {
			if s.Text != after.Specials[i].Text {
				t.Errorf("%q became %q", s.Text, after.Specials[i].Text)
			}
		}
		twice, err := Format(once)
		if err != nil || twice != once {
			t.Errorf("%q became %q and that %q, %v", code, once, twice, err)
		}
	})
}
