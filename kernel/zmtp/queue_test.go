package zmtp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

// subscriptions counts the topics of all subscribers.
func subscriptions(s *Server) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for p := range s.peers {
		n += len(p.topics)
	}
	return n
}

func TestSlowSubscriberIsDroppedAlone(t *testing.T) {
	ended := make(chan error, 10)
	s := open(t, "tcp://127.0.0.1:0", XPub, Handler{
		Ended:  func(_ *Peer, err error) { ended <- err },
		Limits: Limits{Queue: 32 << 20},
	})
	good := connect(t, s, Sub, "")
	good.Subscribe(nil)
	silent, _ := rawReady(t, s, Sub, "") // reads nothing
	silent.Write([]byte("\x00\x01\x01"))
	eventually(t, "both subscribed", func() bool { return subscriptions(s) == 2 })
	message := make([]byte, 1<<20)
	for i := range 100 {
		message[0] = byte(i)
		start := time.Now()
		s.Publish(message)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("publishing took %v", took)
		}
		frames, err := good.Receive()
		if err != nil || len(frames[0]) != 1<<20 || frames[0][0] != byte(i) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if err := next(t, ended); !errors.Is(err, ErrSlow) {
		t.Errorf("the silent one ended by %v", err)
	}
	if n := s.Peers(); n != 1 {
		t.Errorf("%d peers are left", n)
	}
}

func TestAHundredMegabytesToASlowReader(t *testing.T) {
	s := open(t, "ipc://"+t.TempDir()+"/s", XPub, Handler{})
	c := connect(t, s, Sub, "")
	c.Subscribe(nil)
	eventually(t, "subscribed", func() bool { return subscriptions(s) == 1 })
	const size, count = 8 << 10, 100 << 20 >> 13
	sent := make(chan int, 1)
	go func() {
		most := 0
		for i := range count {
			s.Publish(fmt.Appendf(make([]byte, 0, size), "%0*d", size, i))
			most = max(most, s.Pending())
			if err := s.Flush(t.Context(), 4<<20); err != nil {
				t.Error(err)
			}
		}
		sent <- most
	}()
	for i := range count {
		frames, err := c.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Appendf(nil, "%0*d", size, i); !bytes.Equal(frames[0], want) {
			t.Fatalf("message %d is %q", i, frames[0][size-10:])
		}
		if i%1000 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if most := next(t, sent); most > 5<<20 {
		t.Errorf("%d bytes waited at a time, though the sender was told", most)
	}
}

func TestStalledPeersDoNotCount(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Limits: Limits{Stall: 200 * time.Millisecond}})
	_, r := rawReady(t, s, Dealer, "me")
	eventually(t, "connected", func() bool { return s.Peers() == 1 })
	message := make([]byte, 32<<20)
	if err := s.Send([]byte("me"), message); err != nil {
		t.Fatal(err)
	}
	if n := s.Pending(); n < 16<<20 {
		t.Errorf("%d bytes are pending", n)
	}
	eventually(t, "the stalled peer does not count", func() bool { return s.Pending() == 0 })
	if err := s.Flush(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if _, err := io.CopyN(io.Discard, r, int64(len(message)+9)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is sent", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for p := range s.peers {
			return p.Pending() == 0
		}
		return false
	})
}

func TestCloseDoesNotWaitForASilentPeer(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Limits: Limits{Linger: 200 * time.Millisecond}})
	rawReady(t, s, Dealer, "me") // reads nothing
	raw(t, s)                    // says nothing
	eventually(t, "connected", func() bool { return s.Peers() == 1 })
	s.Send([]byte("me"), make([]byte, 64<<20))
	start := time.Now()
	s.Close()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("closing took %v", took)
	}
}

func TestConcurrentSendersKeepTheirOrder(t *testing.T) {
	s := open(t, "ipc://"+t.TempDir()+"/s", Router, Handler{})
	c := connect(t, s, Dealer, "me")
	eventually(t, "connected", func() bool { return s.Peers() == 1 })
	const senders, each = 4, 2000
	for i := range senders {
		go func() {
			for n := range each {
				if err := s.Send([]byte("me"), []byte{byte(i)}, []byte{byte(n >> 8), byte(n)}); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	var next [senders]int
	for range senders * each {
		frames, err := c.Receive()
		if err != nil {
			t.Fatal(err)
		}
		i, n := frames[0][0], int(frames[1][0])<<8|int(frames[1][1])
		if n != next[i] {
			t.Fatalf("sender %d: message %d where %d is due", i, n, next[i])
		}
		next[i]++
	}
}
