package display

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/comms"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// The tests run this binary as a cell that uses gonbui.
const programEnv = "UG_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if name := os.Getenv(programEnv); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type unregistered struct{ A int }

var programs = map[string]func(){
	"displays": func() {
		gonbui.DisplayHtml("<b>")
		gonbui.DisplayMarkdown("*m*")
		gonbui.DisplayPng([]byte{1, 2})
		gonbui.DisplaySvg(`<svg width="1"/>`)
		gonbui.UpdateHtml("id", "1")
		gonbui.UpdateHtml("id", "2")
		gob.Register(map[string]any{})
		gob.Register([]any{})
		gonbui.SendData(&protocol.DisplayData{
			Data:     map[protocol.MIMEType]any{"application/json": map[string]any{"a": []any{1, "b"}}, "text/plain": 3},
			Metadata: map[string]any{"image/png": map[string]any{"width": 3}},
		})
	},
	"sync": func() {
		for i := range 20 {
			gonbui.DisplayHtml(fmt.Sprint(i))
			gonbui.Sync()
			os.Stdout.WriteString(".") // proves that it has come back
		}
	},
	"talk": func() {
		gonbui.RequestInput("name?", true)
		comms.Send("/a", map[string]int{"x": 1})
		n := comms.ReadValue[int]("/b")
		fmt.Print("read ", n)
		gonbui.Sync()
	},
	"unregistered": func() {
		gob.Register(unregistered{})
		gonbui.SendData(&protocol.DisplayData{Data: map[protocol.MIMEType]any{"text/plain": unregistered{1}}})
		gonbui.DisplayHtml("after")
		gonbui.Sync()
	},
	"silent": func() {},
	"killed": func() {
		gonbui.DisplayHtml("before")
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Minute)
	},
	"orphan": func() {
		gonbui.DisplayHtml("shown")
		f, err := os.OpenFile(os.Getenv(protocol.GONB_PIPE_ENV), os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		c := exec.Command("sleep", "100")
		c.ExtraFiles = []*os.File{f}
		if err := c.Start(); err != nil {
			panic(err)
		}
		fmt.Print(c.Process.Pid)
	},
	"broken": func() {
		f, err := os.OpenFile(os.Getenv(protocol.GONB_PIPE_ENV), os.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		f.Write([]byte{0xf0, 1, 2, 3})
		for range 1000 { // a reader that had gone away silently would stop this for ever
			if _, err := f.Write(make([]byte, 1000)); err != nil {
				fmt.Print("refused")
				return
			}
		}
	},
}

// fakeGoNB does what GoNB does with its two pipes, as far as the tests need it.
type fakeGoNB struct {
	out, back string
	mu        sync.Mutex
	got       []*protocol.DisplayData
	done      chan struct{}
}

func newFakeGoNB(t *testing.T) *fakeGoNB {
	t.Helper()
	dir := t.TempDir()
	g := &fakeGoNB{out: filepath.Join(dir, "out"), back: filepath.Join(dir, "back"), done: make(chan struct{})}
	for _, p := range []string{g.out, g.back} {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	go g.serve()
	t.Cleanup(func() {
		// As GoNB, it waits in opening its pipes; a short visit lets it go.
		if w, err := os.OpenFile(g.out, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			w.Close()
		}
		if r, err := os.OpenFile(g.back, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
			defer r.Close()
		}
		select {
		case <-g.done:
		case <-time.After(10 * time.Second):
			t.Error("GoNB still reads")
		}
	})
	return g
}

func (g *fakeGoNB) serve() {
	defer close(g.done)
	answers := make(chan *protocol.CommValue, 100)
	var writer sync.WaitGroup
	writer.Go(func() {
		f, err := os.OpenFile(g.back, os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		e := gob.NewEncoder(f)
		for a := range answers {
			e.Encode(a)
		}
	})
	defer writer.Wait()
	defer close(answers)
	f, err := os.Open(g.out)
	if err != nil {
		return
	}
	defer f.Close()
	d := gob.NewDecoder(f)
	for {
		m := &protocol.DisplayData{}
		if d.Decode(m) != nil {
			return
		}
		g.mu.Lock()
		g.got = append(g.got, m)
		g.mu.Unlock()
		if v, ok := m.Data[protocol.MIMECommValue].(protocol.CommValue); ok {
			if v.Address == protocol.GonbuiSyncAddress {
				answers <- &protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: v.Value}
			} else if v.Request {
				answers <- &protocol.CommValue{Address: v.Address, Value: 42}
			}
		}
	}
}

// forwarded are the messages that GoNB got, other than those of Sync.
func (g *fakeGoNB) forwarded() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := ""
	for _, m := range g.got {
		for mime, v := range m.Data {
			if c, ok := v.(protocol.CommValue); !ok || c.Address != protocol.GonbuiSyncAddress {
				s += fmt.Sprintf("%s %+v\n", mime, v)
			}
		}
	}
	return s
}

// serve runs a program with a pipe and returns what it printed, what the handler got, and the error of
// Serve.
func serve(t *testing.T, name, gonbPipe, back string, ids *IDs) (stdout string, got []Message, err error) {
	t.Helper()
	p, perr := NewPipe(t.TempDir(), ids)
	if perr != nil {
		t.Fatal(perr)
	}
	served := make(chan error, 1)
	go func() {
		served <- p.Serve(context.Background(), gonbPipe, Handler{
			Show: func(m Message) { got = append(got, m) },
			Ask: func(prompt string, password bool) {
				got = append(got, Message{Kind: Display, ID: "asked", Data: map[string]any{prompt: password}})
			},
		})
	}()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+name, protocol.GONB_PIPE_ENV+"="+p.Path(), protocol.GONB_PIPE_BACK_ENV+"="+back)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watch := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !watch.Stop() {
		t.Errorf("%s hangs", name)
	}
	if !p.Drain(10*time.Second) && name != "orphan" {
		t.Errorf("%s is not drained", name)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pipe is still there: %v", err)
	}
	select {
	case err = <-served:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: Serve does not return", name)
	}
	return out.String(), got, err
}

func told(t *testing.T, messages []Message) string {
	t.Helper()
	s := ""
	for _, m := range messages {
		s += fmt.Sprintf("%v %s %s %s\n", m.Kind, m.ID, coded(t, m.Data), coded(t, m.Metadata))
	}
	return s
}

func TestDisplays(t *testing.T) {
	var ids IDs
	g := newFakeGoNB(t)
	_, got, err := serve(t, "displays", g.out, g.back, &ids)
	want := `display  {"text/html":"\u003cb\u003e"} null
display  {"text/markdown":"*m*"} null
display  {"image/png":"AQI="} null
display  {"image/svg+xml":"\u003csvg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\"/\u003e","text/html":"\u003cdiv\u003e\u003csvg width=\"1\"/\u003e\u003c/div\u003e","text/plain":"[SVG picture]"} null
display id {"text/html":"1"} null
update id {"text/html":"2"} null
display  {"application/json":{"a":[1,"b"]},"text/plain":"3"} {"image/png":{"width":3}}
`
	if err != nil || told(t, got) != want {
		t.Errorf("error %v, got\n%swant\n%s", err, told(t, got), want)
	}
	// A later cell of the same kernel updates.
	g = newFakeGoNB(t)
	_, got, _ = serve(t, "displays", g.out, g.back, &ids)
	if len(got) < 5 || got[4].Kind != Update || got[4].ID != "id" {
		t.Errorf("in a later cell:\n%s", told(t, got))
	}
}

// A Sync is acknowledged after the handler has returned for all that was shown before it.
func TestSyncOrder(t *testing.T) {
	g := newFakeGoNB(t)
	p, err := NewPipe(t.TempDir(), &IDs{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"=sync", protocol.GONB_PIPE_ENV+"="+p.Path(), protocol.GONB_PIPE_BACK_ENV+"="+g.back)
	cmd.Stdout = w
	var printed []byte
	n := 0
	served := make(chan error, 1)
	go func() {
		served <- p.Serve(context.Background(), g.out, Handler{Show: func(m Message) {
			// As the kernel does: first all that was printed before. Here it must be exactly one dot for
			// each display so far, whose Sync has come back.
			buf := make([]byte, n)
			if _, err := io.ReadFull(r, buf[len(printed):]); err != nil {
				t.Error(err)
			}
			printed = append(printed, buf[len(printed):]...)
			time.Sleep(2 * time.Millisecond)
			r.SetReadDeadline(time.Now().Add(time.Millisecond))
			if k, _ := r.Read(make([]byte, 1)); k > 0 {
				t.Error("the program goes on before the handler has returned")
			}
			r.SetReadDeadline(time.Time{})
			n++
		}})
	}()
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if !p.Drain(10 * time.Second) {
		t.Error("not drained")
	}
	if err := <-served; err != nil || n != 20 {
		t.Errorf("%d displays, error %v", n, err)
	}
}

func TestTalk(t *testing.T) {
	g := newFakeGoNB(t)
	stdout, got, err := serve(t, "talk", g.out, g.back, &IDs{})
	if stdout != "read 42" || told(t, got) != "display asked {\"name?\":true} null\n" || err != nil {
		t.Errorf("stdout %q, got %s, error %v", stdout, told(t, got), err)
	}
	want := `gonb/comm_value {Address:/a Request:false Value:map[x:1]}
gonb/comm_subscribe {Address:/b Unsubscribe:false}
gonb/comm_value {Address:/b Request:true Value:<nil>}
gonb/comm_subscribe {Address:/b Unsubscribe:true}
`
	if g.forwarded() != want {
		t.Errorf("GoNB got\n%swant\n%s", g.forwarded(), want)
	}
}

// Until the handler has returned for it, a message is not caught up with, wherever it is on its way.
func TestCaughtUp(t *testing.T) {
	p, err := NewPipe(t.TempDir(), &IDs{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	w, err := os.OpenFile(p.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	text := stream(t, &protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMETextHTML: "x"}},
		&protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMEJupyterInput: &protocol.InputRequest{}}})
	if !p.CaughtUp() {
		t.Error("nothing was sent, and it is not caught up with")
	}
	w.Write(text)
	if p.CaughtUp() {
		t.Error("nothing was read, and all is caught up with")
	}
	handling, goOn := make(chan bool), make(chan bool)
	go p.Serve(t.Context(), "/nowhere", Handler{
		Show: func(Message) { handling <- true; <-goOn },
		Ask:  func(string, bool) { handling <- true; <-goOn },
	})
	for range 2 {
		<-handling
		if p.CaughtUp() {
			t.Error("caught up with, in the middle of it")
		}
		goOn <- true
	}
	for end := time.Now().Add(10 * time.Second); !p.CaughtUp(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never caught up with")
		}
	}
}

// What GoNB gives up at is left out, and all the rest works.
func TestUnknownTypes(t *testing.T) {
	g := newFakeGoNB(t)
	_, got, err := serve(t, "unregistered", g.out, g.back, &IDs{})
	if err == nil || !strings.Contains(err.Error(), "unregistered") || len(got) != 1 || got[0].Data["text/html"] != "after" {
		t.Errorf("error %v, got %s", err, told(t, got))
	}
}

func TestProgramsThatSayNothingOrDie(t *testing.T) {
	if _, got, err := serve(t, "silent", "/nowhere", "/nowhere", &IDs{}); len(got) != 0 || err != nil {
		t.Errorf("silent: %d displays, %v", len(got), err)
	}
	g := newFakeGoNB(t)
	if _, got, err := serve(t, "killed", g.out, g.back, &IDs{}); len(got) != 1 || err != nil {
		t.Errorf("killed: %d displays, %v", len(got), err)
	}
	if stdout, _, err := serve(t, "broken", "/nowhere", "/nowhere", &IDs{}); stdout != "refused" || err == nil {
		t.Errorf("broken: stdout %q, error %v", stdout, err)
	}
}

// GoNB has died and its pipe is gone: displays still work, and nothing hangs.
func TestWithoutGoNB(t *testing.T) {
	p, err := NewPipe(t.TempDir(), &IDs{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	served := make(chan error, 1)
	n := 0
	go func() { served <- p.Serve(context.Background(), "/nowhere", Handler{Show: func(Message) { n++ }}) }()
	w, err := os.OpenFile(p.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(stream(t, &protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMECommValue: &protocol.CommValue{Address: "/a", Value: 1}}},
		&protocol.DisplayData{Data: map[protocol.MIMEType]any{protocol.MIMETextHTML: "x"}}))
	w.Close()
	if !p.Drain(openWait / 2) {
		t.Error("not drained, or only after waiting for a pipe that is not there")
	}
	if err := <-served; err == nil || n != 1 {
		t.Errorf("%d displays, error %v", n, err)
	}
}

// GoNB's pipe that nobody reads is waited for, but not for ever.
func TestGoNBThatDoesNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	o := onward{path: path, ctx: ctx}
	defer o.close()
	if err := o.send(&protocol.DisplayData{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	o = onward{path: path, ctx: context.Background()}
	defer o.close()
	opened := make(chan *os.File)
	time.AfterFunc(20*time.Millisecond, func() {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
		}
		opened <- f
	})
	if err := o.send(&protocol.DisplayData{}); err != nil {
		t.Errorf("with a reader: %v", err)
	}
	(<-opened).Close()
	if err := o.send(&protocol.DisplayData{}); err == nil || o.err == nil {
		t.Error("no error though the reader has gone")
	}
}

// A process that was left behind holds the pipe: Drain ends in time.
func TestOrphan(t *testing.T) {
	g := newFakeGoNB(t)
	p, err := NewPipe(t.TempDir(), &IDs{})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	n := 0
	go func() { served <- p.Serve(context.Background(), g.out, Handler{Show: func(Message) { n++ }}) }()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"=orphan", protocol.GONB_PIPE_ENV+"="+p.Path(), protocol.GONB_PIPE_BACK_ENV+"="+g.back)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(out), &pid); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGKILL)
	start := time.Now()
	if p.Drain(300 * time.Millisecond) {
		t.Error("drained, though the pipe is held")
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Drain took %v", took)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil || n != 1 {
		t.Errorf("%d displays, error %v", n, err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	p, err := NewPipe(t.TempDir(), &IDs{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, "/nowhere", Handler{Show: func(Message) {}}) }()
	time.AfterFunc(20*time.Millisecond, cancel)
	select {
	case <-served:
	case <-time.After(10 * time.Second):
		t.Fatal("Serve goes on")
	}
	if err := p.Serve(context.Background(), "", Handler{}); err == nil {
		t.Error("a pipe is served twice")
	}
	info, err := os.Stat(filepath.Dir(p.Path()))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v, %v", info.Mode(), err)
	}
}

func TestPipeNeedsAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPipe(filepath.Join(file, "dir"), &IDs{}); err == nil {
		t.Error("no error")
	}
}
