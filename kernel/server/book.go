package server

import (
	"strings"
	"sync"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/trace"
)

// maxBook limits the cells that the book remembers; the oldest go first.
const maxBook = 5000

// book remembers cells, so that positions in errors can be told in their terms.
type book struct {
	mu      sync.Mutex
	byID    map[string]written
	order   []string
	byCount map[int]sent
	void    map[string]bool // last expressions that turned out to have no value
}

// written is a cell and the count under which it was run last.
type written struct {
	cell  *cell.Cell
	count int
}

// sent is what GoNB got for a cell.
type sent struct {
	count   int
	cell    *cell.Cell
	program cell.Program
	shift   int // lines before the program
}

// compiled notes that a cell is compiled under a count.
func (b *book) compiled(c *cell.Cell, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byID == nil {
		b.byID = map[string]written{}
	}
	if _, ok := b.byID[c.ID]; !ok {
		b.order = append(b.order, c.ID)
	}
	b.byID[c.ID] = written{c, count}
	if len(b.order) > maxBook {
		delete(b.byID, b.order[0])
		b.order = b.order[1:]
	}
}

// sent notes what GoNB got under its own count.
func (b *book) sent(gonb int, s sent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byCount == nil {
		b.byCount = map[int]sent{}
	}
	b.byCount[gonb] = s
	delete(b.byCount, gonb-maxBook)
}

// find is the cell with an id.
func (b *book) find(id string) (*cell.Cell, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w, ok := b.byID[id]
	return w.cell, ok
}

// ByID implements [trace.Cells].
func (b *book) ByID(id string, line int) (trace.Place, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w, ok := b.byID[id]
	if !ok {
		return trace.Place{}, false
	}
	return trace.Place{ID: id, Count: w.count, Line: line, Source: lineOf(w.cell.Source, line)}, true
}

// ByCount implements [trace.Cells].
func (b *book) ByCount(gonb, line int) (trace.Place, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.byCount[gonb]
	if !ok {
		return trace.Place{}, false
	}
	user, ok := s.program.Line(line - s.shift)
	if !ok {
		return trace.Place{}, false
	}
	return trace.Place{ID: s.cell.ID, Count: s.count, Line: user, Source: lineOf(s.cell.Source, user)}, true
}

// hasNoValue reports whether an expression is known to have no value.
func (b *book) hasNoValue(expression string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.void[callee(expression)]
}

// noteNoValue remembers that an expression has no value.
func (b *book) noteNoValue(expression string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.void) > maxBook || b.void == nil {
		b.void = map[string]bool{}
	}
	b.void[callee(expression)] = true
}

// callee is what is called in an expression, the expression itself when nothing is.
func callee(expression string) string {
	name, _, _ := strings.Cut(expression, "(")
	return name
}

// lineOf is a line of a text, counted from 1.
func lineOf(text string, n int) string {
	for line := range strings.Lines(text) {
		if n--; n == 0 {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return ""
}
