package cell

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

const (
	// Main is the function that holds the body in what GoNB gets; main calls it.
	Main = "ugCell"
	// Glue is the id in the positions of code that the kernel has added.
	Glue = "ug"
	// Folder is the folder in the file names of all positions, which the id of a cell follows.
	Folder = "/cell/"
)

// Import is an import that a plan adds.
type Import struct{ Path, Alias string }

// Plan says what is added to a cell.
type Plan struct {
	ID      string               // in the positions of the cell; "" means the cell's own
	Rewrite func(Special) string // the line sent for a special line, "" for none; nil: see Specials
	// Specials keeps the special lines as they are when Rewrite is nil. The arguments of %% are sent in
	// any case.
	Specials bool
	Imports  []Import
	// No line of what Declare, Before and After give may begin with %, ! or //gonb:.
	Declare []string // pieces of Go at top level
	Before  []string // statements in a scope around the body
	// After gives statements for the body's end and for each return of the body that is not in a function
	// literal; inScope are the names of Defined that are visible there.
	After func(inScope []string) []string
	// Result is a function that the last expression is given to when [Cell.LastExpression] has one. It must
	// take any number of values. With "", and for an expression that ends with a semicolon, Go's rule that
	// a value must be used is met otherwise.
	Result string
	Void   []string // functions of other cells that return nothing, whose calls are never given to Result
	Sync   string   // a statement after those that call gonbui.Display*, Update* or SendData themselves
}

// Program is what GoNB gets for a cell.
type Program struct {
	Code    string
	Wrapped bool // the last expression is given to Plan.Result
	lines   []int
}

// Line returns the line of the cell that line n of Code comes from, both from 1. GoNB's "Cell[n]: Line m"
// counts lines of Code.
func (p Program) Line(n int) (line int, ok bool) {
	if n < 1 || n > len(p.lines) || p.lines[n-1] == 0 {
		return 0, false
	}
	return p.lines[n-1], true
}

// edit replaces a range of the source. raw is where a raw string begins that the edit is in, or -1.
type edit struct {
	at, end int
	text    string
	raw     int
}

// directive is a line of its own that gives the next line a position.
func directive(id string, line, column int) string {
	return fmt.Sprintf("//line %s%s:%d:%d\n", Folder, id, line, column)
}

// inline gives what follows it in the same line a position.
func inline(id string, line, column int) string {
	return fmt.Sprintf("/*line %s%s:%d:%d*/", Folder, id, line, column)
}

// ownDirective tells whether a comment is a directive of Decl.Text.
func ownDirective(comment string) bool {
	rest, ok := strings.CutPrefix(comment, "//line "+Folder)
	if !ok {
		return false
	}
	f := strings.Split(rest, ":")
	if len(f) != 3 || f[0] == "" || strings.ContainsFunc(f[0], func(r rune) bool { return r > 0x7f || !isWord(byte(r)) }) {
		return false
	}
	line, err := strconv.ParseUint(f[1], 10, 16)
	return err == nil && line > 0 && f[2] == "1"
}

// calm keeps a comment of the user from being a line directive.
func calm(comment string) string {
	if strings.HasPrefix(comment, "//line ") || strings.HasPrefix(comment, "/*line ") {
		return comment[:2] + " " + comment[2:]
	}
	return comment
}

// glue keeps GoNB from dropping lines of added code for a package clause.
func glue(code string) string {
	return strings.TrimPrefix(strings.ReplaceAll("\n"+code, "\npackage", "\n package"), "\n")
}

// unCR removes the carriage returns of line breaks, which mean nothing to Go.
func unCR(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// piece is a part of the source with all that GoNB would misread made harmless.
func (c *Cell) piece(at, end int, more ...edit) string {
	var b strings.Builder
	for _, s := range c.cut(c.src.s, at, end, more) {
		b.WriteString(s.text)
	}
	return b.String()
}

// segment is a text and the line of the cell that it begins in, 0 for text that has been added.
type segment struct {
	text string
	line int
}

// cut applies the cell's own and more edits to a part of a text with the offsets of the source.
func (c *Cell) cut(s string, at, end int, more []edit) []segment {
	var edits []edit
	for _, e := range slices.Concat(more, c.fixes) {
		if e.at >= at && e.end <= end && e != (edit{}) {
			edits = append(edits, e)
		}
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return a.at - b.at })
	var out []segment
	for _, e := range edits {
		if e.at < at {
			continue
		}
		out = append(out, segment{unCR(s[at:e.at]), c.src.line(at)}, segment{e.text, 0})
		at = e.end
	}
	return append(out, segment{unCR(s[at:end]), c.src.line(at)})
}

// writer writes the composed text and remembers where its lines come from.
type writer struct {
	strings.Builder
	lines   []int // of all finished lines
	current int   // the line of the cell that the unfinished line comes from
	highest int   // line in the positions of functions and their comments
	after   int   // the line that follows the last function, by its directive
	special int   // lines that GoNB does not count as Go
}

// put writes text that comes from a line of the cell, or from none when line is 0.
func (w *writer) put(s string, line int) {
	w.WriteString(s)
	for {
		i := strings.IndexByte(s, '\n')
		if w.current == 0 && (i > 0 || i < 0 && s != "") {
			w.current = line
		}
		if i < 0 {
			return
		}
		w.lines = append(w.lines, w.current)
		w.current, s = 0, s[i+1:]
		if line > 0 {
			line++
		}
	}
}

func (w *writer) segments(list []segment) {
	for _, s := range list {
		w.put(s.text, s.line)
	}
}

// function writes the comment of a function of n lines, which counts on from the function before, and its
// directive, and notes how high the positions of both get.
func (w *writer) function(doc []string, directive string, line, n int) {
	w.put("\n", 0)
	for _, l := range doc {
		w.put(l+"\n", 0)
		w.after += 1 + strings.Count(l, "\n")
	}
	w.put(directive, 0)
	w.highest = max(w.highest, w.after+2, line+n)
	w.after = line + n
}

// Compose writes down what GoNB gets for the cell. A cell with an Err, and a script, give an empty text.
func (c *Cell) Compose(p Plan) Program {
	if c.Err != nil || c.Script != nil {
		return Program{}
	}
	if p.ID == "" {
		p.ID = c.ID
	}
	w := &writer{}
	c.writeSpecials(w, p)
	if !c.HasGo() && len(p.Before) == 0 && p.After == nil && len(p.Declare) == 0 {
		return Program{Code: w.String(), lines: w.lines}
	}
	c.writeHead(w, p)
	wrapped := false
	for _, d := range c.decls {
		if d.Kind == "func" {
			c.writeFunc(w, p, d)
		}
	}
	if c.main != nil {
		c.writeMain(w, p)
	} else {
		wrapped = c.writeBody(w, p)
	}
	// GoNB looks up each line that a position has among the lines of the file.
	for len(w.lines)-w.special < w.highest+4 {
		w.put("\n", 0)
	}
	return Program{Code: w.String(), Wrapped: wrapped, lines: w.lines}
}

// writeSpecials writes the special lines and the program's arguments.
func (c *Cell) writeSpecials(w *writer, p Plan) {
	args := func() {
		if c.MainArgs != "" {
			w.put("%args "+c.MainArgs+"\n", c.markLine)
			w.special++
		}
	}
	pending := c.Explicit
	for _, s := range c.Specials {
		if pending && s.Line > c.markLine {
			args()
			pending = false
		}
		line := ""
		if p.Rewrite != nil {
			line = p.Rewrite(s)
		} else if p.Specials {
			line = s.String()
		}
		if line != "" {
			w.put(line+"\n", s.Line)
			w.special++
		}
	}
	if pending {
		args()
	}
}

// writeHead writes everything that no directive may precede: imports, types, constants, variables, and
// main, which is one line because its position is that of whatever GoNB puts before it.
func (c *Cell) writeHead(w *writer, p Plan) {
	for _, i := range p.Imports {
		w.put("import "+strings.TrimLeft(i.Alias+" ", " ")+strconv.Quote(i.Path)+"\n", 0)
	}
	ownFlag := false
	for _, d := range c.decls {
		if d.blank {
			continue
		}
		if d.Kind != "import" && slices.Contains(d.Names, "flag") {
			ownFlag = true
		}
		head := ""
		switch d.Kind {
		case "func":
			continue
		case "import", "type", "var":
			head = d.Kind + " "
		}
		w.put(head, d.Line)
		w.segments(c.cut(c.src.s, d.at, d.end, nil))
		w.put("\n", 0)
	}
	for _, d := range p.Declare {
		w.put(glue(d)+"\n", 0)
	}
	if c.main != nil || ownFlag {
		w.put("func main() { "+Main+"() }\n", 0)
	} else {
		w.put("func main() { flag.Parse(); "+Main+"() }\n", 0)
	}
}

// writeFunc writes a function with its comment and its position.
func (c *Cell) writeFunc(w *writer, p Plan, d declaration) {
	n := strings.Count(c.src.s[d.at:d.end], "\n")
	if d.keep != "" {
		line, _ := strconv.Atoi(strings.Split(d.keep, ":")[1])
		w.function(d.doc, d.keep+"\n", line, n)
	} else {
		w.function(d.doc, directive(p.ID, d.Line, 1), d.Line, n)
	}
	w.segments(c.cut(c.src.s, d.at, d.end, []edit{d.rename}))
	w.put("\n", 0)
}

// writeMain writes the user's own func main.
func (c *Cell) writeMain(w *writer, p Plan) {
	name := c.main.Name
	at, end := int(name.Pos())-1-len(headDecl), int(name.End())-1-len(headDecl)
	from, to := int(c.main.Pos())-1-len(headDecl), int(c.main.End())-1-len(headDecl)
	w.function(nil, directive(p.ID, c.src.line(from), 1), c.src.line(from), strings.Count(c.src.s[from:to], "\n"))
	edits := []edit{{at, end, Main + inline(p.ID, c.src.line(end), c.src.column(end)), -1}}
	if c.main.Body != nil {
		var blanks writer
		c.writeBlanks(&blanks, p)
		if blanks.Len() > 0 {
			at := int(c.main.Body.Lbrace) - len(headDecl)
			edits = append(edits, edit{at, at, "\n" + blanks.String() + inline(p.ID, c.src.line(at), c.src.column(at)), -1})
		}
	}
	w.segments(c.cut(c.src.s, from, to, edits))
	w.put("\n", 0)
}

// writeBlanks writes the variables without a name where the body begins. GoNB would keep each one for ever,
// once more for each run of the cell, with no key to remove it by: a line such as var _ I = T{} would fail
// in all later cells once T is another type.
func (c *Cell) writeBlanks(w *writer, p Plan) {
	for _, d := range c.decls {
		if d.blank {
			w.put(directive(p.ID, d.Line, 1)+"var ", 0)
			w.segments(c.cut(c.src.s, d.at, d.end, nil))
			w.put("\n", 0)
		}
	}
}

// writeBody writes the body with what the plan puts around and into it.
func (c *Cell) writeBody(w *writer, p Plan) (wrapped bool) {
	w.function(nil, directive(Glue, 1, 1), 1, 0)
	w.put("func "+Main+"() {", 0)
	for _, s := range p.Before {
		w.put("\n"+glue(s), 0)
	}
	w.put("\n{\n", 0)
	c.writeBlanks(w, p)
	known := c.analyse()
	switch {
	case c.Exec != "":
		w.put(directive(p.ID, c.markLine, 1), 0)
		w.put(c.Exec+"()\n", c.markLine)
	case c.to > c.from:
		first := c.src.line(c.from)
		at := c.src.starts[first-1]
		var edits []edit
		edits, wrapped = c.bodyEdits(p, known)
		w.put(directive(p.ID, first, 1), 0)
		w.segments(c.cut(string(c.hold), at, c.to, edits))
		w.put("\n", 0)
	}
	w.put(directive(Glue, 1, 1), 0)
	if p.After != nil && !c.returnsLast() {
		for _, s := range p.After(slices.Clone(known.endVisible)) {
			w.put(glue(s)+"\n", 0)
		}
	}
	w.put("}\n}\n", 0)
	return wrapped
}

// returnsLast tells whether the body's last statement is a return.
func (c *Cell) returnsLast() bool {
	if c.body == nil || len(c.body.List) == 0 {
		return false
	}
	_, ok := c.body.List[len(c.body.List)-1].(*ast.ReturnStmt)
	return ok
}

// bodyEdits puts the plan's statements before returns and after displays, and wraps the result.
func (c *Cell) bodyEdits(p Plan, known *names) (edits []edit, wrapped bool) {
	if p.After != nil {
		for _, r := range known.returns {
			stmts := p.After(slices.Clone(r.visible))
			if len(stmts) == 0 {
				continue
			}
			at, end := bodyOffset(r.stmt.Pos()), bodyOffset(r.stmt.End())
			edits = append(edits,
				edit{at, at, "{\n" + inline(Glue, 1, 1) + glue(strings.Join(stmts, "\n")) + "\n" + inline(p.ID, c.src.line(at), c.src.column(at)), -1},
				edit{end, end, "}", -1})
		}
	}
	if p.Sync != "" {
		for _, s := range known.inLists {
			if displays(s) {
				end := bodyOffset(s.End())
				edits = append(edits, edit{end, end, "; " + p.Sync, -1})
			}
		}
	}
	x, closed := c.last()
	if x == nil {
		return edits, false
	}
	at, end := bodyOffset(x.Pos()), bodyOffset(x.End())
	position := inline(p.ID, c.src.line(at), c.src.column(at))
	switch {
	case p.Result != "" && !closed && !c.forEffect(x, p.Void):
		edits = append(edits, edit{at, at, p.Result + "(" + position, -1}, edit{end, end, ")", -1})
		wrapped = true
	case mustBeUsed(x):
		edits = append(edits, edit{at, at, "_ = " + position, -1})
	}
	return edits, wrapped
}

// displays tells whether a statement calls one of gonbui's functions that send something.
func displays(s ast.Stmt) bool {
	var x ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		x = s.X
	case *ast.AssignStmt:
		if len(s.Rhs) != 1 {
			return false
		}
		x = s.Rhs[0]
	default:
		return false
	}
	call, ok := x.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && pkg.Name == "gonbui" &&
		(strings.HasPrefix(f.Sel.Name, "Display") || strings.HasPrefix(f.Sel.Name, "Update") || f.Sel.Name == "SendData")
}
