package zmtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// addresses are one of each transport.
func addresses(t testing.TB) map[string]string {
	return map[string]string{"tcp": "tcp://127.0.0.1:0", "ipc": "ipc://" + filepath.Join(t.TempDir(), "s")}
}

// open listens until the test ends, and then checks that no goroutine is left of the server.
func open(t testing.TB, addr string, kind Kind, h Handler) *Server {
	t.Helper()
	s, err := Listen(addr, kind, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}

// connect dials until the test ends.
func connect(t testing.TB, s *Server, kind Kind, identity string) *Conn {
	t.Helper()
	c, err := Dial(deadline(t), s.Addr(), kind, []byte(identity))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// deadline is a context that ends well before the test binary is killed.
func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// next waits for what a handler tells.
func next[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("nothing within 10 s")
		panic("not reached")
	}
}

// strs makes frames.
func strs(frames ...string) [][]byte {
	var b [][]byte
	for _, f := range frames {
		b = append(b, []byte(f))
	}
	return b
}

// receive returns the next message with its frames joined by |.
func receive(t testing.TB, c *Conn) string {
	t.Helper()
	stop := time.AfterFunc(5*time.Second, func() { c.conn.Close() })
	defer stop.Stop()
	frames, err := c.Receive()
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.Join(frames, []byte("|")))
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for start := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatal("not within 10 s: ", what)
		}
	}
}

func TestRouterAnswersEachPeer(t *testing.T) {
	for name, addr := range addresses(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t, addr, Router, Handler{Message: func(p *Peer, frames [][]byte) {
				if err := p.Send(append(strs("direct"), frames...)...); err != nil {
					t.Error(err)
				}
				if err := p.server.Send(p.Identity(), append(strs("by name"), p.Identity())...); err != nil {
					t.Error(err)
				}
			}})
			for i := range 3 {
				c := connect(t, s, Dealer, fmt.Sprint("peer", i))
				if err := c.Send(strs("", fmt.Sprint(i), "")...); err != nil {
					t.Fatal(err)
				}
				if got, want := receive(t, c), fmt.Sprintf("direct||%d|", i); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if got, want := receive(t, c), fmt.Sprint("by name|peer", i); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			}
			if err := s.Send([]byte("nobody"), []byte("x")); !errors.Is(err, ErrUnknownPeer) {
				t.Errorf("to nobody: %v", err)
			}
		})
	}
}

func TestRepEchoes(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Rep, Handler{Message: func(p *Peer, frames [][]byte) {
		p.Send(frames...)
		if err := p.Send(frames...); err == nil {
			t.Error("a second answer was accepted")
		}
	}})
	req := connect(t, s, Req, "")
	req.Send(strs("ping", "")...)
	if got := receive(t, req); got != "ping|" {
		t.Errorf("REQ got %q", got)
	}
	dealer := connect(t, s, Dealer, "")
	dealer.Send(strs("no delimiter")...)
	dealer.Send(strs("a", "b", "", "ping")...)
	if got := receive(t, dealer); got != "a|b||ping" {
		t.Errorf("DEALER got %q", got)
	}
}

func TestPublishByTopic(t *testing.T) {
	for _, kind := range []Kind{XPub, Pub} {
		subscribed := make(chan string, 10)
		s := open(t, "tcp://127.0.0.1:0", kind, Handler{Subscribed: func(p *Peer, topic []byte) {
			p.Send(strs("welcome", string(topic))...)
			subscribed <- string(topic)
		}})
		all, some := connect(t, s, Sub, ""), connect(t, s, Sub, "")
		all.Subscribe(nil)
		some.Subscribe([]byte("b"))
		next(t, subscribed)
		next(t, subscribed)
		for _, topic := range []string{"a", "b", "bc"} {
			s.Publish(strs(topic, "x")...)
		}
		for c, want := range map[*Conn][]string{all: {"welcome|", "a|x", "b|x", "bc|x"}, some: {"welcome|b", "b|x", "bc|x"}} {
			for _, w := range want {
				if got := receive(t, c); got != w {
					t.Errorf("got %q, want %q", got, w)
				}
			}
		}
	}
}

func TestReconnectTakesOver(t *testing.T) {
	ended := make(chan error, 10)
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Ended: func(_ *Peer, err error) { ended <- err }})
	first := connect(t, s, Dealer, "me")
	eventually(t, "first connected", func() bool { return s.Send([]byte("me"), []byte("1")) == nil })
	if got := receive(t, first); got != "1" {
		t.Errorf("got %q", got)
	}
	second := connect(t, s, Dealer, "me")
	if err := next(t, ended); !errors.Is(err, ErrClosed) {
		t.Errorf("the first ended by %v", err)
	}
	if err := s.Send([]byte("me"), []byte("2")); err != nil {
		t.Error(err)
	}
	if got := receive(t, second); got != "2" {
		t.Errorf("got %q", got)
	}
}

func TestCloseSendsWhatIsQueued(t *testing.T) {
	for name, addr := range addresses(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t, addr, Router, Handler{})
			c := connect(t, s, Dealer, "me")
			eventually(t, "connected", func() bool { return s.Peers() == 1 })
			big := bytes.Repeat([]byte("x"), 8<<20)
			if err := s.Send([]byte("me"), big); err != nil {
				t.Fatal(err)
			}
			go s.Close()
			if got := receive(t, c); got != string(big) {
				t.Errorf("%d bytes", len(got))
			}
			if _, err := c.Receive(); !errors.Is(err, ErrClosed) {
				t.Errorf("after close: %v", err)
			}
			s.Close()
			if path, ok := strings.CutPrefix(addr, "ipc://"); ok {
				if _, err := os.Stat(path); !os.IsNotExist(err) {
					t.Errorf("socket file is left: %v", err)
				}
			}
		})
	}
}

func TestConnCloseSendsWhatIsQueued(t *testing.T) {
	got := make(chan int, 1)
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Message: func(_ *Peer, f [][]byte) {
		if string(f[0]) == "wait" {
			time.Sleep(2 * goodbye)
		} else {
			got <- len(f[0])
		}
	}})
	c := connect(t, s, Dealer, "")
	c.Send([]byte("wait"))
	c.Send(make([]byte, 8<<20))
	c.Close()
	if n := next(t, got); n != 8<<20 {
		t.Errorf("%d bytes", n)
	}
	if err := c.Send([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("send after close: %v", err)
	}
	if _, err := c.Receive(); !errors.Is(err, ErrClosed) {
		t.Errorf("receive after close: %v", err)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		s, err := Listen("tcp://127.0.0.1:0", XPub, Handler{})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			c, err := Dial(t.Context(), s.Addr(), Sub, nil)
			if err != nil {
				t.Fatal(err)
			}
			c.Subscribe(nil)
			defer c.Close()
		}
		s.Close()
	}
	eventually(t, "writers of the connections alone are left", func() bool { return runtime.NumGoroutine() <= before+25 })
}
