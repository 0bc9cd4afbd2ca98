package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urbangraph/kernel/gofront"
)

func TestFindLayout(t *testing.T) {
	l, err := FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	if !isFile(filepath.Join(l.Repo, "go.mod")) || !filepath.IsAbs(l.Repo) {
		t.Errorf("the clone is at %s", l.Repo)
	}
	if _, err := FindLayout(t.TempDir()); err == nil || !strings.Contains(err.Error(), "--repo") {
		t.Errorf("outside of a clone: %v", err)
	}
}

func TestNewEnough(t *testing.T) {
	for v, want := range map[string]bool{
		"3.11.0": true, "3.11.7": true, "3.13.1": true, "4.0.0": true,
		"3.10.14": false, "3.9.2": false, "2.7.18": false, "": false, "3": false, "x.y": false,
	} {
		if got := newEnough(v); got != want {
			t.Errorf("newEnough(%q) = %v", v, got)
		}
	}
}

// script writes a program that stands for a Python.
func script(t *testing.T, dir, name, body string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFindPython(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, err := findPython(ctx, "")
	if !IsUnavailable(err) || !strings.Contains(err.Error(), "looked for python3") || !strings.Contains(err.Error(), "apt-get") {
		t.Errorf("no Python: %v", err)
	}
	script(t, dir, "python3", "echo 3.9.2")
	script(t, dir, "python", "exit 1")
	_, err = findPython(ctx, "")
	if !IsUnavailable(err) || !strings.Contains(err.Error(), "python3 (3.9.2)") || !strings.Contains(err.Error(), "python (does not run)") {
		t.Errorf("an old Python: %v", err)
	}
	script(t, dir, "python3.12", "echo 3.12.4")
	py, err := findPython(ctx, "")
	if err != nil || py.version != "3.12.4" || filepath.Base(py.path) != "python3.12" {
		t.Errorf("%v, %v", py, err)
	}
	if _, err = findPython(ctx, "python3"); err == nil {
		t.Error("an old Python asked for by name was taken")
	}
}

func TestPipError(t *testing.T) {
	base := &failure{command: "pip", output: "x", err: errors.New("exit status 1")}
	offline := pipError("WARNING: Retrying ... NewConnectionError('... Failed to establish a new connection')\nERROR: No matching distribution", base)
	if !IsUnavailable(offline) || !strings.Contains(offline.Error(), "PIP_INDEX_URL") {
		t.Errorf("offline: %v", offline)
	}
	full := pipError("OSError: [Errno 28] No space left on device", base)
	if IsUnavailable(full) || !strings.Contains(full.Error(), "disk is full") {
		t.Errorf("full disk: %v", full)
	}
	hash := pipError("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", base)
	if IsUnavailable(hash) {
		t.Errorf("a wrong hash counts as offline: %v", hash)
	}
}

func TestRequirementsAreHashed(t *testing.T) {
	l, err := FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile((&Setup{Layout: l}).requirements())
	if err != nil {
		t.Fatal(err)
	}
	pins := 0
	for block := range strings.SplitSeq(strings.ReplaceAll(string(data), "\\\n", " "), "\n") {
		if block == "" || strings.HasPrefix(strings.TrimSpace(block), "#") {
			continue
		}
		pins++
		if !strings.Contains(block, "==") || !strings.Contains(block, "--hash=sha256:") {
			t.Errorf("not pinned by hash: %.80s", block)
		}
	}
	if pins < 50 || !strings.Contains(string(data), "jupyterlab==4.6.6") {
		t.Errorf("%d packages", pins)
	}
	if strings.Contains(string(data), "://") || strings.Contains(string(data), "--index-url") {
		t.Error("names an address")
	}
}

// fakeStep counts its runs.
func fakeStep(runs *int, stamp, note string, err error) step {
	return step{"fake", "a step", func() bool { return true }, func() (string, error) { return stamp, nil },
		func(context.Context) (string, error) { *runs++; return note, err }}
}

func TestStamps(t *testing.T) {
	var out bytes.Buffer
	s := &Setup{Layout: Layout{Repo: t.TempDir()}, Out: &out}
	ctx := context.Background()
	runs := 0
	for i, c := range []struct {
		what string
		st   step
		want int // runs after it
	}{
		{"new", fakeStep(&runs, "one", "", nil), 1},
		{"again", fakeStep(&runs, "one", "", nil), 1},
		{"changed", fakeStep(&runs, "two", "", nil), 2},
		{"fails", fakeStep(&runs, "three", "", errors.New("broken")), 3},
		{"after a failure", fakeStep(&runs, "two", "", nil), 4},
		{"partly done", fakeStep(&runs, "four", ", except something", nil), 5},
		{"after partly done", fakeStep(&runs, "four", "", nil), 6},
		{"gone", func() step {
			st := fakeStep(&runs, "four", "", nil)
			st.present = func() bool { return false }
			return st
		}(), 7},
	} {
		err := s.do(ctx, "[1/1] a step", c.st)
		if (err != nil) != (c.what == "fails") || runs != c.want {
			t.Errorf("%d, %s: error %v, %d runs, want %d", i, c.what, err, runs, c.want)
		}
	}
	s.Force = true
	if err := s.do(ctx, "[1/1] a step", fakeStep(&runs, "four", "", nil)); err != nil || runs != 8 {
		t.Errorf("forced: %v, %d runs", err, runs)
	}
	if got := out.String(); !strings.Contains(got, "ready\n") || !strings.Contains(got, "failed after") || !strings.Contains(got, "except something") {
		t.Errorf("progress:\n%s", got)
	}
}

func TestLock(t *testing.T) {
	var out bytes.Buffer
	s := &Setup{Layout: Layout{Repo: t.TempDir()}, Out: &out}
	if err := os.MkdirAll(s.Layout.State(), 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := s.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, errors.New("waited enough"))
	defer cancel()
	if _, err := s.lock(ctx); err == nil || err.Error() != "waited enough" {
		t.Errorf("a second lock: %v", err)
	}
	if !strings.Contains(out.String(), "another set-up") {
		t.Errorf("says %q while it waits", out.String())
	}
	unlock()
	unlock, err = s.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestSetupNeedsAWritableClone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	err := (&Setup{Layout: Layout{Repo: file}}).Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "cannot write to the clone") {
		t.Errorf("error %v", err)
	}
}

func TestChoosePort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	if _, err := choosePort(taken); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is in use", taken)) || !strings.Contains(err.Error(), "--port") {
		t.Errorf("a port in use: %v", err)
	}
	if _, err := choosePort(70000); err == nil {
		t.Error("70000 was taken for a port")
	}
	if p, err := choosePort(0); err != nil || p < firstPort || p >= firstPort+portsTried {
		t.Errorf("port %d, %v", p, err)
	}
}

func TestSpec(t *testing.T) {
	s := &Setup{Layout: Layout{Repo: t.TempDir()}}
	if _, err := s.spec(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(s.Layout.KernelspecDir(), "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Go (urbangraph)"`, `"language": "go"`, `"interrupt_mode": "message"`, `"{connection_file}"`, s.Layout.Repo} {
		if !strings.Contains(string(data), want) {
			t.Errorf("kernel.json lacks %s:\n%s", want, data)
		}
	}
	if !s.haveSpec() || s.haveTools() || s.haveKernel() || s.havePython() {
		t.Error("what is present is not told right")
	}
}

func TestWarmNamesWhatDoesNotCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages")
	}
	s := &Setup{Layout: Layout{Repo: t.TempDir()}}
	var err error
	if s.tool, err = gofront.FindToolchain(t.Context(), ".", ""); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":                     "module house\n\ngo " + strings.TrimPrefix(s.tool.Version, "go") + "\n",
		"go.sum":                     "",
		"uglib/good/good.go":         "package good\n",
		"uglib/bad/bad.go":           "package bad\n\nvar x int = \"\"\n",
		"uglib/lost/lost.go":         "package lost\n\nimport _ \"house/uglib/none\"\n",
		"uglib/cmd/ug/main.go":       "package main\n\nfunc main() { missing() }\n",
		"plots/internal/in/in.go":    "package in\n\nvar x int = \"\"\n",
		".ug/keep":                   "",
		"uglib/tests/only_x_test.go": "package tests\n",
	} {
		p := filepath.Join(s.Layout.Repo, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	note, err := s.warmPackages(t.Context(), []string{"fmt"})
	if err != nil || note != ", except what does not compile: house/uglib/lost, house/uglib/bad" {
		t.Errorf("note %q, error %v", note, err)
	}
}

func TestSteps(t *testing.T) {
	for noPython, want := range map[bool]string{
		false: "python tools kernel kernelspec warm",
		true:  "tools kernel warm",
	} {
		var names []string
		for _, st := range (&Setup{NoPython: noPython}).steps() {
			names = append(names, st.name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("without Python %v: steps %s, want %s", noPython, got, want)
		}
	}
}

// TestCheck tells what is done in a clone where nothing is, and where the kernelspec is.
func TestCheck(t *testing.T) {
	l := Layout{Repo: t.TempDir()}
	s := &Setup{Layout: l}
	present := func() (names []string) {
		states, err := s.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range states {
			if st.Present && st.Step != stepWarm { // which makes nothing that could be looked for
				names = append(names, st.Step)
			}
			if st.Current && st.Step != stepSpec {
				names = append(names, st.Step+" current")
			}
		}
		return names
	}
	if got := present(); len(got) > 0 {
		t.Errorf("in an empty clone %v", got)
	}
	s.Out = io.Discard
	if err := s.do(t.Context(), "kernelspec", step{stepSpec, "kernelspec", s.haveSpec, s.specStamp, s.spec}); err != nil {
		t.Fatal(err)
	}
	if got := present(); strings.Join(got, " ") != stepSpec {
		t.Errorf("with a kernelspec %v", got)
	}
}

// TestPythonStamp changes with each thing that the step depends on.
func TestPythonStamp(t *testing.T) {
	l := Layout{Repo: t.TempDir()}
	seen := map[string]string{}
	stamp := func(what string, s Setup) {
		t.Helper()
		text, err := s.pythonStamp()
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[text]; ok {
			t.Errorf("%s has the stamp of %s", what, other)
		}
		seen[text] = what
	}
	stamp("nothing", Setup{Layout: l})
	stamp("another Python", Setup{Layout: l, Python: "/usr/bin/python3"})
	for _, name := range []string{"requirements.txt", "papermill/python/pyproject.toml", "papermill/python/ug_papermill/engine.py"} {
		path := filepath.Join(l.Repo, "kernel", "lab", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		stamp(name, Setup{Layout: l})
	}
}
