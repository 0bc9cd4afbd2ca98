package gopls

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"urbangraph/kernel/gofront"
)

// Options say where things are. Only Module and Work are needed.
type Options struct {
	Gopls     string                 // path of gopls; "" leaves everything to the completer of our own
	Toolchain gofront.Toolchain      // whose sources and module cache are read
	Env       []string               // environment of gopls, as for cells; see [gofront.BuildEnv]
	Module    func(dir string) error // writes go.mod and go.sum of a notebook into a folder
	Work      string                 // folder of this kernel; the shadow module is put below it
	Dir       func() string          // folder that the notebook's paths are relative to
	Magics    []MagicHelp            // the magics that the kernel knows
	Patience  time.Duration          // how long to wait for gopls before answering without; 0 means 1.2 s
	Idle      time.Duration          // gopls ends after so long without a request; 0 means 20 minutes
	Log       func(format string, args ...any)
}

// Server completes and inspects. All methods may be called concurrently.
type Server struct {
	o     Options
	dir   string // of the shadow module
	known atomic.Pointer[knowledge]

	life   context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines of the server

	module sync.Mutex // held while the shadow module is made
	made   bool       // it is there

	mu         sync.Mutex
	closed     bool
	starting   *startup
	session    *session
	failures   int       // in a row: starts that failed, or that led to no answer
	retry      time.Time // not started again before
	idle       *time.Timer
	completing *turn
	inspecting *turn
	warming    bool
}

// knowledge is what the server knows of the packages that the module of the notebook gives.
type knowledge struct {
	lib     *library
	imports *importer
	fill    func() // has the library filled in the background, once
}

// startup is a start of gopls under way.
type startup struct {
	done    chan struct{}
	session *session
	err     error
}

// Figures of the life of gopls.
const (
	defaultPatience = 1200 * time.Millisecond
	coldPatience    = 400 * time.Millisecond // with an answer of our own, until gopls has answered once
	defaultIdle     = 20 * time.Minute
	startLimit      = 30 * time.Second // for the answer to the first message
	hangLimit       = 20 * time.Second // without any answer while it is asked
	lateLimit       = 60 * time.Second // for an answer that nobody waits for any more, but that warms caches
	maxFailures     = 3                // in a row, after which there is a pause
	failurePause    = 30 * time.Second
)

// Errors of requests.
var (
	ErrSuperseded = errors.New("a newer request of the same kind has come")
	ErrClosed     = errors.New("the completion of this kernel has been closed")
	errNone       = errors.New("gopls is not installed")
)

// New returns a server. gopls is not started yet.
func New(o Options) *Server {
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	if o.Dir == nil {
		o.Dir = func() string { return "." }
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	s := &Server{o: o, dir: filepath.Join(o.Work, "gopls")}
	s.life, s.cancel = context.WithCancel(context.Background())
	s.known.Store(s.learn())
	return s
}

// learn begins to know the packages of the module.
func (s *Server) learn() *knowledge {
	lib := newLibrary(s.o.Toolchain.Root, s.o.Toolchain.ModCache, s.o.Env, func() (string, error) {
		return filepath.Join(s.dir, "go.mod"), s.makeModule()
	})
	return &knowledge{lib: lib, imports: &importer{lib: lib}, fill: sync.OnceFunc(func() { s.spawn(lib.fill) })}
}

// makeModule writes the shadow module, without its Go files, unless that has been done.
func (s *Server) makeModule() error {
	s.module.Lock()
	defer s.module.Unlock()
	if s.made {
		return nil
	}
	err := os.MkdirAll(s.dir, 0o700)
	if err == nil {
		err = s.o.Module(s.dir)
	}
	if err != nil {
		return fmt.Errorf("no module for completion in %s: %w", s.dir, err)
	}
	s.made = true
	return nil
}

// Reload is to be called when what [Options.Module] writes has changed, as by go get: the module is
// written again and gopls started anew, both with the next request.
func (s *Server) Reload() {
	s.module.Lock()
	s.made = false
	s.module.Unlock()
	s.known.Store(s.learn())
	s.mu.Lock()
	st := s.starting
	s.mu.Unlock()
	s.spawn(func() {
		if st != nil {
			<-st.done
		}
		s.rest()
	})
}

// Close ends gopls and removes the shadow module.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.cancel()
	running := s.session
	s.session = nil
	if s.idle != nil {
		s.idle.Stop()
	}
	s.mu.Unlock()
	if running != nil {
		running.close()
	}
	s.work.Wait()
	return os.RemoveAll(s.dir)
}

// Process is the identifier of the process of gopls, 0 when none runs.
func (s *Server) Process() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil || !s.session.alive() {
		return 0
	}
	return s.session.process.cmd.Process.Pid
}

// spawn runs f in a goroutine that Close waits for; it reports false when the server is closed.
func (s *Server) spawn(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spawnLocked(f)
}

func (s *Server) spawnLocked(f func()) bool {
	if s.closed {
		return false
	}
	s.work.Add(1)
	go func() {
		defer s.work.Done()
		f()
	}()
	return true
}

// running returns the running gopls, which it starts for a project where there is none, or an error; it
// waits until gopls is ready or ctx ends.
func (s *Server) running(ctx context.Context, p *project) (*session, error) {
	if s.o.Gopls == "" {
		return nil, errNone
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	if s.session != nil && s.session.alive() {
		running := s.session
		s.touch()
		s.mu.Unlock()
		return running, nil
	}
	if dead := s.session; dead != nil {
		s.session = nil
		s.o.Log("gopls has ended: %v", dead.reason())
		s.spawnLocked(dead.close)
		s.failed(!dead.warm.Load())
	}
	if s.starting == nil {
		if wait := time.Until(s.retry); wait > 0 {
			s.mu.Unlock()
			return nil, fmt.Errorf("gopls failed %d times in a row; it is tried again in %v", s.failures, wait.Round(time.Second))
		}
		st := &startup{done: make(chan struct{})}
		s.starting = st
		s.spawnLocked(func() { s.start(st, p) })
	}
	st := s.starting
	s.mu.Unlock()
	select {
	case <-st.done:
		return st.session, st.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start starts gopls. The files of the project are written for it, so that what it loads first is what
// it will be asked about.
func (s *Server) start(st *startup, p *project) {
	ctx, cancel := context.WithTimeout(s.life, startLimit)
	defer cancel()
	st.err = s.makeModule()
	for name, text := range map[string]string{cellFile: p.text, notebookFile: p.notebook} {
		if st.err == nil {
			st.err = os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600)
		}
	}
	if st.err == nil {
		st.session, st.err = startSession(ctx, s.o.Gopls, s.dir, environment(s.o.Env, s.o.Toolchain.Go))
	}
	s.mu.Lock()
	s.starting = nil
	switch {
	case st.err != nil:
		s.failed(true)
		s.o.Log("%v", st.err)
	case s.closed:
		st.session.close()
		st.session, st.err = nil, ErrClosed
	default:
		s.session = st.session
		s.touch()
		s.firstQuestion(st.session, p)
	}
	s.mu.Unlock()
	close(st.done)
}

// firstQuestion asks a new gopls about a project for the sake of asking. Nobody waits for the answer and no
// newer request drops the question: so gopls gets ready even while requests follow each other closely.
func (s *Server) firstQuestion(x *session, p *project) {
	call, err := x.begin(p, "textDocument/completion", strings.LastIndexByte(p.text, '}'))
	if err != nil {
		return
	}
	s.spawnLocked(func() {
		ctx, cancel := context.WithTimeout(s.life, lateLimit)
		defer cancel()
		x.await(ctx, call, new(json.RawMessage))
	})
}

// failed notes that gopls has ended, and whether without an answer.
func (s *Server) failed(useless bool) {
	if !useless {
		s.failures = 0
		return
	}
	if s.failures++; s.failures >= maxFailures {
		s.retry = time.Now().Add(failurePause)
	}
}

// touch puts the end of an idle gopls off.
func (s *Server) touch() {
	if s.idle == nil {
		s.idle = time.AfterFunc(s.o.Idle, func() { s.spawn(s.rest) })
		return
	}
	s.idle.Reset(s.o.Idle)
}

// rest ends gopls until the next request.
func (s *Server) rest() {
	s.mu.Lock()
	running := s.session
	s.session = nil
	s.mu.Unlock()
	if running != nil {
		running.close()
	}
}

// dropStuck ends a gopls that has said nothing for long though it was asked.
func (s *Server) dropStuck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.session
	if x == nil || !x.conn.silent(hangLimit) {
		return
	}
	s.session = nil
	s.failed(!x.warm.Load())
	s.spawnLocked(x.close)
	s.o.Log("gopls has not answered for %v; the next request starts it again", hangLimit)
}
