package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"

	"urbangraph/kernel/child"
	"urbangraph/kernel/display"
	"urbangraph/kernel/gofront"
	"urbangraph/kernel/gopls"
	"urbangraph/kernel/history"
	"urbangraph/kernel/order"
	"urbangraph/kernel/procs"
	"urbangraph/kernel/resources"
	"urbangraph/kernel/run"
	"urbangraph/kernel/state"
	"urbangraph/kernel/wire"
	"urbangraph/kernel/zmtp"
)

// Options say where things are.
type Options struct {
	Connection string    // connection file, as Jupyter names it
	Repo       string    // root of the clone
	State      string    // folder of the set-up, .ug in the clone
	Version    string    // of this program
	Log        io.Writer // what goes wrong behind the scenes; may be nil
	Output     int64     // bytes that a cell may print; 0 means [DefaultOutput]
}

// DefaultOutput is how many bytes of text one cell may print, unless %outputlimit says otherwise.
const DefaultOutput = 256 << 20

// Names of folders in Options.State.
const (
	BinFolder   = "bin"   // gonb, goimports, gopls, ugkernel, ugrun
	FrontFolder = "front" // go, goimports and gopls: the fronts
	CacheFolder = "cells" // import configurations and programs of cells
)

// Server is a running kernel.
type Server struct {
	o       Options
	log     *log.Logger
	conn    wire.Connection
	session *wire.Session
	work    string // private folder, removed at the end

	shell, control, stdin, iopub, heartbeat *zmtp.Server
	listening                               chan struct{} // closed when all sockets are open

	tool    gofront.Toolchain
	daemon  *gofront.Daemon
	runs    *run.Server
	orders  *order.Server
	gopls   *gopls.Server
	memory  *state.Memory
	history *history.History
	guard   *guard
	keeper  *keeper
	queue   *queue
	comms   comms
	book    book
	ids     display.IDs
	answers chan string // to questions for input; room for one that comes before its question is waited for
	warmed  sync.Once   // gopls

	ctx  context.Context
	stop context.CancelCauseFunc
	wg   sync.WaitGroup

	mu      sync.Mutex
	running *execution
	counted int // execution count
	limit   int64
	last    resources.Usage // what the last cell took
}

// New opens the kernel's sockets and starts everything; [Server.Serve] runs it.
func New(ctx context.Context, o Options) (_ *Server, err error) {
	s := &Server{o: o, queue: newQueue(), limit: o.Output, listening: make(chan struct{}), answers: make(chan string, 1)}
	if s.limit == 0 {
		s.limit = DefaultOutput
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	s.log = log.New(o.Log, "", log.LstdFlags|log.Lmicroseconds)
	for _, f := range []string{s.program("gonb"), s.launcher(), filepath.Join(o.State, FrontFolder, "go")} {
		if _, err := os.Stat(f); err != nil {
			return nil, fmt.Errorf("the kernel cannot start: %w; run the set-up again: go run ./kernel/cmd/ugkernel setup", err)
		}
	}
	if s.conn, err = wire.ReadConnection(o.Connection); err != nil {
		return nil, err
	}
	s.session = wire.NewSession(wire.Key(s.conn.Key), "kernel")
	s.ctx, s.stop = context.WithCancelCause(ctx)
	if s.work, err = os.MkdirTemp("", "ugkernel-"); err != nil {
		return nil, fmt.Errorf("no folder for the kernel in %s, free some space or set TMPDIR: %w", os.TempDir(), err)
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.guard, err = startGuard(s.launcher(), s.work); err != nil {
		return nil, err
	}
	if err := procs.Adopt(); err != nil {
		s.logf("orphans of cells are not adopted: %v", err)
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	if s.tool, err = gofront.FindToolchain(ctx, o.Repo, o.State); err != nil {
		return nil, err
	}
	if s.memory, err = state.New(filepath.Join(s.work, "kept")); err != nil {
		return nil, err
	}
	if s.history, err = history.Open(historyFile(o.State)); err != nil {
		s.logf("%v", err)
	}
	if s.runs, err = run.Listen(filepath.Join(s.work, "run"), s.launches()); err != nil {
		return nil, err
	}
	if s.orders, err = order.Listen(filepath.Join(s.work, "order"), s.takeOrder); err != nil {
		return nil, err
	}
	if err := s.startFront(); err != nil {
		return nil, err
	}
	s.gopls = s.newGopls()
	s.keeper = newKeeper(s)
	close(s.listening)
	s.status("starting", nil)
	return s, nil
}

// HistoryEnv names the variable that holds the path of the history file, or "off".
const HistoryEnv = "UG_HISTORY"

// historyFile is where the history is kept, "" for nowhere.
func historyFile(state string) string {
	switch path := os.Getenv(HistoryEnv); path {
	case "":
		return filepath.Join(state, "history.jsonl")
	case "off":
		return ""
	default:
		return path
	}
}

// program is the path of a program that the set-up has installed.
func (s *Server) program(name string) string { return filepath.Join(s.o.State, BinFolder, name) }

// logf notes what goes wrong behind the scenes.
func (s *Server) logf(format string, args ...any) { s.log.Printf(format, args...) }

// background runs fn as a goroutine that the end of the kernel waits for.
func (s *Server) background(fn func(ctx context.Context)) {
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		fn(s.ctx)
	}()
}

// Serve runs the kernel until a client shuts it down or its context ends.
func (s *Server) Serve() error {
	s.background(s.keeper.keep)
	s.background(reap)
	s.background(func(context.Context) {
		for {
			r, ok := s.queue.next()
			if !ok {
				return
			}
			s.execute(r)
		}
	})
	<-s.ctx.Done()
	s.close()
	if err := context.Cause(s.ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Shutdown ends the kernel.
func (s *Server) Shutdown() { s.stop(context.Canceled) }

// close ends everything that the kernel has started and removes what it has made.
func (s *Server) close() {
	s.stop(context.Canceled)
	for _, r := range s.queue.close() {
		s.abort(r)
	}
	if cur := s.current(); cur != nil {
		cur.interrupted.Store(true)
		cur.signalAll(killSignal)
	}
	if s.keeper != nil {
		s.keeper.end()
	}
	s.wg.Wait()
	if s.gopls != nil {
		s.gopls.Close()
	}
	if s.daemon != nil {
		s.daemon.Close()
	}
	if s.runs != nil {
		s.runs.Close()
	}
	if s.orders != nil {
		s.orders.Close()
	}
	procs.Signal(procs.Descendants(os.Getpid()), killSignal)
	for _, z := range []*zmtp.Server{s.shell, s.control, s.stdin, s.iopub, s.heartbeat} {
		if z != nil {
			z.Close()
		}
	}
	os.RemoveAll(s.work)
	s.guard.end()
}

// current is the running cell, nil when there is none.
func (s *Server) current() *execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// stopGrace is how long GoNB gets to end by itself.
const stopGrace = 500 * time.Millisecond

// liveChild is the child, nil while there is none.
func (s *Server) liveChild() *child.Child { return s.keeper.live() }
