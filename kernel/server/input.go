package server

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"urbangraph/kernel/child"
	"urbangraph/kernel/internal/pipes"
	"urbangraph/kernel/procs"
	"urbangraph/kernel/wire"
)

// input is the standard input of a program: a pipe into which the kernel writes what the client answers.
type input struct {
	info  os.FileInfo
	read  *os.File // our copy of the program's end, which shows whether the program has read everything
	write *os.File
	ended chan struct{} // closed when the program has ended

	turn      sync.Mutex   // held from the moment at which a question is found necessary until its answer is written
	questions atomic.Int32 // asked by the program itself and not answered yet
}

// newInput makes the pipe and returns the end for the program, which the caller closes.
func newInput() (in *input, program *os.File, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	in = &input{read: r, write: w, ended: make(chan struct{})}
	if in.info, err = r.Stat(); err == nil {
		program, err = duplicate(r)
	}
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	return in, program, nil
}

// duplicate opens a pipe once more, in which reads wait, as programs expect and as shows that they do.
func duplicate(f *os.File) (copied *os.File, err error) {
	pipes.Control(f, func(fd int) {
		var n int
		if n, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0); err != nil {
			return
		}
		if err = unix.SetNonblock(n, false); err != nil {
			unix.Close(n)
			return
		}
		copied = os.NewFile(uintptr(n), "input")
	})
	return copied, os.NewSyscallError("dup", err)
}

// close ends the input with its program.
func (in *input) close() {
	close(in.ended)
	in.write.Close()
	in.read.Close()
}

// allowsInput reports whether the client of this cell can be asked for input.
func (e *execution) allowsInput() bool { return e.asks.AllowStdin }

// ask asks the client for a line. It reports false when the client cannot be asked, or when the cell ends
// before there is an answer.
func (e *execution) ask(prompt string, secret bool) (string, bool) {
	if !e.allowsInput() {
		return "", false
	}
	e.mu.Lock()
	outputs := e.outputs
	e.mu.Unlock()
	for _, out := range outputs { // which may end with a prompt
		out.Flush()
	}
	s := e.s
	select { // an answer that came too late for an earlier question
	case <-s.answers:
	default:
	}
	frames, _, err := s.session.Encode(wire.Draft{Identities: e.req.Identities[1:], Type: "input_request", Parent: e.req.RawHeader,
		Content: object{"prompt": prompt, "password": secret}})
	if err == nil {
		err = s.stdin.Send(e.req.Identities[0], frames...)
	}
	if err != nil {
		s.logf("the client cannot be asked for input: %v", err)
		return "", false
	}
	select {
	case value := <-s.answers:
		return value, true
	case <-e.ctx.Done():
		return "", false
	}
}

// answer asks the client and gives the program the answer. Whoever calls it has the turn.
func (e *execution) answer(in *input, prompt string, secret bool) bool {
	line, ok := e.ask(prompt, secret)
	if ok {
		in.write.WriteString(line + "\n") // fails when the program has ended
	}
	return ok
}

// asked carries out a question of a program, by gonbui.RequestInput, while the program goes on. Without a
// client to ask, its input is empty: a notebook that runs unattended must not hang.
func (e *execution) asked(in *input, prompt string, secret bool) {
	if in == nil {
		e.say("stderr", "the cell asked for input, and this client gives none: its input is empty\n")
		return
	}
	in.questions.Add(1)
	go func() {
		in.turn.Lock()
		defer in.turn.Unlock()
		defer in.questions.Add(-1)
		e.answer(in, prompt, secret)
	}()
}

// childAsks answers a question of GoNB itself: after %with_inputs, on systems that do not say what a program
// waits for.
func (s *Server) childAsks(_ *child.Call, question child.Input) {
	e, c := s.current(), s.liveChild()
	if e == nil || c == nil {
		return
	}
	e.mu.Lock()
	var in *input
	if n := len(e.inputs); n > 0 {
		in = e.inputs[n-1]
	}
	e.mu.Unlock()
	if in == nil {
		return
	}
	go func() {
		in.turn.Lock()
		defer in.turn.Unlock()
		if e.answer(in, question.Prompt, question.Password) {
			c.Answer("") // to GoNB's own pipe, which nobody reads: it then asks for the next line
		}
	}()
}

// readEvery is how often a program is looked at for whether it waits for input.
const readEvery = 50 * time.Millisecond

// feed gives a program lines from the client whenever it waits for some in its standard input.
func (e *execution) feed(pid int, in *input, secret bool) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	for {
		select {
		case <-in.ended:
			return
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		in.turn.Lock()
		goes := !e.wanting(pid, in) || e.answer(in, "", secret)
		in.turn.Unlock()
		if !goes {
			return
		}
	}
}

// wanting reports whether a program, or what it has started, waits for a line that nobody has been asked for.
// The order of the tests matters: what the program does before it waits is seen when it is seen to wait.
func (e *execution) wanting(pid int, in *input) bool {
	if pipes.Ready(in.read) { // it has not yet read the last line
		return false
	}
	if !procs.ReadsInput(pid, in.info) {
		return false
	}
	e.mu.Lock()
	displays := e.pipes
	e.mu.Unlock()
	for _, p := range displays { // in which a question of its own may be on the way
		if !p.CaughtUp() {
			return false
		}
	}
	return in.questions.Load() == 0
}
