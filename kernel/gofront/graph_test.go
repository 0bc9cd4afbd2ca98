package gofront

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGraph checks that imports in a new combination are built without the go command, that what has
// changed is not, and that what is kept serves another kernel.
func TestGraph(t *testing.T) {
	p := project(t)
	write(t, filepath.Join(p, "top", "top.go"), "package top\n\nimport \"house/rooms\"\n\nconst Name = \"top \" + rooms.Name\n")
	b := notebook(t, p)
	cell := func(imports ...string) *cell {
		src := "package main\n\nimport (\n"
		for _, i := range imports {
			src += "\t_ \"" + i + "\"\n"
		}
		c, err := b.readCell([]byte(src + ")\n\nfunc main() {}\n"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := b.makeConfig(t.Context(), cell("fmt", "house/top", "net/http")); err != nil {
		t.Fatal(err)
	}
	known := func(imports ...string) bool { return b.config(cell(imports...)) != nil }
	check := func(when string, want bool, imports ...string) {
		t.Helper()
		if got := known(imports...); got != want {
			t.Errorf("%s: %v are known: %v", when, imports, got)
		}
	}
	for _, imports := range [][]string{{"fmt"}, {"house/rooms"}, {"house/top", "strings"}, {"unsafe"}, {"net/http"}, {}} {
		check("at first", true, imports...)
	}
	check("at first", false, "encoding/xml")
	if c := b.config(cell("fmt")); c.own != "" || len(c.local) > 0 {
		t.Errorf("a cell without the project: %+v", c)
	}

	write(t, filepath.Join(p, "rooms", "rooms.go"), "package rooms\n\nimport _ \"embed\"\n\n//go:embed count.txt\nvar Count string\n\nconst Name = \"attic\"\n")
	check("a package has changed", false, "house/rooms")
	check("a package has changed that it imports", false, "house/top")
	check("another package has changed", true, "fmt")
	// What the go command says of one package alone does not make those right that import it.
	if _, err := b.makeConfig(t.Context(), cell("house/rooms")); err != nil {
		t.Fatal(err)
	}
	check("it was built again", true, "house/rooms")
	check("a package was built again that it imports", false, "house/top")
	if _, err := b.makeConfig(t.Context(), cell("house/top")); err != nil {
		t.Fatal(err)
	}
	check("all was built again", true, "house/top", "fmt")

	later := NewDaemon(b.Settings)
	defer later.Close()
	b.Daemon = later
	check("in another kernel", true, "house/top", "fmt")
	b.env = Setenv(b.env, "GOAMD64", "v3")
	check("in another environment", false, "fmt")
}

func TestPrime(t *testing.T) {
	p := project(t)
	write(t, filepath.Join(p, "broken", "broken.go"), "package broken\n\nvar x int = \"\"\n")
	b := notebook(t, p)
	warm := t.TempDir()
	if err := WriteModule(warm, "warm", p); err != nil {
		t.Fatal(err)
	}
	if err := Prime(t.Context(), b.Settings, warm, b.env, []string{"house/rooms", "house/broken", "fmt"}); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(b.dir, "main.go"), cellSource)
	b.Daemon.Go = filepath.Join(t.TempDir(), "none") // is not needed
	if got := output(t, b); got != "kitchen one" {
		t.Errorf("printed %q", got)
	}
	if err := Prime(t.Context(), b.Settings, t.TempDir(), b.env, nil); !os.IsNotExist(err) {
		t.Errorf("a folder without a module: %v", err)
	}
}

func TestDamagedGraph(t *testing.T) {
	s := Settings{Cache: t.TempDir()}
	for _, text := range []string{"", "{", "[]", "{\"fmt\": null}", "{\"fmt\": 1}"} {
		write(t, s.graphPath("m"), text)
		if g := s.readGraph("m"); len(g) != 0 {
			t.Errorf("%q was read as %v", text, g)
		}
	}
	g := graph{"a": {Imports: []string{"b"}}, "b": {Imports: []string{"a", "unsafe"}}}
	if c, ok := g.closure([]string{"a", "a"}); !ok || !slices.Equal(c.paths, []string{"a", "b"}) {
		t.Errorf("of a cycle: %v, %v", c, ok)
	}
	if err := s.saveGraph("n", g); err != nil {
		t.Fatal(err)
	}
	if got := s.readGraph("n"); len(got) != 2 || strings.Join(got["b"].Imports, " ") != "a unsafe" {
		t.Errorf("came back as %v", got)
	}
}
