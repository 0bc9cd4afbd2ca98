package server

import (
	"context"
	"os"
	"slices"
	"syscall"
	"time"

	"urbangraph/kernel/procs"
)

const killSignal = syscall.SIGKILL

// After an interrupt a cell has so long to end by itself; then all that it has started is killed.
const interruptGrace = 700 * time.Millisecond

// interrupt interrupts the running cell: its build, or all processes that it has started. Cells that wait
// are dropped when it has ended, as after any error.
func (s *Server) interrupt() {
	cur := s.current()
	if cur == nil {
		return
	}
	cur.interrupted.Store(true)
	cur.cancel()
	s.daemon.Abort()
	cur.signalAll(syscall.SIGINT)
	if c := s.liveChild(); c != nil {
		c.Interrupt()
	}
	s.background(func(ctx context.Context) {
		for _, wait := range []time.Duration{interruptGrace, 200 * time.Millisecond, time.Second} {
			select {
			case <-cur.done:
				return
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			cur.signalAll(killSignal)
		}
		// GoNB itself does not come back: another one takes its place.
		select {
		case <-cur.done:
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
			if c := s.liveChild(); c != nil && s.current() == cur {
				s.logf("GoNB does not end the interrupted cell: it is replaced")
				c.Kill()
			}
		}
	})
}

// signalAll sends a signal to everything that the cell has started: the process groups of its programs,
// and what GoNB and those programs have started since the cell began. GoNB itself and gopls stay.
func (e *execution) signalAll(sig syscall.Signal) {
	e.mu.Lock()
	groups := slices.Clone(e.groups)
	e.mu.Unlock()
	for _, g := range groups {
		syscall.Kill(-g, sig)
	}
	k := e.s.keeper
	k.spawning.Lock()
	defer k.spawning.Unlock()
	procs.Signal(procs.Since(os.Getpid(), e.began, append(e.s.ours(), k.pid)...), sig)
}

// ours are the process groups, besides GoNB's, that belong to the kernel and not to a cell.
func (s *Server) ours() []int {
	keep := []int{syscall.Getpgrp(), s.guard.pid()}
	if g := s.gopls.Process(); g > 0 {
		keep = append(keep, g)
	}
	return keep
}

// reapEvery is how often the kernel takes note of the end of processes that cells have left behind.
const reapEvery = 5 * time.Second

// reap does so until the kernel ends.
func reap(ctx context.Context) {
	var r procs.Reaper
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.Reap()
		}
	}
}
