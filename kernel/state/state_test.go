package state

import "testing"

func TestNames(t *testing.T) {
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
}
