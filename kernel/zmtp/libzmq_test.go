package zmtp

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// libzmq runs a Python script that talks to a server with libzmq, and fails the test if the script does.
// Without Python and pyzmq the test is skipped, or fails with CI set.
func libzmq(t *testing.T, script string, args ...string) {
	t.Helper()
	python, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(python, "-c", "import zmq").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Python with pyzmq: %v\n%s", err, out)
		}
		t.Skipf("no Python with pyzmq at %s (ugkernel lab makes one): %v", python, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const prelude = `
import sys, zmq
addr = sys.argv[1]
ctx = zmq.Context()
def sock(kind, *opts):
    s = ctx.socket(kind)
    s.linger, s.rcvtimeo, s.sndtimeo = 2000, 10000, 10000
    for k, v in opts: s.setsockopt(k, v)
    return s
def check(got, want):
    assert got == want, (got, want)
`
	out, err := exec.CommandContext(ctx, python, append([]string{"-c", prelude + script}, args...)...).CombinedOutput()
	if err != nil {
		t.Errorf("libzmq: %v\n%s", err, out)
	}
}

func TestLibzmqDealerAndReq(t *testing.T) {
	for name, addr := range addresses(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t, addr, Router, Handler{Message: func(p *Peer, frames [][]byte) {
				p.Send(append(append(strs("got"), p.Identity()), frames...)...)
			}})
			libzmq(t, `
d = sock(zmq.DEALER, (zmq.IDENTITY, b"me"))
d.connect(addr)
for f in ([b"x"], [b"", b"a" * 255, b"b" * 256, b""], [bytes(5_000_000), b"end"]):
    d.send_multipart(f)
    check(d.recv_multipart(), [b"got", b"me"] + f)
e = sock(zmq.DEALER)
e.connect(addr)
e.send(b"x")
m = e.recv_multipart()
check((m[0], m[1][:1], len(m[1]), m[2]), (b"got", b"\0", 5, b"x"))
# a message before the connection is up, and after the same identity came again
d.close()
d = sock(zmq.DEALER, (zmq.IDENTITY, b"me"))
d.connect(addr)
d.send(b"again")
check(d.recv_multipart(), [b"got", b"me", b"again"])
# a heartbeat that would end the connection if PING were not answered
h = sock(zmq.DEALER, (zmq.HEARTBEAT_IVL, 20), (zmq.HEARTBEAT_TIMEOUT, 300))
h.connect(addr)
m = h.get_monitor_socket(zmq.EVENT_DISCONNECTED)
h.send(b"x")
h.recv_multipart()
check(m.poll(600), 0)
`, s.Addr())
		})
	}
}

func TestLibzmqSub(t *testing.T) {
	for _, kind := range []Kind{XPub, Pub} {
		s := open(t, "tcp://127.0.0.1:0", kind, Handler{Subscribed: func(p *Peer, topic []byte) {
			p.Send(append(strs("t welcome"), topic)...)
			p.server.Publish(strs("t1", "one")...)
			p.server.Publish(strs("u", "other")...)
			p.server.Publish(strs("t2", "two")...)
		}})
		libzmq(t, `
a = sock(zmq.SUB)
a.connect(addr)
a.subscribe(b"t")
check(a.recv_multipart(), [b"t welcome", b"t"])
check(a.recv_multipart(), [b"t1", b"one"])
check(a.recv_multipart(), [b"t2", b"two"])
b = sock(zmq.XSUB)
b.connect(addr)
b.send(b"\1")
check(b.recv_multipart(), [b"t welcome", b""])
check([b.recv_multipart()[0] for _ in range(3)], [b"t1", b"u", b"t2"])
check(a.recv_multipart(), [b"t1", b"one"]) # and no second welcome
b.send(b"\0")
b.send(b"\1u")
check(b.recv_multipart(), [b"t welcome", b"u"])
check(b.recv_multipart(), [b"u", b"other"])
check(b.poll(200), 0)
`, s.Addr())
	}
}

func TestLibzmqReq(t *testing.T) {
	s := open(t, "ipc://"+t.TempDir()+"/s", Rep, Handler{Message: echo})
	libzmq(t, `
r = sock(zmq.REQ)
r.connect(addr)
for i in range(1000):
    r.send_multipart([b"ping", b"%d" % i])
    check(r.recv_multipart(), [b"ping", b"%d" % i])
d = sock(zmq.DEALER)
d.connect(addr)
d.send_multipart([b"envelope", b"", b"ping"])
check(d.recv_multipart(), [b"envelope", b"", b"ping"])
`, s.Addr())
}

// TestLibzmqServers connects to sockets of libzmq with each kind of connection.
func TestLibzmqServers(t *testing.T) {
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx := deadline(t)
		dial := func(name string, kind Kind, identity string) *Conn {
			c, err := Dial(ctx, "ipc://"+dir+"/"+name, kind, []byte(identity))
			if err != nil {
				t.Error(err)
				return nil
			}
			return c
		}
		d, r, s := dial("router", Dealer, "me"), dial("rep", Req, ""), dial("pub", Sub, "")
		if d == nil || r == nil || s == nil {
			return
		}
		defer d.Close()
		defer r.Close()
		defer s.Close()
		s.Subscribe([]byte("t"))
		d.Send(strs("", "x", strings.Repeat("y", 300))...)
		r.Send([]byte("question"))
		for c, want := range map[*Conn]string{d: "|x|" + strings.Repeat("y", 300), r: "question|answer", s: "t|1"} {
			frames, err := c.Receive()
			if got := string(bytes.Join(frames, []byte("|"))); err != nil || got != want {
				t.Errorf("got %.50q, %v; want %.50q", got, err, want)
			}
		}
		d.Send([]byte("done"))
	}()
	libzmq(t, `
def bound(kind, name):
    s = sock(kind)
    s.bind("ipc://" + addr + "/" + name)
    return s
router, rep, pub = bound(zmq.ROUTER, "router"), bound(zmq.REP, "rep"), bound(zmq.XPUB, "pub")
m = router.recv_multipart()
check(m[0], b"me")
router.send_multipart(m)
rep.send_multipart([rep.recv(), b"answer"])
check(pub.recv(), b"\1t")
pub.send_multipart([b"u", b"0"])
pub.send_multipart([b"t", b"1"])
check(router.recv_multipart(), [b"me", b"done"])
`, dir)
	select {
	case <-done:
	case <-time.After(15 * time.Second):
		t.Error("the connections still wait")
	}
}
