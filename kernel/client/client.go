package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"urbangraph/kernel/wire"
	"urbangraph/kernel/zmtp"
)

// Channel is one of the sockets of a kernel.
type Channel int

// The channels that messages go over.
const (
	Shell Channel = iota
	Control
	Stdin
	IOPub
)

// String returns the name of the channel.
func (c Channel) String() string { return [...]string{"shell", "control", "stdin", "iopub"}[c] }

// ErrGone is returned when the kernel has closed a connection.
var ErrGone = errors.New("the connection to the kernel has ended")

// maxProblems is how many problems a client keeps.
const maxProblems = 100

// Client is connected to a kernel. All methods may be called concurrently.
type Client struct {
	// Info is what the kernel said of itself when the client connected.
	Info KernelInfo

	session  *wire.Session
	channels [4]*zmtp.Conn
	running  sync.WaitGroup
	beat     heartbeat

	mu       sync.Mutex
	gone     error // why no more messages come
	requests map[string]*Request
	finished [256]string // the last requests that were complete, a ring
	next     int         // place in finished
	events   map[*Events]struct{}
	problems []error
}

// timed is a message and when it came.
type timed struct {
	Event
	at time.Time
}

// Connect connects to the kernel of a connection file and waits until it answers and its output arrives. It
// tries until ctx ends.
func Connect(ctx context.Context, connectionFile string) (*Client, error) {
	connection, err := wire.ReadConnection(connectionFile)
	if err != nil {
		return nil, err
	}
	c := &Client{
		session:  wire.NewSession(wire.Key(connection.Key), "client"),
		requests: map[string]*Request{}, events: map[*Events]struct{}{},
	}
	if err := c.dial(ctx, connection); err != nil {
		c.Close()
		return nil, err
	}
	for i, conn := range c.channels {
		c.running.Go(func() { c.read(Channel(i), conn) })
	}
	c.beat.echoes = make(chan string, 8)
	c.running.Go(c.beat.read)
	if err := c.ready(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("waiting for the kernel: %w", err)
	}
	return c, nil
}

// dial connects all sockets. A kernel finds the stdin socket of a client by the identity of its shell.
func (c *Client) dial(ctx context.Context, connection wire.Connection) error {
	identity := []byte(c.session.ID())
	for _, s := range []struct {
		to   **zmtp.Conn
		addr string
		kind zmtp.Kind
	}{
		{&c.channels[Shell], connection.Shell(), zmtp.Dealer},
		{&c.channels[Control], connection.Control(), zmtp.Dealer},
		{&c.channels[Stdin], connection.Stdin(), zmtp.Dealer},
		{&c.channels[IOPub], connection.IOPub(), zmtp.Sub},
		{&c.beat.conn, connection.Heartbeat(), zmtp.Req},
	} {
		conn, err := zmtp.Dial(ctx, s.addr, s.kind, identity)
		if err != nil {
			return err
		}
		*s.to = conn
	}
	return c.channels[IOPub].Subscribe(nil)
}

// ready asks for kernel_info until both the reply and, over iopub, its status or a welcome have come: a
// subscription may take a while to count.
func (c *Client) ready(ctx context.Context) error {
	events := c.Events()
	defer events.Close()
	for {
		r, err := c.Send(Shell, "kernel_info_request", nil)
		if err != nil {
			return err
		}
		reply, err := r.Reply(ctx)
		c.forget(r)
		if err != nil {
			return err
		}
		if err := reply.Unmarshal(&c.Info); err != nil {
			return err
		}
		soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		_, err = events.Await(soon, func(e Event) bool {
			return e.Channel == IOPub && (e.Header.MsgType == "iopub_welcome" || e.Parent.MsgID == r.ID)
		})
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || errors.Is(err, ErrGone) {
			return err
		}
	}
}

// read hands on what comes over one channel until it ends.
func (c *Client) read(channel Channel, conn *zmtp.Conn) {
	for {
		frames, err := conn.Receive()
		if err != nil {
			c.lose(fmt.Errorf("%w: %s: %w", ErrGone, channel, err))
			return
		}
		at := time.Now()
		m, err := c.session.Decode(frames)
		if err != nil {
			c.problem(fmt.Errorf("%s: %w", channel, err))
			continue
		}
		c.dispatch(timed{Event{channel, m}, at})
	}
}

// dispatch gives a message to its request and to all who listen.
func (c *Client) dispatch(m timed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := range c.events {
		e.put(m.Event)
	}
	if err := c.deliver(m); err != nil {
		c.addProblem(fmt.Errorf("%s: %s: %w", m.Channel, m.Header.MsgType, err))
	}
}

// deliver gives a message to its request, if it has one, and forgets the request when it is complete; c.mu
// is held.
func (c *Client) deliver(m timed) error {
	r := c.requests[m.Parent.MsgID]
	switch {
	case r != nil:
		err := r.add(m)
		if r.complete() {
			delete(c.requests, r.ID)
			c.finished[c.next] = r.ID
			c.next = (c.next + 1) % len(c.finished)
		}
		return err
	case m.Channel == IOPub:
		return nil // of another client, of one that is not waited for any more, or late output
	case m.Parent.Session != c.session.ID():
		return fmt.Errorf("it answers session %q", m.Parent.Session)
	case slices.Contains(c.finished[:], m.Parent.MsgID):
		return fmt.Errorf("a second reply to request %s", m.Parent.MsgID)
	}
	return nil
}

// lose ends all requests.
func (c *Client) lose(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone == nil {
		c.gone = err
	}
	for id, r := range c.requests {
		r.lose(c.gone)
		delete(c.requests, id)
	}
	for e := range c.events {
		e.end(c.gone)
	}
}

// problem notes what the kernel should not have sent.
func (c *Client) problem(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addProblem(err)
}

// addProblem is problem with c.mu held.
func (c *Client) addProblem(err error) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, err)
	}
}

// Problems returns what came that a kernel should not send, the first hundred.
func (c *Client) Problems() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]error(nil), c.problems...)
}

// Send sends a request and does not wait. Nil content is an empty object.
func (c *Client) Send(channel Channel, msgType string, content any) (*Request, error) {
	return c.send(channel, wire.Draft{Type: msgType, Content: content}, Options{})
}

// send sends a request whose outputs are treated as o says.
func (c *Client) send(channel Channel, draft wire.Draft, o Options) (*Request, error) {
	frames, id, err := c.session.Encode(draft)
	if err != nil {
		return nil, err
	}
	r := newRequest(c, id, o)
	c.mu.Lock()
	if c.gone != nil {
		c.mu.Unlock()
		return nil, c.gone
	}
	c.requests[id] = r
	c.mu.Unlock()
	if err := c.channels[channel].Send(frames...); err != nil {
		c.forget(r)
		return nil, fmt.Errorf("%w: %w", ErrGone, err)
	}
	return r, nil
}

// forget drops a request that nobody waits for any more.
func (c *Client) forget(r *Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.requests, r.ID)
}

// SendRaw sends frames as they are, for messages that no client should send.
func (c *Client) SendRaw(channel Channel, frames ...[]byte) error {
	return c.channels[channel].Send(frames...)
}

// Close ends the connections. The kernel runs on.
func (c *Client) Close() error {
	var closing sync.WaitGroup
	for _, conn := range append(c.channels[:], c.beat.conn) {
		if conn != nil {
			closing.Go(func() { conn.Close() })
		}
	}
	closing.Wait()
	c.running.Wait()
	return nil
}
