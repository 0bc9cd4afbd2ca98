package gofront

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// built is the folder that [programs] has made.
var built string

// programs builds ugfront and ugrun once for all tests and returns their folder.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "gofront-test-")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", dir+string(filepath.Separator), "urbangraph/kernel/cmd/ugfront", "urbangraph/kernel/cmd/ugrun")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return dir, errors.New(err.Error() + ": " + string(out))
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// gonb does what GoNB does with a cell, through the real fronts.
type gonb struct {
	t   testing.TB
	d   *Daemon
	dir string
	env []string
}

// newGonb starts a daemon for the project and makes the module of a notebook; settle may change the
// settings.
func newGonb(t testing.TB, project string, settle func(*Settings)) *gonb {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	tc := toolchain(t)
	front, work := t.TempDir(), shortDir(t)
	for _, name := range []string{"go", "goimports", "gopls"} {
		if err := os.Symlink(filepath.Join(bin, "ugfront"), filepath.Join(front, name)); err != nil {
			t.Fatal(err)
		}
	}
	s := Settings{Toolchain: tc, Repo: project, Bin: filepath.Join(front, "none"), Front: front,
		Launcher: filepath.Join(bin, "ugrun"), Cache: t.TempDir(), Work: work}
	if settle != nil {
		settle(&s)
	}
	shareNames(t, s.Cache)
	d := NewDaemon(s)
	if err := d.Start(filepath.Join(work, "front")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	g := &gonb{t: t, d: d, dir: filepath.Join(t.TempDir(), cellPrefix+"test"), env: d.Environ(os.Environ())}
	if err := os.Mkdir(g.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	g.must("go", "mod", "init", cellPrefix+"test")
	return g
}

// shareNames has a cache keep the names of packages where all tests do: to ask the go command for them
// takes long.
func shareNames(t testing.TB, cache string) {
	t.Helper()
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	names := filepath.Join(bin, "names")
	if err := os.MkdirAll(names, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(names, filepath.Join(cache, "names")); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
}

// shortDir is a folder whose path is short enough for a socket.
func shortDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "gf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// command is a program as GoNB starts it, found in its PATH.
func (g *gonb) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	for _, dir := range filepath.SplitList(lookup(g.env, "PATH")) {
		if p := filepath.Join(dir, name); !strings.Contains(name, "/") && isFile(p) {
			cmd.Path, cmd.Err = p, nil
			break
		}
	}
	cmd.Dir, cmd.Env = g.dir, g.env
	return cmd
}

// say runs a program and returns what it says and its exit status.
func (g *gonb) say(name string, args ...string) (string, int) {
	g.t.Helper()
	cmd := g.command(name, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		g.t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// must runs a program that has to end well.
func (g *gonb) must(name string, args ...string) string {
	g.t.Helper()
	out, code := g.say(name, args...)
	if code != 0 {
		g.t.Fatalf("%s %v: exit status %d: %s", name, args, code, out)
	}
	return out
}

// program is where GoNB has a cell built.
func (g *gonb) program() string { return filepath.Join(g.dir, filepath.Base(g.dir)) }

// phases are the times that the parts of a cell took.
type phases struct{ imports, get, build, run time.Duration }

// cell runs a cell as GoNB does, up to the first step that fails, and returns what was said.
func (g *gonb) cell(src string) (out string, code int, took phases) {
	g.t.Helper()
	main := filepath.Join(g.dir, "main.go")
	if err := os.WriteFile(main, []byte(src), 0o644); err != nil {
		g.t.Fatal(err)
	}
	for _, step := range []struct {
		took *time.Duration
		args []string
	}{
		{&took.imports, []string{"goimports", "-w", main}},
		{&took.get, []string{"go", "get"}},
		{&took.build, []string{"go", "build", "-o", g.program()}},
		{&took.run, []string{g.program()}},
	} {
		start := time.Now()
		out, code = g.say(step.args[0], step.args[1:]...)
		*step.took = time.Since(start)
		if code != 0 {
			return out, code, took
		}
		if step.took == &took.imports { // GoNB parses the file and writes it again
			data, err := os.ReadFile(main)
			if err != nil {
				g.t.Fatal(err)
			}
			if err := os.WriteFile(main, bytes.Clone(data), 0o644); err != nil {
				g.t.Fatal(err)
			}
		}
	}
	return out, code, took
}

// writeZip writes an archive of files.
func writeZip(t *testing.T, path string, files map[string]string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.String())
}
