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

// ahead holds the one build that has begun before it was asked for: once the imports of a cell are known,
// all is, while GoNB still reads and writes the file.
type ahead struct {
	mu    sync.Mutex
	begun *outcome // nil when there is none
	used  int      // how many were waited for
}

// outcome is what comes of a build.
type outcome struct {
	id     string // of the cell
	cancel func()
	done   chan struct{}
	result result // after done, as the next
	err    error
}

// finish tells what came of the build.
func (o *outcome) finish(r result, err error) {
	o.result, o.err = r, err
	close(o.done)
}

// begin notes that a cell is being built; what was begun before and not waited for ends.
func (a *ahead) begin(id string, cancel func()) *outcome {
	a.drop()
	o := &outcome{id: id, cancel: cancel, done: make(chan struct{})}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = o
	return o
}

// take returns what was begun, which then is no more.
func (a *ahead) take() *outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := a.begun
	a.begun = nil
	return o
}

// drop ends a build that nobody will wait for.
func (a *ahead) drop() {
	if o := a.take(); o != nil {
		o.cancel()
	}
}

// wait returns what came of the build of a cell; ok is false when another cell or none was begun, which
// then ends.
func (a *ahead) wait(ctx context.Context, id string) (r result, err error, ok bool) {
	o := a.take()
	if o == nil {
		return result{}, nil, false
	}
	defer o.cancel()
	if o.id != id {
		return result{}, nil, false
	}
	select {
	case <-o.done:
	case <-ctx.Done():
		return result{}, ctx.Err(), true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used++
	return o.result, o.err, true
}

// beginAhead starts to build the cell whose imports have just been set right, if its text can be foretold.
func (d *Daemon) beginAhead(q request, dir string, text []byte) {
	b := builder{Daemon: d, dir: dir, env: q.env}
	c, err := b.readCell(text)
	if err != nil {
		d.ahead.drop()
		return
	}
	ctx, done := d.jobs.begin(d.ctx)
	o := d.ahead.begin(c.id(), done)
	started := d.spawn(func() {
		defer done()
		r, err := b.program(ctx, c)
		if errors.Is(context.Cause(ctx), errInterrupted) {
			err = errInterrupted
		}
		o.finish(r, err)
	})
	if !started {
		done()
		d.ahead.drop()
	}
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
