package gopls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFolder(t *testing.T) {
	root, cache, dir := t.TempDir(), t.TempDir(), t.TempDir()
	for _, f := range []string{
		filepath.Join(root, "src", "fmt", "fmt.go"),
		filepath.Join(root, "src", "vendor", "golang.org", "x", "net", "n.go"),
		filepath.Join(cache, "example.com", "!upper@v1.2.0", "sub", "s.go"),
		filepath.Join(cache, "example.com", "!upper", "v2@v2.0.0", "t.go"),
		filepath.Join(cache, "example.com", "other@v0.9.0", "o.go"),
		filepath.Join(dir, "near", "n.go"),
	} {
		write(t, f, "package x\n")
	}
	write(t, filepath.Join(dir, "go.mod"), `module notebook
go 1.26
require (
	example.com/Upper v1.2.0
	example.com/Upper/v2 v2.0.0
	example.com/old v0.1.0
	example.com/near v0.0.0
)
replace example.com/old v0.1.0 => example.com/other v0.9.0
replace example.com/near => ./near
`)
	l := newLibrary(root, cache, nil, func() (string, error) { return filepath.Join(dir, "go.mod"), nil })
	for path, want := range map[string]string{
		"fmt":                      filepath.Join(root, "src", "fmt"),
		"golang.org/x/net":         filepath.Join(root, "src", "vendor", "golang.org", "x", "net"),
		"example.com/Upper/sub":    filepath.Join(cache, "example.com", "!upper@v1.2.0", "sub"),
		"example.com/Upper/v2":     filepath.Join(cache, "example.com", "!upper", "v2@v2.0.0"),
		"example.com/old":          filepath.Join(cache, "example.com", "other@v0.9.0"),
		"example.com/near":         filepath.Join(dir, "near"),
		"example.com/Upper/none":   "",
		"example.com/Uppercase":    "",
		"../../etc":                "",
		"/etc":                     "",
		"fmt/../../..":             "",
		"":                         "",
		".":                        "",
		"example.com/Upper/sub/..": "",
		"a\x00b":                   "",
	} {
		got, ok := l.folder(path)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q is in %q, %v; want %q", path, got, ok, want)
		}
	}
}

func TestGuessName(t *testing.T) {
	for path, want := range map[string]string{
		"fmt": "fmt", "encoding/json": "json", "math/rand/v2": "rand", "gopkg.in/yaml.v3": "yaml", "github.com/x/go-isatty": "isatty",
		"github.com/x/sqlite-go": "sqlite", "github.com/google/renameio/v2": "renameio", "v2": "v2",
	} {
		if got := guessName(path); got != want {
			t.Errorf("%s has the name %s, want %s", path, got, want)
		}
	}
}

// TestLoadSeesChanges checks that a package that has changed is read again, and others are not.
func TestLoadSeesChanges(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "src", "p", "p.go"), "package p\n\nfunc One() {}\n")
	l := newLibrary(dir, "", nil, func() (string, error) { return "", os.ErrNotExist })
	first, err := l.load("p")
	if err != nil || first.symbols["One"] == nil {
		t.Fatalf("%v %v", first, err)
	}
	if again, _ := l.load("p"); again != first {
		t.Error("read twice")
	}
	write(t, filepath.Join(dir, "src", "p", "p.go"), "package p\n\nfunc Two() {}\nfunc Three() {}\n")
	later := time.Now().Add(time.Second)
	os.Chtimes(filepath.Join(dir, "src", "p", "p.go"), later, later)
	second, err := l.load("p")
	if err != nil || second.symbols["Two"] == nil || second.symbols["One"] != nil {
		t.Errorf("%v %v", second, err)
	}
	for i := range maxPackages + 10 {
		name := "q" + strings.Repeat("x", i)
		write(t, filepath.Join(dir, "src", name, "p.go"), "package q\n")
		if _, err := l.load(name); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.packages) > maxPackages {
		t.Errorf("%d packages kept", len(l.packages))
	}
	for _, broken := range []string{"package", "", "package p\n\nfunc (", "\x00"} {
		write(t, filepath.Join(dir, "src", "broken", "b.go"), broken)
		os.Remove(filepath.Join(dir, "src", "broken", "c.go"))
		l.load("broken")
	}
}

func TestImporter(t *testing.T) {
	tc := findToolchain(t)
	l := newLibrary(tc.Root, tc.ModCache, os.Environ(), func() (string, error) { return "", os.ErrNotExist })
	m := &importer{lib: l}
	none := func(string) bool { return false }
	paths := func(src string, taken func(string) bool) string {
		var out []string
		for _, i := range m.find("package main\nfunc main() {\n"+src+"\n}", taken) {
			out = append(out, i.path)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct{ src, want string }{
		{"strings.ToUpper(\"\")", "strings"},
		{"x := 1; x.y()", "strings"},            // a local name; what was found before stays
		{"rand.Int63n(3)", "math/rand strings"}, // not crypto/rand
		{"rand.Text()", "crypto/rand strings"},  // another choice in another cell
		{"template.HTML(1)", "crypto/rand html/template strings"},
		{"nowhere.F()", "crypto/rand html/template strings"},
	} {
		if got := paths(c.src, none); got != c.want {
			t.Errorf("%s: %s, want %s", c.src, got, c.want)
		}
	}
	if got := paths("strings.ToUpper()", func(n string) bool { return n == "strings" || n == "template" }); got != "crypto/rand" {
		t.Errorf("with names taken: %s", got)
	}
}
