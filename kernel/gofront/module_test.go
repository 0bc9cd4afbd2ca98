package gofront

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/modfile"
)

// repo is the clone that the tests run in.
const repo = "../.."

var theToolchain = sync.OnceValues(func() (Toolchain, error) { return FindToolchain(context.Background(), repo, "") })

func toolchain(t testing.TB) Toolchain {
	t.Helper()
	tc, err := theToolchain()
	if err != nil {
		t.Fatal(err)
	}
	return tc
}

func TestCellModule(t *testing.T) {
	project := `module example.org/house

go 1.26.5

require (
	example.org/a v1.2.3
	example.org/b v0.1.0 // indirect
)

replace example.org/a => ../a

replace example.org/b v0.1.0 => example.org/fork v0.1.1

exclude example.org/a v1.2.2

tool example.org/a/cmd/a
`
	got, err := cellModule([]byte(project), "gonb_1234", "/home/me/my house")
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.Parse("go.mod", got, nil)
	if err != nil {
		t.Fatalf("the module does not parse: %v\n%s", err, got)
	}
	lines := []string{"module " + f.Module.Mod.Path, "go " + f.Go.Version}
	for _, r := range f.Require {
		lines = append(lines, fmt.Sprintf("require %s %s indirect=%v", r.Mod.Path, r.Mod.Version, r.Indirect))
	}
	for _, x := range f.Exclude {
		lines = append(lines, fmt.Sprintf("exclude %s %s", x.Mod.Path, x.Mod.Version))
	}
	for _, r := range f.Replace {
		lines = append(lines, fmt.Sprintf("replace %s %s => %s %s", r.Old.Path, r.Old.Version, r.New.Path, r.New.Version))
	}
	for _, x := range f.Tool {
		lines = append(lines, "tool "+x.Path)
	}
	slices.Sort(lines)
	want := []string{
		"exclude example.org/a v1.2.2",
		"go 1.26.5",
		"module gonb_1234",
		"replace example.org/a  => /home/me/a ",
		"replace example.org/b v0.1.0 => example.org/fork v0.1.1",
		"replace example.org/house  => /home/me/my house ",
		"require example.org/a v1.2.3 indirect=false",
		"require example.org/b v0.1.0 indirect=true",
		"require example.org/house v0.0.0 indirect=false",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	// The expression by which GoNB finds folders that it then walks and watches.
	watched := regexp.MustCompile(`(?m)^\s*replace\s+.*?=>\s+(.*)$`)
	if m := watched.FindAll(got, -1); m != nil {
		t.Errorf("GoNB would watch %q", m)
	}
}

func TestCellModuleOfThisProject(t *testing.T) {
	dir := t.TempDir()
	if err := WriteModule(dir, "gonb_x", repo); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := modfile.Parse("go.mod", own, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Require) != len(o.Require)+1 {
		t.Errorf("%d requirements, the project has %d", len(f.Require), len(o.Require))
	}
	if err := WriteModule(dir, "gonb_x", t.TempDir()); err == nil || !strings.Contains(err.Error(), "go.mod") {
		t.Errorf("a folder without go.mod gave %v", err)
	}
}

func TestProvides(t *testing.T) {
	dir := t.TempDir()
	root, err := filepath.Abs(repo)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteModule(dir, "gonb_x", root); err != nil {
		t.Fatal(err)
	}
	m, err := readModules(dir, toolchain(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want bool
	}{
		{"fmt", true},
		{"encoding/json", true},
		{"unsafe", true},
		{"C", true},
		{"urbangraph/kernel/gofront", true},
		{"urbangraph/none", false},
		{"urbangraphs", false},
		{"golang.org/x/mod/modfile", true},
		{"golang.org/x/mod/none", false},
		{"github.com/janpfeifer/gonb/gonbui", true},
		{"github.com/BurntSushi/toml", true}, // an upper case letter is escaped in the module cache
		{"example.com/none", false},
		{"gonb_x", false},
		{"", false},
	} {
		if c.path == "github.com/BurntSushi/toml" {
			if _, err := os.Stat(filepath.Join(m.t.ModCache, "github.com", "!burnt!sushi")); err != nil {
				continue // not fetched on this machine
			}
		}
		if got := m.provides(c.path); got != c.want {
			t.Errorf("provides(%q) = %v, want %v", c.path, got, c.want)
		}
	}
}

func FuzzCellModule(f *testing.F) {
	f.Add([]byte("module m\n\ngo 1.26\n\nrequire example.org/a v1.0.0\n"), "/clone")
	f.Add([]byte("module m\n\ngo 1.26\n\nreplace example.org/a v1.0.0 => ./\"x y\"\n"), "/a b\"c")
	f.Add([]byte("module \"m\"\ngo 1.21\ngodebug default=go1.21\nexclude example.org/a v1.0.0\n"), "/")
	f.Fuzz(func(t *testing.T, project []byte, repo string) {
		if !filepath.IsAbs(repo) {
			return
		}
		got, err := cellModule(project, "gonb_x", repo)
		if err != nil {
			return
		}
		if _, err := modfile.ParseLax("go.mod", got, nil); err != nil {
			t.Errorf("%v\n%s", err, got)
		}
	})
}
