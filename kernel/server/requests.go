package server

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"time"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/gopls"
	"urbangraph/kernel/history"
)

// onShell handles a message on the shell channel. Only cells wait; everything else is answered at once,
// also while a cell runs.
func (s *Server) onShell(r *request) {
	switch r.kind() {
	case "execute_request":
		if !s.queue.push(r) {
			s.refuse(r, "KernelStopped", "the kernel is shutting down")
		}
	case "complete_request", "inspect_request":
		s.background(func(ctx context.Context) {
			s.during(r, func() {
				if r.kind() == "complete_request" {
					s.complete(ctx, r)
				} else {
					s.inspect(ctx, r)
				}
			})
		})
	default:
		s.simple(r)
	}
}

// onControl handles a message on the control channel.
func (s *Server) onControl(r *request) {
	switch r.kind() {
	case "interrupt_request":
		s.during(r, func() {
			s.interrupt()
			s.reply(r, "interrupt_reply", object{"status": "ok"})
		})
	case "shutdown_request":
		var c struct {
			Restart bool `json:"restart"`
		}
		r.read(&c)
		content := object{"status": "ok", "restart": c.Restart}
		s.during(r, func() {
			s.reply(r, "shutdown_reply", content)
			s.publish("shutdown_reply", r, content, nil)
		})
		s.stop(context.Canceled)
	default:
		s.simple(r)
	}
}

// simple handles what both channels take.
func (s *Server) simple(r *request) {
	s.during(r, func() {
		switch r.kind() {
		case "kernel_info_request":
			s.reply(r, "kernel_info_reply", s.info())
		case "is_complete_request":
			s.isComplete(r)
		case "history_request":
			s.warm()
			s.historyReply(r)
		case "comm_info_request":
			s.warm()
			s.commInfo(r)
		case "comm_open", "comm_msg", "comm_close":
			s.commMessage(r)
		case "connect_request":
			s.reply(r, "connect_reply", object{"status": "ok", "shell_port": s.conn.ShellPort, "iopub_port": s.conn.IOPubPort,
				"stdin_port": s.conn.StdinPort, "control_port": s.conn.ControlPort, "hb_port": s.conn.HBPort})
		case "usage_request":
			s.reply(r, "usage_reply", s.usage())
		case "interrupt_request", "shutdown_request": // older clients send them on the shell channel
			s.onControl(r)
		default:
			if strings.HasSuffix(r.kind(), "_request") {
				s.refuse(r, "NotSupported", "this kernel knows no "+r.kind())
			}
		}
	})
}

// info is the content of a kernel_info_reply.
func (s *Server) info() object {
	version := strings.TrimPrefix(runtime.Version(), "go")
	return object{
		"status": "ok", "protocol_version": "5.4", "implementation": "urbangraph", "implementation_version": s.o.Version,
		"language_info": object{"name": "go", "version": version, "mimetype": "text/x-go", "file_extension": ".go",
			"pygments_lexer": "go", "codemirror_mode": "go", "nbconvert_exporter": ""},
		"banner":   "Go " + version + " (urbangraph, GoNB inside). %help says what there is besides Go.",
		"debugger": false, "supported_features": []string{},
		"help_links": []object{{"text": "Go", "url": "https://go.dev/doc/"}, {"text": "Go packages", "url": "https://pkg.go.dev/"},
			{"text": "GoNB", "url": "https://github.com/janpfeifer/gonb"}},
	}
}

// isComplete says whether a console should run what has been typed.
func (s *Server) isComplete(r *request) {
	var c struct {
		Code string `json:"code"`
	}
	if err := r.read(&c); err != nil {
		s.refuse(r, "BadRequest", err.Error())
		return
	}
	status, indent := cell.Parse(c.Code).IsComplete()
	content := object{"status": status}
	if status == "incomplete" {
		content["indent"] = indent
	}
	s.reply(r, "is_complete_reply", content)
}

// historyReply lists cells that were run.
func (s *Server) historyReply(r *request) {
	var c struct {
		Output  bool   `json:"output"`
		Type    string `json:"hist_access_type"`
		Session int    `json:"session"`
		Start   int    `json:"start"`
		Stop    *int   `json:"stop"`
		N       *int   `json:"n"`
		Pattern string `json:"pattern"`
		Unique  bool   `json:"unique"`
	}
	if err := r.read(&c); err != nil {
		s.refuse(r, "BadRequest", err.Error())
		return
	}
	n := 0
	if c.N != nil {
		n = *c.N
	}
	var found []history.Entry
	switch c.Type {
	case "range":
		stop := 0
		if c.Stop != nil {
			stop = *c.Stop
		}
		found = s.history.Range(c.Session, c.Start, stop)
	case "search":
		found = s.history.Search(c.Pattern, n, c.Unique)
	case "tail", "":
		found = s.history.Tail(n)
	default:
		s.refuse(r, "BadRequest", "hist_access_type is "+c.Type+", not range, tail or search")
		return
	}
	list := make([][]any, len(found))
	for i, e := range found {
		list[i] = []any{e.Session, e.Line, e.Input}
		if c.Output {
			var out any
			if e.Output != "" {
				out = e.Output
			}
			list[i][2] = []any{e.Input, out}
		}
	}
	s.reply(r, "history_reply", object{"status": "ok", "history": list})
}

// askTime bounds the answer to a completion or inspection.
const askTime = 20 * time.Second

// complete answers by the ways in which what is typed can go on.
func (s *Server) complete(ctx context.Context, r *request) {
	var c struct {
		Code   string `json:"code"`
		Cursor *int   `json:"cursor_pos"`
	}
	if err := r.read(&c); err != nil {
		s.refuse(r, "BadRequest", err.Error())
		return
	}
	at := cursor(c.Code, c.Cursor)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	found, err := s.gopls.Complete(ctx, s.notebook(), c.Code, at)
	if err != nil {
		s.askFailed("completion", err)
		pos := cell.Offset8(c.Code, at)
		s.reply(r, "complete_reply", object{"status": "ok", "matches": []string{}, "cursor_start": pos, "cursor_end": pos, "metadata": object{}})
		return
	}
	matches := found.Matches
	if matches == nil {
		matches = []string{}
	}
	start, end := found.Runes(c.Code)
	s.reply(r, "complete_reply", object{"status": "ok", "matches": matches, "cursor_start": start, "cursor_end": end, "metadata": found.Metadata(c.Code)})
}

// inspect answers by the documentation of what the cursor stands on.
func (s *Server) inspect(ctx context.Context, r *request) {
	var c struct {
		Code   string `json:"code"`
		Cursor *int   `json:"cursor_pos"`
		Detail int    `json:"detail_level"`
	}
	if err := r.read(&c); err != nil {
		s.refuse(r, "BadRequest", err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	data, found, err := s.gopls.Inspect(ctx, s.notebook(), c.Code, cursor(c.Code, c.Cursor), c.Detail)
	if err != nil {
		s.askFailed("inspection", err)
	}
	if data == nil {
		data = map[string]string{}
	}
	s.reply(r, "inspect_reply", object{"status": "ok", "found": found && err == nil, "data": data, "metadata": object{}})
}

// askFailed notes a failure; that a newer question has come is none.
func (s *Server) askFailed(what string, err error) {
	if !errors.Is(err, gopls.ErrSuperseded) && s.ctx.Err() == nil {
		s.logf("%s: %v", what, err)
	}
}

// cursor is the byte offset of a cursor position, the end of the code when there is none.
func cursor(code string, pos *int) int {
	if pos == nil || *pos < 0 {
		return len(code)
	}
	return cell.Offset16(code, *pos)
}

// commMessage hands a message about a comm on to GoNB, whose widgets use them. A comm with a target that
// nobody knows is closed at once, as the protocol asks.
func (s *Server) commMessage(r *request) {
	var c struct {
		ID     string `json:"comm_id"`
		Target string `json:"target_name"`
	}
	if err := r.read(&c); err != nil {
		s.logf("dropped a message: %v", err)
		return
	}
	switch r.kind() {
	case "comm_open":
		if c.Target != gonbTarget {
			s.publish("comm_close", r, object{"comm_id": c.ID, "data": object{}}, nil)
			return
		}
		s.comms.open(c.ID, c.Target)
	case "comm_close":
		s.comms.close(c.ID)
	}
	if ch := s.liveChild(); ch != nil {
		if err := ch.Forward(r.kind(), r.Content, r.Metadata, r.Buffers); err != nil {
			s.logf("%s is not handed on: %v", r.kind(), err)
		}
	}
}

// commInfo lists the open comms.
func (s *Server) commInfo(r *request) {
	var c struct {
		Target string `json:"target_name"`
	}
	if err := r.read(&c); err != nil {
		s.refuse(r, "BadRequest", err.Error())
		return
	}
	s.reply(r, "comm_info_reply", object{"status": "ok", "comms": s.comms.list(c.Target)})
}

// onStdin takes the answer to a question for input.
func (s *Server) onStdin(r *request) {
	var c struct {
		Value string `json:"value"`
	}
	if r.kind() != "input_reply" {
		s.logf("dropped a %s on the stdin channel", r.kind())
		return
	}
	if err := json.Unmarshal(r.Content, &c); err != nil {
		s.logf("dropped an input_reply: %v", err)
		return
	}
	select {
	case s.answers <- c.Value:
	default: // nobody asked
	}
}
