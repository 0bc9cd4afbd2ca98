package display

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/janpfeifer/gonb/gonbui/protocol"

	"urbangraph/kernel/internal/pipes"
)

func init() {
	// As GoNB does; the protocol package registers the rest.
	gob.Register(map[string]any{})
	gob.Register([]any{})
}

// IDs are the display ids that gonbui has used in a kernel. The zero value knows none. It may be used
// from several goroutines.
type IDs struct {
	mu   sync.Mutex
	seen map[string]bool
}

// kind is that of a display with an id: the first one makes an output, later ones change it.
func (s *IDs) kind(id string) Kind {
	if id == "" {
		return Display
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[id] {
		return Update
	}
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	s.seen[id] = true
	return Display
}

// Pipe is the named pipe that one program gets as its GONB_PIPE. Its methods may be called from several
// goroutines.
type Pipe struct {
	path string
	ids  *IDs

	read *os.File
	src  *source       // what Serve reads
	done chan struct{} // closed when Serve has returned

	mu      sync.Mutex
	write   *os.File // our own writing end: without one the pipe would end before the program opens it
	serving bool
	stopped bool // read no more, whatever is left
}

// NewPipe makes a named pipe in a folder, which it creates with mode 0700. ids is shared by all programs of a
// kernel. Nothing waits, whether a program opens the pipe or not.
func NewPipe(dir string, ids *IDs) (*Pipe, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("no folder for the pipe of displays: %w", err)
	}
	own, err := os.MkdirTemp(dir, "display-")
	if err != nil {
		return nil, fmt.Errorf("no folder for the pipe of displays: %w", err)
	}
	p := &Pipe{path: filepath.Join(own, "pipe"), ids: ids, done: make(chan struct{})}
	if err := p.open(); err != nil {
		os.RemoveAll(own)
		return nil, fmt.Errorf("pipe of displays: %w", err)
	}
	return p, nil
}

// open makes the pipe and opens both ends, the reading one first, so that neither waits for the other.
func (p *Pipe) open() error {
	if err := syscall.Mkfifo(p.path, 0o600); err != nil {
		return fmt.Errorf("mkfifo %s: %w", p.path, err)
	}
	r, err := os.OpenFile(p.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	w, err := os.OpenFile(p.path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		r.Close()
		return err
	}
	makeWaiting(r)
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return err
	}
	p.read, p.write, p.src = r, w, &source{raw: raw}
	return nil
}

// makeWaiting lets reads wait on systems where the runtime cannot wait for named pipes itself.
func makeWaiting(f *os.File) {
	if f.SetDeadline(time.Time{}) != nil {
		// Nothing is lost where this fails: reads then end early, and Serve tells.
		_ = syscall.SetNonblock(int(f.Fd()), false)
	}
}

// Path is what the program gets as GONB_PIPE.
func (p *Pipe) Path() string { return p.path }

// Handler takes what a program sends through gonbui. Its functions are called one at a time, in the order of
// sending.
type Handler struct {
	Show func(Message)
	Ask  func(prompt string, password bool) // gonbui.RequestInput
}

// Serve reads what the program sends through gonbui. It calls the handler for each display and question, and
// hands everything else on to GoNB's own pipe at gonbPipe. So when GoNB acknowledges a gonbui.Sync, the
// handler has returned for all that was shown before it.
//
// It returns when the program has ended and [Pipe.Drain] has been called, after [Pipe.Close], or when ctx
// ends. Messages that cannot be read are left out; the first such failure, or that GoNB could not be
// reached, is the error that it returns at the end. It may be called once.
func (p *Pipe) Serve(ctx context.Context, gonbPipe string, h Handler) error {
	p.mu.Lock()
	if p.serving {
		p.mu.Unlock()
		return errors.New("pipe of displays: it is being served, or was")
	}
	p.serving = true
	p.mu.Unlock()
	defer close(p.done)
	defer context.AfterFunc(ctx, p.stop)()

	on := &onward{path: gonbPipe, ctx: ctx}
	defer on.close()
	messages := &messages{r: bufio.NewReaderSize(p.src, 64<<10)}
	decoder := gob.NewDecoder(messages)
	var first error
	for {
		var d protocol.DisplayData
		err := decoder.Decode(&d)
		if p.isStopped() || errors.Is(messages.err, io.EOF) {
			return first
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("displays of gonbui: %w", err)
			}
			if messages.err != nil {
				// The place where the next message begins is lost. A closed pipe tells the program.
				p.stop()
				return first
			}
			continue
		}
		switch question, asks := d.Data[protocol.MIMEJupyterInput].(protocol.InputRequest); {
		case asks:
			h.Ask(question.Prompt, question.Password)
		case isTalk(&d):
			if err := on.send(&d); err != nil && first == nil {
				first = err
			}
		default:
			h.Show(displayOf(&d, p.ids.kind(d.DisplayID)))
		}
	}
}

// isTalk reports whether the message is for GoNB or the front end, rather than something to show.
func isTalk(d *protocol.DisplayData) bool {
	for _, mime := range []protocol.MIMEType{protocol.MIMEJupyterInput, protocol.MIMECommValue, protocol.MIMECommSubscribe} {
		if _, ok := d.Data[mime]; ok {
			return true
		}
	}
	return false
}

// CaughtUp reports whether the handler has returned for all that the program has sent until now.
func (p *Pipe) CaughtUp() bool {
	if !p.src.mu.TryLock() {
		return false
	}
	defer p.src.mu.Unlock()
	return !p.src.busy && !pipes.Ready(p.read)
}

// source reads a pipe and knows whether what it has read was handled, which is when more is wanted.
type source struct {
	raw syscall.RawConn

	mu   sync.Mutex // held from the moment at which bytes leave the pipe until busy tells of them
	busy bool
}

// Read implements [io.Reader].
func (s *source) Read(b []byte) (n int, err error) {
	s.mu.Lock()
	s.busy = false
	s.mu.Unlock()
	waits := s.raw.Read(func(fd uintptr) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for {
			n, err = syscall.Read(int(fd), b)
			if !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		s.busy = n > 0
		return !errors.Is(err, syscall.EAGAIN)
	})
	switch {
	case waits != nil:
		return 0, waits
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (p *Pipe) isStopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopped
}

// release closes our own writing end: the pipe ends when the program's has gone too.
func (p *Pipe) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.write != nil {
		p.write.Close()
		p.write = nil
	}
}

// stop ends reading, whoever still writes.
func (p *Pipe) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	p.stopped = true
	if p.write != nil {
		// Wakes a read that cannot be interrupted; where the pipe is full none waits.
		_, _ = p.write.Write([]byte{0})
		p.write.Close()
		p.write = nil
	}
	p.read.Close()
}

// Drain is called when the program has ended. It returns true when Serve has: the handler has returned for
// all that the program has shown; or false after the timeout, when another process still holds the pipe.
func (p *Pipe) Drain(timeout time.Duration) bool {
	p.release()
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// Close ends Serve, if it is still reading, and removes the pipe. It does not wait for the handler.
func (p *Pipe) Close() error {
	p.stop()
	return os.RemoveAll(filepath.Dir(p.path))
}
