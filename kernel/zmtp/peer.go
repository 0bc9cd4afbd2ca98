package zmtp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// goodbye is how long a peer gets to close its side after the server has sent all.
const goodbye = 200 * time.Millisecond

// maxPong is how much may wait for a peer whose PING is still answered.
const maxPong = 1 << 20

// Peer is one connection of a [Server]. All methods may be called concurrently.
type Peer struct {
	server *Server
	conn   net.Conn
	in     reader
	out    *queue
	about  about // set before ready

	// guarded by server.mu
	ready  bool
	topics map[string]int // subscriptions at a publisher, and how often each was made

	mu       sync.Mutex
	envelope [][]byte // of the request that a REP has not answered yet, with its empty last frame
}

// Identity returns what the peer is called at a ROUTER: its own name, or one that the server made, which
// begins with a zero byte. Other sockets do not know peers by name: there it is what the peer said, if
// anything.
func (p *Peer) Identity() []byte { return slices.Clone(p.about.identity) }

// Addr returns where the peer connected from, for messages; it is empty for ipc.
func (p *Peer) Addr() string { return p.conn.RemoteAddr().String() }

// Pending returns the bytes that wait for the peer.
func (p *Peer) Pending() int {
	n, _ := p.out.pending()
	return n
}

// Send queues a message for this peer alone, a subscriber's topics aside. It never blocks. The frames may be
// changed afterwards. At a REP it answers the last message, once.
//
// After a reconnect a peer is another Peer: answers go by [Server.Send] and the identity.
func (p *Peer) Send(frames ...[]byte) error {
	if len(frames) == 0 {
		return errors.New("a message needs at least one frame")
	}
	var head [][]byte
	if p.server.kind == Rep {
		p.mu.Lock()
		head, p.envelope = p.envelope, nil
		p.mu.Unlock()
		if head == nil {
			return errors.New("a REP socket can answer each request only once")
		}
	}
	return p.out.push(encode(head, frames))
}

// serve runs a peer from its greeting to its end.
func (p *Peer) serve() {
	err := p.talk()
	closed := p.server.isClosed()
	if failed := p.out.failed(); failed != nil {
		err = failed
	}
	p.out.end(ErrClosed)
	p.server.remove(p)
	if p.server.handler.Ended == nil {
		return
	}
	if closed || err == io.EOF {
		err = nil
	}
	p.server.handler.Ended(p, err)
}

// talk shakes hands, then hands on what the peer sends until its connection ends.
func (p *Peer) talk() error {
	s := p.server
	p.conn.SetDeadline(time.Now().Add(s.limits.Handshake))
	about, err := shake(p.conn, &p.in, s.kind, nil)
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	p.about = about
	if !s.welcome(p) {
		return ErrClosed
	}
	s.running.Go(func() {
		p.out.write()
		p.conn.SetReadDeadline(time.Now().Add(goodbye))
	})
	for {
		frames, err := p.in.receive(p.command)
		if err != nil {
			return err
		}
		if s.isClosed() {
			continue // the peer may still be waiting for what is queued
		}
		if err := p.message(frames); err != nil {
			return err
		}
	}
}

// message acts on one message.
func (p *Peer) message(frames [][]byte) error {
	switch p.server.kind {
	case XPub, Pub:
		if f := frames[0]; len(frames) == 1 && len(f) > 0 && f[0] <= 1 {
			return p.subscribe(f[1:], f[0] == 1)
		}
		return nil // a publisher has no use for other messages
	case Rep:
		end := slices.IndexFunc(frames, func(f []byte) bool { return len(f) == 0 })
		if end < 0 || end == len(frames)-1 {
			return nil // no way to answer
		}
		p.mu.Lock()
		p.envelope = frames[: end+1 : end+1]
		p.mu.Unlock()
		frames = frames[end+1:]
	}
	if p.server.handler.Message != nil {
		p.server.handler.Message(p, frames)
	}
	return nil
}

// command acts on one command.
func (p *Peer) command(body []byte) error {
	name, data, err := parseCommand(body)
	if err != nil {
		return err
	}
	switch {
	case p.topics != nil && (name == "SUBSCRIBE" || name == "CANCEL"):
		if !p.server.isClosed() {
			return p.subscribe(data, name == "SUBSCRIBE")
		}
	default:
		return answer(p.out, name, data)
	}
	return nil
}

// answer acts on the commands that all sockets know: PING and ERROR.
func answer(out *queue, name string, data []byte) error {
	switch name {
	case "PING": // two bytes of time to live, then what the answer repeats
		if len(data) < 2 {
			return fmt.Errorf("%w: PING without a time to live", ErrProtocol)
		}
		if waiting, _ := out.pending(); waiting <= maxPong {
			return out.push(appendCommand(nil, "PONG", data[2:]))
		}
	case "ERROR":
		return fmt.Errorf("%w: %q", ErrRefused, reason(data))
	}
	return nil
}

// subscribe begins or ends a subscription.
func (p *Peer) subscribe(topic []byte, begins bool) error {
	p.server.mu.Lock()
	switch t := string(topic); {
	case begins && len(p.topics) >= maxSubscriptions && p.topics[t] == 0:
		p.server.mu.Unlock()
		return fmt.Errorf("%w: more than %d subscriptions", ErrTooLarge, maxSubscriptions)
	case begins:
		p.topics[t]++
	case p.topics[t] > 1:
		p.topics[t]--
	default:
		delete(p.topics, t)
	}
	p.server.mu.Unlock()
	if begins && p.server.handler.Subscribed != nil {
		p.server.handler.Subscribed(p, topic)
	}
	return nil
}
