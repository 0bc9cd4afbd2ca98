package state

import (
	"os"
	"strings"
	"testing"

	"urbangraph/kernel/cell"
)

func TestNames(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want("import \"fmt\"\n\ntype Point struct{ X, y int }\n\nfunc (p Point) Sum() int { return p.X + p.y }\n%%\nx := 1\nvar p = &Point{1, 2}\nq := p\nm := map[string][]*Point{\"a\": {p, q}}\n_ = 1", "")
	n.notice()
	n.want("%%\nx := x + 1\nfmt.Println(x, p.Sum(), m[\"a\"][0] == m[\"a\"][1], *q)\np.X = 7", "2 3 true {1 2}")
	n.notice()
	n.want("func twice() int { return 2 * x }\n%%\nfmt.Println(x, p.X, twice())\nx = 10\nfmt.Println(twice())", "2 7 4\n20")
	n.want("fmt.Println(twice(), x)", "20 10")
	n.want("x := \"text\"", "")
	n.fails("fmt.Println(twice())", "mismatched types")
	n.want("fmt.Println(x)", "text")
	n.m.Forget("x")
	n.fails("fmt.Println(twice())", "x is not there any more: x was forgotten by %reset")
	n.want("x := \"text\"", "")
	n.want("%% -v\nx += \"s\"\nz := x", "")
	n.want("fmt.Println(x, z)", "texts texts")
	n.want("%%\nif x, err := fmt.Sprint(x, \"inner\"), error(nil); err == nil && x != \"\" {\n\treturn\n}\nx = \"never\"", "")
	n.want("fmt.Println(x)", "texts")
}

// TestNothingHappens runs cells that fail, exit or are of a kind that puts nothing.
func TestNothingHappens(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want("import (\n\t\"fmt\"\n\t\"os\"\n)\n\nvar total = 1\n%%\nx := []int{1}", "")
	n.fails("x[0] = 2\ny := 3\n_ = y\ntotal++\npanic(\"stop\")", "panic: stop")
	n.want("x[0] = 4\ntotal++\nos.Exit(0)", "")
	n.fails("x[0] = 5\nx.none()", "x.none undefined")
	n.fails("fmt.Println(y)", "undefined: y")
	n.want("func main() { x := 7; total = 9; fmt.Println(x, total) }", "7 9")
	n.want("fmt.Println(x, total)", "[1] 1")
	n.want("func add() { total += x[0] }\n%exec add", "")
	n.want("fmt.Println(total)", "2")
}

// TestVariables follows variables that the notebook declares at package level.
func TestVariables(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	first := "import (\n\t\"fmt\"\n\t\"math/rand/v2\"\n)\n\nvar (\n\tcount = 1\n\tseen = map[string]int{}\n\trng = rand.New(rand.NewPCG(1, 2))\n\tch = make(chan int, 1)\n\tbig = make([]float64, 200_000)\n\tfixed = \"f\"\n)\n\nfunc note(s string) { seen[s]++ }\n%%\nfirst := rng.IntN(1000)"
	n.want(first, "")
	n.want("note(\"a\")\nnote(\"a\")\ncount++\nbig[7] = 1", "")
	n.want("fmt.Println(seen, count, big[7], rng.IntN(1000) != first, fixed)", "map[a:2] 2 1 true f")
	n.notice()
	if got := step(t, n, "fmt.Println(fixed)\nother(fixed)\nfixed.x()"); got.Before != nil || got.After != nil {
		t.Errorf("reading what never changed costs %+v", got)
	}
	n.want("ch = nil\nch = make(chan int, 5)", "")
	n.notice("ch (chan int) was set, but cannot be kept, as it holds a chan int")
	n.want("ch = make(chan int, 7)", "")
	n.notice()
	n.want("fmt.Println(cap(ch))", "1")
	n.want("fmt.Println(count)\ncount := 5\nfmt.Println(count)", "2\n5")
	n.notice("count := is a variable of this cell only")
	n.want("fmt.Println(count)", "2")
	n.want(first, "")
	n.want("fmt.Println(seen, count, big[7])", "map[] 1 0")
	if unknown := n.m.Forget("first", "nobody"); strings.Join(unknown, " ") != "nobody" {
		t.Error(unknown)
	}
	n.fails("fmt.Println(first)", "undefined: first")
	if why := n.m.Why("first"); !strings.Contains(why, "forgotten") {
		t.Error(why)
	}
}

// TestStatements follows names whose values cannot be kept.
func TestStatements(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want(`import (
	"fmt"
	"os"
	"strings"
	"sync"
)
%%
k := 3
times := func(x int) int { return k * x }
var fib func(int) int
fib = func(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
file, err := os.Open("/dev/null")
a, ch := 5, make(chan int, k)
r := strings.NewReader("abc")
var mu sync.Mutex
const private = 4
lost := func() int { return private }
uses := func() int { return lost() }
done := make(chan bool)
if k > 1 {
	done = nil
}
kept := func() {}
kept = nil
_, _, _, _ = file, err, r, a
mu.Lock()
mu.Unlock()`, "")
	n.notice("lost (func() int) cannot be kept, as it holds a func() int: a function is code of the program that made it; nor can its statement run again, as the statement uses private, which is declared inside the cell",
		"uses (func() int) cannot be kept, as it holds a func() int: a function is code of the program that made it; nor can its statement run again, as it needs lost")
	n.want("fmt.Println(times(2))", "6")
	n.notice("times (func(int) int) cannot be kept by value, as it holds a func(int) int: a function is code of the program that made it: cells that use it run its statement of cell [1] again")
	n.want("k = 4\nfmt.Println(times(2), fib(10), cap(ch), a)", "8 55 3 5")
	n.notice("ch", "fib")
	n.want("fmt.Println(times(2), file.Name(), err, r.Len(), kept == nil, done == nil)\nmu.Lock()", "8 /dev/null <nil> 3 true true")
	n.notice("file", "r (", "mu stays what it was before this cell: its new value cannot be kept, as it holds a sync.Mutex")
	n.want("func g() int { return times(5) }\n%%\nfmt.Println(g())", "20")
	n.notice()
	n.fails("lost()", "undefined: lost")
	if why := n.m.Why("lost"); !strings.Contains(why, "uses private") {
		t.Error(why)
	}
	n.want("times := 9", "")
	n.want("fmt.Println(times)", "9")
}

// TestTypes follows values whose types change, go, or cannot be written.
func TestTypes(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want(`import (
	"fmt"
	"math/big"
	"time"
)

type Shape interface{ Area() float64 }
type Disc struct{ R float64 }
type Pair[A, B any] struct {
	First  A
	second B
}

func (d Disc) Area() float64 { return d.R }
func NewPair[A, B any](a A, b B) *Pair[A, B] { return &Pair[A, B]{a, b} }
func (p *Pair[A, B]) Second() B { return p.second }
%%
shapes := []Shape{Disc{1}, nil}
pair := NewPair(map[string]*big.Int{"x": big.NewInt(7)}, shapes)
d := Disc{2}
anon := []struct{ At time.Time; Any any }{{time.Unix(0, 0).UTC(), big.NewInt(8)}}
berlin, _ := time.LoadLocation("Europe/Berlin")
at := time.Date(2024, 7, 1, 0, 0, 0, 0, berlin)
type local struct{ X int }
inner := local{1}
_ = inner`, "")
	n.notice("inner (main.local) cannot be kept, as the type local is declared inside the cell")
	n.want("fmt.Println(shapes[0].Area(), pair.First[\"x\"], pair.Second()[0], anon[0].At.Year(), anon[0].Any, at)", "1 7 {1} 1970 8 2024-07-01 00:00:00 +0200 CEST")
	n.notice()
	n.want("type Disc struct{ Name string; R float32; More int }\n\nfunc (d Disc) Area() float64 { return 10 * float64(d.R) }\n%%\nfmt.Printf(\"%+v %v\", d, shapes[0].Area())", "{Name: R:2 More:0} 10")
	n.want("type Disc struct{ R string }\n\nfunc (d Disc) Area() float64 { return 0 }", "")
	n.fails("fmt.Println(d)", "the value of d from cell [3] cannot be used: its field main.Disc.R: it was a float32 and is a string now; run that cell again")
	n.want("d := Disc{\"again\"}", "")
	n.want("fmt.Println(d)", "{again}")
	n.m.Remove("Disc", "Disc~Area")
	delete(n.decls, "type Disc")
	delete(n.decls, "func Disc~Area")
	n.fails("fmt.Println(d)", "undefined: d")
}

// TestClashes lets declarations take the names of values, and the other way round.
func TestClashes(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want("import \"fmt\"\n%%\na, b, strings, string, max := 1, 2, \"not the package\", 4, 5", "")
	n.want("import \"strings\"\n\nfunc a() int { return 3 }\n\nvar b = 4\n%%\nfmt.Println(a(), b, strings.ToUpper(\"x\"), string, max)", "3 4 X 4 5")
	n.notice("strings is an import from here on; the value that cell [1] kept under that name is dropped", "a is a function")
	n.want("func top(x int) string { return fmt.Sprint(max(x, 8)) }\n%%\nfmt.Println(max(1, 2), top(1))", "2 8")
	n.want("a := 7\nfmt.Println(a)", "7")
	n.notice()
	n.want("fmt.Println(a(), b)", "3 4")
	n.want("type Pt struct{ d int }\n\ntype Set map[int]bool\n%%\nd := 5", "")
	n.want("var pt, set = Pt{d: 1}, fmt.Sprint\n\nfunc in() bool { return Set{d: true}[5] }\n%%\nfmt.Println(pt, in())", "{1} true")
	if got := step(t, n, "fmt.Println(Pt{d: 1})"); got.After != nil {
		t.Errorf("the name of a field costs %+v", got)
	}
	n.fails("var c = d + 1\n%%\nfmt.Println(c)", "made before the kept value of d is there; write c := below a line %%")
}

// TestPackageUse leaves out a kept name that a cell uses as a package.
func TestPackageUse(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.imports["path"] = `import "path"`
	n.want("import \"fmt\"\n%%\npath := []string{\"a\", \"b\"}", "")
	n.want("fmt.Println(path.Join(\"x\", \"y\"))", "x/y")
	n.want("fmt.Println(path[0])", "a")
}

// TestDisk looks for files that nothing refers to.
func TestDisk(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want("x, y := 1, 2", "")
	n.want("x = 3", "")
	n.want("x, y := \"a\", 2.5", "")
	n.fails("x = \"b\"\npanic(1)", "panic: 1")
	files, err := os.ReadDir(n.m.dir)
	if err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
	page, text := n.m.Table()
	if want := "name  type     bytes"; !strings.HasPrefix(text, want) || !strings.Contains(page, "<td>float64</td>") {
		t.Errorf("%s\n%s", text, page)
	}
	rows := n.m.Who()
	if len(rows) != 2 || rows[0].Name != "x" || rows[0].Type != "string" || rows[0].Cell != 3 || rows[0].How != "by value" {
		t.Errorf("%+v", rows)
	}
	n.m.Reset()
	if files, err := os.ReadDir(n.m.dir); err != nil || len(files) != 0 || len(n.m.Who()) != 0 {
		t.Errorf("after a reset %v, %v", files, err)
	}
}

// step prepares a cell and drops it.
func step(t *testing.T, n *notebook, code string) Step {
	t.Helper()
	s, err := n.m.Prepare(cellOf(code))
	if err != nil {
		t.Fatal(err)
	}
	n.m.Abandon(s)
	return s
}

// TestReplay starts GoNB anew in the middle of a notebook.
func TestReplay(t *testing.T) {
	t.Parallel()
	n := newNotebook(t)
	n.want("import \"fmt\"\n\ntype Circle struct{ R float64 }\n%%\nscale := 2.0\nc := Circle{3}\nshapes := []any{&c}", "")
	n.want("// Area needs a kept name.\nfunc (c Circle) Area() float64 { return scale * c.R }\n%%\nfmt.Println(c.Area())", "6")
	n.want("var total int\ntotal = 5\nscale = 10", "")
	for _, line := range []string{"%env A=1", "%cd x", "%env B=2", "%env A=3", "!ls", "%cd y", "%noautoget", "%autoget", "%who"} {
		n.m.Magic(cell.Parse(line).Specials[0])
	}
	text := n.m.Replay()
	head := "%cd x\n%env B=2\n%env A=3\n%cd y\n%autoget\n"
	if !strings.HasPrefix(text, head) {
		t.Errorf("replayed\n%s", text)
	}
	n.decls, n.imports = map[string]string{}, map[string]string{"flag": `import "flag"`}
	if _, err := n.build(strings.TrimPrefix(text, head) + "func main() { flag.Parse() }"); err != nil {
		t.Fatal(err)
	}
	n.want("fmt.Println(shapes[0].(*Circle).Area(), total)", "30 5")
	var keys []string
	for _, d := range n.m.Declarations() {
		keys = append(keys, d.Key)
	}
	if got := strings.Join(keys, " "); got != "fmt Circle Circle~Area total" {
		t.Errorf("declarations %s", got)
	}
	vars := n.m.Variables()
	if len(vars) != 3 || vars[0].Name != "c" || vars[0].Type != "Circle" || vars[2].Type != "[]interface{}" {
		t.Errorf("variables %+v", vars)
	}
}
