package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"urbangraph/kernel/wire"
)

// Request is one that was sent. All methods may be called concurrently.
type Request struct {
	ID string // of its message

	client  *Client
	options Options
	sent    time.Time
	replied chan struct{} // closed when the reply has come
	idle    chan struct{} // closed when the idle status has come
	lost    chan struct{} // closed when the connection has ended

	mu     sync.Mutex
	err    error // of lost
	result Result
}

// newRequest returns a request that is about to be sent.
func newRequest(c *Client, id string, o Options) *Request {
	return &Request{
		ID: id, client: c, options: o, sent: time.Now(),
		replied: make(chan struct{}), idle: make(chan struct{}), lost: make(chan struct{}),
	}
}

// Result is what came of a request.
type Result struct {
	Reply   Reply
	Message *wire.Message // of the reply
	Outputs []Output      // in the order of their coming, unless they were discarded
	// Order is what came over iopub: busy, idle and other states for status messages, else the type.
	Order []string
	// Durations from sending to: the first output, the reply, the idle status, and the later of the last two.
	// First is 0 if there was no output.
	First, Replied, Idle, Took time.Duration
}

// Reply is the content of an execute_reply, and the common part of all replies.
type Reply struct {
	Status          string                     `json:"status"` // ok, error or aborted
	Count           int                        `json:"execution_count"`
	EName           string                     `json:"ename"`
	EValue          string                     `json:"evalue"`
	Traceback       []string                   `json:"traceback"`
	Payload         []map[string]any           `json:"payload"`
	UserExpressions map[string]json.RawMessage `json:"user_expressions"`
	Raw             json.RawMessage            `json:"-"` // the whole content
}

// Output is one message over iopub that belongs to a request, other than status and execute_input.
type Output struct {
	Type      string          `json:"-"`    // stream, display_data, update_display_data, execute_result, error, clear_output, comm_...
	Name      string          `json:"name"` // of a stream
	Text      string          `json:"text"` // of a stream
	Data      map[string]any  `json:"data"` // by MIME type
	Metadata  map[string]any  `json:"metadata"`
	Transient map[string]any  `json:"transient"`
	Count     int             `json:"execution_count"` // of an execute_result
	EName     string          `json:"ename"`           // of an error, as the next two
	EValue    string          `json:"evalue"`
	Traceback []string        `json:"traceback"`
	Wait      bool            `json:"wait"` // of a clear_output
	Content   json.RawMessage `json:"-"`    // all of it
	Buffers   [][]byte        `json:"-"`
}

// DisplayID returns the id by which a display can be updated, or "".
func (o Output) DisplayID() string {
	id, _ := o.Transient["display_id"].(string)
	return id
}

// Stream returns all text of a stream, "stdout" or "stderr".
func (r *Result) Stream(name string) string {
	var b strings.Builder
	for _, o := range r.Outputs {
		if o.Type == "stream" && o.Name == name {
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// ByType returns the outputs of a type.
func (r *Result) ByType(typ string) []Output {
	var found []Output
	for _, o := range r.Outputs {
		if o.Type == typ {
			found = append(found, o)
		}
	}
	return found
}

// add notes a message that answers the request. It is called by the goroutines that read, for one message
// at a time.
func (r *Request) add(m timed) error {
	took := m.at.Sub(r.sent)
	switch {
	case m.Channel == Stdin:
		return r.ask(m.Message)
	case m.Channel != IOPub:
		return r.reply(m.Message, took)
	case m.Header.MsgType == "status":
		return r.status(m.Message, took)
	}
	r.mu.Lock()
	r.result.Order = append(r.result.Order, m.Header.MsgType)
	if r.result.First == 0 {
		r.result.First = took
	}
	r.mu.Unlock()
	if m.Header.MsgType == "execute_input" {
		return nil
	}
	o := Output{Type: m.Header.MsgType}
	err := m.Unmarshal(&o)
	o.Content, o.Buffers = m.Content, m.Buffers
	if r.options.Each != nil {
		r.options.Each(o)
	}
	if !r.options.Discard {
		r.mu.Lock()
		r.result.Outputs = append(r.result.Outputs, o)
		r.mu.Unlock()
	}
	return err
}

// reply notes the reply.
func (r *Request) reply(m *wire.Message, took time.Duration) error {
	var reply Reply
	err := m.Unmarshal(&reply)
	reply.Raw = m.Content
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.result.Message != nil {
		return fmt.Errorf("a second reply to request %s", r.ID)
	}
	r.result.Reply, r.result.Message, r.result.Replied = reply, m, took
	close(r.replied)
	return err
}

// status notes a status.
func (r *Request) status(m *wire.Message, took time.Duration) error {
	var content struct {
		State string `json:"execution_state"`
	}
	if err := m.Unmarshal(&content); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Order = append(r.result.Order, content.State)
	if content.State != "idle" {
		return nil
	}
	if r.result.Idle != 0 {
		return fmt.Errorf("a second idle after request %s", r.ID)
	}
	r.result.Idle = took
	close(r.idle)
	return nil
}

// ask answers an input request, in a goroutine of its own so that output goes on meanwhile.
func (r *Request) ask(m *wire.Message) error {
	if m.Header.MsgType != "input_request" {
		return errors.New("not an input_request")
	}
	var content struct {
		Prompt   string `json:"prompt"`
		Password bool   `json:"password"`
	}
	if err := m.Unmarshal(&content); err != nil {
		return err
	}
	var refused error
	if r.options.NoStdin {
		refused = errors.New("input was asked for, but the request did not allow it")
	}
	go func() {
		value := ""
		if r.options.Input != nil && refused == nil {
			value = r.options.Input(content.Prompt, content.Password)
		}
		frames, _, err := r.client.session.Encode(wire.Draft{Type: "input_reply", Parent: m.RawHeader, Content: map[string]string{"status": "ok", "value": value}})
		if err == nil {
			err = r.client.channels[Stdin].Send(frames...)
		}
		if err != nil {
			r.client.problem(fmt.Errorf("input_reply: %w", err))
		}
	}()
	return refused
}

// complete reports whether nothing more is to come.
func (r *Request) complete() bool { return isDone(r.replied) && isDone(r.idle) }

// isDone reports whether a channel is closed.
func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// lose notes that the connection has ended.
func (r *Request) lose(err error) {
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	close(r.lost)
}

// until waits for one of the request's channels.
func (r *Request) until(ctx context.Context, done <-chan struct{}, what string) error {
	if isDone(done) {
		return nil
	}
	select {
	case <-done:
		return nil
	case <-r.lost:
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("no %s yet: %w", what, context.Cause(ctx))
	}
}

// Wait waits until both the reply and the idle status have come. When ctx ends before, the result is what
// has come so far, with the error; waiting again is allowed.
func (r *Request) Wait(ctx context.Context) (*Result, error) {
	err := r.until(ctx, r.replied, "reply")
	if err == nil {
		err = r.until(ctx, r.idle, "idle status")
	}
	return r.snapshot(), err
}

// Idle waits until the idle status has come, for requests that have no reply, such as comm messages.
func (r *Request) Idle(ctx context.Context) (*Result, error) {
	err := r.until(ctx, r.idle, "idle status")
	if err == nil {
		r.client.forget(r)
	}
	return r.snapshot(), err
}

// Reply waits until the reply has come, whatever else is still to come.
func (r *Request) Reply(ctx context.Context) (*wire.Message, error) {
	if err := r.until(ctx, r.replied, "reply"); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.result.Message, nil
}

// snapshot copies the result.
func (r *Request) snapshot() *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	result := r.result
	result.Took = max(result.Replied, result.Idle)
	return &result
}
