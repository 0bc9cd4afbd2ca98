package client

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// within is a context that ends soon.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// kept counts the requests that the client still waits for.
func kept(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.requests)
}

func TestExecute(t *testing.T) {
	c, _, _ := open(t)
	var live []string
	r, err := c.Execute(within(t, 10*time.Second), "print stdout a\nprint stderr b\nsleep\nprint stdout c\ndisplay\ninput", Options{
		Each:  func(o Output) { live = append(live, o.Type) },
		Input: func(prompt string, password bool) string { return prompt + strconv.FormatBool(password) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.Order, " "); got != "busy execute_input stream stream stream display_data stream idle" {
		t.Errorf("order %s", got)
	}
	if len(live) != len(r.Outputs) || len(live) != 5 {
		t.Errorf("%d outputs live, %d kept", len(live), len(r.Outputs))
	}
	if out, want := r.Stream("stdout"), `ac{"status":"ok","value":"?true"}`; out != want || r.Stream("stderr") != "b" {
		t.Errorf("stdout %q, stderr %q", out, r.Stream("stderr"))
	}
	if d := r.ByType("display_data"); len(d) != 1 || d[0].DisplayID() != "d" || d[0].Data["text/plain"] != "x" {
		t.Errorf("displays %+v", d)
	}
	if r.Reply.Status != "ok" || r.Reply.Count != 1 || len(r.Reply.Raw) == 0 {
		t.Errorf("reply %+v", r.Reply)
	}
	if r.First <= 0 || r.Replied < r.First+20*time.Millisecond || r.Took < r.Idle || r.Took < r.Replied {
		t.Errorf("first %v, replied %v, idle %v, took %v", r.First, r.Replied, r.Idle, r.Took)
	}
	if p := c.Problems(); len(p) > 0 {
		t.Error(p)
	}
	if n := kept(c); n > 0 {
		t.Errorf("%d requests are kept", n)
	}
}

func TestIdleMayComeBeforeTheReply(t *testing.T) {
	c, _, _ := open(t)
	r, err := c.Submit("idle\nnoreply", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Idle(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
	if _, err := r.Wait(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no reply yet") {
		t.Errorf("wait: %v", err)
	}
}

func TestManyOutputs(t *testing.T) {
	c, _, _ := open(t)
	seen := 0
	r, err := c.Execute(within(t, 20*time.Second), "many 5000", Options{Discard: true, Each: func(o Output) {
		if o.Text != strconv.Itoa(seen)+"\n" {
			t.Errorf("output %q where %d is due", o.Text, seen)
		}
		seen++
	}})
	if err != nil || seen != 5000 || len(r.Outputs) != 0 {
		t.Errorf("%d outputs, %d kept, %v", seen, len(r.Outputs), err)
	}
}

func TestRequests(t *testing.T) {
	c, _, _ := open(t)
	ctx := within(t, 10*time.Second)
	if c.Info.Implementation != "fake" || c.Info.LanguageInfo.Name != "go" {
		t.Errorf("info %+v", c.Info)
	}
	if got, err := c.Complete(ctx, "x", 1); err != nil || got.Matches[0] != "fmt" || got.Start != 1 || got.End != 2 {
		t.Errorf("complete: %+v, %v", got, err)
	}
	if got, err := c.Inspect(ctx, "x", 1, 1); err != nil || !got.Found || got.Data["text/plain"] != "doc" {
		t.Errorf("inspect: %+v, %v", got, err)
	}
	if status, indent, err := c.IsComplete(ctx, "x"); err != nil || status != "incomplete" || indent != "\t" {
		t.Errorf("is_complete: %q, %q, %v", status, indent, err)
	}
	want := []HistoryEntry{{1, 2, "a", ""}, {1, 3, "b", "c"}, {1, 4, "d", ""}}
	if got, err := c.History(ctx, HistoryQuery{Access: "tail"}); err != nil || raw(got) != raw(want) {
		t.Errorf("history: %+v, %v", got, err)
	}
	if got, err := c.CommInfo(ctx, "t"); err != nil || got["1"] != "t" {
		t.Errorf("comm_info: %v, %v", got, err)
	}
	if err := c.Interrupt(ctx); err != nil {
		t.Errorf("interrupt: %v", err)
	}
	if took, err := c.Ping(ctx); err != nil || took <= 0 {
		t.Errorf("ping: %v, %v", took, err)
	}
	if n := kept(c); n > 0 {
		t.Errorf("%d requests are kept", n)
	}
}

func TestNothingHangs(t *testing.T) {
	c, f, file := open(t)
	if r, err := c.Execute(within(t, 50*time.Millisecond), "print stdout x\nnoreply", Options{}); !errors.Is(err, context.DeadlineExceeded) || r.Stream("stdout") != "x" || kept(c) > 0 {
		t.Errorf("without a reply: %+v, %v; %d are kept", r, err, kept(c))
	}
	events := c.Events()
	defer events.Close()
	if _, err := events.Await(within(t, 20*time.Millisecond), func(Event) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("await: %v", err)
	}
	waiting, err := c.Submit("noreply", Options{})
	if err != nil {
		t.Fatal(err)
	}
	waiting.Idle(within(t, 10*time.Second))
	other, err := c.Send(Shell, "comm_msg", nil)
	if err != nil {
		t.Fatal(err)
	}
	f.shell.Close()
	if _, err := other.Wait(within(t, 10*time.Second)); !errors.Is(err, ErrGone) {
		t.Errorf("after the kernel has gone: %v", err)
	}
	if _, err := c.Submit("x", Options{}); !errors.Is(err, ErrGone) {
		t.Errorf("submit to a kernel that has gone: %v", err)
	}
	if _, err := events.Await(within(t, 10*time.Second), func(Event) bool { return false }); !errors.Is(err, ErrGone) {
		t.Errorf("await: %v", err)
	}
	late := c.Events()
	defer late.Close()
	if _, err := late.Next(within(t, 10*time.Second)); !errors.Is(err, ErrGone) {
		t.Errorf("next: %v", err)
	}
	f.hb.Close()
	if _, err := c.Ping(within(t, 10*time.Second)); !errors.Is(err, ErrGone) {
		t.Errorf("ping: %v", err)
	}
	f.close()
	if _, err := Connect(within(t, 50*time.Millisecond), file); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("connect: %v", err)
	}
	if _, err := Connect(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("connect: %v", err)
	}
}

func TestProblemsAreKept(t *testing.T) {
	for _, c := range []struct {
		code string
		o    Options
		want []string
	}{
		{"print stdout x", Options{}, nil},
		{"unsigned", Options{}, []string{"shell: wrong signature"}},
		{"twice", Options{}, []string{"a second reply"}},
		{"twice\ntwice\nsleep", Options{}, []string{"a second reply", "a second reply"}},
		{"idle\nidle\nnoreply\nidle\nsleep\ntwice\nsleep", Options{}, []string{"a second idle", "a second idle"}},
		{"stray", Options{}, []string{`it answers session "other"`}},
		{"input", Options{NoStdin: true}, []string{"did not allow it"}},
	} {
		client, _, _ := open(t)
		r, err := client.Execute(within(t, 10*time.Second), c.code, c.o)
		if err != nil {
			t.Fatalf("%q: %+v, %v", c.code, r, err)
		}
		if _, err := client.KernelInfo(within(t, 10*time.Second)); err != nil { // what was sent before has come then
			t.Fatal(err)
		}
		problems := client.Problems()
		if len(problems) != len(c.want) {
			t.Errorf("%q: problems %v, want %q", c.code, problems, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(problems[i].Error(), want) {
				t.Errorf("%q: problem %v, want %q", c.code, problems[i], want)
			}
		}
	}
}

func TestClientsGetOnlyTheirReplies(t *testing.T) {
	a, _, file := open(t)
	b := join(t, file)
	all := b.Events()
	defer all.Close()
	ctx := within(t, 10*time.Second)
	for range 20 {
		first, err := a.Submit("print stdout a", Options{})
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Submit("print stdout b", Options{})
		if err != nil {
			t.Fatal(err)
		}
		for r, want := range map[*Request]string{first: "a", second: "b"} {
			if got, err := r.Wait(ctx); err != nil || got.Stream("stdout") != want {
				t.Fatalf("%q, %v; want %q", got.Stream("stdout"), err, want)
			}
		}
	}
	for _, want := range []string{"a", "b"} { // events hold what is for others too
		if _, err := all.Await(ctx, func(e Event) bool {
			return e.Channel == IOPub && e.Header.MsgType == "stream" && strings.Contains(string(e.Content), `"`+want+`"`)
		}); err != nil {
			t.Errorf("stream of %s: %v", want, err)
		}
	}
}

func TestSendRaw(t *testing.T) {
	c, _, _ := open(t)
	if err := c.SendRaw(Shell, []byte("nonsense")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.KernelInfo(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsAllGoroutines(t *testing.T) {
	_, _, file := open(t)
	const clients = 5 // one goroutine of each would be too many; the fake may still be starting some of its own
	before := runtime.NumGoroutine()
	for range clients {
		c := join(t, file)
		c.Events()
		c.Ping(t.Context())
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for start := time.Now(); runtime.NumGoroutine() >= before+clients; time.Sleep(time.Millisecond) {
		if time.Since(start) > 5*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// BenchmarkExecute runs code that does nothing: what the client and the sockets cost.
func BenchmarkExecute(b *testing.B) {
	c, _, _ := open(b)
	for b.Loop() {
		if _, err := c.Execute(b.Context(), "nothing", Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
