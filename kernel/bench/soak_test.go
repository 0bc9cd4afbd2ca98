package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"urbangraph/kernel/bench"
	"urbangraph/kernel/lab"
	"urbangraph/kernel/lab/labtest"
)

// open prepares measurements in a folder for temporary files of its own, which must be empty at the end. The
// long ones run with UG_FULL=1.
func open(t *testing.T) *bench.Bench {
	t.Helper()
	if os.Getenv("UG_FULL") == "" {
		t.Skip("runs for minutes: set UG_FULL=1")
	}
	if runtime.GOOS != "linux" {
		t.Skip("looks at /proc")
	}
	l, err := lab.FindLayout(".")
	if err != nil {
		t.Fatal(err)
	}
	if err := (&lab.Setup{Layout: l, NoPython: true}).Run(t.Context()); err != nil {
		labtest.Unavailable(t, err)
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	b, err := bench.New(t.Context(), l, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			left, err := filepath.Glob(filepath.Join(tmp, "*"))
			if err != nil || len(left) > 0 && time.Now().After(end) {
				t.Errorf("left behind: %v %v", left, err)
			}
			if err != nil || len(left) == 0 || time.Now().After(end) {
				return
			}
		}
	})
	return b
}

// within bounds a trial.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestThousandCells(t *testing.T) {
	g, err := open(t).Many(within(t, 20*time.Minute), 1000)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", g)
	if g.MemoryEnd > g.Memory+24<<20 {
		t.Errorf("memory has grown from %d to %d MB", g.Memory>>20, g.MemoryEnd>>20)
	}
	if g.FilesEnd > g.Files+6 || g.Processes > 0 {
		t.Errorf("open files %d, then %d; %d processes are left", g.Files, g.FilesEnd, g.Processes)
	}
}

func TestHundredMegabytes(t *testing.T) {
	const size = 100e6
	came, took, err := open(t).Flood(within(t, 5*time.Minute), size)
	if err != nil || came != size {
		t.Errorf("%d of %d bytes came: %v", came, int(size), err)
	}
	t.Logf("%.1f s", took.Seconds())
}

func TestTwoHundredKills(t *testing.T) {
	killed, err := open(t).Kills(within(t, 20*time.Minute), 200)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(killed)
	for _, kind := range []string{"gonb", "gopls", "cell", "build"} {
		if killed[kind] == 0 {
			t.Errorf("no %s was killed", kind)
		}
	}
}
