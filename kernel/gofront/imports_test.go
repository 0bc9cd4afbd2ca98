package gofront

import (
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// newResolver is a resolver for a notebook of a project with packages of several names.
func newResolver(t testing.TB) *resolver {
	t.Helper()
	dir := t.TempDir()
	tc := toolchain(t)
	for name, text := range map[string]string{
		"go.mod":                "module house\n\ngo " + strings.TrimPrefix(tc.Version, "go") + "\n",
		"go.sum":                "",
		"rooms/rooms.go":        "package rooms\n\nconst Name = 1\n",
		"old/rooms/rooms.go":    "package rooms\n\nconst Age = 1\n",
		"go-doors/v2/doors.go":  "package doors\n\nfunc Open() {}\n",
		"rand/rand.go":          "package rand\n\nfunc Die() {}\n",
		"internal/cellar/c.go":  "package cellar\n\nfunc Dig() {}\n",
		"testdata/attic/a.go":   "package attic\n\nfunc Dust() {}\n",
		"cmd/tool/main.go":      "package main\n",
		"only/tests_test.go":    "package only\n",
		"gen/a_gen.go":          "//go:build ignore\n\npackage main\n",
		"gen/gen.go":            "package gen\n\ntype T struct{}\n\nvar A, B = 1, 2\n\nfunc (T) Method() {}\n",
		"nested/go.mod":         "module nested\n",
		"nested/cave/cave.go":   "package cave\n\nfunc In() {}\n",
		"other/wing/go_test.go": "package wing\n",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	nb := filepath.Join(t.TempDir(), cellPrefix+"x")
	write(t, filepath.Join(nb, "keep"), "")
	if err := WriteModule(nb, cellPrefix+"x", dir); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	shareNames(t, cache)
	d := NewDaemon(Settings{Toolchain: tc, Repo: dir, Cache: cache})
	t.Cleanup(d.Close)
	return &resolver{Daemon: d, ctx: t.Context(), dir: nb, env: []string{"GOEXPERIMENT=simd"}}
}

func TestFix(t *testing.T) {
	r := newResolver(t)
	for _, c := range []struct {
		name, imports, body string
		want                string // imports in the end, as "alias path"
	}{
		{"nothing", "", "println(1)", ""},
		{"standard library", "", "fmt.Println(strings.ToUpper(\"x\"))", " fmt,  strings"},
		{"there already", "\"fmt\"", "fmt.Println()", " fmt"},
		{"not used", "\"fmt\"; \"os\"", "os.Exit(0)", " os"},
		{"none used", "\"fmt\"", "", ""},
		{"alias", "f \"fmt\"", "f.Println()", "f fmt"},
		{"alias not used", "f \"fmt\"", "fmt.Println()", " fmt"},
		{"blank and dot", "_ \"embed\"; . \"math\"", "println(Pi)", "_ embed, . math"},
		{"cgo", "\"C\"", "", " C"},
		{"unsafe", "\"unsafe\"", "println(unsafe.Sizeof(1))", " unsafe"},
		{"unsafe not used", "\"unsafe\"", "", ""},
		{"local variable of that name", "", "var fmt struct{ Println func() }; fmt.Println()", ""},
		{"parameter of that name", "", "func(os struct{ Exit int }) { println(os.Exit) }(struct{ Exit int }{1})", ""},
		{"variable in another scope", "", "{ strings := 1; _ = strings }; println(strings.ToUpper(\"x\"))", " strings"},
		{"method, not exported", "", "x.y()", ""},
		{"in a type", "", "var b bytes.Buffer; _ = b", " bytes"},
		{"generic", "", "_ = slices.Max([]int{1}); var m atomic.Pointer[int]; _ = m", " slices,  sync/atomic"},
		{"rand of math", "", "_ = rand.Intn(3)", " math/rand"},
		{"rand of math/v2", "", "_ = rand.IntN(3)", "rand math/rand/v2"},
		{"rand of crypto", "", "rand.Read(nil)", " crypto/rand"},
		{"rand of the project", "", "rand.Die()", " house/rand"},
		{"rand of nobody", "", "rand.Missing()", " crypto/rand"},
		{"template", "", "_ = template.New(\"x\"); _ = template.HTML(\"\")", " html/template"},
		{"text template by name", "\"text/template\"", "_ = template.New(\"x\")", " text/template"},
		{"project", "", "println(rooms.Name)", " house/rooms"},
		{"project, by what is exported", "", "println(rooms.Age)", " house/old/rooms"},
		{"project, exported by none", "", "println(rooms.None)", ""},
		{"project, one alone", "", "gen.Missing()", " house/gen"},
		{"project, several symbols", "", "println(gen.A, gen.B, gen.T{})", " house/gen"},
		{"name is not the last element", "", "doors.Open()", "doors house/go-doors/v2"},
		{"imported, name is not the last element", "\"house/go-doors/v2\"", "doors.Open()", " house/go-doors/v2"},
		{"internal", "", "cellar.Dig()", ""},
		{"testdata", "", "attic.Dust()", ""},
		{"another module below", "", "cave.In()", ""},
		{"nobody's", "", "nothing.Known()", ""},
		{"import of a package that is not there", "\"example.com/none\"", "", " example.com/none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := "package main\n\n"
			if c.imports != "" {
				src += "import (\n\t" + strings.ReplaceAll(c.imports, "; ", "\n\t") + "\n)\n\n"
			}
			src += "\nfunc main() {\n\t" + c.body + "\n}\n"
			f, err := r.fix("main.go", []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			text := string(f.text())
			got := specs(t, text)
			if g := strings.Join(got, ", "); g != c.want {
				t.Errorf("imports %q, want %q", g, c.want)
			}
			if strings.Count(text, "\n") != strings.Count(src, "\n") || !strings.HasSuffix(text, c.body+"\n}\n") {
				t.Errorf("other lines than in the source:\n%s", text)
			}
			again, ok := foretell([]byte(src), f.kept, f.added)
			if !ok || !slices.Equal(specs(t, string(again)), got) || !strings.HasSuffix(string(again), "\n\nfunc main() {\n\t"+c.body+"\n}\n") {
				t.Errorf("foretold, %v:\n%s", ok, again)
			}
		})
	}
}

// specs are the imports of a file in order of path, as "alias path".
func specs(t testing.TB, text string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	var out []string
	for _, s := range f.Imports {
		alias := ""
		if s.Name != nil {
			alias = s.Name.Name
		}
		out = append(out, alias+" "+strings.Trim(s.Path.Value, "\"`"))
	}
	slices.SortFunc(out, func(a, b string) int {
		return strings.Compare(a[strings.IndexByte(a, ' '):], b[strings.IndexByte(b, ' '):])
	})
	return out
}

// TestFixSingle takes out imports that stand alone.
func TestFixSingle(t *testing.T) {
	r := newResolver(t)
	f, err := r.fix("main.go", []byte("package main\nimport \"fmt\"\nimport (\"os\"; s \"strings\")\nfunc main() { _ = os.Args }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(f.text()), "package main\nimport ()   \nimport (\"os\";            )\nfunc main() { _ = os.Args }\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, ok := foretell(f.src, f.kept, f.added); ok {
		t.Error("the text of a file that GoNB has not written was foretold")
	}
}

// TestFindAgain checks that what was found is not found any more when it has gone.
func TestFindAgain(t *testing.T) {
	r := newResolver(t)
	if p := r.find("gen", []string{"A"}); p != "house/gen" {
		t.Fatalf("found %q", p)
	}
	write(t, filepath.Join(r.Repo, "gen", "gen.go"), "package gen\n\nvar C = 1\n")
	write(t, filepath.Join(r.Repo, "new", "gen", "gen.go"), "package gen\n\nvar A = 1\n")
	if p := r.find("gen", []string{"A"}); p != "house/new/gen" {
		t.Errorf("found %q after the package has lost the symbol", p)
	}
	if p := r.find("gen", []string{"C"}); p != "house/gen" {
		t.Errorf("found %q for the symbol that is new", p)
	}
}

// TestForetell holds what GoNB writes, as its composer does.
func TestForetell(t *testing.T) {
	src := "package main\n\nimport (\n\tx \"a/b\"\n\t\"fmt\"\n\t\"gopkg.in/yaml.v3\"\n)\n\ntype T int\n\nfunc main() {}\n"
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := foretell([]byte(src), f.Imports, []addition{{"", "os"}, {".", "c/d"}, {"zz", "e"}})
	want := "package main\n\nimport (\n\t. \"c/d\"\n\t\"fmt\"\n\t\"os\"\n\t\"gopkg.in/yaml.v3\"\n\tx \"a/b\"\n\tzz \"e\"\n)\n\ntype T int\n\nfunc main() {}\n"
	if !ok || string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, ok := foretell([]byte("package main\n\n\nfunc main() {}\n"), nil, nil); !ok || string(got) != "package main\n\n\nfunc main() {}\n" {
		t.Errorf("without imports: %s", got)
	}
}

func FuzzFix(f *testing.F) {
	for _, s := range []string{
		"package main\n\nimport (\n\t\"fmt\"\n)\n\nfunc main() { os.Exit(1) }\n",
		"package main;import \"fmt\";import`os`;func main(){}",
		"package main // é\nimport (\n\t. \"fmt\" /* x\n*/ ; _ \"os\"\n)\n",
		"//line x:1\npackage main\n\nfunc f[T any](x T) { strings.X(rooms.Name) }\n",
	} {
		f.Add(s)
	}
	r := newResolver(f)
	f.Fuzz(func(t *testing.T, src string) {
		x, err := r.fix("main.go", []byte(src))
		if err != nil {
			return
		}
		text := string(x.text())
		af, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.ParseComments)
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if strings.Count(text, "\n") != strings.Count(src, "\n") || len(af.Imports) != len(x.kept)+len(x.added) {
			t.Errorf("%d imports, want %d and %d, in\n%s", len(af.Imports), len(x.kept), len(x.added), text)
		}
		if again, ok := foretell([]byte(src), x.kept, x.added); ok {
			if _, err := parser.ParseFile(token.NewFileSet(), "main.go", again, parser.ImportsOnly); err != nil {
				t.Errorf("foretold: %v:\n%s", err, again)
			}
		}
	})
}

func ExampleToolchain_Language() {
	fmt.Println(Toolchain{Version: "go1.26.8"}.Language())
	// Output: go1.26
}
