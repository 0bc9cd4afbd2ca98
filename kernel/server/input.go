package server

import (
	"fmt"
	"os"
	"time"

	"urbangraph/kernel/child"
	"urbangraph/kernel/procs"
	"urbangraph/kernel/wire"
)

// allowsInput reports whether the client of this cell can be asked for input.
func (e *execution) allowsInput() bool { return e.asks.AllowStdin }

// ask asks the client for a line. It reports false when the client cannot be asked, or when the cell ends
// before there is an answer.
func (e *execution) ask(prompt string, secret bool) (string, bool) {
	if !e.allowsInput() {
		return "", false
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

// childAsks answers a question of GoNB, which a cell has asked by gonbui.RequestInput. Without a client to
// ask, the answer is an empty line: a notebook that runs unattended must not hang.
func (s *Server) childAsks(_ *child.Call, in child.Input) {
	cur, c := s.current(), s.liveChild()
	if cur == nil || c == nil {
		return
	}
	cur.questions.Add(1)
	go func() {
		defer time.AfterFunc(writeTime, func() { cur.questions.Add(-1) })
		value, ok := cur.ask(in.Prompt, in.Password)
		if !ok && cur.ctx.Err() == nil {
			cur.say("stderr", "the cell asked for input, and this client gives none: it got an empty line\n")
		}
		c.Answer(value)
	}()
}

// readEvery is how often a program is looked at for whether it waits for input, and writeTime how long GoNB may
// take to write an answer that it was given.
const (
	readEvery = 50 * time.Millisecond
	writeTime = 500 * time.Millisecond
)

// feed gives a program lines from the client whenever it waits for some in its standard input.
func (e *execution) feed(pid int, secret bool, ended <-chan struct{}) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	before := 0 // who was seen to wait the last time
	for {
		select {
		case <-ended:
			return
		case <-e.ctx.Done():
			return
		case <-tick.C:
		}
		reader := pid
		if !procs.ReadsInput(pid) {
			reader = 0
			for _, p := range procs.Descendants(pid) {
				if procs.ReadsInput(p.PID) {
					reader = p.PID
				}
			}
		}
		if reader == 0 || reader != before || e.questions.Load() > 0 {
			before = reader
			continue
		}
		before = 0
		line, ok := e.ask("", secret)
		if !ok {
			return
		}
		in, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/0", reader), os.O_WRONLY, 0)
		if err != nil {
			continue // it has ended
		}
		in.WriteString(line + "\n")
		in.Close()
	}
}
