package zmtp

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// FuzzReceive reads messages from bytes: within the limits, and what was read is what encode writes.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("\x00\x01x"))
	f.Add([]byte("\x01\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01x\x00\x00"))
	f.Add([]byte("\x01\x01a\x04\x07\x04PING\x00\x01\x00\x01b"))
	f.Add([]byte("\x02\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most, frames = 1000, 5
		r := &reader{r: bufio.NewReader(bytes.NewReader(data)), message: most, maxFrame: frames}
		for {
			m, err := r.receive(func(body []byte) error {
				_, _, err := parseCommand(body)
				return err
			})
			if err != nil {
				return
			}
			size := 0
			for _, f := range m {
				size += len(f)
			}
			if len(m) == 0 || len(m) > frames || size > most {
				t.Fatalf("%d frames with %d bytes", len(m), size)
			}
			again := &reader{r: bufio.NewReader(bytes.NewReader(encode(nil, m))), message: most, maxFrame: frames}
			got, err := again.receive(nil)
			if err != nil || !equal(got, m) {
				t.Fatalf("written and read again: %q, %v; want %q", got, err, m)
			}
		}
	})
}

// equal compares messages.
func equal(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// FuzzReady reads READY: what is accepted has a type and an identity that a client may have, and survives
// being written again.
func FuzzReady(f *testing.F) {
	for _, c := range [][]byte{readyCommand(Dealer, []byte("me")), readyCommand(Sub, nil), appendCommand(nil, "READY", []byte("\x01x\x00\x00\x00\x01y"))} {
		f.Add(c[2:])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		name, data, err := parseCommand(body)
		if err != nil || name != "READY" {
			return
		}
		a, err := parseReady(data)
		if err != nil {
			return
		}
		if a.kind == "" || len(a.identity) > maxIdentity || len(a.identity) > 0 && a.identity[0] == 0 {
			t.Fatalf("accepted %+v", a)
		}
		again, err := parseReady(appendProperty(appendProperty(nil, "SOCKET-TYPE", []byte(a.kind)), "identity", a.identity))
		if err != nil || again.kind != a.kind || !bytes.Equal(again.identity, a.identity) {
			t.Fatalf("%+v became %+v, %v", a, again, err)
		}
	})
}

// FuzzPeer sends bytes to each kind of server, as they are or after a handshake. Handlers get whole messages
// only, and everything ends when the peer does.
func FuzzPeer(f *testing.F) {
	f.Add(byte(0), append(greeting[:], readyCommand(Dealer, nil)...))
	f.Add(byte(4), []byte("\x01\x00\x00\x01x\x00\x02\x01t"))
	f.Add(byte(6), []byte("\x00\x02\x01t\x00\x02\x00t\x04\x0a\x09SUBSCRIBE"))
	f.Add(byte(5), []byte("\x01\x01a\x01\x00\x00\x01x\x04\x09\x04PING\x00\x01ab"))
	f.Fuzz(func(t *testing.T, mode byte, data []byte) {
		kind := []Kind{Router, Rep, XPub, Pub}[mode%4]
		s, err := Listen("tcp://127.0.0.1:0", kind, Handler{
			Message: func(p *Peer, frames [][]byte) {
				if len(frames) == 0 {
					t.Error("a message without frames")
				}
				p.Send(frames...)
			},
			Subscribed: func(p *Peer, topic []byte) { p.server.Publish(topic, topic) },
			Limits:     Limits{Message: 1 << 16, Frames: 100, Handshake: time.Second},
		})
		if err != nil {
			t.Fatal(err)
		}
		near, far := net.Pipe()
		s.admit(far)
		near.SetDeadline(time.Now().Add(10 * time.Second))
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			io.Copy(io.Discard, near)
		}()
		if mode&4 != 0 {
			peer := Dealer
			if kind.publishes() {
				peer = Sub
			}
			near.Write(append(greeting[:len(greeting):len(greeting)], readyCommand(peer, []byte("me"))...))
		}
		near.Write(data)
		near.Close()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.Close()
			<-drained
		}()
		select {
		case <-closed:
		case <-time.After(8 * time.Second):
			t.Fatal("the server does not end")
		}
		if n := s.Peers(); n != 0 {
			t.Fatalf("%d peers are left", n)
		}
	})
}
