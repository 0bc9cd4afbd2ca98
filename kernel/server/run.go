package server

import (
	"errors"
	"regexp"
	"strings"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/child"
	"urbangraph/kernel/trace"
)

// Names and paths of the packages that composed cells import.
const (
	showAlias  = "ugshow"
	showPath   = "urbangraph/kernel/show"
	resultCall = showAlias + ".Result"
	gonbuiSync = "gonbui.Sync()"
)

// run runs the cell: its special lines in their order, then its Go code.
func (e *execution) run() *trace.Error {
	c := e.cell
	if c.Err != nil {
		return e.refused(c.Err)
	}
	if sc := c.Script; sc != nil {
		switch {
		case sc.Command == "time":
			e.cell = cell.Parse("%time\n" + sc.Body) // as many lines as before
			return e.run()
		case sc.Command == "fmt":
			return e.format(sc.Body)
		case !sc.Known():
			return trace.Plain("UsageError", "there is no cell magic %%"+sc.Command+"; %help lists what there is", nil)
		}
		return e.runScript(sc)
	}
	for _, sp := range c.Specials {
		if sp.Name == "fmt" && !sp.Shell {
			return e.format(withoutLines(c.Source, sp.Line, sp.Last))
		}
	}
	// Lines for GoNB are gathered until a shell line has to show whether it fails, or the Go code comes.
	var gathered []string
	var settings []cell.Special
	for _, sp := range c.Specials {
		switch {
		case sp.Shell:
			id, ended := e.shell(sp)
			mark := "!"
			if sp.InTemp {
				mark = "!*"
			}
			gathered = append(gathered, mark+"exec "+quote(e.s.launcher())+" shell "+id)
			if failed := e.toChild(strings.Join(gathered, "\n"), nil); failed != nil {
				return failed
			}
			e.s.noteMagics(settings)
			gathered, settings = nil, nil
			failed := e.failedCommand(ended, sp.Text)
			if sp.InTemp { // it may have changed the notebook's module
				e.s.gopls.Reload()
			}
			if failed != nil {
				return failed
			}
		default:
			line, failed := e.magic(sp)
			if failed != nil {
				return failed
			}
			if line != "" {
				gathered = append(gathered, line)
				settings = append(settings, sp)
			}
		}
		if e.interrupted.Load() {
			return interruptedError(nil)
		}
	}
	if !c.HasGo() {
		if len(gathered) == 0 {
			return nil
		}
		failed := e.toChild(strings.Join(gathered, "\n"), nil)
		if failed == nil {
			e.s.noteMagics(settings)
		}
		return failed
	}
	failed := e.runGo(gathered, c)
	if failed == nil || failed.Name != "Error" { // else a magic may be what failed
		e.s.noteMagics(settings)
	}
	return failed
}

// noteMagics remembers what GoNB was told, for another GoNB.
func (s *Server) noteMagics(settings []cell.Special) {
	for _, sp := range settings {
		s.memory.Magic(sp)
	}
}

// refused is the error of a cell that GoNB never gets to see.
func (e *execution) refused(err error) *trace.Error {
	var at *cell.Error
	if !errors.As(err, &at) || at.Line < 1 {
		return trace.Plain("SyntaxError", err.Error(), nil)
	}
	var places []trace.Complaint
	for _, x := range append([]cell.Error{*at}, at.More...) {
		places = append(places, trace.Complaint{Place: trace.Place{ID: e.cell.ID, Count: e.count, Line: x.Line, Source: lineOf(e.cell.Source, x.Line)}, Column: x.Column, Text: x.Message})
	}
	return trace.Syntax(places)
}

// runGo composes the Go code of a cell, has it built and run, and takes over what it leaves. Special lines
// for GoNB come first.
func (e *execution) runGo(specials []string, c *cell.Cell) *trace.Error {
	s := e.s
	if c.Err != nil {
		return e.refused(c.Err)
	}
	step, err := s.memory.Prepare(c)
	if err != nil {
		return e.refused(err)
	}
	step.Count = e.count
	e.notify(step.Notices)
	e.mu.Lock()
	e.step, e.launched = step, false
	e.mu.Unlock()
	if failed := e.forget(e.replaced(c)); failed != nil {
		return failed
	}
	plan := cell.Plan{ID: c.ID, Imports: step.Imports, Declare: step.Declare, Before: step.Before, After: step.After, Sync: gonbuiSync}
	expression, shows := c.LastExpression()
	if shows && !s.book.hasNoValue(expression) {
		plan.Result = resultCall
		plan.Imports = append(plan.Imports[:len(plan.Imports):len(plan.Imports)], cell.Import{Alias: showAlias, Path: showPath})
	}
	for {
		failed := e.send(specials, c, plan)
		if failed == nil {
			notices, err := s.memory.Commit(step, c)
			e.notify(notices)
			if err != nil {
				return trace.Plain("StateError", err.Error(), nil)
			}
			return nil
		}
		if plan.Result != "" && noValue(failed) {
			s.book.noteNoValue(expression)
			plan.Result = ""
			plan.Imports = step.Imports
			continue
		}
		if failed.Name == "CompileError" && !e.interrupted.Load() && e.setAside(failed, c) {
			continue
		}
		if e.wasLaunched() {
			e.notify(s.memory.Built(step))
		}
		s.memory.Abandon(step)
		return s.because(failed)
	}
}

// notify tells the user what the state has to say.
func (e *execution) notify(notices []string) {
	for _, n := range notices {
		e.say("stderr", n+"\n")
	}
}

// undefined finds the names that the compiler does not know.
var undefined = regexp.MustCompile(`undefined: (\w+)`)

// because adds why a name is not kept that an earlier cell has defined.
func (s *Server) because(failed *trace.Error) *trace.Error {
	said := map[string]bool{}
	for _, line := range failed.Traceback {
		m := undefined.FindStringSubmatch(line)
		if m == nil || said[m[1]] || failed.Name != "CompileError" {
			continue
		}
		said[m[1]] = true
		if why := s.memory.Why(m[1]); why != "" {
			failed.Traceback = append(failed.Traceback, why)
		}
	}
	return failed
}

// send composes the cell, tells GoNB to build and run it, and returns what went wrong.
func (e *execution) send(specials []string, c *cell.Cell, plan cell.Plan) *trace.Error {
	program := c.Compose(plan)
	code := program.Code
	if len(specials) > 0 {
		code = strings.Join(specials, "\n") + "\n" + code
	}
	e.s.book.compiled(c, e.count)
	return e.toChild(code, &sent{count: e.count, cell: c, program: program, shift: len(specials)})
}

// noValue reports whether the last expression turned out to be a call that returns nothing.
func noValue(e *trace.Error) bool {
	return e.Name == "CompileError" && strings.Contains(strings.Join(e.Traceback, "\n"), "used as value")
}

// errDied is what a cell gets whose GoNB ended under it.
func errDied() *trace.Error {
	return trace.Plain("KernelChildDied", "the GoNB process died while it ran this cell; a new one has taken its place and knows the declarations of earlier cells: run the cell again", nil)
}

// toChild has GoNB execute a text and returns the error that comes of it. A child that died before it began
// is no error: the next one gets the text. in describes the text when it is a composed cell.
func (e *execution) toChild(code string, in *sent) *trace.Error {
	for try := 0; ; try++ {
		if e.interrupted.Load() {
			return interruptedError(nil)
		}
		c, err := e.s.keeper.wait(e.ctx)
		if err != nil {
			if e.interrupted.Load() {
				return interruptedError(nil)
			}
			return trace.Plain("KernelError", "there is no GoNB to run the cell: "+err.Error(), nil)
		}
		began := false
		e.sending.Store(true)
		call, err := c.Execute(code, func(m *wireMessage) {
			began = true
			e.fromGoNB(m)
		})
		var r child.Reply
		if err == nil {
			if in != nil {
				e.s.book.sent(c.Count(), *in)
			}
			r, err = call.Wait(e.s.ctx)
		}
		panicked := e.endOutputs()
		e.sending.Store(false)
		switch {
		case errors.Is(err, child.ErrDied) && !began && try < 3:
			e.print(panicked)
			c.Bury()
			continue
		case errors.Is(err, child.ErrDied):
			e.print(panicked)
			e.signalAll(killSignal)
			if e.interrupted.Load() {
				return interruptedError(nil)
			}
			return errDied()
		case err != nil:
			e.print(panicked)
			return trace.Plain("KernelError", err.Error(), nil)
		}
		if r.Status == "ok" {
			e.print(panicked)
			if e.interrupted.Load() {
				return interruptedError(nil)
			}
			return nil
		}
		return e.childError(r, panicked)
	}
}

// childError makes an error of GoNB's reply.
func (e *execution) childError(r child.Reply, panicked string) *trace.Error {
	switch {
	case panicked != "":
		return trace.Panic(panicked, &e.s.book)
	case trace.IsCompile(r.Value):
		return trace.Compile(r.Value, r.Traceback, &e.s.book)
	case trace.IsExit(r.Value):
		return trace.Plain("ExitError", "the program ended with "+firstLine(r.Value), nil)
	}
	value := strings.TrimPrefix(r.Value, "executing special commands in cell: ")
	if strings.Contains(value, "build constraints exclude all Go files") {
		return trace.Plain("CompileError", "cells are built without cgo; %env CGO_ENABLED=1 in a cell before turns it on", nil)
	}
	return trace.Plain(r.Name, value, strings.Split(value, "\n"))
}

// print hands on text that looked like a panic and was none.
func (e *execution) print(text string) {
	if text != "" {
		e.say("stderr", text)
	}
}

// interruptedError is the error of a cell that was interrupted.
func interruptedError(cause *trace.Error) *trace.Error {
	t := trace.Plain("Interrupted", "the cell was interrupted", nil)
	if cause != nil && cause.Name == "Panic" {
		t.Traceback = append(t.Traceback, cause.Traceback...)
	}
	return t
}

// firstLine is the first line of a text.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s), "^C")), "\n")
	return line
}

// quote makes a word of a path for the shell that GoNB uses.
func quote(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }

// withoutLines is a text without some of its lines, which count from 1.
func withoutLines(text string, first, last int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(append(lines[:first-1:first-1], lines[last:]...), "")
}
