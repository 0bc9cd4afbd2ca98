package state

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"urbangraph/kernel/cell"
)

// notebook runs cells as the kernel does, with a small stand-in for GoNB: it memorises declarations by their
// keys and builds each cell as a program of its own that holds them all.
type notebook struct {
	t       *testing.T
	m       *Memory
	dir     string
	decls   map[string]string // by kind and key
	imports map[string]string // alias or name to import
	count   int
	notices []string
}

func newNotebook(t *testing.T) *notebook {
	t.Helper()
	m, err := New(filepath.Join(t.TempDir(), "kept"))
	if err != nil {
		t.Fatal(err)
	}
	return &notebook{t: t, m: m, dir: t.TempDir(), decls: map[string]string{}, imports: map[string]string{"flag": `import "flag"`}}
}

// run runs a cell and returns what it printed.
func (n *notebook) run(code string) (out string, err error) {
	n.t.Helper()
	n.count++
	n.notices = nil
	c := cell.Parse(code)
	if c.Err != nil {
		return "", c.Err
	}
	step, err := n.m.Prepare(c)
	if err != nil {
		return "", err
	}
	step.Count = n.count
	n.notices = append(n.notices, step.Notices...)
	p := c.Compose(cell.Plan{Imports: step.Imports, Declare: step.Declare, Before: step.Before, After: step.After})
	bin, err := n.build(goCode(p.Code))
	if err != nil {
		n.m.Abandon(step)
		return "", err
	}
	n.notices = append(n.notices, n.m.Built(step)...)
	cmd := exec.Command(bin)
	cmd.Dir = n.dir
	cmd.Env = append(os.Environ(), step.Env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		n.m.Abandon(step)
		return stdout.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	more, err := n.m.Commit(step, c)
	n.notices = append(n.notices, more...)
	return stdout.String(), err
}

// want runs a cell that must print something.
func (n *notebook) want(code, out string) {
	n.t.Helper()
	got, err := n.run(code)
	if err != nil {
		n.t.Fatalf("%s\nfails: %v", code, err)
	}
	if strings.TrimSpace(got) != out {
		n.t.Errorf("%s\nprints %q, want %q", code, strings.TrimSpace(got), out)
	}
}

// fails runs a cell that must fail with a message.
func (n *notebook) fails(code, message string) {
	n.t.Helper()
	if _, err := n.run(code); err == nil || !strings.Contains(err.Error(), message) {
		n.t.Errorf("%s\nends with %v, want %q", code, err, message)
	}
}

// notice checks what the last cell said.
func (n *notebook) notice(want ...string) {
	n.t.Helper()
	all := strings.Join(n.notices, "\n")
	if len(want) == 0 && all != "" || len(want) != len(n.notices) {
		n.t.Errorf("notices %q, want %q", n.notices, want)
		return
	}
	for i, w := range want {
		if !strings.Contains(n.notices[i], w) {
			n.t.Errorf("notice %q, want %q", n.notices[i], w)
		}
	}
}

// toolchain returns the import configuration of all packages that the cells of the tests import: compiler and
// linker are several times faster than the go command.
var toolchain = sync.OnceValues(func() (cfg string, err error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}",
		"flag", "fmt", "math/big", "math/rand/v2", "os", "path", "strings", "sync", "time", keepPath).Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	f, err := os.CreateTemp("", "importcfg")
	if err != nil {
		return "", err
	}
	importcfg = f.Name()
	_, err = f.Write(out)
	return importcfg, errors.Join(err, f.Close())
})

var importcfg string // to be removed

func TestMain(m *testing.M) {
	code := m.Run()
	if importcfg != "" {
		os.Remove(importcfg)
	}
	os.Exit(code)
}

func (n *notebook) build(code string) (bin string, err error) {
	fset := token.NewFileSet()
	src := "package main\n" + code
	f, err := parser.ParseFile(fset, "main.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", fmt.Errorf("%w in\n%s", err, src)
	}
	text := func(x ast.Node) string { return src[x.Pos()-1 : x.End()-1] }
	decls, imports := maps.Clone(n.decls), maps.Clone(n.imports)
	main := ""
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			key := d.Name.Name
			if d.Recv != nil {
				key = strings.TrimPrefix(text(d.Recv.List[0].Type), "*") + "~" + key
			}
			doc := ""
			if d.Doc != nil {
				doc = text(d.Doc) + "\n"
			}
			if key == "main" {
				main = text(d)
			} else {
				decls["func "+key] = doc + text(d)
			}
		case *ast.GenDecl:
			if d.Tok == token.CONST {
				decls["const "+d.Specs[0].(*ast.ValueSpec).Names[0].Name] = text(d)
				continue
			}
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.ImportSpec:
					name := strings.Trim(s.Path.Value[strings.LastIndexByte(s.Path.Value, '/')+1:], `"`)
					if name == "v2" {
						name = filepath.Base(filepath.Dir(s.Path.Value))
					}
					if s.Name != nil {
						name = s.Name.Name
					}
					imports[name] = "import " + text(s)
				case *ast.TypeSpec:
					decls["type "+s.Name.Name] = "type " + text(s)
				case *ast.ValueSpec:
					decls["var "+s.Names[0].Name] = "var " + text(s)
				}
			}
		}
	}
	body := strings.Join(slices.Sorted(maps.Values(decls)), "\n\n")
	var head strings.Builder
	head.WriteString("package main\n")
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if strings.Contains(body+main, name+".") {
			head.WriteString(imports[name] + "\n")
		}
	}
	path := filepath.Join(n.dir, "main.go")
	if err := os.WriteFile(path, []byte(head.String()+body+"\n\n"+main+"\n"), 0o600); err != nil {
		return "", err
	}
	bin = filepath.Join(n.dir, fmt.Sprintf("bin%d", n.count))
	cfg, err := toolchain()
	if err != nil {
		return "", err
	}
	object := filepath.Join(n.dir, "main.a")
	for _, args := range [][]string{
		{"tool", "compile", "-o", object, "-p", "main", "-complete", "-dwarf=false", "-pack", "-importcfg", cfg, path},
		{"tool", "link", "-o", bin, "-s", "-w", "-importcfg", cfg, object},
	} {
		cmd := exec.Command("go", args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
	}
	n.decls, n.imports = decls, imports
	return bin, nil
}

func cellOf(code string) *cell.Cell { return cell.Parse(code) }
