package launch

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/gofront"
)

func TestEnvironment(t *testing.T) {
	o := Options{Repo: "/clone", State: "/clone/.ug"}
	tc := gofront.Toolchain{Go: "/goroot/bin/go", Root: "/goroot"}
	env := gofront.NewDaemon(settings(o, tc, "/work")).Environ([]string{"UG_HOME=/data", "PATH=/usr/bin"})
	got := map[string]string{}
	for _, e := range env {
		k, v, _ := strings.Cut(e, "=")
		got[k] = v
	}
	for k, want := range map[string]string{
		"PATH":         "/clone/.ug/front:/clone/.ug/bin:/goroot/bin:/usr/bin",
		"UG_HOME":      "/data",
		"GOFLAGS":      gofront.BuildFlags,
		"GOEXPERIMENT": "simd",
		"CGO_ENABLED":  "0",
	} {
		if got[k] != want && os.Getenv(k) == "" || k == "PATH" && got[k] != want {
			t.Errorf("%s=%s, want %s", k, got[k], want)
		}
	}
	if _, ok := got["GOGC"]; ok {
		t.Error("GOGC is set, which would change the memory that cells take")
	}
}

func TestArguments(t *testing.T) {
	a := strings.Join(arguments(Options{Connection: "/c.json"}, "/work"), " ")
	if !strings.HasPrefix(a, "--kernel /c.json ") || !strings.Contains(a, "-raw_error") || !strings.Contains(a, "-log_file=/work/gonb.log") {
		t.Errorf("arguments %s", a)
	}
	if a := strings.Join(arguments(Options{HTMLErrors: true}, "/work"), " "); strings.Contains(a, "-raw_error") {
		t.Errorf("arguments %s", a)
	}
}

func TestRunWithoutSetup(t *testing.T) {
	code, err := Run(context.Background(), Options{Connection: "x", Repo: t.TempDir(), State: t.TempDir()})
	if code == 0 || err == nil || !strings.Contains(err.Error(), "ugkernel lab") {
		t.Errorf("exit status %d, error %v", code, err)
	}
}

func TestSupervise(t *testing.T) {
	for script, want := range map[string]int{
		"exit 0":        0,
		"exit 7":        7,
		"kill -KILL $$": 128 + int(syscall.SIGKILL),
	} {
		code, err := supervise(context.Background(), exec.Command("sh", "-c", script))
		if code != want || err != nil {
			t.Errorf("%s: exit status %d, error %v, want %d", script, code, err, want)
		}
	}
	if code, err := supervise(context.Background(), exec.Command("/no/such/program")); code != 1 || err == nil {
		t.Errorf("a missing program: exit status %d, error %v", code, err)
	}
}

// childThatTells is a program that says when it is ready, by making the file, and ends by 9 when it is
// asked to end.
func childThatTells(file string) *exec.Cmd {
	return exec.Command("sh", "-c", `trap 'exit 9' TERM; : > "$0"; while :; do sleep 0.05; done`, file)
}

// waitFor waits until a file is there.
func waitFor(t *testing.T, file string) {
	t.Helper()
	for range 500 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", file)
}

func TestSignalsPassOn(t *testing.T) {
	for _, how := range []string{"context", "signal"} {
		ready := filepath.Join(t.TempDir(), "ready")
		ctx, cancel := context.WithCancel(context.Background())
		result := make(chan int, 1)
		go func() {
			code, _ := supervise(ctx, childThatTells(ready))
			result <- code
		}()
		waitFor(t, ready)
		if how == "context" {
			cancel()
		} else {
			syscall.Kill(os.Getpid(), syscall.SIGTERM)
		}
		select {
		case code := <-result:
			if code != 9 {
				t.Errorf("%s: exit status %d, want 9", how, code)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the child did not end", how)
		}
		cancel()
	}
}

// TestEndsWithoutParent starts a kernel's supervisor under a shell that goes away.
func TestEndsWithoutParent(t *testing.T) {
	if dir := os.Getenv("LAUNCH_TEST_DIR"); dir != "" { // the supervisor
		code, err := supervise(context.Background(), childThatTells(filepath.Join(dir, "ready")))
		if err != nil || code != 9 {
			t.Errorf("exit status %d, error %v", code, err)
			return
		}
		os.WriteFile(filepath.Join(dir, "ended"), nil, 0o644)
		return
	}
	dir := t.TempDir()
	sh := exec.Command("sh", "-c", `"$0" -test.run='^TestEndsWithoutParent$' & wait`, os.Args[0])
	sh.Env = append(os.Environ(), "LAUNCH_TEST_DIR="+dir, "JPY_PARENT_PID=1")
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, filepath.Join(dir, "ready"))
	sh.Process.Kill()
	sh.Wait()
	waitFor(t, filepath.Join(dir, "ended"))
}
