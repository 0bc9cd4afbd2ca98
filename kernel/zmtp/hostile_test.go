package zmtp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// raw opens a plain connection to a server.
func raw(t testing.TB, s *Server) net.Conn {
	t.Helper()
	c, err := net.Dial(s.listener.Addr().Network(), s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(5 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}

// rawReady opens a plain connection whose handshake is done.
func rawReady(t testing.TB, s *Server, kind Kind, identity string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c := raw(t, s)
	r := &reader{r: bufio.NewReader(c)}
	if _, err := shake(c, r, kind, []byte(identity)); err != nil {
		t.Fatal(err)
	}
	return c, r.r
}

// echo is a handler that answers with what it got.
func echo(p *Peer, frames [][]byte) { p.Send(frames...) }

func TestSilentPeersBlockNobody(t *testing.T) {
	for name, addr := range addresses(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t, addr, Router, Handler{Message: echo, Limits: Limits{Handshake: time.Hour}})
			raw(t, s)
			raw(t, s).Write(greeting[:20])
			raw(t, s).Write(greeting[:])
			c := connect(t, s, Dealer, "")
			c.Send([]byte("x"))
			if got := receive(t, c); got != "x" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestHostilePeersDisturbNobody(t *testing.T) {
	ended := make(chan error, 100)
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{
		Message: echo,
		Ended:   func(_ *Peer, err error) { ended <- err },
		Limits:  Limits{Handshake: 300 * time.Millisecond, Message: 1000, Frames: 10},
	})
	good := connect(t, s, Dealer, "good")
	ready := string(readyCommand(Dealer, nil))
	hello := string(greeting[:])
	curve := strings.Replace(hello, "NULL\x00", "CURVE", 1)
	for _, c := range []struct {
		name, sends string
		want        error
	}{
		{"silence", "", nil},
		{"half a greeting", hello[:30], nil},
		{"greeting only", hello, nil},
		{"http", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrProtocol},
		{"version 2", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05", ErrProtocol},
		{"curve", curve, ErrProtocol},
		{"message before ready", hello + "\x00\x00", ErrProtocol},
		{"other command", hello + string(appendCommand(nil, "PING", []byte("\x00\x00"))), ErrProtocol},
		{"no type", hello + string(appendCommand(nil, "READY", nil)), ErrProtocol},
		{"half a property", hello + string(appendCommand(nil, "READY", []byte("\x0bSocket-Type\xff\xff\xff\xff"))), ErrProtocol},
		{"wrong type", hello + string(readyCommand(Sub, nil)), ErrRefused},
		{"made-up type", hello + string(readyCommand(Kind(strings.Repeat("x", 5000)), nil)), ErrRefused},
		{"long identity", hello + string(readyCommand(Dealer, make([]byte, 256))), ErrProtocol},
		{"the server's identity", hello + string(readyCommand(Dealer, []byte("\x00\x00\x00\x00\x01"))), ErrProtocol},
		{"error", hello + string(appendCommand(nil, "ERROR", []byte("\x02no"))), ErrRefused},
		{"huge ready", hello + "\x06\x7f\xff\xff\xff\xff\xff\xff\xff", ErrTooLarge},
		{"unknown flags", hello + ready + "\x08\x00", ErrProtocol},
		{"command with more", hello + ready + "\x05\x07\x04PING\x00\x00", ErrProtocol},
		{"huge frame", hello + ready + "\x02\xff\xff\xff\xff\xff\xff\xff\xff", ErrTooLarge},
		{"long message", hello + ready + strings.Repeat("\x01\xc8"+strings.Repeat("x", 200), 6), ErrTooLarge},
		{"many frames", hello + ready + strings.Repeat("\x01\x00", 11), ErrTooLarge},
		{"empty command", hello + ready + "\x04\x00", ErrProtocol},
		{"command longer than its frame", hello + ready + "\x04\x02\x09P", ErrProtocol},
		{"short ping", hello + ready + string(appendCommand(nil, "PING", nil)), ErrProtocol},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := raw(t, s)
			io.WriteString(conn, c.sends)
			if err := good.Send([]byte("alive?")); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, good); got != "alive?" {
				t.Errorf("got %q", got)
			}
			io.Copy(io.Discard, conn) // until the server hangs up
			switch err := next(t, ended); {
			case err == nil:
				t.Error("ended without an error")
			case c.want != nil && !errors.Is(err, c.want):
				t.Errorf("ended by %v, want %v", err, c.want)
			}
		})
	}
}

func TestMemoryGrowsWithWhatArrives(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 8 {
		c, _ := rawReady(t, s, Dealer, "")
		c.Write(binary.BigEndian.AppendUint64([]byte{flagLong}, 1<<30))
		c.Write(make([]byte, 1000))
	}
	eventually(t, "connected", func() bool { return s.Peers() == 8 })
	time.Sleep(50 * time.Millisecond)
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 8<<20 {
		t.Errorf("%d bytes for frames that only claim to be long", grown)
	}
}

func TestEndInsideAMessageIsAnError(t *testing.T) {
	ended := make(chan error, 10)
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Ended: func(_ *Peer, err error) { ended <- err }})
	for sends, want := range map[string]error{"": nil, "\x00\x01x": nil, "\x01\x00": io.ErrUnexpectedEOF, "\x00": io.ErrUnexpectedEOF, "\x00\x05ab": io.ErrUnexpectedEOF} {
		c, _ := rawReady(t, s, Dealer, "")
		io.WriteString(c, sends)
		c.Close()
		if err := next(t, ended); !errors.Is(err, want) {
			t.Errorf("after %q: %v, want %v", sends, err, want)
		}
	}
}

func TestPing(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Message: echo})
	c, r := rawReady(t, s, Dealer, "")
	// between two frames of a message, as libzmq's timer may send it
	c.Write(appendFrame(nil, []byte("a"), flagMore))
	c.Write(appendCommand(nil, "PING", []byte("\x00\x0acontext")))
	c.Write(appendFrame(nil, []byte("b"), 0))
	want := appendCommand(nil, "PONG", []byte("context"))
	want = append(want, encode(nil, strs("a", "b"))...)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestSubscribeCommands(t *testing.T) {
	subscribed := make(chan string, 1)
	s := open(t, "tcp://127.0.0.1:0", XPub, Handler{Subscribed: func(_ *Peer, topic []byte) { subscribed <- string(topic) }})
	c, r := rawReady(t, s, Sub, "")
	c.Write(appendCommand(nil, "SUBSCRIBE", []byte("a")))
	if topic := next(t, subscribed); topic != "a" {
		t.Errorf("subscribed to %q", topic)
	}
	c.Write(appendCommand(nil, "CANCEL", []byte("a")))
	c.Write([]byte("\x00\x02\x01b"))
	next(t, subscribed)
	s.Publish([]byte("a"))
	s.Publish([]byte("b"))
	got := make([]byte, 3)
	if io.ReadFull(r, got); string(got) != "\x00\x01b" {
		t.Errorf("got %q", got)
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	ended := make(chan error, 1)
	s := open(t, "tcp://127.0.0.1:0", XPub, Handler{Ended: func(_ *Peer, err error) { ended <- err }})
	c := connect(t, s, Sub, "")
	for i := range maxSubscriptions + 1 {
		c.Subscribe(binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	if err := next(t, ended); !errors.Is(err, ErrTooLarge) {
		t.Errorf("ended by %v", err)
	}
}

func TestPeersAreBounded(t *testing.T) {
	s := open(t, "tcp://127.0.0.1:0", Router, Handler{Message: echo, Limits: Limits{Peers: 2}})
	first := connect(t, s, Dealer, "")
	raw(t, s)
	eventually(t, "the third is refused", func() bool {
		n, err := raw(t, s).Read(make([]byte, 1))
		return n == 0 && err != nil
	})
	first.Send([]byte("x"))
	receive(t, first)
}

func TestDialWaitsForTheServer(t *testing.T) {
	addr := "ipc://" + t.TempDir() + "/s"
	connected := make(chan error, 1)
	go func() {
		c, err := Dial(deadline(t), addr, Dealer, nil)
		if err == nil {
			c.Close()
		}
		connected <- err
	}()
	time.Sleep(20 * time.Millisecond)
	open(t, addr, Router, Handler{})
	if err := next(t, connected); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, "ipc://"+t.TempDir()+"/nobody", Dealer, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("to nobody: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, "tcp://"+l.Addr().String(), Dealer, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("to one who is silent: %v", err)
	}
	x := open(t, "tcp://127.0.0.1:0", XPub, Handler{})
	if _, err := Dial(deadline(t), x.Addr(), Dealer, nil); !errors.Is(err, ErrRefused) {
		t.Errorf("to a publisher: %v", err)
	}
}
