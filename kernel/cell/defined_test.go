package cell

import (
	"fmt"
	"go/importer"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestDefined(t *testing.T) {
	for _, r := range []struct {
		code string
		want []Name
	}{
		{"x := 1", []Name{{"x", 1, "x := 1", []string{"x"}, ""}}},
		{"f()\na, _, b := g(\n\t1,\n)", []Name{{"a", 2, "a, _, b := g(\n\t1,\n)", []string{"a", "b"}, ""}, {"b", 2, "a, _, b := g(\n\t1,\n)", []string{"a", "b"}, ""}}},
		{"f()\nvar x, y map[string]T", []Name{{"x", 2, "var x, y map[string]T", []string{"x", "y"}, "map[string]T"}, {"y", 2, "var x, y map[string]T", []string{"x", "y"}, "map[string]T"}}},
		{"f()\nvar (\n\tx int\n\ty = 2\n)", []Name{{"x", 3, "var (\n\tx int\n\ty = 2\n)", []string{"x", "y"}, "int"}, {"y", 4, "var (\n\tx int\n\ty = 2\n)", []string{"x", "y"}, ""}}},
		{"a, err := f()\nb, err := g()", []Name{{"a", 1, "a, err := f()", []string{"a", "err"}, ""}, {"err", 1, "a, err := f()", []string{"a", "err"}, ""}, {"b", 2, "b, err := g()", []string{"b", "err"}, ""}}},
		{"%cd x\nL: x := 1\ngoto L", []Name{{"x", 2, "x := 1", []string{"x"}, ""}}},
		{"s := `\n%x`", []Name{{"s", 1, "s := (`\n`+\"%\"+`x`)", []string{"s"}, ""}}},
		{"x = 1\nx.y = 2\nif z := 1; z > 0 { w := 2; _ = w }\n_ = func() { v := 1; _ = v }", nil},
		{"var x = 1", nil},
		{"var x = 1\nf()", nil},
		{"%%\nvar x = 1", []Name{{"x", 2, "var x = 1", []string{"x"}, ""}}},
		{"func main() { x := 1; _ = x }", nil},
		{"x := (", nil},
		{"x := 1; import \"fmt\"; y := 2", []Name{{"x", 1, "x := 1", []string{"x"}, ""}, {"y", 1, "y := 2", []string{"y"}, ""}}},
	} {
		got := Parse(r.code).Defined()
		if !reflect.DeepEqual(got, r.want) {
			t.Errorf("%q:\n%+v, want\n%+v", r.code, got, r.want)
		}
	}
}

func TestUsesAndAssigns(t *testing.T) {
	for _, r := range []struct{ code, uses, assigns string }{
		{"x = 1", "x", "x"},
		{"x += y", "x y", "x"},
		{"x++; y--", "x y", "x y"},
		{"x.f = 1; y[i] = 2; *p = 3; (z).a[0].b = 4", "i p x y z", "p x y z"},
		{"a, b = b, a", "a b", "a b"},
		{"p := &x; q := &y.f[i]; r := &T{v}", "T i v x y", "x y"},
		{"for i = range xs { }", "i xs", "i"},
		{"for m[k] = range xs { }", "k m xs", "m"},
		{"select { case x = <-c: case v, ok = <-c: }", "c ok v x", "ok v x"},
		{"x := x", "x", ""},
		{"x := 1; x = 2; x++; p := &x", "", ""},
		{"x = 1; x := 2; x = 3", "x", "x"},
		{"if x := f(); x > y { z = x }", "f y z", "z"},
		{"func() { x = 1; y := 2; y = 3; _ = y }()", "x", "x"},
		{"f(func(a, b int) (c T) { return a + b + d })", "T d f int", ""},
		{"x.M(); pkg.F(y)", "pkg x y", ""},
		{"_ = x.(T); _ = x.(type2[U])", "T U type2 x", ""},
		{"L: for { break L; continue L }; goto L", "", ""},
		{"switch x := v.(type) { case A, *B: x.m() }", "A B v", ""},
		{"type T struct{ a int }; f(T{a: b})", "b f", ""},
		{"f(U{a: b})", "U a b f", ""},
		{"f(struct{ a int }{a: b})", "b f int", ""},
		{"f(map[K]V{a: b})", "K V a b f", ""},
		{"f([]struct{ a int }{{a: b}})", "b f int", ""},
		{"f([...]int{a: b})", "a b f int", ""},
		{"import \"fmt\"; import m \"math\"; import \"x.y/go-z/v2\"; fmt.Println(m.Pi, z.A)", "", ""},
		{"func g() {}; g(); h()", "h", ""},
		{"var _ I = T{}\ntype T int", "I", ""},
		{"var _ = y\ny := x", "x y", ""},
		{"%exec f", "f", ""},
		{"%exec f\nfunc f() {}", "", ""},
		{"func main() { x() }", "", ""},
		{"f(nil, true, len(\"\"))", "f len nil true", ""},
		{"const c = d; var e T = c; f(e)", "f", ""}, // c and e are declarations
		{"f(); const c = d; var e T = c", "T f", ""},
		{"%%\nconst c = d; var e T = c", "T d", ""},
		{"%%\ntype T[P any] struct{ *Q; p P }; type S interface{ M(T[int]) R; ~int | V }", "Q R V any int", ""},
	} {
		c := Parse(r.code)
		if c.Err != nil {
			t.Errorf("%q: %v", r.code, c.Err)
		}
		got, assigns := strings.Join(c.Uses(), " "), strings.Join(c.Assigns(), " ")
		if got != r.uses || assigns != r.assigns {
			t.Errorf("%q uses %q and assigns %q, want %q and %q", r.code, got, assigns, r.uses, r.assigns)
		}
	}
}

func TestDeclared(t *testing.T) {
	code := `import (
	"fmt"
	m "math"
	. "strings"
	_ "embed"
	"github.com/a/go-b/v2"
)

type (
	T struct{ U }
	A = []V
)

// Doc of f.
func f(x T) (y W) { return g(x) }
func (t T) M() int { return 0 }
func (t *List[P]) N(p P, q Q) {}
func (t List[P]) O() {}

const (
	c1 = iota + k
	c2
)

var a, b = h(), 1
var d, _ X = i2()
func init() {}
func sum[S ~[]E, E Number](s S) E { return E(len(s)) }
`
	type row struct {
		kind, key, names, uses, path, alias, source string
		line                                        int
	}
	want := []row{
		{"import", "fmt", "fmt", "", "fmt", "", `import "fmt"`, 2},
		{"import", "m", "m", "", "math", "m", `import m "math"`, 3},
		{"import", ".~strings", "", "", "strings", ".", `import . "strings"`, 4},
		{"import", "_", "", "", "embed", "_", `import _ "embed"`, 5},
		{"import", "v2", "b", "", "github.com/a/go-b/v2", "", `import "github.com/a/go-b/v2"`, 6},
		{"type", "T", "T", "U", "", "", "type T struct{ U }", 10},
		{"type", "A", "A", "V", "", "", "type A = []V", 11},
		{"func", "f", "f", "T W g", "", "", "// Doc of f.\nfunc f(x T) (y W) { return g(x) }", 15},
		{"func", "T~M", "M", "T int", "", "", "func (t T) M() int { return 0 }", 16},
		{"func", "List[P]~N", "N", "List Q", "", "", "func (t *List[P]) N(p P, q Q) {}", 17},
		{"func", "unknown~O", "O", "List", "", "", "func (t List[P]) O() {}", 18},
		{"const", "c1", "c1 c2", "iota k", "", "", "const (\n\tc1 = iota + k\n\tc2\n)", 20},
		{"var", "a", "a b", "h", "", "", "var a, b = h(), 1", 25},
		{"var", "d", "d _", "X i2", "", "", "var d, _ X = i2()", 26},
		{"func", "init", "init", "", "", "", "func init() {}", 27},
		{"func", "sum", "sum", "Number len", "", "", "func sum[S ~[]E, E Number](s S) E { return E(len(s)) }", 28},
	}
	c := Parse(code)
	var got []row
	for _, d := range c.Declared() {
		got = append(got, row{d.Kind, d.Key, strings.Join(d.Names, " "), strings.Join(d.Uses, " "), d.Path, d.Alias, d.Source, d.Line})
		if d.Cell != c.ID {
			t.Errorf("%s is of cell %q", d.Key, d.Cell)
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%v; declaration %d:\n%+v, want\n%+v", c.Err, i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
		}
	}
}

// kinds tells what a cell's pieces become: Declared keys, and local types.
func TestHoisting(t *testing.T) {
	for _, r := range []struct{ code, keys, local string }{
		{"x()\ntype T int", "T", ""},
		{"%%\nx()\ntype T int", "", "T"},
		{"%%\nx()\ntype T int\nfunc (T) M() {}", "T T~M", ""},
		{"%%\nx()\ntype T int\ntype U []T\ntype V int\nfunc f(U) {}", "T U f", "V"},
		{"%%\nx()\nconst n = 3\ntype T [n]int\nfunc f(T) {}", "n T f", ""},
		{"n := 1\ntype T [len(n)]int\nconst k = len(n)\ntype U [k]int\ntype V int", "V", "T U"},
		{"n := 1\ntype T [len(n)]int\nfunc (T) M() {}", "T T~M", ""},
		{"x()\nvar T = 1\n_ = T\ntype T2 int", "T2", ""},
		{"x()\nimport \"fmt\"\nfunc f() {}", "fmt f", ""},
		{"const c = 1\nvar v = 2\ntype T int\nx()", "c v T", ""},
		{"x()\nf := func() {}\nfunc() {}()\nfunc(a int) T { return 0 }(1)\nfunc(f func()) func() { return f }(f)", "", ""},
		{"x(); func (t T) m() {}; y()", "T~m", ""},
		{"x(); type T struct { a int }; func f() T { return T{} }", "T f", ""},
		{"x()\ntype A struct{ b *B }\ntype B struct{ a *A }", "A B", ""},
		{"y := 1\ntype A struct{ b *B }\ntype B struct{ a [len(y)]A }", "", "A B"},
		{"func main() {}\nvar x = 1", "x", ""},
	} {
		c := Parse(r.code)
		var keys []string
		for _, d := range c.Declared() {
			keys = append(keys, d.Key)
		}
		if got, local := strings.Join(keys, " "), strings.Join(c.LocalTypes(), " "); got != r.keys || local != r.local || c.Err != nil {
			t.Errorf("%q declares %q and keeps local %q, want %q and %q; %v", r.code, got, local, r.keys, r.local, c.Err)
		}
	}
}

func TestLastExpression(t *testing.T) {
	for _, r := range []struct{ code, want string }{
		{"x", "x"}, {"x + 1 // comment", "x + 1"}, {"x /* a\nb */", "x"}, {"(x)", "(x)"}, {"f()", "f()"}, {"f(\n\tx,\n)", "f(\n\tx,\n)"},
		{"a.\n\tb().\n\tc", "a.\n\tb().\n\tc"}, {"<-ch", "<-ch"}, {"-x", "-x"}, {"&x", "&x"}, {"*p", "*p"}, {"x[1:2]", "x[1:2]"},
		{"[]int{1}", "[]int{1}"}, {"T{a: 1}", "T{a: 1}"}, {"x.(T)", "x.(T)"}, {"func() int { return 1 }()", "func() int { return 1 }()"},
		{"func() {}", "func() {}"}, {"x == y", "x == y"}, {"float64(x)", "float64(x)"}, {"len(x)", "len(x)"}, {"err.Error()", "err.Error()"},
		{"time.Now().Add(d)", "time.Now().Add(d)"}, {"fmt.Sprint(1)", "fmt.Sprint(1)"}, {"fmt.Errorf(\"x\")", "fmt.Errorf(\"x\")"},
		{"import m \"math\"\nm.Sqrt(2)", "m.Sqrt(2)"}, {"f := 1\nfunc g() int { return 1 }\ng()", "g()"}, {"func g[T any]() T { panic(1) }\ng[int]()", "g[int]()"},
		{"%%\nx", "x"}, {"x\n\n%ls\n// end\n", "x"}, {"x\nfunc f() {}", "x"}, {"x\r\n", "x"}, {"`\n%d`", "(`\n`+\"%\"+`d`)"},
		{"log.Default()", "log.Default()"}, {"cmd.Run()", "cmd.Run()"}, {"os.Getenv(\"A\")", "os.Getenv(\"A\")"}, {"Settings()", "Settings()"},
		{"type T int\nfunc (T) Close() int { return 1 }\nt.Close()", "t.Close()"},
		{"x;", ""}, {"x ; // c", ""}, {"f();", ""}, {"x := 1", ""}, {"x++", ""}, {"ch <- 1", ""}, {"if x {\n}", ""}, {"go f()", ""}, {"return", ""},
		{"var x = 1", ""}, {"", ""}, {"%exec f", ""}, {"func main() { x }", ""}, {"L:", ""},
		{"fmt.Println(1)", ""}, {"fmt.Fprintf(w, \"\")", ""}, {"log.Printf(\"\")", ""}, {"close(ch)", ""}, {"(close(ch))", ""}, {"delete(m, k)", ""},
		{"panic(1)", ""}, {"clear(m)", ""}, {"wg.Wait()", ""}, {"wg.Add(1)", ""}, {"t.Run(\"\", f)", ""}, {"must.M(err)", ""}, {"f.Close()", ""}, {"os.Exit(1)", ""},
		{"plots.Show(p)", ""}, {"gonbui.DisplayHtml(\"\")", ""}, {"ugshow.Table(x)", ""}, {"mu.Lock()", ""}, {"b.SetBytes(3)", ""}, {"sort.Ints(x)", ""},
		{"slices.SortFunc(x, f)", ""}, {"time.Sleep(1)", ""}, {"func() { f() }()", ""}, {"func g() {}\ng()", ""}, {"func g[T any](T) {}\ng[int](1)", ""},
		{"import f \"fmt\"\nf.Println(1)", ""}, {"type T int\nfunc (T) Go2() {}\nt.Go2()", ""}, {"runtime.GC()", ""}, {"import \"math/rand/v2\"\nrand.Shuffle(n, f)", ""},
	} {
		got, ok := Parse(r.code).LastExpression()
		if got != r.want || ok != (r.want != "") {
			t.Errorf("%q: %q, %v, want %q", r.code, got, ok, r.want)
		}
	}
}

// The standard library's part of the list is what the library says.
func TestVoidFunctions(t *testing.T) {
	imp := importer.Default()
	for name, path := range map[string]string{"fmt": "fmt", "log": "log", "slog": "log/slog", "os": "os", "time": "time", "runtime": "runtime",
		"debug": "runtime/debug", "sort": "sort", "slices": "slices", "maps": "maps", "rand": "math/rand", "signal": "os/signal", "flag": "flag",
		"http": "net/http", "atomic": "sync/atomic"} {
		pkg, err := imp.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		scope := pkg.Scope()
		for _, f := range strings.Fields(voidFunctions[name]) {
			if strings.Contains(f, "*") {
				continue
			}
			if obj, ok := scope.Lookup(f).(*types.Func); !ok {
				t.Errorf("%s.%s is no function", name, f)
			} else if n := obj.Signature().Results().Len(); n > 0 && name != "fmt" && f != "Output" {
				t.Errorf("%s.%s returns %d values", name, f, n)
			}
		}
		for _, f := range scope.Names() {
			obj, ok := scope.Lookup(f).(*types.Func)
			if !ok || !obj.Exported() {
				continue
			}
			void := obj.Signature().Results().Len() == 0
			if voidFunction(name, f) && !void && name != "fmt" && fmt.Sprint(name, ".", f) != "log.Output" {
				t.Errorf("%s.%s returns something", name, f)
			}
			if void && !voidFunction(name, f) && slices.Contains([]string{"fmt", "log", "slog", "os", "time", "sort", "slices", "maps", "rand", "signal"}, name) {
				t.Errorf("%s.%s returns nothing and is not in the list", name, f)
			}
		}
	}
}
