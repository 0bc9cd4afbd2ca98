package child

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"urbangraph/kernel/wire"
)

// Call is a request under way.
type Call struct {
	c        *Child
	id       string
	onOutput func(*wire.Message)

	reply    chan *wire.Message
	idle     chan struct{}
	idleOnce sync.Once
}

// Reply is what the child says at the end of a request.
type Reply struct {
	Status    string   `json:"status"`
	Count     int      `json:"execution_count"`
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// Request sends a request on the shell channel. What it prints and shows goes to onOutput, which may be
// nil, in order and from one goroutine.
func (c *Child) Request(kind string, content any, onOutput func(*wire.Message)) (*Call, error) {
	frames, id, err := c.session.Encode(wire.Draft{Type: kind, Content: content})
	if err != nil {
		return nil, err
	}
	call := &Call{c: c, id: id, onOutput: onOutput, reply: make(chan *wire.Message, 1), idle: make(chan struct{})}
	c.mu.Lock()
	c.calls[id] = call
	c.mu.Unlock()
	if err := c.shell.Send(frames...); err != nil {
		call.Forget()
		return nil, fmt.Errorf("%w: %w", ErrDied, err)
	}
	return call, nil
}

// Execute sends a cell. Only one may be under way.
func (c *Child) Execute(code string, onOutput func(*wire.Message)) (*Call, error) {
	c.mu.Lock()
	c.count++
	c.mu.Unlock()
	return c.Request("execute_request", map[string]any{
		"code": code, "silent": false, "store_history": true, "user_expressions": map[string]string{},
		"allow_stdin": true, "stop_on_error": true,
	}, onOutput)
}

// Wait returns the reply once all output has come too. It returns [ErrDied] when the child ends first.
func (call *Call) Wait(ctx context.Context) (Reply, error) {
	defer call.Forget()
	var m *wire.Message
	select {
	case m = <-call.reply:
	case <-call.c.dead:
		return Reply{}, ErrDied
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
	select {
	case <-call.idle:
	case <-call.c.dead:
	case <-ctx.Done():
		return Reply{}, context.Cause(ctx)
	}
	var r Reply
	if err := json.Unmarshal(m.Content, &r); err != nil {
		return r, fmt.Errorf("GoNB sent a reply that is no JSON: %w", err)
	}
	return r, nil
}

// Forget makes the child drop what still comes for the call.
func (call *Call) Forget() {
	call.c.mu.Lock()
	defer call.c.mu.Unlock()
	delete(call.c.calls, call.id)
}

// replied takes the reply.
func (call *Call) replied(m *wire.Message) {
	select {
	case call.reply <- m:
	default:
	}
}

// becameIdle notes that all output of the request has come.
func (call *Call) becameIdle() { call.idleOnce.Do(func() { close(call.idle) }) }
