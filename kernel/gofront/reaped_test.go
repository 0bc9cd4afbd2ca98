package gofront

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/procs"
)

// TestToolKilledWhileItWaits kills a tool that waits for its cell, long before it is asked for, so that the
// kernel looks for what there is to take note of meanwhile: it is a tool that was killed, and clearing up does
// not wait for ever.
func TestToolKilledWhileItWaits(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	tl := &tool{cmd: exec.CommandContext(ctx, "sleep", "100"), gate: w}
	if err := tl.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tl.follow()
	syscall.Kill(tl.cmd.Process.Pid, syscall.SIGKILL)
	var reaper procs.Reaper
	for range 5 {
		time.Sleep(50 * time.Millisecond)
		reaper.Reap()
	}
	done := make(chan bool)
	go func() {
		defer close(done)
		if _, err := tl.finish(nil); !errors.Is(err, errKilled) {
			t.Errorf("the error is %v", err)
		}
		(&station{dir: t.TempDir(), compile: tl, cancel: cancel}).clear()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for ever")
	}
}
