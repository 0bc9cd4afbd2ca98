package gofront

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// ahead is the one build that has begun before it was asked for: once the imports of a cell are known, all
// is, while GoNB still reads and writes the file.
type ahead struct {
	mu      sync.Mutex
	id      string // of the cell
	done    chan struct{}
	cancel  func()
	outcome result
	err     error
	used    int // how many were waited for
}

// start begins to build a cell; what was begun before and not waited for ends.
func (a *ahead) start(ctx context.Context, cancel func(), id string, build func(context.Context) (result, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropLocked()
	a.id, a.cancel, a.done = id, cancel, make(chan struct{})
	go func(done chan struct{}) {
		r, err := build(ctx)
		a.mu.Lock()
		if a.done == done {
			a.outcome, a.err = r, err
		}
		a.mu.Unlock()
		close(done)
	}(a.done)
}

// wait returns what came of the build of a cell; ok is false when another cell or none was begun, which
// then ends.
func (a *ahead) wait(ctx context.Context, id string) (r result, err error, ok bool) {
	a.mu.Lock()
	if a.done == nil || a.id != id {
		a.dropLocked()
		a.mu.Unlock()
		return result{}, nil, false
	}
	done := a.done
	a.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
		a.drop()
		return result{}, ctx.Err(), true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.done != done {
		return result{}, nil, false
	}
	r, err = a.outcome, a.err
	a.used++
	a.dropLocked()
	return r, err, true
}

// drop ends a build that nobody will wait for.
func (a *ahead) drop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dropLocked()
}

func (a *ahead) dropLocked() {
	if a.cancel != nil {
		a.cancel()
	}
	a.id, a.done, a.cancel, a.outcome, a.err = "", nil, nil, result{}, nil
}

// beginAhead starts to build the cell whose imports have just been set right, if its text can be foretold.
func (d *Daemon) beginAhead(q request, dir string, text []byte) {
	b := builder{Daemon: d, dir: dir, env: q.env}
	c, err := b.readCell(text)
	if err != nil {
		d.ahead.drop()
		return
	}
	d.mu.Lock()
	open := d.ctx.Err() == nil
	if open {
		d.wg.Add(1)
	}
	d.mu.Unlock()
	if !open {
		return
	}
	ctx, done := d.jobs.begin(d.ctx)
	d.ahead.start(ctx, done, c.id(), func(ctx context.Context) (result, error) {
		defer d.wg.Done()
		defer done()
		r, err := b.program(ctx, c)
		if errors.Is(context.Cause(ctx), errInterrupted) {
			err = errInterrupted
		}
		return r, err
	})
}

// foretell is the text of main.go as GoNB will write it once it has read which imports remain: the same
// text with another block of imports. It reports false for a text that GoNB has not written.
func foretell(src []byte, kept []*ast.ImportSpec, added []addition) ([]byte, bool) {
	const head, open, end = "package main\n\n", "import (\n", "\n)\n\n"
	rest, ok := strings.CutPrefix(string(src), head)
	if !ok {
		return nil, false
	}
	if block, ok := strings.CutPrefix(rest, open); ok {
		i := strings.Index(block, end)
		if i < 0 {
			return nil, false
		}
		rest = block[i+len(end):]
	}
	all := slices.Clone(added)
	for _, s := range kept {
		p, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			return nil, false
		}
		alias := ""
		if s.Name != nil {
			alias = s.Name.Name
		}
		all = append(all, addition{alias, p})
	}
	slices.SortFunc(all, func(a, b addition) int { return strings.Compare(a.key(), b.key()) })
	var b strings.Builder
	b.WriteString(head)
	if len(all) > 0 {
		b.WriteString(open)
		for _, i := range all {
			b.WriteByte('\t')
			if i.alias != "" {
				b.WriteString(i.alias + " ")
			}
			fmt.Fprintf(&b, "%q\n", i.path)
		}
		b.WriteString(")\n\n")
	}
	b.WriteString(rest)
	return []byte(b.String()), true
}

// addition is an import.
type addition struct{ alias, path string }

// key is what GoNB sorts imports by.
func (a addition) key() string {
	switch a.alias {
	case "":
		word := func(r rune) bool { return r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
		return a.path[len(strings.TrimRightFunc(a.path, word)):]
	case ".":
		return ".~" + a.path
	}
	return a.alias
}
