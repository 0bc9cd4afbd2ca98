package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"urbangraph/kernel/child"
	"urbangraph/kernel/gofront"
	"urbangraph/kernel/order"
	"urbangraph/kernel/run"
)

// keeper sees to it that there is a GoNB child.
type keeper struct {
	s *Server

	spawning sync.Mutex // held while a process is started, and while processes are listed to be killed
	pid      int        // process group of the latest GoNB, under spawning

	mu      sync.Mutex
	changed sync.Cond
	child   *child.Child
	err     error // why there is none, after several tries
	number  int
	ended   bool
}

func newKeeper(s *Server) *keeper {
	k := &keeper{s: s}
	k.changed.L = &k.mu
	return k
}

// Tries to start GoNB: after so many failures in a row a cell that waits is told, and after the pause it
// is tried again.
const (
	startTries = 3
	startPause = 300 * time.Millisecond
)

// keep starts children until the kernel ends.
func (k *keeper) keep(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		c, err := k.start(ctx)
		if err != nil {
			failures++
			k.s.logf("%v", err)
			if failures >= startTries {
				k.set(nil, err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(startPause):
			}
			continue
		}
		failures = 0
		if !k.set(c, nil) {
			c.Stop(stopGrace)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-c.Dead():
			k.s.logf("GoNB has died%s", c.Said())
			k.set(nil, nil)
		}
	}
}

// set replaces the child; it reports false when the kernel has ended meanwhile.
func (k *keeper) set(c *child.Child, err error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return false
	}
	k.child, k.err = c, err
	k.changed.Broadcast()
	return true
}

// live is the child, nil while there is none.
func (k *keeper) live() *child.Child {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.child == nil || !k.child.Alive() {
		return nil
	}
	return k.child
}

// wait returns the child, once there is one.
func (k *keeper) wait(ctx context.Context) (*child.Child, error) {
	defer context.AfterFunc(ctx, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.changed.Broadcast()
	})()
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		switch {
		case k.child != nil && k.child.Alive():
			return k.child, nil
		case k.ended:
			return nil, errors.New("the kernel is shutting down")
		case k.err != nil:
			return nil, k.err
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		k.changed.Wait()
	}
}

// end ends the child and starts no other.
func (k *keeper) end() {
	k.mu.Lock()
	k.ended = true
	c := k.child
	k.changed.Broadcast()
	k.mu.Unlock()
	if c != nil {
		c.Stop(stopGrace)
	}
}

// start starts a child and tells it what the one before it knew.
func (k *keeper) start(ctx context.Context) (*child.Child, error) {
	s := k.s
	k.number++
	work := filepath.Join(s.work, fmt.Sprintf("c%d", k.number))
	if err := os.Mkdir(work, 0o700); err != nil {
		return nil, err
	}
	c, err := child.Start(ctx, child.Options{
		GoNB: s.program("gonb"), Env: s.childEnv(work), Work: work, Name: filepath.Base(s.o.Connection),
		Unasked: s.fromChild, Input: s.childAsks, Spawn: k.spawn,
	})
	if err != nil {
		os.RemoveAll(work)
		return nil, err
	}
	go func() {
		<-c.Dead()
		os.RemoveAll(work)
	}()
	if err := k.replay(ctx, c); err != nil {
		c.Stop(stopGrace)
		return nil, err
	}
	return c, nil
}

// noGet keeps GoNB from starting a `go get` for each cell: the daemon itself finds what no module provides,
// while it builds.
const noGet = "%noautoget"

// spawn starts a process so that nobody takes it for one of a cell.
func (k *keeper) spawn(start func() (int, error)) error {
	k.spawning.Lock()
	defer k.spawning.Unlock()
	pid, err := start()
	if err == nil {
		k.pid = pid
	}
	return err
}

// replay makes the child know what was declared and set before. Declarations that no longer build are a
// nuisance, not a reason to have no kernel.
func (k *keeper) replay(ctx context.Context, c *child.Child) error {
	text := noGet
	if earlier := k.s.memory.Replay(); strings.TrimSpace(earlier) != "" {
		text += "\n" + earlier
	}
	call, err := c.Execute(text, func(m *wireMessage) {})
	if err != nil {
		return err
	}
	r, err := call.Wait(ctx)
	if err != nil {
		return fmt.Errorf("the declarations of earlier cells could not be restored: %w", err)
	}
	if r.Status != "ok" {
		k.s.logf("the declarations of earlier cells could not be restored: %s", r.Value)
	}
	return nil
}

// childEnv is the environment of GoNB and so of the cells.
func (s *Server) childEnv(work string) []string {
	env := s.daemon.Environ(os.Environ())
	env = gofront.Setenv(env, run.Env, s.runs.Socket())
	env = gofront.Setenv(env, order.Env, s.orders.Socket())
	return gofront.Setenv(env, "TMPDIR", work)
}

// startFront starts what answers GoNB's calls of the Go tools.
func (s *Server) startFront() error {
	s.daemon = gofront.NewDaemon(gofront.Settings{Toolchain: s.tool, Repo: s.o.Repo, Bin: filepath.Join(s.o.State, BinFolder), Front: filepath.Join(s.o.State, FrontFolder),
		Launcher: s.launcher(), Cache: filepath.Join(s.o.State, CacheFolder), Work: s.work})
	return s.daemon.Start(filepath.Join(s.work, "front"))
}
