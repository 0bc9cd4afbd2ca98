package server

import (
	"context"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"urbangraph/kernel/cell"
	"urbangraph/kernel/display"
	"urbangraph/kernel/output"
	"urbangraph/kernel/procs"
	"urbangraph/kernel/resources"
	"urbangraph/kernel/run"
	"urbangraph/kernel/state"
	"urbangraph/kernel/trace"
)

// execution is one run of a cell.
type execution struct {
	s     *Server
	req   *request
	count int
	asks  executeRequest
	cell  *cell.Cell

	began       int64 // in the time of procs
	ctx         context.Context
	cancel      context.CancelFunc
	done        chan struct{}
	interrupted atomic.Bool

	result  string // text of the value of the last expression
	payload []object
	timed   bool      // %time: say at the end how long it took
	capture io.Writer // %capture: a copy of the output
	secret  bool      // %with_password for the next shell line
	quiet   bool      // output is collected for an expression of the request, not published
	values  []display.Message

	mu       sync.Mutex
	groups   []int             // process groups of its programs
	commands map[string]launch // shell lines and scripts, by the id given to the launcher
	step     state.Step        // the values that its program works with
	outputs  []*output.Output
	pipes    []*display.Pipe
	inputs   []*input
	watch    *resources.Watcher
	sending  atomic.Bool // GoNB executes a text of this cell
	launched bool        // its program has been started, and so was built
	muted    bool        // what GoNB prints is not for the client
}

// launch is a command that the launcher will ask for.
type launch struct {
	command []string
	secret  bool // what it reads is not shown
	script  bool // reads the cell from its input
	ended   chan run.Exit
}

// executeRequest is the content of an execute_request.
type executeRequest struct {
	Code        *string           `json:"code"`
	Silent      bool              `json:"silent"`
	Store       *bool             `json:"store_history"`
	Expressions map[string]string `json:"user_expressions"`
	AllowStdin  bool              `json:"allow_stdin"`
	StopOnError *bool             `json:"stop_on_error"`
}

// orTrue is the value of an option whose default is true.
func orTrue(v *bool) bool { return v == nil || *v }

// execute carries out one execute_request.
func (s *Server) execute(r *request) {
	var asks executeRequest
	s.status("busy", r)
	defer s.status("idle", r)
	if err := r.read(&asks); err != nil || asks.Code == nil {
		value := "the execute_request has no code"
		if err != nil {
			value = err.Error()
		}
		s.refuse(r, "BadRequest", value)
		return
	}
	store := orTrue(asks.Store) && !asks.Silent
	e := &execution{s: s, req: r, asks: asks, began: procs.Now(),
		done: make(chan struct{}), commands: map[string]launch{}}
	e.ctx, e.cancel = context.WithCancel(s.ctx)
	defer e.cancel()
	s.mu.Lock()
	s.running = e
	if store {
		s.counted++
	}
	e.count = s.counted
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running = nil
		s.mu.Unlock()
		close(e.done)
	}()
	if !e.asks.Silent {
		s.publish("execute_input", r, object{"code": *asks.Code, "execution_count": e.count}, nil)
	}

	e.cell = cell.Parse(*asks.Code) // which may take a moment, and can be interrupted by now
	failed := e.run()
	e.finish()

	content := object{"status": "ok", "execution_count": e.count, "payload": e.payloads()}
	if failed != nil {
		if e.interrupted.Load() {
			failed = interruptedError(failed)
		}
		e.publish("error", errorContent(failed))
		content = errorContent(failed)
		content["status"], content["execution_count"], content["payload"] = "error", e.count, []object{}
	} else {
		content["user_expressions"] = e.expressions()
	}
	if store {
		if err := s.history.Add(e.count, *asks.Code, e.result); err != nil {
			s.logf("%v", err)
		}
	}
	var waiting []*request
	if failed != nil && orTrue(asks.StopOnError) {
		waiting = s.queue.drain()
	}
	s.reply(r, "execute_reply", content)
	for _, w := range waiting {
		s.abort(w)
	}
}

// errorContent is what messages say of an error.
func errorContent(failed *trace.Error) object {
	return object{"ename": failed.Name, "evalue": failed.Value, "traceback": failed.Traceback}
}

// abort answers a cell that is not run because one before it has failed.
func (s *Server) abort(r *request) {
	s.during(r, func() { s.reply(r, "execute_reply", object{"status": "aborted"}) })
}

// payloads are what the reply carries besides its status.
func (e *execution) payloads() []object {
	if e.payload == nil {
		return []object{}
	}
	return e.payload
}

// publish sends a message because of this cell, unless it is silent.
func (e *execution) publish(kind string, content any) {
	if !e.asks.Silent && !e.quiet {
		e.s.publish(kind, e.req, content, nil)
	}
}

// display shows something of the kernel's own.
func (e *execution) display(data object) {
	e.publish("display_data", object{"data": data, "metadata": object{}, "transient": object{}})
}

// Text implements [output.Sink].
func (e *execution) Text(stream, text string) {
	e.publish("stream", object{"name": stream, "text": text})
}

// say prints a remark of the kernel.
func (e *execution) say(stream, text string) {
	if e.capture != nil {
		io.WriteString(e.capture, text)
	}
	e.Text(stream, text)
}

// Show implements [output.Sink].
func (e *execution) Show(m display.Message) {
	if e.quiet {
		e.values = append(e.values, m)
		return
	}
	if text := shownText(m.Data); e.capture != nil && text != "" {
		io.WriteString(e.capture, strings.TrimSuffix(text, "\n")+"\n")
	}
	var kind string
	var content, metadata any
	shown := object{"data": m.Data, "metadata": orEmpty(m.Metadata), "transient": transient(m.ID)}
	switch m.Kind {
	case display.Display:
		kind, content = "display_data", shown
	case display.Update:
		kind, content = "update_display_data", shown
	case display.Result:
		if text, ok := m.Data["text/plain"].(string); ok {
			e.result = text
		}
		kind, content = "execute_result", object{"execution_count": e.count, "data": m.Data, "metadata": orEmpty(m.Metadata)}
	case display.Clear:
		kind, content = "clear_output", object{"wait": m.Wait}
	case display.Page:
		e.payload = append(e.payload, object{"source": "page", "start": 0, "data": m.Data})
		return
	case display.Raw:
		e.s.comms.note(m.Type, m.Content)
		kind, content, metadata = m.Type, m.Content, m.RawMetadata
	}
	if !e.asks.Silent {
		e.s.publish(kind, e.req, content, metadata)
	}
}

// shownText is what stands in a text for something that is shown: as HTML where nothing plainer is given, as
// GoNB does.
func shownText(data object) string {
	for _, mime := range []string{"text/plain", "text/markdown", "text/html", "image/svg+xml"} {
		if text, ok := data[mime].(string); ok {
			return text
		}
	}
	return ""
}

// transient is what a message says of a display with an id.
func transient(id string) object {
	if id == "" {
		return object{}
	}
	return object{"display_id": id}
}

// orEmpty is the object, an empty one for nil.
func orEmpty(o object) object {
	if o == nil {
		return object{}
	}
	return o
}

// finish ends what belongs to the cell.
func (e *execution) finish() {
	if c, ok := e.capture.(io.Closer); ok {
		c.Close()
	}
	if e.timed {
		e.say("stdout", e.s.lastUsage().String()+"\n")
	}
}

// expressions evaluates the expressions of the request, each by a cell of its own that nobody sees.
func (e *execution) expressions() object {
	out := object{}
	for name, code := range e.asks.Expressions {
		e.quiet, e.values = true, nil
		failed := e.runGo(nil, cell.Parse(code))
		e.quiet = false
		if failed != nil {
			content := errorContent(failed)
			content["status"] = "error"
			out[name] = content
			continue
		}
		value := object{"status": "ok", "data": object{}, "metadata": object{}}
		for _, m := range e.values {
			if m.Kind == display.Result {
				value["data"] = m.Data
			}
		}
		out[name] = value
	}
	return out
}
