package gopls

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestOwnComplete(t *testing.T) {
	s := serve(t, nil)
	s.known.Load().lib.fill()
	for _, c := range []struct {
		text string
		want string // all of these, in this order
		not  string // none of these
	}{
		// names
		{"help|", "helper", "fmt"},
		{"HELP|", "helper", ""},
		{"li|", "limit", "len"},
		{"poi|", "points", "Point~"},
		{"ret|", "return", ""},
		{"app|", "append", ""},
		{"ma|", "map make max", "main"},
		{"strin|", "string strings", ""},
		{"rooms|", "rooms", ""},
		{"x := 1\nxx := 2\nx|", "x xx", ""},
		{"if x1 := 1; x1 > 0 {\n\tx|\n}", "x1", ""},
		{"if x1 := 1; x1 > 0 {\n}\nx|", "", "x1"},
		{"for x1, x2 := range points {\n x|", "x1 x2", ""},
		{"x1 := 1\nfunc f(x2 int) {\n x|\n}", "x2", "x1"},
		{"f := func(x2 int) {\n x|\n}", "x2", ""},
		{"x|\nxy := 1", "", "xy"},
		{"switch y1 := any(1).(type) {\ncase int:\n y|", "y1", ""},
		{"const c1 = 1\ntype c2 int\nc|", "c1 c2", ""},
		{"%%\nvar (\n\txa = 1\n\txb = x|\n\txc = 2\n)", "xa", "xc"},
		{"%%\nconst c1 = 1\ntype c2 int\nc|", "c1 c2", ""},
		// packages
		{"fmt.Pri|", "Print Printf Println", "Sprint"},
		{"fmt.pri|", "Print Printf Println", ""},
		{"strings.HasP|", "HasPrefix", ""},
		{"h.|", "Base Hall Large New Room Size Small", "hidden OnlyWindows OnlyTest"},
		{"rooms.|", "Base Hall Large New Room Size Small", "hidden"},
		{"import r \"house/rooms\"\n%%\nr.N|", "New", ""},
		{"fmt.|\nx := 2", "Print", ""},
		{"fmt.Println(strings.HasS|", "HasSuffix", ""},
		{"nowhere.|", "", "fmt"},
		{"rand.Shu|", "Shuffle", ""},
		// members
		{"points[0].|", "Norm Tag X Y", "area"},
		{"p := Point{}\np.|\nq := 2", "Norm Tag X Y", ""},
		{"p := &Point{}\np.|", "Norm Tag X Y", ""},
		{"p := new(Point)\np.N|", "Norm", "X"},
		{"var p Point\np.|", "Norm", ""},
		{"for _, p := range points {\n p.|", "Norm", ""},
		{"for i := range 3 {\n i.|", "", "Norm"},
		{"for name, r := range byName {\n r.|", "Area Base Floor Name Up", "area"},
		{"byName[\"a\"].|", "Area Base Floor Name Up", ""},
		{"if r, ok := byName[\"a\"]; ok {\n r.Na|", "Name", ""},
		{"r, err := h.New(\"a\")\nr.|", "Area Name", ""},
		{"r, err := h.New(\"a\")\nerr.|", "Error", ""},
		{"r, err := rooms.New(\"a\")\nr.|", "Area Name", ""},
		{"h.Hall.|", "Area Base Floor Name Up", "area"},
		{"h.Hall.Up().|", "Floor Up", ""},
		{"h.Hall.Base.Up().F|", "Floor", ""},
		{"points[0].Tag.N|", "Name", ""},
		{"func (p *Point) Move() { p.| }", "Move Norm Tag X Y", ""},
		{"func f(ps ...Point) { ps[0].| }", "Norm", ""},
		{"type Mine struct { Point; own int }\nvar m Mine\nm.|", "Norm Point Tag X Y own", ""},
		{"%%\ntype local struct { inner int }\nvar l local\nl.|", "inner", ""},
		{"type Other = Point\nvar o Other\no.|", "Norm X", ""},
		{"type Other Point\nvar o Other\no.|", "X", "Norm"},
		{"type I interface { A(); error }\nvar i I\ni.|", "A Error", ""},
		{"b := strings.NewReader(\"x\")\nb.ReadR|", "ReadRune", ""},
		{"x := any(1).(Point)\nx.N|", "Norm", ""},
		{"switch v := any(1).(type) {\ncase *Point:\n v.|", "Norm", ""},
		{"ch := make(chan Point)\np := <-ch\np.|", "Norm", ""},
		{"ps := append(points, Point{})\nps[1:][0].|", "Norm", ""},
		{"m := map[string][]Point{}\nm[\"a\"][0].|", "Norm", ""},
		{"f := func() Point { return Point{} }\nf().|", "Norm", ""},
		{"type P[T any] struct{ V T }\nvar p P[int]\np.|", "V", ""},
		{"x := x\nx.|", "", "Norm"},
		{"type A struct{ *B }\ntype B struct{ *A; N int }\nvar a A\na.|", "N", ""},
		{"var a = b\nvar b = a\na.|", "", "X"},
		// imported with a dot
		{"import . \"house/rooms\"\n%%\nNe|", "New", ""},
		{"import . \"house/rooms\"\n%%\nr := Room{}\nr.|", "Area Name", ""},
		{"import . \"house/rooms\"\n%%\nr, _ := New(\"\")\nr.|", "Area Name", ""},
		{"import . \"house/rooms\"\n%%\nHall.|", "Area Name", ""},
		{"import . \"house/rooms\"\n%%\nhid|", "", "hidden"},
		// nothing
		{"\"fmt.|\"", "", "Print"},
		{"// fmt.|", "", "Print"},
		{"x := 12|", "", "Print"},
		{"'fm|'", "", "fmt"},
	} {
		got := complete(t, s, notebook, c.text)
		last := -1
		for w := range strings.FieldsSeq(c.want) {
			i := slices.Index(got.Matches, w)
			if i < 0 || i < last {
				t.Errorf("%q: %s is missing or out of order in %.300v", c.text, w, got.Matches)
			}
			last = i
		}
		for w := range strings.FieldsSeq(c.not) {
			if slices.Contains(got.Matches, w) {
				t.Errorf("%q: %s should not be in %.300v", c.text, w, got.Matches)
			}
		}
	}
}

func TestOwnKinds(t *testing.T) {
	s := serve(t, nil)
	c := complete(t, s, notebook, "h.|")
	want := map[string][2]string{
		"Base": {"class", "struct{...}"}, "Hall": {"instance", ""}, "Large": {"constant", "Size"}, "New": {"function", "func(name string) (*Room, error)"},
		"Size": {"class", "float64"}, "Small": {"constant", "Size"},
	}
	for i, m := range c.Matches {
		if w, ok := want[m]; ok && (string(c.Kinds[i]) != w[0] || c.Signatures[i] != w[1]) {
			t.Errorf("%s is %s %q, want %v", m, c.Kinds[i], c.Signatures[i], w)
		}
	}
	if !c.Own {
		t.Error("not our own")
	}
	code := "ä := h."
	c, err := s.Complete(context.Background(), notebook, code, len(code))
	if err != nil {
		t.Fatal(err)
	}
	if start, end := c.Runes(code); start != 7 || end != 7 {
		t.Errorf("runes %d to %d, want 7", start, end)
	}
	types := c.Metadata(code)["_jupyter_types_experimental"].([]map[string]any)
	if len(types) != len(c.Matches) || types[0]["text"] != c.Matches[0] || types[0]["start"] != 7 || types[0]["type"] != "class" {
		t.Errorf("%v", types)
	}
}

func TestOwnInspect(t *testing.T) {
	s := serve(t, nil)
	for _, c := range []struct {
		text   string
		detail int
		want   string // in the plain text, separated by |
	}{
		{"fmt.Pr|intln(1)", 0, "func Println(a ...any) (n int, err error)|Println formats using"},
		{"|fmt.Println(1)", 0, "package fmt|formatted I/O"},
		{"fmt.Println(1, |", 0, "func Println("},
		{"fmt.Println(\"a|\")", 0, "func Println("},
		{"fmt.Println(len(|", 0, "func len("},
		{"helper(3, func(a []int) { x := []int{|", 0, "func helper("},
		{"points[0].Norm|()", 0, "func (p Point) Norm() float64|distance from the origin"},
		{"points[0].X|", 0, "field X float64|metres"},
		{"h.Room|{}", 0, "type Room struct"},
		{"h.Room|{}", 1, "as on the door|Base"},
		{"h.Ne|w(\"\")", 1, "return &Room{Name: name}, nil"},
		{"h.Hall.Ar|ea()", 0, "Area() float64|square metres"},
		{"lim|it", 0, "var limit = 3"},
		{"poi|nts", 0, "var points []Point"},
		{"x := h.Hall\nx|", 0, "var x"},
		{"r, err := h.New(\"\")\nr|", 0, "var r *rooms.Room"},
		{"app|end(points)", 0, "append built-in function"},
		{"%ti|me", 0, "%time: measures a cell"},
		{"%cd /tmp|", 0, "%cd: changes the folder"},
		{"%%bash\nls|", 0, ""},
		{"nothing|", 0, ""},
		{"// fmt.Pr|intln(", 0, ""},
		{"|", 0, ""},
		{"", 0, ""},
	} {
		code, offset := at(c.text)
		got, ok, err := s.Inspect(context.Background(), notebook, code, offset, c.detail)
		if err != nil || ok != (c.want != "") {
			t.Errorf("%q: found %v, %v: %v", c.text, ok, err, got)
			continue
		}
		for w := range strings.SplitSeq(c.want, "|") {
			if !strings.Contains(got["text/plain"], w) {
				t.Errorf("%q: %q is not in\n%s", c.text, w, got["text/plain"])
			}
		}
	}
}
