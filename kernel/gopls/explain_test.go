package gopls

import (
	"path/filepath"
	"testing"
)

func TestPlainText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"```go\nfunc F(a *T) error\n```\n\nF does `x` with a\\_b and [Link](https://example.org).\n\n#### Heading {#hdr-Heading}\n\n\tcode_*x*\n\n---\n\n\nend", "func F(a *T) error\n\nF does x with a_b and Link.\n\nHeading\n\n\tcode_*x*\n\nend"},
		{"", ""},
		{"plain", "plain"},
		{"```go\nopen", "open"},
	} {
		if got := plainText(c.in); got != c.want {
			t.Errorf("%q became\n%q, want\n%q", c.in, got, c.want)
		}
	}
}

func TestSourceAt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.go")
	text := "package a\n\n// F does.\nfunc F() int {\n\treturn 1\n}\n\nvar (\n\tA = 1\n\tB = 2\n)\n\ntype T struct {\n\tx int\n}\n"
	write(t, file, text)
	for line, want := range map[int]string{
		4: "func F() int {\n\treturn 1\n}", 5: "func F() int {\n\treturn 1\n}", 9: "var A = 1", 10: "var B = 2", 14: "type T struct {\n\tx int\n}", 1: "", 99: "",
	} {
		if got := sourceAt(file, nil, line); got != want {
			t.Errorf("line %d: %q, want %q", line, got, want)
		}
		if got := sourceAt("elsewhere", &text, line); got != want {
			t.Errorf("line %d of a text: %q, want %q", line, got, want)
		}
	}
	if got := sourceAt(filepath.Join(t.TempDir(), "none.go"), nil, 1); got != "" {
		t.Errorf("of no file: %q", got)
	}
}
