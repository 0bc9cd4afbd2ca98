package gopls

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a connection with a language server: JSON-RPC 2.0 calls in both directions. Calls may be made
// concurrently; messages leave in the order of the calls.
type conn struct {
	out    chan []byte
	answer func(method string, params json.RawMessage) any // what the server asks of us

	mu      sync.Mutex
	pending map[int64]chan message
	last    int64
	asked   atomic.Int64 // when the server was first asked since it last sent something, Unix nanoseconds, or 0

	once  sync.Once
	ended chan struct{} // closed when the connection is of no more use
	err   error         // why, to be read after ended
	done  sync.WaitGroup
}

// message is a request, a notification or a response, by which fields are there.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

// rpcError is the answer of a server that could not do what it was asked.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("gopls: %s (code %d)", e.Message, e.Code) }

// errGone is the reason of a connection that the other side ended.
var errGone = errors.New("gopls has ended")

// errStuck is the reason of a connection whose other side does not read.
var errStuck = errors.New("gopls does not read what it is sent")

// maxQueued is how many messages may wait until the server reads them.
const maxQueued = 256

// newConn starts the two goroutines of a connection, which end when both r and w are closed.
func newConn(r io.Reader, w io.Writer, answer func(string, json.RawMessage) any) *conn {
	c := &conn{out: make(chan []byte, maxQueued), answer: answer, pending: map[int64]chan message{}, ended: make(chan struct{})}
	c.done.Add(2)
	go func() {
		defer c.done.Done()
		c.write(w)
	}()
	go func() {
		defer c.done.Done()
		c.end(c.read(bufio.NewReader(r)))
	}()
	return c
}

// end makes all calls, now and later, fail with err.
func (c *conn) end(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.ended)
	})
}

// wait waits until the goroutines of the connection have ended.
func (c *conn) wait() { c.done.Wait() }

func (c *conn) write(w io.Writer) {
	for {
		select {
		case b := <-c.out:
			if _, err := w.Write(b); err != nil {
				c.end(fmt.Errorf("%w: %w", errGone, err))
				return
			}
		case <-c.ended:
			return
		}
	}
}

// read handles what arrives until that ends or is no JSON-RPC.
func (c *conn) read(r *bufio.Reader) error {
	for {
		body, err := readFrame(r)
		if err == io.EOF {
			return errGone
		}
		if err != nil {
			return err
		}
		c.asked.Store(0)
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			return fmt.Errorf("%w: %w", errFrame, err)
		}
		switch {
		case m.Method != "" && len(m.ID) > 0:
			result, err := json.Marshal(c.answer(m.Method, m.Params))
			if err != nil {
				return err
			}
			if err := c.send(message{ID: m.ID, Result: result}); err != nil {
				return err
			}
		case m.Method == "" && len(m.ID) > 0:
			var id int64
			if json.Unmarshal(m.ID, &id) != nil {
				continue
			}
			c.mu.Lock()
			reply := c.pending[id]
			delete(c.pending, id)
			c.mu.Unlock()
			if reply != nil {
				reply <- m
			}
		}
	}
}

// silent reports whether the server was asked so long ago and has sent nothing since.
func (c *conn) silent(limit time.Duration) bool {
	asked := c.asked.Load()
	return asked != 0 && time.Since(time.Unix(0, asked)) > limit
}

// send puts a message into the queue.
func (c *conn) send(m message) error {
	m.Version = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	select {
	case <-c.ended:
		return c.err
	default:
	}
	select {
	case c.out <- frame(body):
		return nil
	default:
		c.end(errStuck)
		return errStuck
	}
}

// notify sends a notification.
func (c *conn) notify(method string, params any) error {
	p, err := json.Marshal(params)
	if err != nil {
		return err
	}
	return c.send(message{Method: method, Params: p})
}

// pendingCall is a request that was sent.
type pendingCall struct {
	c     *conn
	id    int64
	reply chan message
}

// start sends a request.
func (c *conn) start(method string, params any) (*pendingCall, error) {
	p, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.last++
	call := &pendingCall{c, c.last, make(chan message, 1)}
	c.pending[call.id] = call.reply
	c.mu.Unlock()
	c.asked.CompareAndSwap(0, time.Now().UnixNano())
	id, err := json.Marshal(call.id)
	if err == nil {
		err = c.send(message{ID: id, Method: method, Params: p})
	}
	if err != nil {
		call.forget()
		return nil, err
	}
	return call, nil
}

func (p *pendingCall) forget() {
	p.c.mu.Lock()
	delete(p.c.pending, p.id)
	p.c.mu.Unlock()
}

// wait waits for the answer and decodes it into result; when ctx ends first it tells the server that the
// answer is no longer wanted.
func (p *pendingCall) wait(ctx context.Context, result any) error {
	select {
	case m := <-p.reply:
		if m.Error != nil {
			return m.Error
		}
		if len(m.Result) == 0 {
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("%w: %w", errFrame, err)
		}
		return nil
	case <-ctx.Done():
		p.forget()
		p.c.notify("$/cancelRequest", map[string]int64{"id": p.id})
		return ctx.Err()
	case <-p.c.ended:
		p.forget()
		return p.c.err
	}
}

// call sends a request and waits for the answer.
func (c *conn) call(ctx context.Context, method string, params, result any) error {
	p, err := c.start(method, params)
	if err != nil {
		return err
	}
	return p.wait(ctx, result)
}
