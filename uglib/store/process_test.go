package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The tests of this file start the test binary again as a process of its own,
// which does what the variable childVariable says.
const childVariable = "UG_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childVariable); job != "" {
		if err := child(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child runs in the second process.
func child(job string) error {
	spec := &note{Text: "shared"}
	switch job {
	case "hang": // keeps a checkpoint, says so, and never ends
		spec.build = func(_ context.Context, b *Build) error {
			b.Keep("checkpoint")
			err := errors.Join(
				os.WriteFile(b.Path("checkpoint"), []byte("step 7"), 0o644),
				os.WriteFile(b.Path("text"), []byte("half"), 0o644))
			fmt.Println("ready", err)
			time.Sleep(time.Minute)
			return err
		}
	case "slow":
		spec.build = func(_ context.Context, b *Build) error {
			f, err := os.OpenFile(filepath.Join(os.Getenv(HomeVariable), "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(f, "built")
			time.Sleep(200 * time.Millisecond)
			return errors.Join(err, f.Close(), os.WriteFile(b.Path("text"), []byte("whole"), 0o644))
		}
	case "no room": // files may not grow beyond 1 kB
		signal.Ignore(unix.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1024, Max: 1024}); err != nil {
			return err
		}
		spec.build = func(_ context.Context, b *Build) error {
			return os.WriteFile(b.Path("text"), make([]byte, 4096), 0o644)
		}
	case "plain":
	default:
		return fmt.Errorf("unknown job %q", job)
	}
	a, err := Get(context.Background(), spec)
	if err != nil {
		return err
	}
	return a.Verify()
}

// process prepares the second process; its store is in root.
func process(t *testing.T, job, root string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childVariable+"="+job, HomeVariable+"="+root)
	return cmd
}

func TestKilledBuildResumes(t *testing.T) {
	s := At(t.TempDir())
	cmd := process(t, "hang", s.Root())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if got := string(line[:n]); err != nil || got != "ready <nil>\n" {
		t.Fatalf("child said %q, %v", got, err)
	}
	spec := &note{Text: "shared"}
	if _, err := s.Lookup(spec); !errors.Is(err, ErrAbsent) {
		t.Errorf("Lookup of a half-written artefact: %v, want ErrAbsent", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child was not killed")
	}
	if _, err := s.Lookup(spec); !errors.Is(err, ErrAbsent) {
		t.Errorf("Lookup after the kill: %v, want ErrAbsent", err)
	}
	if list, err := s.List(); err != nil || len(list) != 0 {
		t.Errorf("List after the kill = %v, %v", list, err)
	}
	spec.build = func(_ context.Context, b *Build) error {
		step, err := os.ReadFile(b.Path("checkpoint"))
		if !b.Resumed || string(step) != "step 7" {
			t.Errorf("Resumed = %v with checkpoint %q, %v", b.Resumed, step, err)
		}
		if _, err := os.Stat(b.Path("text")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that was not kept is there: %v", err)
		}
		return os.WriteFile(b.Path("text"), []byte("whole"), 0o644)
	}
	if _, err := s.Get(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	assertClean(t, s)
}

func TestTwoProcessesBuildOnce(t *testing.T) {
	root := t.TempDir()
	var cmds []*exec.Cmd
	for range 3 {
		cmd := process(t, "slow", root)
		cmd.Stderr = new(strings.Builder)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
	}
	log, err := os.ReadFile(filepath.Join(root, "log"))
	if err != nil || string(log) != "built\n" {
		t.Errorf("log = %q, %v; want one build", log, err)
	}
	assertClean(t, At(root))
}

func TestNoRoom(t *testing.T) {
	root := t.TempDir()
	out, err := process(t, "no room", root).CombinedOutput()
	for _, want := range []string{"file too large", "no room", root, "ug rm", HomeVariable} {
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %q, want %q", err, out, want)
		}
	}
	assertClean(t, At(root))
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here:", err)
	}
	defer full.Close()
	s := At(t.TempDir())
	spec := &note{Text: "x", build: func(context.Context, *Build) error {
		_, err := full.Write([]byte("x"))
		return err
	}}
	_, err = s.Get(t.Context(), spec)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "ug rm") || !strings.Contains(err.Error(), s.Root()) {
		t.Errorf("error = %v", err)
	}
	assertClean(t, s)
}

func TestReadOnlyRoot(t *testing.T) {
	root, err := os.MkdirTemp("/tmp", "store-test-") // where another user gets in, unlike t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(os.Chmod(root, 0o755), os.RemoveAll(root)); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	cmd := process(t, "plain", root)
	if os.Getuid() == 0 { // to whom no folder is read-only
		exe := filepath.Join(t.TempDir(), "test") // a copy that another user can start
		for d := filepath.Dir(exe); d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(cmd.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(exe, data, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Dir = exe, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skip("cannot start a process as another user:", err)
	}
	for _, want := range []string{"cannot write", root, "set " + HomeVariable} {
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %q, want %q", err, out, want)
		}
	}
}

func TestRootThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(HomeVariable, file)
	_, err := Get(t.Context(), &note{Text: "x"})
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("Default in a file: %v", err)
	}
	if _, err := At(file).Get(t.Context(), &note{Text: "x"}); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("At a file: %v", err)
	}
}

func TestDefault(t *testing.T) {
	root := filepath.Join(t.TempDir(), "deep", "home")
	t.Setenv(HomeVariable, root)
	s, err := Default()
	if err != nil || s.Root() != root {
		t.Fatalf("Default = %v, %v", s, err)
	}
	t.Setenv(HomeVariable, "")
	t.Setenv("XDG_CACHE_HOME", root)
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	if s, err := Default(); err != nil || s.Root() != filepath.Join(cache, "urbangraph") {
		t.Errorf("Default without %s = %v, %v", HomeVariable, s, err)
	}
}
