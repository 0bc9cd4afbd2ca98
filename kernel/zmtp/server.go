package zmtp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Handler is told what peers do. Its functions are called in order for one peer, and at the same time for
// different peers; while one runs nothing more is read from its peer. Each may be nil. They may call all
// methods but [Server.Close].
type Handler struct {
	// Message is called with each message: of a ROUTER without the identity, of a REP without the envelope.
	Message func(p *Peer, frames [][]byte)
	// Subscribed is called for each subscription at an XPUB or PUB, after it has begun to count.
	Subscribed func(p *Peer, topic []byte)
	// Ended is called when a peer's connection has ended, its handshake too; err is nil if the peer closed
	// it between two messages or the server was closed.
	Ended func(p *Peer, err error)
	// Limits bound what one peer may cost.
	Limits Limits
}

// Server is a socket that peers connect to. All methods may be called concurrently.
type Server struct {
	kind     Kind
	addr     string
	listener net.Listener
	handler  Handler
	limits   Limits
	running  sync.WaitGroup
	closing  chan struct{}

	mu         sync.Mutex
	closed     bool
	last       uint32 // last generated identity
	peers      map[*Peer]struct{}
	identities map[string]*Peer // of a ROUTER
}

// Listen opens a socket of kind Router, Rep, XPub or Pub at "tcp://host:port", where port 0 is a free one,
// or "ipc://path".
func Listen(addr string, kind Kind, h Handler) (*Server, error) {
	switch kind {
	case Router, Rep, XPub, Pub:
	default:
		return nil, fmt.Errorf("a %s socket cannot be listened with, only ROUTER, REP, XPUB and PUB", kind)
	}
	l, err := listen(addr)
	if err != nil {
		return nil, fmt.Errorf("%s socket: %w", kind, err)
	}
	s := &Server{
		kind: kind, addr: addr, listener: l, handler: h, limits: h.Limits.withDefaults(),
		closing: make(chan struct{}), peers: map[*Peer]struct{}{}, identities: map[string]*Peer{},
	}
	if l.Addr().Network() == "tcp" {
		s.addr = "tcp://" + l.Addr().String()
	}
	s.running.Go(s.accept)
	return s, nil
}

// Addr returns the address in the form that Listen takes, with the port that was chosen.
func (s *Server) Addr() string { return s.addr }

// accept lets peers in; nothing here waits for one of them.
func (s *Server) accept() {
	for pause := time.Millisecond; ; {
		conn, err := s.listener.Accept()
		if err == nil {
			pause = time.Millisecond
			s.admit(conn)
			continue
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
		select { // no file descriptor was free, or the peer has gone
		case <-s.closing:
			return
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		}
	}
}

// admit starts a peer, unless there are too many.
func (s *Server) admit(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.peers) >= s.limits.Peers {
		conn.Close()
		return
	}
	p := &Peer{
		server: s, conn: conn, out: newQueue(conn, s.limits.Queue),
		in: reader{r: bufio.NewReaderSize(conn, 16<<10), message: s.limits.Message, maxFrame: s.limits.Frames},
	}
	if s.kind.publishes() {
		p.in.message = min(p.in.message, maxSubscription)
		p.topics = map[string]int{}
	}
	s.peers[p] = struct{}{}
	s.running.Go(p.serve)
}

// welcome makes a peer whose handshake is done known under its identity. It reports whether the server is
// still open.
func (s *Server) welcome(p *Peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	p.conn.SetDeadline(time.Time{})
	p.ready = true
	if s.kind != Router {
		return true
	}
	if len(p.about.identity) == 0 {
		s.last++
		p.about.identity = binary.BigEndian.AppendUint32([]byte{0}, s.last)
	}
	if old := s.identities[string(p.about.identity)]; old != nil {
		old.out.end(ErrClosed)
	}
	s.identities[string(p.about.identity)] = p
	return true
}

// remove forgets a peer.
func (s *Server) remove(p *Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	if s.identities[string(p.about.identity)] == p {
		delete(s.identities, string(p.about.identity))
	}
}

// isClosed reports whether Close has begun.
func (s *Server) isClosed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// Send queues a message of a ROUTER for the peer that now has the identity. It never blocks. The frames may
// be changed afterwards. The error is ErrUnknownPeer if nobody has that identity, ErrSlow if the peer was
// dropped because too much waited for it.
func (s *Server) Send(identity []byte, frames ...[]byte) error {
	s.mu.Lock()
	p := s.identities[string(identity)]
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("message to %q: %w", identity, ErrUnknownPeer)
	}
	return p.Send(frames...)
}

// Publish queues a message of an XPUB or PUB for all who subscribed to a beginning of its first frame. It
// never blocks; who lags by more than the limit is dropped. All subscribers get all messages in the same
// order. The frames may be changed afterwards.
func (s *Server) Publish(frames ...[]byte) {
	if len(frames) == 0 {
		return
	}
	message := encode(nil, frames)
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		if p.wants(frames[0]) {
			p.out.push(message) // an error has ended the peer, and is told to Ended
		}
	}
}

// wants reports whether the peer subscribed to a topic; server.mu is held.
func (p *Peer) wants(topic []byte) bool {
	for t := range p.topics {
		if bytes.HasPrefix(topic, []byte(t)) {
			return true
		}
	}
	return false
}

// Peers returns how many peers are connected, handshake done.
func (s *Server) Peers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for p := range s.peers {
		if p.ready {
			n++
		}
	}
	return n
}

// Pending returns the bytes that wait for the peer that lags most among those that read: a peer that took
// nothing for the time Limits.Stall does not count, so that it cannot hold up others.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most := 0
	for p := range s.peers {
		if n, since := p.out.pending(); n > most && time.Since(since) < s.limits.Stall {
			most = n
		}
	}
	return most
}

// Flush waits until Pending is at most limit bytes.
func (s *Server) Flush(ctx context.Context, limit int) error {
	if s.Pending() <= limit {
		return nil
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			if s.Pending() <= limit {
				return nil
			}
		}
	}
}

// Close stops accepting and reading, sends what is queued for at most Limits.Linger, ends all connections
// and waits for all goroutines. The file of an ipc socket is removed. Closing again only waits.
func (s *Server) Close() error {
	var err error
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
		err = s.listener.Close()
		deadline := time.Now().Add(s.limits.Linger)
		for p := range s.peers {
			if p.ready {
				p.conn.SetDeadline(deadline)
				p.out.close()
			} else {
				p.conn.Close()
			}
		}
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}
