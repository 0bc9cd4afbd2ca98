package server

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/display"
	"urbangraph/kernel/output"
	"urbangraph/kernel/resources"
	"urbangraph/kernel/run"
	"urbangraph/kernel/trace"
)

// launcher is the program that GoNB starts in place of all others.
func (s *Server) launcher() string { return s.program("ugrun") }

// launches answers the launcher.
func (s *Server) launches() run.Handler {
	return run.Handler{Start: s.startProgram, Started: s.programStarted, Ended: s.programEnded}
}

// startProgram gives a program its files. What GoNB runs while no cell is sent to it, such as declarations
// that are restored, keeps those of GoNB.
func (s *Server) startProgram(l run.Launch) (run.Streams, error) {
	e := s.current()
	if e == nil || !e.sending.Load() {
		return run.Streams{}, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	order, known := e.commands[l.ID]
	if l.Kind != run.Cell && !known {
		return run.Streams{}, run.ErrRefused
	}
	if e.interrupted.Load() {
		return run.Streams{}, fmt.Errorf("the cell was interrupted")
	}
	out, err := output.New(output.Options{Limit: s.outputLimit(), Copy: e.capture, Pending: s.iopub.Pending}, e)
	if err != nil {
		return run.Streams{}, fmt.Errorf("no pipes for the output of the cell: %w", err)
	}
	e.outputs = append(e.outputs, out)
	streams := run.Streams{Env: []string{"TMPDIR=" + os.TempDir()}}
	streams.Stdout, streams.Stderr, streams.Display = out.Files()
	var in *input // nil when there is nobody to ask
	switch {
	case order.script:
	case e.allowsInput():
		if in, streams.Stdin, err = newInput(); err != nil {
			return streams, fmt.Errorf("no pipe for the input of the cell: %w", err)
		}
		e.inputs = append(e.inputs, in)
	default:
		if streams.Stdin, err = os.Open(os.DevNull); err != nil {
			return streams, err
		}
	}
	if l.Kind == run.Cell {
		streams.Env = append(streams.Env, e.step.Env...)
		if l.GonbPipe != "" {
			pipe, err := display.NewPipe(filepath.Join(s.work, "gonbui"), &s.ids)
			if err != nil {
				s.logf("displays of gonbui do not keep their order: %v", err)
			} else {
				e.pipes = append(e.pipes, pipe)
				streams.GonbPipe = pipe.Path()
				handler := display.Handler{Show: out.Show, Ask: func(prompt string, password bool) { e.asked(in, prompt, password) }}
				s.wg.Go(func() {
					if err := pipe.Serve(s.ctx, l.GonbPipe, handler); err != nil {
						s.logf("%v", err)
					}
				})
			}
		}
	} else {
		streams.Command = order.command
	}
	return streams, nil
}

// programStarted notes the process group of a program.
func (s *Server) programStarted(l run.Launch, group int) {
	s.guard.add(group)
	e := s.current()
	if e == nil || !e.sending.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.groups = append(e.groups, group)
	order := e.commands[l.ID]
	if l.Kind == run.Cell {
		e.launched = true
		e.watch = resources.Watch(group)
	}
	if n := len(e.inputs); n > 0 && !order.script {
		in := e.inputs[n-1]
		s.wg.Go(func() { e.feed(group, in, order.secret) })
	}
	if e.interrupted.Load() {
		go e.signalAll(killSignal)
	}
}

// takeOrder takes the listener of the program that is being started.
func (s *Server) takeOrder(pid int, listener *os.File) {
	e := s.current()
	if e == nil {
		listener.Close()
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.outputs) == 0 || !slices.Contains(e.groups, pid) {
		listener.Close()
		return
	}
	e.outputs[len(e.outputs)-1].Ordered(listener)
}

// programEnded notes how a command has ended.
func (s *Server) programEnded(l run.Launch, x run.Exit) {
	e := s.current()
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if order, ok := e.commands[l.ID]; ok {
		delete(e.commands, l.ID)
		order.ended <- x
	}
}

// wasLaunched reports whether the program of the cell has been started.
func (e *execution) wasLaunched() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.launched
}

// endOutputs hands on all that the programs of the text that GoNB has just executed have written, and
// returns the text of a panic.
func (e *execution) endOutputs() (panicked string) {
	e.mu.Lock()
	outputs, pipes, inputs, groups, watch := e.outputs, e.pipes, e.inputs, e.groups, e.watch
	e.outputs, e.pipes, e.inputs, e.watch = nil, nil, nil, nil
	e.mu.Unlock()
	for _, in := range inputs {
		in.close()
	}
	for _, p := range pipes {
		p.Drain(drainTime)
		p.Close()
	}
	for _, out := range outputs {
		panicked += out.Finish()
	}
	for _, g := range groups {
		if !alive(g) {
			e.s.guard.remove(g)
		}
	}
	if watch != nil {
		use, build := watch.Stop(), e.s.daemon.LastBuild()
		use.Build, use.Cached = build.Took, build.Kept
		for _, out := range outputs {
			use.Printed += out.Printed()
		}
		e.s.noteUsage(use)
	}
	return panicked
}

// numbers count the commands of all cells.
var numbers atomic.Int64

// order keeps a command for the launcher and returns its id, and where its end will be told.
func (e *execution) order(l launch) (id string, ended <-chan run.Exit) {
	id = fmt.Sprint(numbers.Add(1))
	l.ended = make(chan run.Exit, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.commands[id] = l
	return id, l.ended
}

// shell keeps a shell line for the launcher.
func (e *execution) shell(sp cell.Special) (id string, ended <-chan run.Exit) {
	l := launch{command: []string{"/bin/bash", "-c", sp.Text}, secret: e.secret}
	e.secret = false
	return e.order(l)
}

// endTime bounds the wait for news of the end of a command that GoNB has seen end.
const endTime = 5 * time.Second

// failedCommand is the error of a command that did not end well, nil when it did. GoNB may see its end
// before we do.
func (e *execution) failedCommand(ended <-chan run.Exit, text string) *trace.Error {
	x := run.Exit{Lost: true}
	select {
	case x = <-ended:
	case <-time.After(endTime):
	}
	switch {
	case e.interrupted.Load():
		return interruptedError(nil)
	case x.Lost:
		return trace.Plain("ShellError", "the shell command did not run to its end: "+text, nil)
	case x.Signal != "":
		return trace.Plain("ShellError", fmt.Sprintf("the shell command was ended by a signal (%s): %s", x.Signal, text), nil)
	case x.Code != 0:
		return trace.Plain("ShellError", fmt.Sprintf("the shell command ended with exit status %d: %s", x.Code, text), nil)
	}
	return nil
}

// runScript runs a cell that is not Go.
func (e *execution) runScript(sc *cell.Script) *trace.Error {
	if sc.Command != "bash" && sc.Command != "sh" && sc.Command != "script" {
		return e.toChild(e.cell.Source, nil)
	}
	command := sc.Args
	if sc.Command != "script" {
		command = append([]string{sc.Command}, sc.Args...)
	}
	id, ended := e.order(launch{command: command, script: true})
	if failed := e.toChild(fmt.Sprintf("%%%%script %q script %s\n%s", e.s.launcher(), id, sc.Body), nil); failed != nil {
		return failed
	}
	return e.failedCommand(ended, sc.Line)
}
