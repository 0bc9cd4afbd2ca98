package gofront

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

// TestBuildInfo checks that a cell can say which version of the project it runs.
func TestBuildInfo(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	p := project(t)
	b := notebook(t, p)
	write(t, filepath.Join(b.dir, "main.go"), `package main

import (
	"fmt"
	_ "house/rooms"
	"runtime/debug"
)

func main() {
	info, ok := debug.ReadBuildInfo()
	fmt.Println(ok)
	for _, d := range info.Deps {
		fmt.Println(d.Path, d.Version)
	}
}
`)
	if got := output(t, b); got != "true\nhouse (devel)" {
		t.Errorf("without version control: %q", got)
	}
	git(t, p, "init", "-q")
	git(t, p, "add", ".")
	git(t, p, "commit", "-q", "-m", "first")
	clean := regexp.MustCompile(`^true\nhouse v0\.0\.0-\d{14}-[0-9a-f]{12}$`)
	first := output(t, b)
	if !clean.MatchString(first) {
		t.Errorf("committed: %q", first)
	}
	write(t, filepath.Join(p, "rooms", "count.txt"), "many")
	if got := output(t, b); got != first+"+dirty" {
		t.Errorf("changed: %q", got)
	}
	git(t, p, "commit", "-q", "-a", "-m", "second")
	if got := output(t, b); !clean.MatchString(got) || got == first {
		t.Errorf("committed again: %q, before %q", got, first)
	}
	before := head(p)
	git(t, p, "pack-refs", "--all")
	if head(p) == "" || head(p) == before && len(before) != 40 {
		t.Errorf("with packed references: %q", head(p))
	}
	git(t, p, "checkout", "-q", "--detach")
	if h := head(p); len(h) != 40 || strings.ContainsAny(h, " /") {
		t.Errorf("detached: %q", h)
	}
	if h := head(t.TempDir()); h != "" {
		t.Errorf("no clone: %q", h)
	}
	tree := filepath.Join(t.TempDir(), "tree")
	git(t, p, "worktree", "add", "-q", "-b", "other", tree)
	before = head(tree)
	git(t, tree, "commit", "-q", "--allow-empty", "-m", "third")
	if after := head(tree); len(after) != 40 || after == before {
		t.Errorf("work tree: %q, before the commit %q", after, before)
	}
}
