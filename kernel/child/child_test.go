package child_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/child"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/wire"
)

// gonb is the program, which the set-up of the clone has installed; without it a test is skipped.
func gonb(t *testing.T) string {
	t.Helper()
	l, err := lab.FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(l.Bin(), "gonb")
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("GoNB is not installed: ", err)
	}
	return path
}

// start starts a program as GoNB.
func start(t *testing.T, program string) (*child.Child, error) {
	t.Helper()
	work, err := os.MkdirTemp("", "child-") // a short path, as sockets go below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(work) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	env := append(os.Environ(), "TMPDIR="+work)
	return child.Start(ctx, child.Options{GoNB: program, Env: env, Dir: work, Work: work, Name: "kernel-test.json"})
}

func TestProgramsThatAreNoGoNB(t *testing.T) {
	dies := filepath.Join(t.TempDir(), "dies")
	if err := os.WriteFile(dies, []byte("#!/bin/sh\necho it is the disk >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]string{"/nonexistent/gonb": "run the set-up again", dies: "it is the disk"} {
		begin := time.Now()
		if _, err := start(t, program); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", program, err)
		}
		if d := time.Since(begin); d > 20*time.Second {
			t.Errorf("%s: noticed after %s", program, d)
		}
	}
}

func TestGoNB(t *testing.T) {
	c, err := start(t, gonb(t))
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	call, err := c.Execute("%env CHILD=yes", func(m *wire.Message) {
		var s struct{ Text string }
		if m.Header.MsgType == "stream" && json.Unmarshal(m.Content, &s) == nil {
			printed.WriteString(s.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := call.Wait(t.Context())
	if err != nil || r.Status != "ok" || r.Count != 1 || c.Count() != 1 || printed.String() != "Set: CHILD=\"yes\"\n" {
		t.Errorf("%+v %v, count %d, %q", r, err, c.Count(), printed.String())
	}
	if dir, err := c.ModuleDir(); err != nil || !strings.HasPrefix(filepath.Base(dir), "gonb_") {
		t.Errorf("%q %v", dir, err)
	}
	call, err = c.Execute("!sleep 100", nil)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	syscall.Kill(c.PID(), syscall.SIGKILL)
	if _, err := call.Wait(t.Context()); !errors.Is(err, child.ErrDied) {
		t.Errorf("the error of a call whose GoNB died is %v", err)
	}
	<-c.Dead()
	if _, err := c.Request("kernel_info_request", struct{}{}, nil); !errors.Is(err, child.ErrDied) {
		t.Errorf("the error of a request to a dead GoNB is %v", err)
	}
}

func TestStop(t *testing.T) {
	c, err := start(t, gonb(t))
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	c.Stop(5 * time.Second)
	if d := time.Since(begin); d > 6*time.Second {
		t.Errorf("it took %s", d)
	}
	if err := syscall.Kill(c.PID(), 0); err == nil {
		t.Error("GoNB still runs")
	}
}
