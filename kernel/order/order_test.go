package order_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"urbangraph/kernel/internal/frame"
	"urbangraph/kernel/order"
)

// TestListeners checks that listeners come through, and that clients which send none do no harm.
func TestListeners(t *testing.T) {
	type taken struct {
		pid  int
		name string
	}
	got := make(chan taken, 4)
	socket := filepath.Join(t.TempDir(), "s")
	s, err := order.Listen(socket, func(pid int, f *os.File) {
		defer f.Close()
		got <- taken{pid, f.Name()}
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Socket() != socket {
		t.Errorf("socket %q", s.Socket())
	}
	for _, junk := range [][]byte{nil, {1}, []byte("hello, kernel, here is no file"), frame.Append(nil, "17")} {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		c.Write(junk)
		c.Close()
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, c := range []struct {
		field string
		ok    bool
	}{{"x", false}, {"1", false}, {"4711", true}} {
		conn, err := frame.Dial(socket, 5)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SendFile(int(r.Fd()), c.field); err != nil {
			t.Fatal(err)
		}
		answer, _, err := conn.Receive()
		if ok := err == nil && len(answer) == 1 && answer[0] == "go"; ok != c.ok {
			t.Errorf("%q: answer %v, %v", c.field, answer, err)
		}
		conn.Close()
	}
	select {
	case x := <-got:
		if x.pid != 4711 {
			t.Errorf("%+v", x)
		}
	case <-time.After(5 * time.Second):
		t.Error("no listener came")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if len(got) != 0 {
		t.Errorf("another listener: %+v", <-got)
	}
}

// FuzzClient sends any bytes to the socket: it stays well.
func FuzzClient(f *testing.F) {
	f.Add([]byte("\x06\x00\x00\x00\x02\x00\x00\x0017"))
	f.Add([]byte{})
	socket := filepath.Join(f.TempDir(), "s")
	s, err := order.Listen(socket, func(_ int, l *os.File) { l.Close() })
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(2 * time.Second))
		c.Write(b)
		c.(*net.UnixConn).CloseWrite()
		if _, err := c.Read(make([]byte, 16)); err == nil {
			t.Error("a client without a file was told to go on")
		}
	})
}
