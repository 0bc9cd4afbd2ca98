package gofront

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestToolThatOthersTookNoteOf has the end of a waiting tool taken note of by someone else, as the kernel does
// with all that cells leave behind: that is a tool that was killed, and clearing up does not wait for it again.
func TestToolThatOthersTookNoteOf(t *testing.T) {
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
	syscall.Kill(tl.cmd.Process.Pid, syscall.SIGKILL)
	for {
		if _, err := syscall.Wait4(tl.cmd.Process.Pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if _, err := tl.finish(nil); !errors.Is(err, errKilled) {
		t.Errorf("the error is %v", err)
	}
	cleared := make(chan bool)
	go func() {
		(&station{dir: t.TempDir(), compile: tl, cancel: cancel}).clear()
		close(cleared)
	}()
	select {
	case <-cleared:
	case <-time.After(10 * time.Second):
		t.Fatal("clear waits for ever")
	}
}
