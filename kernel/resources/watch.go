package resources

import (
	"sync"
	"time"
)

// Times between two looks at a process: short at first, since most cells end soon.
const (
	firstLook = 2 * time.Millisecond
	longest   = 250 * time.Millisecond
)

// Watcher looks at a process from time to time. Its methods may be called from several goroutines.
type Watcher struct {
	start time.Time
	probe *probe
	stop  chan struct{}
	ended chan struct{} // closed when nobody looks any more

	mu   sync.Mutex
	last Usage

	once  sync.Once
	final Usage
}

// Watch begins to watch a process. Watch it from its start: what it used before counts, but the wall time
// begins now.
func Watch(pid int) *Watcher {
	w := &Watcher{start: time.Now(), probe: newProbe(pid), stop: make(chan struct{}), ended: make(chan struct{})}
	w.look()
	go w.run()
	return w
}

// run looks until the process has gone or Stop is called.
func (w *Watcher) run() {
	defer close(w.ended)
	t := time.NewTimer(firstLook)
	defer t.Stop()
	for every := firstLook; ; every = min(every*3/2, longest) {
		select {
		case <-w.stop:
			return
		case <-t.C:
		}
		if !w.look() {
			return
		}
		t.Reset(every)
	}
}

// look notes what the process has used; false when it has gone.
func (w *Watcher) look() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.probe.read()
	if !ok {
		return false
	}
	w.last.merge(u)
	return true
}

// merge keeps the larger values: none of them can fall.
func (u *Usage) merge(v Usage) {
	u.User = max(u.User, v.User)
	u.System = max(u.System, v.System)
	u.PeakRSS = max(u.PeakRSS, v.PeakRSS)
}

// Now is what has been used so far.
func (w *Watcher) Now() Usage {
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.last
	u.Wall = time.Since(w.start)
	return u
}

// Stop ends the watch and tells what was used. Call it when the process has ended; later calls return the
// same.
func (w *Watcher) Stop() Usage {
	w.once.Do(func() {
		wall := time.Since(w.start)
		close(w.stop)
		<-w.ended
		w.look()
		w.last.merge(w.probe.final())
		w.probe.close()
		w.final = w.last
		w.final.Wall = wall
	})
	return w.final
}
