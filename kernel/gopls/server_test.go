package gopls

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestFakeAnswers(t *testing.T) {
	s := serve(t, withFake("works"))
	c := complete(t, s, notebook, "x := 1\nfmt.Pr|in")
	if c.Own || !slices.Equal(c.Matches, []string{"PrPrinted"}) || c.Kinds[0] != Function || c.Signatures[0] != "func()" {
		t.Errorf("%+v", c)
	}
	if c.Start != 11 || c.End != 15 {
		t.Errorf("replaces %d to %d, want 11 to 15", c.Start, c.End)
	}
	got, ok, err := s.Inspect(context.Background(), notebook, "fmt.Print", 5, 0)
	if err != nil || !ok || got["text/markdown"] != "said" || got["text/plain"] != "said" {
		t.Errorf("%v %v %v", got, ok, err)
	}
}

// TestMisbehaviour checks that a request is answered whatever gopls does.
func TestMisbehaviour(t *testing.T) {
	for _, mode := range []string{"exits at once", "says nothing", "dies when asked", "speaks garbage", "answers never", "refuses", "stops reading"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(o *Options) {
				withFake(mode)(o)
				o.Patience = 300 * time.Millisecond
			})
			for range 4 {
				began := time.Now()
				c := complete(t, s, notebook, "fmt.Println(help|)")
				if !c.Own || !slices.Contains(c.Matches, "helper") {
					t.Errorf("%+v", c)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("took %v", took)
				}
			}
			began := time.Now()
			s.Close()
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("closing took %v", took)
			}
		})
	}
	t.Run("is not there", func(t *testing.T) {
		s := serve(t, func(o *Options) { o.Gopls = "/nowhere/gopls" })
		if c := complete(t, s, notebook, "help|"); !c.Own || !slices.Contains(c.Matches, "helper") {
			t.Errorf("%+v", c)
		}
	})
}

func TestSilentIsDropped(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *Options) {
		withFake("answers never")(o)
		o.Patience = 100 * time.Millisecond
	})
	for s.Process() == 0 {
		complete(t, s, notebook, "zzz|")
	}
	first := s.Process()
	s.mu.Lock()
	s.session.conn.asked.Store(time.Now().Add(-2 * hangLimit).UnixNano())
	s.mu.Unlock()
	complete(t, s, notebook, "zzz|")
	for range 20 {
		complete(t, s, notebook, "zzz|")
		if p := s.Process(); p != 0 && p != first {
			return
		}
	}
	t.Errorf("process %d, at first %d", s.Process(), first)
}

func TestRestart(t *testing.T) {
	s := serve(t, withFake("works"))
	open := func() int {
		files, _ := os.ReadDir("/proc/self/fd")
		return len(files)
	}
	before := 0
	for i := range 12 {
		if i == 2 {
			before = open()
		}
		if c := complete(t, s, notebook, "fmt.Pr|"); c.Own {
			t.Fatal("answered without gopls")
		}
		pid := s.Process()
		if pid == 0 {
			t.Fatal("no process")
		}
		syscall.Kill(pid, syscall.SIGKILL)
		for syscall.Kill(pid, 0) == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if c := complete(t, s, notebook, "fmt.Pr|"); c.Own {
		t.Error("not started again")
	}
	if now := open(); now > before+6 {
		t.Errorf("%d files are open, before %d", now, before)
	}
}

// TestEndsWithChildren checks that what gopls has started ends with it, whether it is killed or closed.
func TestEndsWithChildren(t *testing.T) {
	for _, kill := range []bool{true, false} {
		s := serve(t, withFake("starts another"))
		complete(t, s, notebook, "fmt.Pr|")
		pid := s.Process()
		if n := members(pid); n != 2 {
			t.Skipf("%d processes are seen in the group, want 2", n)
		}
		if kill {
			syscall.Kill(pid, syscall.SIGKILL)
		} else {
			s.Close()
		}
		for end := time.Now().Add(5 * time.Second); members(pid) > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("killed %v: %d processes live on", kill, members(pid))
			}
		}
	}
}

func TestSupersededIsDropped(t *testing.T) {
	s := serve(t, func(o *Options) {
		withFake("answers never")(o)
		o.Patience = 50 * time.Millisecond
	})
	for s.Process() == 0 {
		complete(t, s, notebook, "zzz|")
	}
	for range 5 {
		complete(t, s, notebook, "zzz|")
	}
	c := s.session.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) > 2 {
		t.Errorf("%d questions are still awaited, want the first and the last", len(c.pending))
	}
}

func TestReload(t *testing.T) {
	written := 0
	s := serve(t, func(o *Options) {
		withFake("works")(o)
		write := o.Module
		o.Module = func(dir string) error {
			written++
			return write(dir)
		}
	})
	complete(t, s, notebook, "fmt.Pr|")
	first := s.Process()
	s.Reload()
	for end := time.Now().Add(5 * time.Second); s.Process() == first; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("gopls goes on")
		}
	}
	if c := complete(t, s, notebook, "fmt.Pr|"); c.Own || written != 2 {
		t.Errorf("%+v, the module was written %d times", c, written)
	}
}

func TestFailuresPause(t *testing.T) {
	t.Parallel()
	s := serve(t, withFake("exits at once"))
	for range 2 * maxFailures {
		complete(t, s, notebook, "help|")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures != maxFailures || time.Until(s.retry) < failurePause/2 {
		t.Errorf("%d failures, next try in %v", s.failures, time.Until(s.retry))
	}
}

func TestSuperseded(t *testing.T) {
	t.Parallel()
	s := serve(t, withFake("answers late"))
	complete(t, s, notebook, "fmt.P|") // is started
	var wg sync.WaitGroup
	var mu sync.Mutex
	var superseded, answered int
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c, err := s.Complete(context.Background(), notebook, "fmt.P", 5)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrSuperseded):
				superseded++
			case err == nil && len(c.Matches) > 0:
				answered++
			default:
				t.Errorf("%+v %v", c, err)
			}
		}()
	}
	// An inspection supersedes no completion.
	if _, ok, err := s.Inspect(context.Background(), notebook, "fmt.Print", 5, 0); err != nil || !ok {
		t.Errorf("inspection: %v %v", ok, err)
	}
	wg.Wait()
	if answered < 1 || superseded < 1 || answered+superseded != 8 {
		t.Errorf("%d answered, %d superseded", answered, superseded)
	}
}

func TestCancel(t *testing.T) {
	s := serve(t, withFake("answers never"))
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	if _, err := s.Complete(ctx, notebook, "zzzz.", 5); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	s.Close()
	if _, err := s.Complete(context.Background(), notebook, "fmt.", 4); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, _, err := s.Inspect(context.Background(), notebook, "fmt.", 2, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	s.Warm(notebook)
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("the shadow module is left: %v", err)
	}
}

func TestWarmAndRest(t *testing.T) {
	t.Parallel()
	s := serve(t, func(o *Options) {
		withFake("works")(o)
		o.Idle = 200 * time.Millisecond
	})
	s.Warm(notebook)
	wait := func(running bool) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); (s.Process() != 0) != running; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("running is not %v", running)
			}
		}
	}
	wait(true)
	wait(false)
	if c := complete(t, s, notebook, "fmt.Pr|"); c.Own {
		t.Error("not started again")
	}
}

// TestEndsWithKernel checks that gopls does not outlive a kernel that is killed.
func TestEndsWithKernel(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := killed(t.TempDir(), self)
	if err != nil || pid == 0 {
		t.Fatalf("process %d: %v", pid, err)
	}
	for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// alive reports whether a process runs; one that has ended but was not waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
