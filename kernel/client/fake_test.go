package client

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/wire"
	"urbangraph/kernel/zmtp"
)

// fake is a kernel that does what the code says, one command a line; see run.
type fake struct {
	session                          *wire.Session
	shell, control, stdin, iopub, hb *zmtp.Server
	turn                             sync.Mutex // of execute requests
	count                            int
	answers                          chan string   // to input requests
	ended                            chan struct{} // closed by shutdown_request
}

// serve opens the sockets of a fake.
func serve(c wire.Connection) (*fake, error) {
	f := &fake{session: wire.NewSession(wire.Key(c.Key), "fake"), answers: make(chan string, 1), ended: make(chan struct{})}
	listening := make(chan struct{}) // closed when all fields are set
	messages := func(do func(*zmtp.Peer, *wire.Message)) zmtp.Handler {
		return zmtp.Handler{Message: func(p *zmtp.Peer, frames [][]byte) {
			<-listening
			if m, err := f.session.Decode(frames); err == nil {
				do(p, m)
			}
		}}
	}
	for _, s := range []struct {
		to   **zmtp.Server
		addr string
		kind zmtp.Kind
		h    zmtp.Handler
	}{
		{&f.shell, c.Shell(), zmtp.Router, messages(f.onShell)},
		{&f.control, c.Control(), zmtp.Router, messages(f.onControl)},
		{&f.stdin, c.Stdin(), zmtp.Router, messages(func(_ *zmtp.Peer, m *wire.Message) { f.answers <- string(m.Content) })},
		{&f.iopub, c.IOPub(), zmtp.XPub, zmtp.Handler{}},
		{&f.hb, c.Heartbeat(), zmtp.Rep, zmtp.Handler{Message: func(p *zmtp.Peer, frames [][]byte) { p.Send(frames...) }}},
	} {
		var err error
		if *s.to, err = zmtp.Listen(s.addr, s.kind, s.h); err != nil {
			return nil, err
		}
	}
	close(listening)
	return f, nil
}

// close ends the sockets.
func (f *fake) close() {
	for _, s := range []*zmtp.Server{f.shell, f.control, f.stdin, f.iopub, f.hb} {
		s.Close()
	}
}

// publish sends over iopub.
func (f *fake) publish(m *wire.Message, msgType string, content any) {
	frames, _, err := f.session.Encode(wire.Draft{Identities: [][]byte{[]byte(msgType)}, Type: msgType, Parent: m.RawHeader, Content: content})
	if err != nil {
		panic(err)
	}
	f.iopub.Publish(frames...)
}

// reply answers a request.
func (f *fake) reply(p *zmtp.Peer, m *wire.Message, content map[string]any) {
	if content["status"] == nil {
		content["status"] = "ok"
	}
	frames, _, err := f.session.Encode(wire.Draft{Type: strings.Replace(m.Header.MsgType, "_request", "_reply", 1), Parent: m.RawHeader, Content: content})
	if err != nil {
		panic(err)
	}
	p.Send(frames...)
}

// status publishes a state.
func (f *fake) status(m *wire.Message, state string) {
	f.publish(m, "status", map[string]string{"execution_state": state})
}

// onShell answers requests on the shell channel.
func (f *fake) onShell(p *zmtp.Peer, m *wire.Message) {
	f.status(m, "busy")
	defer f.status(m, "idle")
	switch m.Header.MsgType {
	case "kernel_info_request":
		f.reply(p, m, map[string]any{"implementation": "fake", "language_info": map[string]any{"name": "go"}})
	case "complete_request":
		f.reply(p, m, map[string]any{"matches": []string{"fmt"}, "cursor_start": 1, "cursor_end": 2})
	case "inspect_request":
		f.reply(p, m, map[string]any{"found": true, "data": map[string]string{"text/plain": "doc"}})
	case "is_complete_request":
		f.reply(p, m, map[string]any{"status": "incomplete", "indent": "\t"})
	case "history_request":
		f.reply(p, m, map[string]any{"history": []any{[]any{1, 2, "a"}, []any{1, 3, []any{"b", "c"}}, []any{1, 4, []any{"d", nil}}}})
	case "comm_info_request":
		f.reply(p, m, map[string]any{"comms": map[string]any{"1": map[string]string{"target_name": "t"}}})
	case "execute_request":
		f.turn.Lock()
		defer f.turn.Unlock()
		f.count++
		var content struct{ Code string }
		if err := m.Unmarshal(&content); err != nil {
			panic(err)
		}
		f.publish(m, "execute_input", map[string]any{"code": content.Code, "execution_count": f.count})
		for line := range strings.Lines(content.Code) {
			f.run(p, m, strings.Fields(line))
		}
		if !strings.Contains(content.Code, "noreply") {
			f.reply(p, m, map[string]any{"execution_count": f.count})
		}
	}
}

// run carries out a command.
func (f *fake) run(p *zmtp.Peer, m *wire.Message, words []string) {
	switch words[0] {
	case "print":
		f.publish(m, "stream", map[string]string{"name": words[1], "text": words[2]})
	case "many":
		n, _ := strconv.Atoi(words[1])
		for i := range n {
			f.publish(m, "stream", map[string]string{"name": "stdout", "text": strconv.Itoa(i) + "\n"})
		}
	case "display":
		f.publish(m, "display_data", map[string]any{"data": map[string]any{"text/plain": "x"}, "metadata": map[string]any{}, "transient": map[string]string{"display_id": "d"}})
	case "sleep":
		time.Sleep(20 * time.Millisecond)
	case "idle": // before the reply
		f.status(m, "idle")
	case "input":
		frames, _, _ := f.session.Encode(wire.Draft{Type: "input_request", Parent: m.RawHeader, Content: map[string]any{"prompt": "?", "password": true}})
		f.stdin.Send(p.Identity(), frames...)
		f.publish(m, "stream", map[string]string{"name": "stdout", "text": <-f.answers})
	case "unsigned":
		p.Send([]byte("<IDS|MSG>"), nil, []byte("{}"), []byte("{}"), []byte("{}"), []byte("{}"))
	case "twice":
		f.reply(p, m, map[string]any{})
	case "stray":
		other := *m
		other.RawHeader = []byte(`{"msg_id":"1","session":"other","msg_type":"execute_request"}`)
		f.reply(p, &other, map[string]any{})
	}
}

// onControl answers requests on the control channel.
func (f *fake) onControl(p *zmtp.Peer, m *wire.Message) {
	f.status(m, "busy")
	f.reply(p, m, map[string]any{})
	f.status(m, "idle")
	if m.Header.MsgType == "shutdown_request" {
		close(f.ended)
	}
}

// TestMain is a fake kernel if the test binary is started as one.
func TestMain(m *testing.M) {
	file := os.Getenv("FAKE_KERNEL")
	if file == "" {
		os.Exit(m.Run())
	}
	fmt.Println("a fake kernel")
	c, err := wire.ReadConnection(file)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	f, err := serve(c)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	select {
	case <-f.ended:
	case <-stop:
	}
	f.close()
}

// open serves a fake and connects to it, until the test ends.
func open(t testing.TB) (*Client, *fake, string) {
	t.Helper()
	dir := t.TempDir()
	connection, err := wire.NewConnection(dir)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "connection.json")
	if err := connection.Write(file); err != nil {
		t.Fatal(err)
	}
	f, err := serve(connection)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return join(t, file), f, file
}

// join connects to a kernel that runs, until the test ends.
func join(t testing.TB, file string) *Client {
	t.Helper()
	c, err := Connect(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// raw writes JSON.
func raw(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
