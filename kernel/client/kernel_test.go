package client

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// python returns the Python of the clone's environment that has the modules. Without one the test is
// skipped, or fails with CI set.
func python(t testing.TB, modules string) string {
	t.Helper()
	path, err := filepath.Abs("../../.venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, "-c", "import "+modules).CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no Python with %s: %v\n%s", modules, err, out)
		}
		t.Skipf("no Python with %s at %s (ugkernel lab makes one): %v", modules, path, err)
	}
	return path
}

// TestAgainstIPython runs a kernel that is known to keep to the protocol.
func TestAgainstIPython(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	k, err := Start(ctx, []string{python(t, "ipykernel"), "-m", "ipykernel_launcher", "-f", "{connection_file}"}, nil, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if k.Info.LanguageInfo.Name != "python" {
		t.Errorf("language %q", k.Info.LanguageInfo.Name)
	}
	r, err := k.Execute(ctx, "print('out'); import sys; print('err', file=sys.stderr); 6*7", Options{Expressions: map[string]string{"e": "1+1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Stream("stdout") + r.Stream("stderr"); got != "out\nerr\n" {
		t.Errorf("streams %q", got)
	}
	if got := r.ByType("execute_result"); len(got) != 1 || got[0].Data["text/plain"] != "42" {
		t.Errorf("result %v", got)
	}
	if order := strings.Join(r.Order, " "); !strings.HasPrefix(order, "busy execute_input stream") || !strings.HasSuffix(order, "idle") {
		t.Errorf("order %s", order)
	}
	if r.Reply.Status != "ok" || r.Reply.Count != 1 || !strings.Contains(string(r.Reply.UserExpressions["e"]), `"2"`) {
		t.Errorf("reply %s", r.Reply.Raw)
	}
	r, err = k.Execute(ctx, "input('name? ')", Options{Input: func(prompt string, password bool) string { return prompt + "x" }})
	if err != nil || r.ByType("execute_result")[0].Data["text/plain"] != "'name? x'" {
		t.Errorf("input: %v %+v", err, r)
	}
	if c, err := k.Complete(ctx, "impo", 4); err != nil || len(c.Matches) == 0 {
		t.Errorf("complete: %v %+v", err, c)
	}
	if i, err := k.Inspect(ctx, "print", 5, 0); err != nil || !i.Found {
		t.Errorf("inspect: %v %+v", err, i)
	}
	if status, indent, err := k.IsComplete(ctx, "if 1:"); err != nil || status != "incomplete" || indent == "" {
		t.Errorf("is_complete: %v %q %q", err, status, indent)
	}
	if h, err := k.History(ctx, HistoryQuery{Access: "tail", N: 5, Raw: true, Output: true}); err != nil || len(h) == 0 || h[len(h)-1].Input != "input('name? ')" {
		t.Errorf("history: %v %+v", err, h)
	}
	if comms, err := k.CommInfo(ctx, ""); err != nil || len(comms) != 0 {
		t.Errorf("comm_info: %v %v", err, comms)
	}
	if _, err := k.Ping(ctx); err != nil {
		t.Error(err)
	}
	if p := k.Problems(); len(p) > 0 {
		t.Error(p)
	}
	if err := k.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if r, err := k.Execute(ctx, "1/0", Options{}); err != nil || r.Reply.Status != "error" || r.ByType("error")[0].EName != "ZeroDivisionError" {
		t.Errorf("error: %v %+v", err, r)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// startFake starts the test binary as a fake kernel.
func startFake(t *testing.T) (*Kernel, error) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return Start(ctx, []string{"/usr/bin/env", "FAKE_KERNEL={connection_file}", self}, nil, t.TempDir())
}

func TestStart(t *testing.T) {
	k, err := startFake(t)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if !strings.Contains(k.Log(), "a fake kernel") {
		t.Errorf("log %q", k.Log())
	}
	before, second := k.PID(), join(t, k.ConnectionFile)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := k.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if k.PID() == before {
		t.Error("the same process after the restart")
	}
	if _, err := second.Execute(ctx, "x", Options{}); !errors.Is(err, ErrGone) {
		t.Errorf("a client of the old process: %v", err)
	}
	if r, err := k.Execute(ctx, "print stdout x", Options{}); err != nil || r.Reply.Count != 1 {
		t.Errorf("after the restart: %+v, %v", r, err)
	}
	running, err := k.Submit("noreply", Options{})
	if err != nil {
		t.Fatal(err)
	}
	k.Kill()
	if _, err := running.Wait(ctx); !errors.Is(err, ErrGone) {
		t.Errorf("after a kill: %v", err)
	}
	if err := k.Wait(ctx); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("ended by %v", err)
	}
	if err := k.Restart(ctx); err != nil {
		t.Fatal("after a kill: ", err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Dir(k.ConnectionFile)); !os.IsNotExist(err) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestStartThatFails(t *testing.T) {
	start := time.Now()
	for want, argv := range map[string][]string{
		"no command":                 nil,
		"no such file":               {"/nowhere/kernel"},
		"it cannot\n":                {"/bin/sh", "-c", "echo it cannot; exit 3"},
		"the kernel ended: exit sta": {"/bin/sh", "-c", "exit 3"},
	} {
		if k, err := Start(t.Context(), argv, nil, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", argv, err, want)
			if k != nil {
				k.Close()
			}
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, []string{"/bin/sleep", "60"}, nil, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one that does not answer: %v", err)
	}
}
