package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"urbangraph/kernel/wire"
	"urbangraph/kernel/zmtp"
)

// Options say what to run.
type Options struct {
	GoNB string   // program
	Args []string // more arguments of it
	Env  []string // environment
	Dir  string   // working folder, that of the notebook
	Work string   // private folder, made by the caller; the child's sockets, log and temporary files go there
	Name string   // name of the connection file; GoNB reads the id of the kernel out of kernel-<id>.json

	// Spawn starts the process, by calling start, and learns its id, which is that of its process group too. It
	// may be nil.
	Spawn func(start func() (pid int, err error)) error

	Unasked func(m *wire.Message)         // messages on iopub that answer no request of ours; may be nil
	Input   func(req *Call, prompt Input) // the child asks for a line of input; may be nil
}

// Input is what the child wants to read.
type Input struct {
	Prompt   string `json:"prompt"`
	Password bool   `json:"password"`
}

// startTimeout bounds how long GoNB may take to answer its first request.
const startTimeout = 60 * time.Second

// Child is a running GoNB.
type Child struct {
	o       Options
	cmd     *exec.Cmd
	session *wire.Session

	shell, control, stdin, iopub *zmtp.Conn

	said tail // what the process prints, which it does only when it fails

	dead   chan struct{}
	status error // how it ended; valid when dead is closed

	mu    sync.Mutex
	conns []*zmtp.Conn // all four, to be closed
	calls map[string]*Call
	count int // executions so far, as GoNB counts them
}

// ErrDied is the error of a request whose child ended before it answered.
var ErrDied = errors.New("the GoNB process has died")

// Start starts GoNB and returns when it answers.
func Start(ctx context.Context, o Options) (*Child, error) {
	conn, err := wire.NewConnection(o.Work)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Work, o.Name)
	if err := conn.Write(file); err != nil {
		return nil, err
	}
	c := &Child{o: o, session: wire.NewSession(wire.Key(conn.Key), "urbangraph"), dead: make(chan struct{}), calls: map[string]*Call{}}
	log := filepath.Join(o.Work, "gonb.log")
	args := append([]string{"--kernel", file, "-raw_error", "-logtostderr=false", "-stderrthreshold=FATAL", "-log_file=" + log}, o.Args...)
	c.cmd = exec.Command(o.GoNB, args...)
	c.cmd.Dir, c.cmd.Env = o.Dir, o.Env
	c.cmd.Stdout, c.cmd.Stderr = &c.said, &c.said
	c.cmd.WaitDelay = time.Second
	spawn := o.Spawn
	if spawn == nil {
		spawn = func(start func() (int, error)) error {
			_, err := start()
			return err
		}
	}
	err = spawn(func() (int, error) {
		if err := startTied(c.cmd, c.ended); err != nil {
			return 0, err
		}
		return c.PID(), nil
	})
	if err != nil {
		return nil, fmt.Errorf("GoNB did not start: %w; run the set-up again: ugkernel setup", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ctx, stop := c.untilDead(ctx)
	defer stop()
	if err := c.connect(ctx, conn); err != nil {
		c.Bury()
		c.disconnect()
		return nil, fmt.Errorf("GoNB does not answer: %w%s", err, c.said.note())
	}
	return c, nil
}

// untilDead ends the context with the child.
func (c *Child) untilDead(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-ctx.Done():
		case <-c.dead:
			cancel(ErrDied)
		}
	}()
	return ctx, func() { cancel(nil) }
}

// connect opens the sockets and waits until messages come through in both directions. GoNB drops what it
// publishes before it has seen our subscription, so the first request is repeated until its status arrives.
func (c *Child) connect(ctx context.Context, conn wire.Connection) (err error) {
	identity := []byte("urbangraph")
	for _, s := range []struct {
		conn **zmtp.Conn
		addr string
		kind zmtp.Kind
	}{
		{&c.iopub, conn.IOPub(), zmtp.Sub}, {&c.shell, conn.Shell(), zmtp.Dealer},
		{&c.control, conn.Control(), zmtp.Dealer}, {&c.stdin, conn.Stdin(), zmtp.Dealer},
	} {
		conn, err := zmtp.Dial(ctx, s.addr, s.kind, identity)
		if err != nil {
			return err
		}
		*s.conn = conn
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	if err := c.iopub.Subscribe(nil); err != nil {
		return err
	}
	go c.receive(c.iopub, c.published)
	go c.receive(c.shell, c.replied)
	go c.receive(c.control, c.replied)
	go c.receive(c.stdin, c.asked)
	for {
		call, err := c.Request("kernel_info_request", struct{}{}, nil)
		if err != nil {
			return err
		}
		select {
		case <-call.idle:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(15 * time.Millisecond):
			call.Forget()
		}
	}
}

// ended is called when the process has ended.
func (c *Child) ended(err error) {
	c.status = err
	close(c.dead)
	c.disconnect()
}

// disconnect closes the sockets.
func (c *Child) disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.conns {
		s.Close()
	}
}

// Dead is closed when the process has ended.
func (c *Child) Dead() <-chan struct{} { return c.dead }

// Said is the end of what GoNB has printed, for a log: why it has died, if it knew.
func (c *Child) Said() string { return c.said.note() }

// Alive reports whether the process has not ended.
func (c *Child) Alive() bool {
	select {
	case <-c.dead:
		return false
	default:
		return true
	}
}

// PID is the process id of GoNB.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Count is the number of executions so far: what GoNB names the latest cell by.
func (c *Child) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Kill ends the process and everything in its process group at once.
func (c *Child) Kill() { syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) }

// Bury makes sure that a child which no longer answers has ended.
func (c *Child) Bury() {
	c.Kill()
	<-c.dead
}

// Stop asks the child to end, and kills it when it has not done so after the given time. It returns when
// the process is gone.
func (c *Child) Stop(grace time.Duration) {
	syscall.Kill(c.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-c.dead:
	case <-time.After(grace):
	}
	c.Bury()
}

// receive hands on what comes in until the socket is closed. Messages that are not from our child cannot
// come: they would need the key.
func (c *Child) receive(s *zmtp.Conn, handle func(*wire.Message)) {
	for {
		frames, err := s.Receive()
		if err != nil {
			return
		}
		if m, err := c.session.Decode(frames); err == nil {
			handle(m)
		}
	}
}

// call finds the call that a message answers, nil when there is none.
func (c *Child) call(m *wire.Message) *Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[m.Parent.MsgID]
}

// replied handles a message on shell or control.
func (c *Child) replied(m *wire.Message) {
	if call := c.call(m); call != nil {
		call.replied(m)
	}
}

// published handles a message on iopub.
func (c *Child) published(m *wire.Message) {
	call := c.call(m)
	if m.Header.MsgType == "status" {
		var s struct {
			State string `json:"execution_state"`
		}
		if call != nil && json.Unmarshal(m.Content, &s) == nil && s.State == "idle" {
			call.becameIdle()
		}
		return
	}
	switch {
	case call != nil && call.onOutput != nil:
		call.onOutput(m)
	case c.o.Unasked != nil:
		c.o.Unasked(m)
	}
}

// asked handles a message on stdin.
func (c *Child) asked(m *wire.Message) {
	call := c.call(m)
	if m.Header.MsgType != "input_request" || call == nil || c.o.Input == nil {
		return
	}
	var in Input
	if json.Unmarshal(m.Content, &in) == nil {
		c.o.Input(call, in)
	}
}

// Answer gives the child the line that it asked for.
func (c *Child) Answer(value string) error {
	return c.send(c.stdin, "input_reply", map[string]string{"status": "ok", "value": value})
}

// Interrupt tells GoNB to interrupt what it runs.
func (c *Child) Interrupt() error { return c.send(c.control, "interrupt_request", struct{}{}) }

// Forward sends a message that expects no answer, such as those of comms.
func (c *Child) Forward(kind string, content, metadata json.RawMessage, buffers [][]byte) error {
	frames, _, err := c.session.Encode(wire.Draft{Type: kind, Content: content, Metadata: metadata, Buffers: buffers})
	if err != nil {
		return err
	}
	return c.shell.Send(frames...)
}

// send sends a message that nobody waits for.
func (c *Child) send(s *zmtp.Conn, kind string, content any) error {
	frames, _, err := c.session.Encode(wire.Draft{Type: kind, Content: content})
	if err != nil {
		return err
	}
	return s.Send(frames...)
}

// tail keeps the end of what a program prints.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(p), nil
}

// note is the kept text for an error message.
func (t *tail) note() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := strings.TrimSpace(string(t.text)); s != "" {
		return "\n" + s
	}
	return ""
}

// WorkDir is the folder in which GoNB, and so the cells, run now; a cell can change it by %cd.
func (c *Child) WorkDir() string {
	if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", c.PID())); err == nil {
		return dir
	}
	return c.o.Dir
}

// ModuleDir is the folder of the module that GoNB makes for the notebook.
func (c *Child) ModuleDir() (string, error) {
	dirs, err := filepath.Glob(filepath.Join(c.o.Work, "gonb_*", "go.mod"))
	if err != nil || len(dirs) == 0 {
		return "", fmt.Errorf("GoNB has made no module in %s: restart the kernel", c.o.Work)
	}
	return filepath.Dir(dirs[0]), nil
}
