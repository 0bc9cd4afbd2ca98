package gofront

import (
	"context"
	"errors"
	"sync"
)

// errInterrupted is the cause of a context that [Daemon.Abort] has ended.
var errInterrupted = errors.New("interrupted")

// jobs are the requests that are being answered, so that an interrupt can end them.
type jobs struct {
	mu      sync.Mutex
	running map[*job]bool
}

// job is one of them.
type job struct{ cancel context.CancelCauseFunc }

// begin notes a job. Its context ends by an interrupt, with parent, and by done, which has to be called in
// the end and may be called again.
func (j *jobs) begin(parent context.Context) (ctx context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(parent)
	x := &job{cancel}
	j.mu.Lock()
	if j.running == nil {
		j.running = map[*job]bool{}
	}
	j.running[x] = true
	j.mu.Unlock()
	return ctx, func() {
		cancel(nil)
		j.mu.Lock()
		delete(j.running, x)
		j.mu.Unlock()
	}
}

// abort ends all jobs and returns how many there were.
func (j *jobs) abort() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	for x := range j.running {
		x.cancel(errInterrupted)
	}
	n := len(j.running)
	clear(j.running)
	return n
}
