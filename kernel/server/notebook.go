package server

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/gofront"
	"urbangraph/kernel/gopls"
	"urbangraph/kernel/trace"
)

// notebook is what completion has to know of the cells that were run.
type notebook struct{ s *Server }

func (s *Server) notebook() gopls.Notebook { return notebook{s} }

// Declarations implements [gopls.Notebook].
func (n notebook) Declarations() []cell.Decl { return n.s.memory.Declarations() }

// Variables implements [gopls.Notebook].
func (n notebook) Variables() []gopls.KeptVariable {
	var out []gopls.KeptVariable
	for _, v := range n.s.memory.Variables() {
		k := gopls.KeptVariable{Name: v.Name, Type: v.Type, Imports: map[string]string{}}
		for _, i := range v.Imports {
			k.Imports[i.Alias] = i.Path
		}
		out = append(out, k)
	}
	return out
}

// newGopls prepares completion; gopls itself starts with the first request or when the kernel has time.
func (s *Server) newGopls() *gopls.Server {
	program := s.program("gopls")
	if _, err := os.Stat(program); err != nil {
		program = ""
	}
	env := gofront.Setenv(gofront.BuildEnv(os.Environ(), s.tool), "TMPDIR", s.work)
	return gopls.New(gopls.Options{
		Gopls: program, Toolchain: s.tool, Env: env, Work: s.work, Magics: Magics(), Log: s.logf,
		Module: func(dir string) error { return gofront.WriteModule(dir, "notebook", s.o.Repo) },
		Dir: func() string {
			if c := s.liveChild(); c != nil {
				return c.WorkDir()
			}
			return "."
		},
	})
}

// warmAfter is how long after a person has connected gopls is started, so that the first cell goes first.
const warmAfter = 2 * time.Second

// warm starts gopls in the background, once. It is called at requests by which front ends for people begin,
// and programs that only run notebooks do not.
func (s *Server) warm() {
	s.warmed.Do(func() {
		s.background(func(ctx context.Context) {
			select {
			case <-ctx.Done():
			case <-time.After(warmAfter):
				s.gopls.Warm(s.notebook())
			}
		})
	})
}

// replaced lists the keys of what a cell declares anew as something else: a variable that was a constant
// before. GoNB would keep both.
func (e *execution) replaced(c *cell.Cell) (keys []string) {
	kinds := map[string]string{}
	for _, d := range c.Declared() {
		if d.Kind == "import" || strings.Contains(d.Key, "~") {
			continue
		}
		for _, n := range d.Names {
			kinds[n] = d.Kind
		}
	}
	for _, d := range e.s.memory.Declarations() {
		if d.Kind == "import" || strings.Contains(d.Key, "~") {
			continue
		}
		for _, n := range d.Names {
			if kind, ok := kinds[n]; ok && kind != d.Kind {
				keys = append(keys, d.Key)
			}
		}
	}
	return keys
}

// forget makes GoNB and the memory forget declarations, and says nothing of it.
func (e *execution) forget(keys []string) *trace.Error {
	if len(keys) == 0 {
		return nil
	}
	e.s.memory.Remove(keys...)
	e.muted = true
	defer func() { e.muted = false }()
	return e.toChild("%rm "+strings.Join(keys, " "), nil)
}

// setAside helps when declarations of earlier cells no longer compile together with this one: because it has
// changed a type or a function that they use, or, as to imports by ".", because it uses nothing of them.
// They are forgotten, with a notice, so that they do not block the notebook. It reports whether there were
// such, and the cell may be tried again.
func (e *execution) setAside(failed *trace.Error, c *cell.Cell) bool {
	gone := map[string]trace.Place{}
	for _, p := range failed.Places {
		if p.ID == c.ID {
			return false
		}
		other, ok := e.s.book.find(p.ID)
		if !ok {
			return false
		}
		d, ok := declarationAt(other, p.Line)
		if !ok {
			return false
		}
		gone[d.Key] = p
	}
	if len(gone) == 0 {
		return false
	}
	keys := slices.Sorted(maps.Keys(gone))
	for _, key := range keys {
		if strings.HasPrefix(key, ".~") {
			e.say("stderr", "the import of "+strings.TrimPrefix(key, ".~")+" by \".\" is forgotten: this cell uses nothing of it\n")
		} else {
			e.say("stderr", fmt.Sprintf("%s of Cell[%d] no longer compiles with this cell and is forgotten: run its cell again\n", key, gone[key].Count))
		}
	}
	return e.forget(keys) == nil
}

// declarationAt is the declaration of a cell that a line belongs to.
func declarationAt(c *cell.Cell, line int) (found cell.Decl, ok bool) {
	for _, d := range c.Declared() {
		if d.Line <= line && (!ok || d.Line >= found.Line) {
			found, ok = d, true
		}
	}
	return found, ok
}
