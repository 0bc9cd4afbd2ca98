package cell

import "testing"

func TestIsComplete(t *testing.T) {
	for _, r := range []struct{ code, status, indent string }{
		{"", "complete", ""},
		{"x := 1", "complete", ""},
		{"// c", "complete", ""},
		{"x // c", "complete", ""},
		{"package main", "complete", ""},
		{"if x {\n}", "complete", ""},
		{"func f() {\n}", "complete", ""},
		{"f(1,\n2)", "complete", ""},
		{"x++", "complete", ""},
		{"L:", "complete", ""},
		{"return", "complete", ""},
		{"%%", "complete", ""},
		{"!ls", "complete", ""},
		{"%cd /tmp", "complete", ""},
		{"s := `\n%d`", "complete", ""},
		{"%%bash\nls\n", "complete", ""},
		{"x := (", "incomplete", "\t"},
		{"x := [](", "incomplete", "\t"},
		{"x := `", "incomplete", ""},
		{"x := `\n%ls\n", "incomplete", ""},
		{"/* a", "incomplete", ""},
		{"x /* a", "incomplete", ""},
		{"if x {", "incomplete", "\t"},
		{"if x {\n\ty()", "incomplete", "\t"},
		{"if x {\n\tfor {\n\t\tf(", "incomplete", "\t\t\t"},
		{"%%\n\nif x {\n\tfor {", "incomplete", "\t\t"},
		{"%cd /tmp\nif x {", "incomplete", "\t"},
		{"if x {\n!ls", "incomplete", "\t"},
		{"if x", "incomplete", "\t"},
		{"if x {\n} else", "incomplete", "\t"},
		{"if x {\n} else {", "incomplete", "\t"},
		{"for i := 0; i < 3; i++", "incomplete", "\t"},
		{"for {", "incomplete", "\t"},
		{"switch x {\ncase 1:", "incomplete", "\t"},
		{"func", "incomplete", "\t"},
		{"func f(", "incomplete", "\t"},
		{"func (t T) M() {", "incomplete", "\t"},
		{"func() {", "incomplete", "\t"},
		{"var x", "incomplete", "\t"},
		{"var (", "incomplete", "\t"},
		{"type T struct {", "incomplete", "\t"},
		{"import", "incomplete", "\t"},
		{"import (\n\t\"fmt\"", "incomplete", "\t"},
		{"x +", "incomplete", "\t"},
		{"a &&\n", "incomplete", "\t"},
		{"x := ", "incomplete", "\t"},
		{"x.", "incomplete", "\t"},
		{"f(1,", "incomplete", "\t"},
		{"f(1", "incomplete", "\t"},
		{"[]int{1,", "incomplete", "\t"},
		{"defer", "incomplete", "\t"},
		{"!ls \\", "incomplete", ""},
		{"!ls \\\n", "incomplete", ""},
		{"%%bash", "incomplete", ""},
		{"%%bash\nls", "incomplete", ""},
		{"x := )", "invalid", ""},
		{")", "invalid", ""},
		{"(]", "invalid", ""},
		{"f(\n]", "invalid", ""},
		{"x := \"abc", "invalid", ""},
		{"x := 'a", "invalid", ""},
		{"a b", "invalid", ""},
		{"x = = (", "invalid", ""},
		{"a, b", "invalid", ""},
		{"%", "invalid", ""},
		{"! ", "invalid", ""},
		{"%%\n%%", "invalid", ""},
		{"%%bash -x", "invalid", ""},
		{"if x {\n%%\n}", "invalid", ""},
	} {
		status, indent := Parse(r.code).IsComplete()
		if status != r.status || indent != r.indent {
			t.Errorf("%q is %s with %q, want %s with %q", r.code, status, indent, r.status, r.indent)
		}
	}
}

func TestCorpusIsComplete(t *testing.T) {
	for _, code := range all(t) {
		if status, _ := Parse(code).IsComplete(); status != "complete" {
			t.Errorf("%s: %q", status, code)
		}
	}
}

// What is typed of a cell so far can be invalid only where a literal is not closed.
func TestBeginningsOfCellsGoOn(t *testing.T) {
	for _, s := range corpus(t) {
		for i := range s.code {
			if status, _ := Parse(s.code[:i]).IsComplete(); status == "" {
				t.Fatalf("%q has no status", s.code[:i])
			}
		}
	}
}
