package gofront

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"urbangraph/kernel/internal/frame"
)

// Daemon answers the fronts. Its methods may be called concurrently.
type Daemon struct {
	Settings

	ctx     context.Context // ends with Close
	end     context.CancelFunc
	wg      sync.WaitGroup
	jobs    jobs
	autoGet atomic.Bool

	lastBuild atomic.Pointer[Build]

	packages packages
	stdMu    sync.Mutex
	std      map[string]*standard // by GOEXPERIMENT

	keyMu sync.Mutex
	keyOf [3]string // go.mod, go.sum and environment that key is of
	key   string

	configMu sync.Mutex
	configs  map[string]*config // by key
	graph    graph              // of the module in use
	graphOf  string             // its key

	stationMu sync.Mutex
	ready     *station // for the next build
	ahead     ahead

	mu       sync.Mutex
	listener *net.UnixListener
	conns    map[*net.UnixConn]bool
}

// NewDaemon returns a daemon that does not listen yet.
func NewDaemon(s Settings) *Daemon {
	d := &Daemon{Settings: s, conns: map[*net.UnixConn]bool{}}
	d.ctx, d.end = context.WithCancel(context.Background())
	return d
}

// Start opens the socket, whose folder must belong to this user alone (mode 0700), and answers what comes
// until [Daemon.Close].
func (d *Daemon) Start(socket string) error {
	fi, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return fmt.Errorf("the folder of the fronts' socket: %w", err)
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the folder of the fronts' socket %s can be entered by others (mode %04o), make it 0700", socket, fi.Mode().Perm())
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return fmt.Errorf("the fronts' socket cannot be opened: %w", err)
	}
	d.mu.Lock()
	d.listener = l
	d.mu.Unlock()
	d.wg.Add(2)
	go d.accept(l)
	go func() {
		defer d.wg.Done()
		d.clearStations()
	}()
	return nil
}

// closeLimit is how long fronts may take to get their last answer.
const closeLimit = 2 * time.Second

// Close ends the daemon and what it runs, removes the socket and the folders that GoNB made and left, and
// returns when its goroutines have ended. Fronts that wait for an answer are told that they were
// interrupted.
func (d *Daemon) Close() {
	d.end()
	d.mu.Lock()
	if d.listener != nil {
		d.listener.Close()
	}
	for c := range d.conns {
		c.SetReadDeadline(time.Now()) // of those that have asked nothing yet
	}
	d.mu.Unlock()
	late := time.AfterFunc(closeLimit, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for c := range d.conns {
			c.Close()
		}
	})
	d.wg.Wait()
	late.Stop()
	if d.ready != nil {
		d.ready.clear()
	}
	Clean(d.Work)
}

// Environ returns base with all that the child of the kernel, GoNB, needs so that the fronts find this
// daemon and the real programs: the build variables of [BuildEnv], the socket, and the folder of the
// fronts, then that of the tools, at the head of PATH.
func (d *Daemon) Environ(base []string) []string {
	env := BuildEnv(base, d.Toolchain)
	d.mu.Lock()
	if d.listener != nil {
		env = Setenv(env, SocketEnv, d.listener.Addr().String())
	}
	d.mu.Unlock()
	env = Setenv(env, realGoEnv, d.Go)
	env = Setenv(env, realBinEnv, d.Bin)
	path := ""
	for _, dir := range []string{d.Front, d.Bin, filepath.Dir(d.Go)} {
		if dir != "" && dir != "." {
			path += dir + string(os.PathListSeparator)
		}
	}
	return Setenv(env, "PATH", path+lookup(base, "PATH"))
}

// Abort ends all builds and go commands that run; their cells fail with the text "interrupted". It returns
// how many it ended.
func (d *Daemon) Abort() int { return d.jobs.abort() }

// AutoGet says whether the import of a package that no known module provides makes the daemon fetch a
// module by `go get`, which is what GoNB does by itself. It is off at first: the cell fails and says how
// to fetch the module.
func (d *Daemon) AutoGet(on bool) { d.autoGet.Store(on) }

// spawn runs fn in a goroutine that [Daemon.Close] waits for; after Close it reports false.
func (d *Daemon) spawn(fn func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return false
	}
	d.wg.Go(fn)
	return true
}

// accept takes connections until the listener is closed.
func (d *Daemon) accept(l *net.UnixListener) {
	defer d.wg.Done()
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(10 * time.Millisecond) // out of file descriptors
			continue
		}
		d.mu.Lock()
		ok := d.ctx.Err() == nil && len(d.conns) < maxFronts
		if ok {
			d.conns[c] = true
			d.wg.Add(1)
		}
		d.mu.Unlock()
		if !ok {
			c.Close()
			continue
		}
		go func() {
			defer d.wg.Done()
			d.serve(c)
			c.Close()
			d.mu.Lock()
			delete(d.conns, c)
			d.mu.Unlock()
		}()
	}
}

const (
	maxFronts = 256              // connections at one time
	askLimit  = 10 * time.Second // for a front to say what it is asked
	tellLimit = 30 * time.Second // for a front to take a part of an answer
)

// serve answers one front. The work ends when the front goes away.
func (d *Daemon) serve(c *net.UnixConn) {
	c.SetReadDeadline(time.Now().Add(askLimit))
	fields, err := frame.Read(c)
	if err != nil {
		return
	}
	q, err := decodeRequest(fields)
	if err != nil {
		return
	}
	c.SetReadDeadline(time.Time{}) // which may come after that of Close
	ctx, done := d.jobs.begin(d.ctx)
	defer done()
	d.wg.Add(1)
	go func() { // a front says no more: what can be read is its end
		defer d.wg.Done()
		frame.Read(c)
		done()
	}()
	w := &answer{c: c}
	if code, handled := d.answer(ctx, q, w); handled {
		w.exit(code)
	} else {
		w.leave()
	}
	c.CloseWrite()
	c.SetReadDeadline(time.Now())
}
