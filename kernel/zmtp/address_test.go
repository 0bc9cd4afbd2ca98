package zmtp

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSplitAddress(t *testing.T) {
	for _, c := range []struct{ addr, network, address, err string }{
		{"tcp://127.0.0.1:5555", "tcp", "127.0.0.1:5555", ""},
		{"tcp://[::1]:0", "tcp", "[::1]:0", ""},
		{"tcp://*:1", "tcp", ":1", ""},
		{"ipc:///run/k-1", "unix", "/run/k-1", ""},
		{"ipc://k-1", "unix", "k-1", ""},
		{"tcp://127.0.0.1", "", "", "it is to be tcp://host:port"},
		{"127.0.0.1:5", "", "", "begin with tcp:// or ipc://"},
		{"ipc://", "", "", "the path of a file"},
		{"ipc://@abstract", "", "", "the path of a file"},
		{"ipc:///" + strings.Repeat("x", 107), "", "", "has 108 bytes, the system allows"},
	} {
		network, address, err := splitAddress(c.addr)
		if network != c.network || address != c.address || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("splitAddress(%q) = %q, %q, %v; want %q, %q, error %q", c.addr, network, address, err, c.network, c.address, c.err)
		}
	}
}

func TestSocketFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(dir, "s")
	s := open(t, "ipc://"+path, Router, Handler{})
	for p, want := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", p, info.Mode().Perm(), err, want)
		}
	}
	if s, err := Listen("ipc://"+path, Router, Handler{}); err == nil {
		s.Close()
		t.Error("a socket in use was taken over")
	}
	connect(t, s, Dealer, "")

	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	connect(t, open(t, "ipc://"+stale, Router, Handler{}), Dealer, "")

	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Listen("ipc://"+file, Router, Handler{}); err == nil {
		s.Close()
		t.Error("a file was replaced by a socket")
	}
	if b, _ := os.ReadFile(file); string(b) != "keep" {
		t.Error("the file has gone")
	}
}

func TestKindsThatDoNotFit(t *testing.T) {
	if _, err := Listen("tcp://127.0.0.1:0", Dealer, Handler{}); err == nil {
		t.Error("listened with a DEALER")
	}
	if _, err := Dial(t.Context(), "tcp://127.0.0.1:1", Router, nil); err == nil {
		t.Error("dialled with a ROUTER")
	}
	for _, identity := range []string{"\x00x", strings.Repeat("x", 256)} {
		if _, err := Dial(t.Context(), "tcp://127.0.0.1:1", Dealer, []byte(identity)); err == nil {
			t.Errorf("identity %q was taken", identity)
		}
	}
}
