package frame

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestReadAfterAppend(t *testing.T) {
	for _, fields := range [][]string{nil, {""}, {"a"}, {"", "", "x"}, {strings.Repeat("long", 1<<17), "é\x00\n"}} {
		got, err := Read(bytes.NewReader(Append(nil, fields...)))
		if err != nil || !slices.Equal(got, fields) {
			t.Errorf("%d fields came back as %d: %v", len(fields), len(got), err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"nothing":                   {"", io.EOF},
		"half a length":             {"\x01\x00", io.ErrUnexpectedEOF},
		"less than announced":       {"\x08\x00\x00\x00\x01\x00", io.ErrUnexpectedEOF},
		"too long":                  {"\x00\x00\x00\x7f", ErrMalformed},
		"a negative length":         {"\xff\xff\xff\xff", ErrMalformed},
		"a field beyond the end":    {"\x05\x00\x00\x00\x02\x00\x00\x00a", ErrMalformed},
		"a negative field":          {"\x05\x00\x00\x00\xff\xff\xff\xffa", ErrMalformed},
		"bytes after the last one":  {"\x02\x00\x00\x00ab", ErrMalformed},
		"bytes after a whole field": {"\x06\x00\x00\x00\x01\x00\x00\x00ab", ErrMalformed},
	} {
		if _, err := Read(strings.NewReader(c.data)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// socket is a path for a socket.
func socket(t *testing.T) string {
	dir, err := os.MkdirTemp("", "frame")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// TestConn sends a message and gets one with two files, whose text comes in pieces.
func TestConn(t *testing.T) {
	path := socket(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	answer := []string{"files", strings.Repeat("x", 300_000)}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		got, err := Read(c)
		if err != nil || !slices.Equal(got, []string{"hello", ""}) {
			t.Errorf("the server read %q, %v", got, err)
		}
		message := Append(nil, answer...)
		c.(*net.UnixConn).WriteMsgUnix(message[:2], syscall.UnixRights(int(w.Fd()), int(w.Fd())), nil)
		w.Close()
		c.Write(message[2:9])
		c.Write(message[9:])
	}()
	c, err := Dial(path, 5)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Send("hello", ""); err != nil {
		t.Fatal(err)
	}
	got, files, err := c.Receive()
	if err != nil || !slices.Equal(got, answer) || len(files) != 2 {
		t.Fatalf("%d fields, %d files, %v", len(got), len(files), err)
	}
	for _, fd := range files {
		syscall.Write(fd, []byte("to the pipe "))
		syscall.Close(fd)
	}
	if said, err := io.ReadAll(r); string(said) != "to the pipe to the pipe " || err != nil {
		t.Errorf("the pipe holds %q, %v", said, err)
	}
	if _, _, err := c.Receive(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

func TestDialLimits(t *testing.T) {
	path := socket(t)
	if _, err := Dial(path, 1); err == nil {
		t.Error("a socket that is not there was dialled")
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := Dial(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.Receive(); err != syscall.EAGAIN {
		t.Errorf("from a server that says nothing: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(Append(nil, "a", "", "bc"))
	f.Add([]byte("\x08\x00\x00\x00\x01\x00\x00\x00a\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if again := Append(nil, fields...); !bytes.HasPrefix(data, again) {
			t.Errorf("%q was read as %q, which is written %q", data, fields, again)
		}
	})
}
