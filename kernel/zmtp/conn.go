package zmtp

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Conn is a socket connected to one server. Send, Subscribe and Close may be called concurrently with all;
// concurrent calls of Receive take turns. It does not reconnect.
type Conn struct {
	kind   Kind
	addr   string
	conn   net.Conn
	in     reader
	out    *queue
	linger time.Duration

	receiving sync.Mutex
	written   chan struct{} // closed when nothing more is written
	closing   sync.Once
}

// Dialer connects with limits that are not the defaults.
type Dialer struct {
	Limits Limits
}

// Dial connects a socket of kind Dealer, Req or Sub to the address of a server. While nobody listens there
// it tries again until ctx ends. The identity, which may be nil, is what a ROUTER knows the socket by.
func Dial(ctx context.Context, addr string, kind Kind, identity []byte) (*Conn, error) {
	var d Dialer
	return d.Dial(ctx, addr, kind, identity)
}

// Dial is the function [Dial] with the dialer's limits.
func (d *Dialer) Dial(ctx context.Context, addr string, kind Kind, identity []byte) (*Conn, error) {
	switch kind {
	case Dealer, Req, Sub:
	default:
		return nil, fmt.Errorf("a %s socket cannot be dialled with, only DEALER, REQ and SUB", kind)
	}
	if len(identity) > maxIdentity || len(identity) > 0 && identity[0] == 0 {
		return nil, fmt.Errorf("identity %q: it may have %d bytes, the first not zero", identity, maxIdentity)
	}
	network, address, err := splitAddress(addr)
	if err != nil {
		return nil, err
	}
	limits := d.Limits.withDefaults()
	for start := time.Now(); ; {
		c, err := dial(ctx, network, address, kind, identity, limits)
		if err == nil {
			c.addr = addr
			return c, nil
		}
		if ctx.Err() == nil && !absent(err) {
			return nil, fmt.Errorf("connecting to %s: %w", addr, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connecting to %s: %w (last: %w)", addr, context.Cause(ctx), err)
		case <-time.After(min(max(time.Since(start)/16, time.Millisecond), 50*time.Millisecond)):
		}
	}
}

// absent reports whether an error says that the server does not run yet, or no more.
func absent(err error) bool {
	for _, e := range []error{syscall.ECONNREFUSED, syscall.ENOENT, syscall.ECONNRESET, syscall.EPIPE, syscall.EAGAIN, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// dial tries to connect once.
func dial(ctx context.Context, network, address string, kind Kind, identity []byte, limits Limits) (*Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &Conn{
		kind: kind, conn: conn, out: newQueue(conn, limits.Queue), linger: limits.Linger, written: make(chan struct{}),
		in: reader{r: bufio.NewReaderSize(conn, 16<<10), message: limits.Message, maxFrame: limits.Frames},
	}
	conn.SetDeadline(time.Now().Add(limits.Handshake))
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	_, err = shake(conn, &c.in, kind, identity)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetDeadline(time.Time{})
	go func() {
		defer close(c.written)
		c.out.write()
	}()
	return c, nil
}

// Send queues a message. It never blocks; the error is ErrSlow if too much waits, then the connection ends,
// or tells why it has ended. The frames may be changed afterwards. A REQ adds the empty frame that goes
// before its messages.
func (c *Conn) Send(frames ...[]byte) error {
	if len(frames) == 0 {
		return errors.New("a message needs at least one frame")
	}
	if c.kind == Sub {
		return errors.New("a SUB socket cannot send")
	}
	var head [][]byte
	if c.kind == Req {
		head = [][]byte{nil}
	}
	return c.failure(c.out.push(encode(head, frames)))
}

// Subscribe asks the publisher at the other side of a SUB for the messages that begin with topic.
func (c *Conn) Subscribe(topic []byte) error {
	if c.kind != Sub {
		return fmt.Errorf("a %s socket cannot subscribe", c.kind)
	}
	return c.failure(c.out.push(encode(nil, [][]byte{append([]byte{1}, topic...)})))
}

// Receive waits for the next message. A REQ takes the empty frame off that comes before. The error is
// ErrClosed if either side closed the connection; after an error there is nothing more to receive.
func (c *Conn) Receive() ([][]byte, error) {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	if c.isClosed() {
		return nil, c.failure(ErrClosed)
	}
	for {
		frames, err := c.in.receive(c.command)
		if err != nil {
			if failed := c.out.failed(); failed != nil {
				err = failed
			} else if err == io.EOF || c.isClosed() {
				err = ErrClosed
			}
			c.out.end(err)
			return nil, c.failure(err)
		}
		if c.kind == Req {
			end := slices.IndexFunc(frames, func(f []byte) bool { return len(f) == 0 })
			if frames = frames[end+1:]; len(frames) == 0 {
				continue
			}
		}
		return frames, nil
	}
}

// command acts on one command.
func (c *Conn) command(body []byte) error {
	name, data, err := parseCommand(body)
	if err != nil {
		return err
	}
	return answer(c.out, name, data)
}

// failure adds the address to an error.
func (c *Conn) failure(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s socket at %s: %w", c.kind, c.addr, err)
}

// isClosed reports whether Close has begun.
func (c *Conn) isClosed() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.closed
}

// Pending returns the bytes that wait to be sent.
func (c *Conn) Pending() int {
	n, _ := c.out.pending()
	return n
}

// Close sends what is queued, for at most Limits.Linger, and ends the connection, and with it a Receive that
// waits. Closing again only waits.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		c.conn.SetWriteDeadline(time.Now().Add(c.linger))
		c.out.close()
		<-c.written
		// What the server still sends is read up to its end: closing earlier would, over tcp, take back what
		// it has not read yet.
		c.conn.SetReadDeadline(time.Now().Add(goodbye))
		c.receiving.Lock()
		defer c.receiving.Unlock()
		io.Copy(io.Discard, c.conn)
		c.out.end(ErrClosed)
	})
	return nil
}
