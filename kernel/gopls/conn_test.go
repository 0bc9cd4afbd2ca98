package gopls

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"
)

// wire is a connection whose other side the test plays.
func wire(t *testing.T) (c *conn, in *bufio.Reader, out *io.PipeWriter) {
	r, w := io.Pipe()
	r2, w2 := io.Pipe()
	c = newConn(r, w2, answerServer)
	t.Cleanup(func() {
		c.end(errGone)
		w.Close()
		r2.Close()
		c.wait()
	})
	return c, bufio.NewReader(r2), w
}

func TestConnAnswers(t *testing.T) {
	c, in, out := wire(t)
	result := make(chan string, 1)
	go func() {
		var s string
		if err := c.call(context.Background(), "ask", map[string]int{"n": 1}, &s); err != nil {
			s = err.Error()
		}
		result <- s
	}()
	body, err := readFrame(in)
	if err != nil || string(body) != `{"jsonrpc":"2.0","id":1,"method":"ask","params":{"n":1}}` {
		t.Fatalf("%s %v", body, err)
	}
	time.Sleep(time.Millisecond)
	if !c.silent(time.Millisecond) || c.silent(time.Hour) {
		t.Error("silent is wrong while the answer is awaited")
	}
	// Unknown answers and notifications are passed over, questions answered.
	for _, m := range []string{`{"id":99,"result":1}`, `{"id":"x","result":1}`, `{"method":"note"}`, `{"id":5,"method":"workspace/configuration","params":{"items":[{}]}}`} {
		out.Write(frame([]byte(m)))
	}
	var reply struct {
		ID     int
		Result []map[string]any
	}
	if body, err = readFrame(in); err != nil || json.Unmarshal(body, &reply) != nil || reply.ID != 5 || reply.Result[0]["vulncheck"] != "Off" {
		t.Errorf("%s %v", body, err)
	}
	out.Write(frame([]byte(`{"id":1,"result":"yes"}`)))
	if got := <-result; got != "yes" {
		t.Errorf("%q", got)
	}
	if c.silent(0) {
		t.Error("silent though it answered")
	}
}

func TestConnCancels(t *testing.T) {
	c, in, _ := wire(t)
	ctx, cancel := context.WithCancel(context.Background())
	p, err := c.start("ask", nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.wait(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	readFrame(in)
	if body, err := readFrame(in); err != nil || string(body) != `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}` {
		t.Errorf("%s %v", body, err)
	}
	if len(c.pending) != 0 {
		t.Error("the question is still awaited")
	}
}

func TestConnEnds(t *testing.T) {
	c, in, out := wire(t)
	p, err := c.start("ask", nil)
	if err != nil {
		t.Fatal(err)
	}
	readFrame(in)
	out.Close()
	if err := p.wait(context.Background(), nil); !errors.Is(err, errGone) {
		t.Error(err)
	}
	if _, err := c.start("ask", nil); !errors.Is(err, errGone) {
		t.Error(err)
	}
}

// TestConnStuck checks that a server that reads nothing does not hold anybody up.
func TestConnStuck(t *testing.T) {
	c, _, _ := wire(t)
	var err error
	for range maxQueued + 2 {
		if err = c.notify("note", nil); err != nil {
			break
		}
	}
	if !errors.Is(err, errStuck) {
		t.Error(err)
	}
	if _, err := c.start("ask", nil); !errors.Is(err, errStuck) {
		t.Error(err)
	}
}
