package gofront

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFindToolchain counts how often a go command is asked about itself.
func TestFindToolchain(t *testing.T) {
	bin, state, clone := t.TempDir(), t.TempDir(), t.TempDir()
	asked := filepath.Join(t.TempDir(), "asked")
	root := filepath.Join(bin, "root")
	write(t, filepath.Join(root, "bin", "go"), "")
	write(t, filepath.Join(root, "tools", "compile"), "")
	write(t, filepath.Join(clone, "go.mod"), "module m\n")
	write(t, filepath.Join(bin, "go"), "#!/bin/sh\necho x >> "+asked+`
echo '{"GOROOT":"`+root+`","GOTOOLDIR":"`+root+`/tools","GOMODCACHE":"/mod","GOVERSION":"go1.26.1","GOFLAGS":"-v"}'
`)
	if err := os.Chmod(filepath.Join(bin, "go"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("GOTOOLCHAIN", "")
	want := Toolchain{Go: filepath.Join(root, "bin", "go"), Root: root, ToolDir: filepath.Join(root, "tools"), ModCache: "/mod", Version: "go1.26.1", Flags: "-v"}
	times := 0
	for _, c := range []struct {
		name  string
		state string
		asks  bool
		first func()
	}{
		{"at first", state, true, nil},
		{"again", state, false, nil},
		{"without a folder", "", true, nil},
		{"go.mod has changed", state, true, func() { write(t, filepath.Join(clone, "go.mod"), "module mm\n") }},
		{"again after that", state, false, nil},
		{"a variable has changed", state, true, func() { t.Setenv("GOTOOLCHAIN", "local") }},
		{"the file is damaged", state, true, func() { write(t, filepath.Join(state, toolchainFile), "{") }},
		{"the tools have gone", state, true, func() { os.Remove(filepath.Join(root, "tools", "compile")) }},
	} {
		if c.first != nil {
			c.first()
		}
		got, err := FindToolchain(t.Context(), clone, c.state)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		text, _ := os.ReadFile(asked)
		if n := strings.Count(string(text), "x"); (n > times) != c.asks {
			t.Errorf("%s: the go command was asked %d times", c.name, n-times)
		} else {
			times = n
		}
	}
	write(t, filepath.Join(bin, "go"), "#!/bin/sh\necho broken >&2\nexit 1\n")
	if _, err := FindToolchain(t.Context(), clone, state); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("a go command that fails: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := FindToolchain(t.Context(), clone, state); err == nil || !strings.Contains(err.Error(), "install Go") {
		t.Errorf("no go command: %v", err)
	}
}
