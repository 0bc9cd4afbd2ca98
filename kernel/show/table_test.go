package show

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

type city struct {
	Name  string
	Nodes int
	Share float64
	At    point
	Up    *city
}

// mixed has a field that other packages do not see.
type mixed struct{ A, b int }

func tabled(t *testing.T, v any) table {
	t.Helper()
	out, ok := tabulate(reflect.ValueOf(v))
	if !ok {
		t.Fatalf("%T is no table", v)
	}
	return out
}

func TestTables(t *testing.T) {
	type private struct{ a, b int }
	wil := city{"Wil<ming>ton", 12, 0.5, point{1, 2}, nil}
	for _, c := range []struct {
		v    any
		want string
	}{
		{wil, `
field  value
Name   Wil<ming>ton
Nodes  12
Share  0.5
At     {1 2}
Up     <nil>`},
		{&wil, `
field  value
Name   Wil<ming>ton
Nodes  12
Share  0.5
At     {1 2}
Up     <nil>`},
		{[]point{{1, 20}, {300, 4}}, `
  X   Y
  1  20
300   4`},
		{[]*point{{1, 2}, nil}, `
    X  Y
    1  2
<nil>`},
		{[2]point{{1, 2}, {3, 4}}, `
X  Y
1  2
3  4`},
		{[]private{{1, 2}}, `
a  b
1  2`},
		{[]struct{ A, b int }{{1, 2}}, `
A  b
1  2`},
		{[]struct{ d time.Duration }{{1}, {2}}, `
d
1ns
2ns`},
		{map[string]struct{ d time.Duration }{"a": {1}}, `
key  d
a    1ns`},
		{mixed{1, 2}, `
field  value
A      1`},
		{map[string]int{"b": 1, "a": 200}, `
key  value
a      200
b        1`},
		{map[int]point{10: {1, 2}, 9: {3, 4}}, `
key  X  Y
  9  3  4
 10  1  2`},
		{map[string]any{"a": 1, "b": "x\ty\nz"}, `
key  value
a    1
b    x y⏎z`},
		{[][]float64{{1, 2.25}, {30}}, `
 1  2.25
30`},
		{[][]string{{"a", "b"}, {"longer", "c"}}, `
a       b
longer  c`},
		{[]map[string]any{{"a": 1, "b": "x"}, {"a": 20, "c": nil}}, `
 a  b  c
 1  x
20     <nil>`},
		{[]any{1}, ""},
		{[]point{}, ""},
		{map[string]int{}, ""},
		{struct{}{}, ""},
		{[]spoken1{{1}}, ""},
		{spoken1{1}, ""},
		{[][]byte{[]byte("ab")}, ""},
		{(*city)(nil), ""},
		{3, ""},
	} {
		out, ok := tabulate(reflect.ValueOf(c.v))
		if ok != (c.want != "") {
			t.Errorf("%T %v: table %v", c.v, c.v, ok)
			continue
		}
		if got := "\n" + out.text(); ok && got != c.want {
			t.Errorf("%T:%s\nwant:%s", c.v, got, c.want)
		}
	}
}

func TestLongTable(t *testing.T) {
	var long []point
	for i := range 1000 {
		long = append(long, point{i, -i})
	}
	out := tabled(t, long)
	text := strings.Split(out.text(), "\n")
	if len(text) != 1+headRows+1+tailRows+1 {
		t.Fatalf("%d lines", len(text))
	}
	for i, want := range map[int]string{1: "  0     0", 50: " 49   -49", 51: "… 940 more", 52: "990  -990", 61: "999  -999", 62: "1000 rows"} {
		if text[i] != want {
			t.Errorf("line %d is %q, want %q", i, text[i], want)
		}
	}
	html := out.html()
	for _, want := range []string{`<td colspan="2" style="text-align:left">… 940 more</td>`, "<p>1000 rows</p>", `<td style="text-align:right">-999</td>`} {
		if !strings.Contains(html, want) {
			t.Errorf("HTML lacks %s", want)
		}
	}
	if n := strings.Count(html, "<tr>"); n != 1+headRows+1+tailRows {
		t.Errorf("%d rows in HTML", n)
	}
	if out := tabled(t, long[:headRows+tailRows]); out.left != 0 || out.end != "" {
		t.Errorf("60 rows are cut: %d left, %q", out.left, out.end)
	}

	many := map[int]string{}
	for i := range 100 {
		many[i] = "x"
	}
	if s := tabled(t, many).text(); !strings.HasSuffix(s, "\n 59  x\n… 40 more, 100 in all") {
		t.Errorf("map of 100:\n%s", s)
	}
}

func TestWideTable(t *testing.T) {
	wide := [][]int{make([]int, 1000), make([]int, 7)}
	out := tabled(t, wide)
	if len(out.right) != mostCols || len(out.rows[0]) != mostCols || out.rows[0][headCols] != "…" {
		t.Errorf("%d columns, %d in the first row", len(out.right), len(out.rows[0]))
	}
	if !strings.HasSuffix(out.text(), "\n1000 columns") {
		t.Errorf("the end is %q", out.end)
	}
	out = tabled(t, [][]string{{strings.Repeat("x", 1000)}})
	if got := out.rows[0][0]; got != strings.Repeat("x", cellMost-1)+"…" {
		t.Errorf("a wide value is %q", got)
	}
}

func TestTableHTML(t *testing.T) {
	got := tabled(t, []struct {
		A string
		N int
	}{{`<b>&"'`, 1}}).html()
	want := `<table>
<thead><tr><th style="text-align:left">A</th><th style="text-align:right">N</th></tr>
</thead>
<tbody>
<tr><td style="text-align:left">&lt;b&gt;&amp;&#34;&#39;</td><td style="text-align:right">1</td></tr>
</tbody>
</table>`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Values that contain themselves are shown like others.
func TestTablesOfCycles(t *testing.T) {
	c := city{Name: "a"}
	c.Up = &c
	m := map[string]any{}
	m["m"] = m
	l := []any{nil}
	l[0] = l
	type pointer *pointer
	var p pointer
	p = &p
	for _, v := range []any{c, &c, []*city{&c}, m, []map[string]any{m}, [][]any{l}, p, &p} {
		if b, ok := bundle(v); !ok || b.text() == "" {
			t.Errorf("%T: %v", v, b)
		}
	}
}

func ExampleDisplay() {
	type city struct {
		Name  string
		Nodes int
	}
	Display([]city{{"Wilmington", 38_412}, {"Ely", 511}})
	// Output:
	// Name        Nodes
	// Wilmington  38412
	// Ely           511
}

func ExampleResult() {
	Result(strings.Repeat("a", 3))
	Result(strconv.Atoi("7"))
	Result(strconv.Atoi("seven"))
	// Output:
	// aaa
	// 7
	// strconv.Atoi: parsing "seven": invalid syntax
}
