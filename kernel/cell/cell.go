package cell

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"sync"
)

// Cell is a parsed cell. It does not change after Parse; its methods may be called concurrently.
type Cell struct {
	Source   string
	ID       string    // a stable hash of Source, hexadecimal
	Script   *Script   // set when the whole cell is a script and not Go
	Specials []Special // magics and shell lines in order; %%, %main and %exec are not among them
	Explicit bool      // a line %%, %main or %exec says where the body is
	MainArgs string    // the program's arguments as written after %%, %main or %exec f
	Exec     string    // the function that %exec names, or ""
	Test     bool      // a %test magic: the cell is compiled by go test
	Wasm     bool      // a %wasm magic
	Err      error     // nil, or an *Error; such a cell must not be sent

	src      text   // Source without byte order mark, what all offsets mean
	mask     []byte // src with special lines and package clauses blank
	items    []item
	markAt   int // offset of the line %%, or -1
	markLine int

	decls []declaration
	file  *ast.File // the declarations
	body  *ast.BlockStmt
	from  int // offset and end of the body's text
	to    int
	hold  []byte // the body's text: mask with everything else blank
	main  *ast.FuncDecl
	fixes []edit // what keeps lines of raw strings and others from being taken for magics

	once  sync.Once
	known names
}

// Error is what is wrong with a cell.
type Error struct {
	Line, Column int // from 1; Column in bytes, 0 when the whole line is meant
	Message      string
	Syntax       bool    // Go's parser says so, else it is about magics
	More         []Error // further errors of the parser, at most nine
}

// Error implements error; the message names the line and, for magics, the cure.
func (e *Error) Error() string {
	if e.Column > 0 {
		return fmt.Sprintf("line %d:%d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// Parse reads a cell. It takes any text and never fails: what is wrong is in Err.
func Parse(code string) *Cell {
	sum := sha256.Sum256([]byte(code))
	c := &Cell{Source: code, ID: hex.EncodeToString(sum[:8]), markAt: -1}
	c.src = newText(strings.TrimPrefix(code, "\ufeff"))
	if c.script() {
		return c
	}
	c.specials()
	if c.Err == nil {
		c.split()
	}
	if c.Err == nil {
		c.parse()
	}
	return c
}

// HasGo tells whether the cell holds Go code, or asks for Go to be run by %%, %exec or %test.
func (c *Cell) HasGo() bool {
	return c.Script == nil && (len(c.items) > 0 || c.Explicit || c.Test)
}

// HasBody tells whether the cell has something that runs when it does: statements, or variables that are
// called _, which become such.
func (c *Cell) HasBody() bool {
	return c.Exec != "" || c.main != nil || c.body != nil && len(c.body.List) > 0 ||
		slices.ContainsFunc(c.decls, func(d declaration) bool { return d.blank })
}

// OwnMain tells whether the cell declares func main itself: nothing is put into it.
func (c *Cell) OwnMain() bool { return c.main != nil }

// fail notes an error at an offset, unless there is one already.
func (c *Cell) fail(offset int, format string, args ...any) {
	if c.Err == nil {
		c.Err = &Error{Line: c.src.line(offset), Message: fmt.Sprintf(format, args...)}
	}
}

// text is a text whose lines can be found by offset.
type text struct {
	s      string
	starts []int // the offset of each line
}

func newText(s string) text {
	t := text{s: s, starts: make([]int, 1, 1+strings.Count(s, "\n"))}
	for i := 0; i < len(s); i++ {
		if s[i] == '\n' {
			t.starts = append(t.starts, i+1)
		}
	}
	return t
}

// line is the number of the line at an offset, from 1.
func (t text) line(offset int) int {
	i, found := slices.BinarySearch(t.starts, offset)
	if found {
		return i + 1
	}
	return i
}

// column is the column of an offset in bytes, from 1.
func (t text) column(offset int) int { return offset - t.starts[t.line(offset)-1] + 1 }

// lineEnd is the offset of the line break at the end of line i (from 0), or the end of the text.
func (t text) lineEnd(i int) int {
	if i+1 < len(t.starts) {
		return t.starts[i+1] - 1
	}
	return len(t.s)
}

// lineText is line i (from 0) without its line break.
func (t text) lineText(i int) string {
	return strings.TrimSuffix(t.s[t.starts[i]:t.lineEnd(i)], "\r")
}

// blank overwrites b[from:to] with spaces; line breaks stay.
func blank(b []byte, from, to int) {
	for i := from; i < to; i++ {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}
