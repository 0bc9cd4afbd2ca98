package gofront

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// project writes a small project with one package and returns its folder.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module house\n\ngo "+strings.TrimPrefix(toolchain(t).Version, "go")+"\n")
	write(t, filepath.Join(dir, "go.sum"), "")
	write(t, filepath.Join(dir, "rooms", "rooms.go"), "package rooms\n\nimport _ \"embed\"\n\n//go:embed count.txt\nvar Count string\n\nconst Name = \"kitchen\"\n")
	write(t, filepath.Join(dir, "rooms", "count.txt"), "one")
	return dir
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// notebook returns a builder for a notebook of the project, as the front sees it.
func notebook(t *testing.T, project string) builder {
	t.Helper()
	dir := filepath.Join(t.TempDir(), cellPrefix+"test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteModule(dir, cellPrefix+"test", project); err != nil {
		t.Fatal(err)
	}
	tc := toolchain(t)
	d := NewDaemon(Settings{Toolchain: tc, Repo: project, Cache: t.TempDir(), Work: t.TempDir()})
	t.Cleanup(d.Close)
	return builder{Daemon: d, dir: dir, env: BuildEnv(os.Environ(), tc)}
}

const cellSource = `package main

import (
	"fmt"
	"house/rooms"
)

func main() { fmt.Println(rooms.Name, rooms.Count) }
`

// plainProgram builds the cell that lies in b.dir.
func (b builder) plainProgram(t *testing.T) (result, error) {
	t.Helper()
	return b.cellProgram(t.Context(), b)
}

// output builds the cell and runs it.
func output(t *testing.T, b builder) string {
	t.Helper()
	r, err := b.plainProgram(t)
	if err != nil || r.code != 0 {
		t.Fatalf("error %v, exit status %d: %s", err, r.code, r.text)
	}
	o, err := exec.Command(r.program).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, o)
	}
	return strings.TrimSpace(string(o))
}

func TestBuild(t *testing.T) {
	p := project(t)
	b := notebook(t, p)
	write(t, filepath.Join(b.dir, "main.go"), cellSource)
	if got := output(t, b); got != "kitchen one" {
		t.Fatalf("the cell printed %q", got)
	}
	programs := func() int {
		es, err := os.ReadDir(filepath.Join(b.Cache, "bin"))
		if err != nil {
			t.Fatal(err)
		}
		return len(es)
	}

	t.Run("unchanged", func(t *testing.T) {
		if got := output(t, b); got != "kitchen one" || programs() != 1 {
			t.Errorf("printed %q, %d programs kept, want 1", got, programs())
		}
	})
	t.Run("changed cell", func(t *testing.T) {
		write(t, filepath.Join(b.dir, "main.go"), strings.Replace(cellSource, "rooms.Name", "rooms.Name+\"!\"", 1))
		if got := output(t, b); got != "kitchen! one" || programs() != 2 {
			t.Errorf("printed %q, %d programs kept, want 2", got, programs())
		}
		write(t, filepath.Join(b.dir, "main.go"), cellSource)
	})
	t.Run("changed package", func(t *testing.T) {
		write(t, filepath.Join(p, "rooms", "rooms.go"), "package rooms\n\nimport _ \"embed\"\n\n//go:embed count.txt\nvar Count string\n\nconst Name = \"attic\"\n")
		if got := output(t, b); got != "attic one" {
			t.Errorf("printed %q", got)
		}
	})
	t.Run("changed embedded file", func(t *testing.T) {
		write(t, filepath.Join(p, "rooms", "count.txt"), "two or more")
		if got := output(t, b); got != "attic two or more" {
			t.Errorf("printed %q", got)
		}
	})
	t.Run("compile error", func(t *testing.T) {
		write(t, filepath.Join(b.dir, "main.go"), "package main\n\nfunc main() { missing() }\n")
		r, err := b.plainProgram(t)
		if err != nil || r.code != 1 || !strings.Contains(r.text, "./main.go:3:15: undefined: missing") {
			t.Errorf("error %v, exit status %d: %s", err, r.code, r.text)
		}
		write(t, filepath.Join(b.dir, "main.go"), cellSource)
	})
	t.Run("trimmed build cache", func(t *testing.T) {
		c, err := b.readCell([]byte(cellSource))
		if err != nil {
			t.Fatal(err)
		}
		cfg := b.config(c)
		if cfg == nil {
			t.Fatal("no configuration")
		}
		write(t, filepath.Join(b.dir, "main.go"), strings.Replace(cellSource, "main()", "main( )", 1))
		lost := filepath.Join(t.TempDir(), "lost.a")
		cfg.files(func(f string) bool {
			cfg.text = bytes.Replace(cfg.text, []byte(f), []byte(lost), 1)
			return false
		})
		if got := output(t, b); got != "attic two or more" {
			t.Errorf("printed %q", got)
		}
	})
}

func TestBuildLeavesToGo(t *testing.T) {
	p := project(t)
	plain := "package main\n\nfunc main() {}\n"
	for _, c := range []struct {
		name, source string
		prepare      func(b *builder)
	}{
		{"cgo", "package main\n\nimport \"C\"\n\nfunc main() {}\n", nil},
		{"embed", "package main\n\nimport _ \"embed\"\n\n//go:embed x\nvar x string\n\nfunc main() {}\n", nil},
		{"syntax error", "package main\n\nimport \"fmt\n", nil},
		{"unknown package", "package main\n\nimport _ \"example.com/none\"\n\nfunc main() {}\n", nil},
		{"second file", plain, func(b *builder) { os.WriteFile(filepath.Join(b.dir, "other.go"), []byte("package main\n"), 0o644) }},
		{"workspace", plain, func(b *builder) { os.WriteFile(filepath.Join(b.dir, "go.work"), []byte("go 1.26\n"), 0o644) }},
		{"other flags", plain, func(b *builder) { b.env = Setenv(b.env, "GOFLAGS", "-race") }},
		{"flags of the user before ours", plain, func(b *builder) { b.env = Setenv(b.env, "GOFLAGS", "-tags=x "+BuildFlags) }},
		{"another system", plain, func(b *builder) { b.env = Setenv(b.env, "GOOS", "js") }},
		{"cgo allowed", plain, func(b *builder) { b.env = Setenv(b.env, "CGO_ENABLED", "1") }},
		{"older language", plain, func(b *builder) {
			os.WriteFile(filepath.Join(b.dir, "go.mod"), []byte("module gonb_test\n\ngo 1.21\n"), 0o644)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := notebook(t, p)
			write(t, filepath.Join(b.dir, "main.go"), c.source)
			if c.prepare != nil {
				c.prepare(&b)
			}
			if r, err := b.plainProgram(t); err == nil {
				t.Errorf("built directly, exit status %d: %s", r.code, r.text)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for i, n := range []string{"old", "middle", "new"} {
		write(t, filepath.Join(dir, n), strings.Repeat("x", 100))
		when := now.Add(time.Duration(i-3) * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, n), when, when); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		es, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var n []string
		for _, e := range es {
			n = append(n, e.Name())
		}
		return strings.Join(n, " ")
	}
	prune(dir, 300, "")
	if got := left(); got != "middle new old" {
		t.Errorf("within the limit: %s", got)
	}
	prune(dir, 200, filepath.Join(dir, "old"))
	if got := left(); got != "new old" {
		t.Errorf("the oldest but the kept one had to go: %s", got)
	}
}

func TestBuildEnv(t *testing.T) {
	for _, c := range []struct {
		name, flags, experiment string
		base                    []string
		want                    string
	}{
		{"nothing set", "", "simd", nil, BuildFlags},
		{"a flag of the user", "-mod=mod", "simd", nil, "-mod=mod " + BuildFlags},
		{"ours already", BuildFlags, "simd", nil, BuildFlags},
		{"the same as ours", "-buildvcs=false", "simd", nil, BuildFlags},
		{"an experiment of the user", "", "none", []string{"GOEXPERIMENT=none"}, BuildFlags},
	} {
		env := BuildEnv(c.base, Toolchain{Flags: c.flags})
		if got := lookup(env, "GOFLAGS"); got != c.want {
			t.Errorf("%s: GOFLAGS=%s, want %s", c.name, got, c.want)
		}
		if got := lookup(env, "GOEXPERIMENT"); got != c.experiment {
			t.Errorf("%s: GOEXPERIMENT=%s", c.name, got)
		}
	}
	if got := strings.Join(Setenv([]string{"A=1", "AB=2", "A=3"}, "A", "4"), " "); got != "AB=2 A=4" {
		t.Errorf("Setenv gave %s", got)
	}
}
