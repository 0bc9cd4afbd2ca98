package cell

import (
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// noPackages is an importer of packages without content.
type noPackages struct{}

func (noPackages) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, assumedName(path))
	p.MarkComplete()
	return p, nil
}

var undefined = regexp.MustCompile(`^undefined: ([\pL_][\pL_\d]*)$`)

// allUndefined asks go/types which names of a cell's body nothing declares. It looks again with those
// declared that it has found, because go/types passes over what depends on them.
func allUndefined(t *testing.T, c *Cell) []string {
	var names, before []string
	for {
		more := undefinedNames(t, goLines(c.Compose(Plan{Before: before}).Code))
		if len(more) == 0 {
			slices.Sort(names)
			return slices.Compact(names)
		}
		for _, n := range more {
			names = append(names, n)
			before = append(before, "var "+n+" any")
		}
	}
}

// undefinedNames does one look.
func undefinedNames(t *testing.T, code string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "cell.go", "package main\n"+code, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v in\n%s", err, code)
	}
	var from, to token.Pos
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok && d.Name.Name == Main {
			from, to = d.Pos(), d.End()
		}
	}
	set := map[string]struct{}{}
	conf := types.Config{Importer: noPackages{}, Error: func(err error) {
		var e types.Error
		if !errors.As(err, &e) || e.Pos < from || e.Pos >= to {
			return
		}
		if m := undefined.FindStringSubmatch(e.Msg); m != nil {
			set[m[1]] = struct{}{}
		}
	}}
	conf.Check("main", fset, []*ast.File{f}, nil)
	return slices.Sorted(maps.Keys(set))
}

// goLines drops the special lines of a composed text.
func goLines(code string) string {
	for strings.HasPrefix(code, "%") || strings.HasPrefix(code, "!") {
		_, code, _ = strings.Cut(code, "\n")
	}
	return code
}

func TestUsesAreWhatGoTypesMisses(t *testing.T) {
	for _, s := range corpus(t) {
		c := Parse(s.code)
		if c.Err != nil {
			t.Errorf("%s: %v", s.name, c.Err)
			continue
		}
		p := c.Compose(Plan{})
		if p.Code == "" || c.OwnMain() {
			continue
		}
		var uses []string
		for _, u := range c.Uses() {
			if types.Universe.Lookup(u) == nil && !slices.Contains(s.maybe, u) {
				uses = append(uses, u)
			}
		}
		if want := allUndefined(t, c); !slices.Equal(uses, want) && s.name != "dot import" {
			t.Errorf("%s: Uses() = %q, go/types misses %q\n%s", s.name, uses, want, p.Code)
		}
	}
}

// std finds the packages that goimports would import.
var std = map[string]string{"fmt": "fmt", "strings": "strings", "strconv": "strconv", "os": "os", "math": "math", "sync": "sync",
	"time": "time", "testing": "testing", "http": "net/http", "unsafe": "unsafe", "flag": "flag", "gonbui": "github.com/janpfeifer/gonb/gonbui"}

func TestComposedCellsCompile(t *testing.T) {
	imp := importer.Default()
	fixed := map[string]*types.Package{}
	for _, s := range corpus(t) {
		c := Parse(s.code)
		if c.Err != nil || !c.HasGo() {
			continue
		}
		plan := Plan{Result: "show", Declare: []string{"func show(...any) {}", "func put(string, any) {}"}}
		for _, w := range s.with {
			name, typ, _ := strings.Cut(w, " ")
			plan.Before = append(plan.Before, "var "+name+" "+typ, "_ = "+name)
		}
		plan.After = func(names []string) []string {
			var out []string
			for _, n := range names {
				out = append(out, `put("`+n+`", `+n+`)`)
			}
			return out
		}
		used := c.Uses()
		for _, d := range c.Declared() {
			used = append(used, d.Uses...)
		}
		for _, w := range s.with {
			for name := range std {
				if strings.Contains(w, name+".") {
					used = append(used, name)
				}
			}
		}
		have := c.Declared()
		for _, name := range append(used, "flag") {
			path, ok := std[name]
			if !ok || slices.ContainsFunc(have, func(d Decl) bool { return d.Kind == "import" && d.Path == path }) ||
				slices.Contains(plan.Imports, Import{Path: path}) || slices.ContainsFunc(s.with, func(w string) bool { return strings.HasPrefix(w, name+" ") }) {
				continue
			}
			plan.Imports = append(plan.Imports, Import{Path: path})
		}
		code := goLines(c.Compose(plan).Code)
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "cell.go", "package main\n"+code, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v\n%s", s.name, err, code)
			continue
		}
		conf := types.Config{Importer: importerFunc(func(path string) (*types.Package, error) {
			if path == std["gonbui"] {
				return noPackages{}.Import(path)
			}
			if fixed[path] == nil {
				p, err := imp.Import(path)
				if err != nil {
					return nil, err
				}
				fixed[path] = p
			}
			return fixed[path], nil
		}), Error: func(err error) {
			if strings.Contains(err.Error(), "undefined: gonbui.") || strings.Contains(err.Error(), "imported and not used") ||
				strings.Contains(err.Error(), "cannot declare init") ||
				strings.Contains(err.Error(), "undefined: T") && s.name == "var of undefined" {
				return
			}
			t.Errorf("%s: %v\n%s", s.name, err, code)
		}}
		conf.Check("main", fset, []*ast.File{f}, nil)
	}
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
