package gopls

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	o   Options
	lib *library
	dir string // of the shadow module

	life   context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines of the server

	module func() error // makes the shadow module, once

	mu         sync.Mutex
	closed     bool
	starting   *startup
	session    *session
	failures   int       // starts in a row that failed or did not last
	retry      time.Time // not started again before
	idle       *time.Timer
	completing *turn
	inspecting *turn
	warming    bool
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
	defaultIdle     = 20 * time.Minute
	startLimit      = 30 * time.Second // for the answer to the first message
	hangLimit       = 20 * time.Second // without any answer while it is asked
	lateLimit       = 60 * time.Second // for an answer that nobody waits for any more, but that warms caches
	shortLife       = 5 * time.Second
	maxFailures     = 3 // starts in a row, after which there is a pause
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
	s.module = sync.OnceValue(s.makeModule)
	s.lib = newLibrary(o.Toolchain.Root, o.Toolchain.ModCache, o.Env, func() (string, error) {
		return filepath.Join(s.dir, "go.mod"), s.module()
	})
	return s
}

// makeModule writes the shadow module. Its Go files exist for gopls alone, but an empty folder is no
// package to it.
func (s *Server) makeModule() error {
	err := os.MkdirAll(s.dir, 0o700)
	if err == nil {
		err = s.o.Module(s.dir)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, cellFile), []byte("package main\n\nfunc main() {\n}\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("no module for completion in %s: %w", s.dir, err)
	}
	return nil
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

// running returns the running gopls, which it starts where there is none, or an error; it waits until
// gopls is ready or ctx ends.
func (s *Server) running(ctx context.Context) (*session, error) {
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
		s.failed(time.Since(dead.started) < shortLife)
	}
	if s.starting == nil {
		if wait := time.Until(s.retry); wait > 0 {
			s.mu.Unlock()
			return nil, fmt.Errorf("gopls ended %d times soon after its start; it is tried again in %v", s.failures, wait.Round(time.Second))
		}
		st := &startup{done: make(chan struct{})}
		s.starting = st
		s.spawnLocked(func() { s.start(st) })
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

// start starts gopls.
func (s *Server) start(st *startup) {
	ctx, cancel := context.WithTimeout(s.life, startLimit)
	defer cancel()
	st.err = s.module()
	if st.err == nil {
		st.session, st.err = startSession(ctx, s.o.Gopls, s.dir, s.o.Env)
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
	}
	s.mu.Unlock()
	close(st.done)
}

// failed notes whether gopls failed soon after a start.
func (s *Server) failed(soon bool) {
	if !soon {
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
	s.failed(time.Since(x.started) < hangLimit+shortLife)
	s.spawnLocked(x.close)
	s.o.Log("gopls has not answered for %v; the next request starts it again", hangLimit)
}

// turn is a request for completion or inspection; a newer one of its kind ends it.
type turn struct {
	context.Context // of the answer; ends with the caller's, with the server and with the next request
	cancel          context.CancelCauseFunc
	asking          context.Context // of the question to gopls, which may go on after the answer
	drop            context.CancelFunc
}

// take ends the request in slot and puts a new one there. Its cancel is to be called.
func (s *Server) take(ctx context.Context, slot **turn) (*turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if old := *slot; old != nil {
		old.cancel(ErrSuperseded)
		old.drop()
	}
	t := new(turn)
	t.Context, t.cancel = context.WithCancelCause(ctx)
	t.asking, t.drop = context.WithTimeout(s.life, lateLimit)
	*slot = t
	return t, nil
}

// answer asks gopls by f and waits for it as long as Patience. When that runs out the question goes on in
// the background until the next one of its kind, as it fills the caches of gopls.
func answer[T any](ctx *turn, s *Server, f func(context.Context, *session) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	var none T
	result := make(chan outcome, 1)
	started := s.spawn(func() {
		defer ctx.drop()
		var o outcome
		var x *session
		if x, o.err = s.running(ctx.asking); o.err == nil {
			o.value, o.err = f(ctx.asking, x)
		}
		result <- o
	})
	if !started {
		return none, ErrClosed
	}
	patience := time.NewTimer(s.o.Patience)
	defer patience.Stop()
	select {
	case o := <-result:
		return o.value, o.err
	case <-patience.C:
		s.dropStuck()
		return none, context.DeadlineExceeded
	case <-ctx.Done():
		ctx.drop()
		return none, context.Cause(ctx)
	case <-s.life.Done():
		return none, ErrClosed
	}
}

// Complete lists what can stand at a byte offset of a cell. A newer call makes it return [ErrSuperseded].
// It never takes much longer than Patience.
func (s *Server) Complete(ctx context.Context, nb Notebook, code string, offset int) (Completion, error) {
	turn, err := s.take(ctx, &s.completing)
	if err != nil {
		return Completion{}, err
	}
	defer turn.cancel(nil)
	c := locate(code, offset)
	shift := len(code) - len(c.code)
	var out Completion
	switch c.place {
	case inMagic:
		out = s.o.completeMagic(c)
	case inShell:
		out = completePath(c, s.o.Dir())
	case inImport:
		out = s.completeImport(c)
	case inText:
		out = Completion{Start: c.offset, End: c.offset}
	default:
		out, err = s.completeGo(turn, nb, c)
	}
	out.Start, out.End = out.Start+shift, out.End+shift
	return out, err
}

// completeImport completes the path of an import.
func (s *Server) completeImport(c cursor) Completion {
	end := c.offset
	for end < len(c.code) && !strings.ContainsRune("\"`\r\n", rune(c.code[end])) {
		end++
	}
	out := Completion{Start: c.from, End: end, Own: true}
	for _, p := range s.lib.importPaths(c.code[c.from:c.offset]) {
		out.add(p, Package, "")
	}
	return out
}

// completeGo completes Go code.
func (s *Server) completeGo(ctx *turn, nb Notebook, c cursor) (Completion, error) {
	from, to := identifierAt(c.code, c.offset)
	if isNumber(c.code[from:to]) {
		return Completion{Start: c.offset, End: c.offset}, nil
	}
	p := compose(nb, c.outline)
	out, err := answer(ctx, s, func(ctx context.Context, x *session) (Completion, error) { return x.complete(ctx, p, c) })
	if ctx.Err() != nil {
		return Completion{Start: c.offset, End: c.offset}, context.Cause(ctx)
	}
	if err == nil && len(out.Matches) > 0 || errors.Is(err, ErrClosed) {
		return out, err
	}
	out = Completion{Start: from, End: to, Own: true}
	for _, x := range newOwn(s.lib, p, p.toFile(c.offset)).complete(c.code[from:c.offset]) {
		out.add(x.name, x.kind, x.signature)
	}
	return out, nil
}

// Inspect explains what stands at a byte offset of a cell: the name there, or the function in whose call
// the offset lies. With detail 1 it shows the source. It reports false when there is nothing to say. A
// newer call makes it return [ErrSuperseded].
func (s *Server) Inspect(ctx context.Context, nb Notebook, code string, offset, detail int) (map[string]string, bool, error) {
	turn, err := s.take(ctx, &s.inspecting)
	if err != nil {
		return nil, false, err
	}
	defer turn.cancel(nil)
	c := locate(code, offset)
	switch c.place {
	case inMagic, inShell:
		text, ok := s.o.inspectMagic(c)
		if !ok {
			return nil, false, nil
		}
		return map[string]string{"text/plain": text}, true, nil
	case inImport:
		return nil, false, nil
	}
	p := compose(nb, c.outline)
	text, err := answer(turn, s, func(ctx context.Context, x *session) (string, error) { return x.inspect(ctx, p, c, detail) })
	if turn.Err() != nil {
		return nil, false, context.Cause(turn)
	}
	if errors.Is(err, ErrClosed) {
		return nil, false, err
	}
	if err != nil || text == "" {
		text = s.explainOwn(p, c, detail)
	}
	if text == "" {
		return nil, false, nil
	}
	return bundle(text), true, nil
}

// inspect asks gopls for what stands at the cursor or, where that is nothing, for the function that is
// called there.
func (s *session) inspect(ctx context.Context, p *project, c cursor, detail int) (string, error) {
	if from, to := identifierAt(c.code, c.offset); from < to && c.place == inCode {
		at := p.toFile(from)
		text, err := s.hover(ctx, p, at)
		if err != nil || text != "" {
			if err == nil && detail > 0 {
				text = s.withSource(ctx, p, at, text)
			}
			return text, err
		}
	}
	end, _, ok := calledAt(c.outline.Masked, c.offset)
	if !ok {
		return "", nil
	}
	text, err := s.signature(ctx, p, p.toFile(c.offset))
	if err == nil && text != "" && detail > 0 {
		from, _ := identifierAt(c.code, end)
		text = s.withSource(ctx, p, p.toFile(from), text)
	}
	return text, err
}

// withSource puts the source of what stands at an offset of the cell's file below its description.
func (s *session) withSource(ctx context.Context, p *project, at int, text string) string {
	file, line, err := s.definition(ctx, p, at)
	if err != nil || file == "" {
		return text
	}
	var inMemory *string
	switch file {
	case filepath.Join(s.dir, cellFile):
		inMemory = &p.text
	case filepath.Join(s.dir, notebookFile):
		inMemory = &p.notebook
	}
	if src := sourceAt(file, inMemory, line); src != "" {
		text += "\n\n```go\n" + src + "\n```"
	}
	return text
}

// explainOwn explains without gopls.
func (s *Server) explainOwn(p *project, c cursor, detail int) string {
	if c.place == inCode {
		if text, ok := newOwn(s.lib, p, p.toFile(c.offset)).explain(detail > 0); ok {
			return text
		}
	}
	if end, _, ok := calledAt(c.outline.Masked, c.offset); ok {
		if text, ok := newOwn(s.lib, p, p.toFile(end)).explain(detail > 0); ok {
			return text
		}
	}
	return ""
}

// Warm starts gopls in the background, where it does not run, and shows it the notebook, so that the
// first request finds it ready. It returns at once.
func (s *Server) Warm(nb Notebook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warming || s.o.Gopls == "" {
		return
	}
	s.warming = s.spawnLocked(func() {
		defer func() {
			s.mu.Lock()
			s.warming = false
			s.mu.Unlock()
		}()
		ctx, cancel := context.WithTimeout(s.life, lateLimit)
		defer cancel()
		x, err := s.running(ctx)
		if err != nil {
			return
		}
		const code = "_ = fmt.\n"
		c := locate(code, len(code)-1)
		x.complete(ctx, compose(nb, c.outline), c)
	})
}
