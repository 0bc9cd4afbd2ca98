package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

// said runs a command line and returns its exit status and what it wrote to both streams.
func said(t *testing.T, args ...string) (int, string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	code := run(args)
	w.Close()
	return code, <-text
}

func TestCommandLine(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--help", 0, "Set up and run the notebooks"},
		{"lab --help", 0, "--execute"},
		{"bench --help", 0, "median"},
		{"install --help", 0, "--sys-prefix"},
		{"install --user --sys-prefix", 1, "none of the others can be"},
		{"install --name A/B --repo .", 1, "is no name for a kernel"},
		{"install --repo " + empty, 1, "not inside a clone"},
		{"uninstall --prefix " + empty, 1, "no such kernel"},
		{"doctor --help", 0, "ok, warn"},
		{"doctor --repo " + empty, 1, "not inside a clone"},
		{"nonsense", 1, `unknown command "nonsense"`},
		{"lab --no-such-flag", 1, "unknown flag"},
		{"lab 01-ugdata", 1, "only together with --execute"},
		{"lab --execute --timeout 1ms", 1, "--timeout"},
		{"lab --execute no-such-notebook", 1, "no notebook is called"},
		{"lab --repo " + empty, 1, "not inside a clone"},
		{"setup --repo " + empty, 1, "not inside a clone"},
		{"kernel", 1, "connection"},
		{"kernel --connection /no/such/file", 1, "no such file"},
	} {
		if code, text := said(t, strings.Fields(c.args)...); code != c.code || !strings.Contains(text, c.want) {
			t.Errorf("ugkernel %s: exit status %d, want %d and %q:\n%s", c.args, code, c.code, c.want, text)
		}
	}
}

// TestHelp holds each command to explain itself, with examples.
func TestHelp(t *testing.T) {
	for _, name := range []string{"lab", "setup", "install", "uninstall", "doctor"} {
		code, text := said(t, name, "--help")
		for _, want := range []string{"Usage:", "Examples:", "ugkernel " + name, "Flags:"} {
			if code != 0 || !strings.Contains(text, want) {
				t.Errorf("the help of %s lacks %q:\n%s", name, want, text)
			}
		}
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 140 && !strings.HasPrefix(line, "      --") {
				t.Errorf("the help of %s has a line of %d characters: %s", name, len(line), line)
			}
		}
	}
}
