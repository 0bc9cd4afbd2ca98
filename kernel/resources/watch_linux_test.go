package resources

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const burnEnv = "UG_TEST_BURN"

func TestMain(m *testing.M) {
	if d, err := time.ParseDuration(os.Getenv(burnEnv)); err == nil {
		burn(d)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// burn uses a processor for a while, and 100 MB.
func burn(d time.Duration) {
	b := bytes.Repeat([]byte{1}, 100<<20)
	for {
		var ru syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &ru) != nil || time.Duration(ru.Utime.Nano()+ru.Stime.Nano()) > d {
			break
		}
	}
	os.Stdout.Write(b[:1])
}

func TestWatch(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), burnEnv+"=300ms")
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := Watch(cmd.Process.Pid)
	time.Sleep(20 * time.Millisecond)
	early := w.Now()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	u := w.Stop()
	took := time.Since(start)

	ru := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if real := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); u.CPU() < real-3*tick || u.CPU() > real+3*tick {
		t.Errorf("%v of processor time, the system says %v", u.CPU(), real)
	}
	if peak := ru.Maxrss << 10; u.PeakRSS < 100<<20 || u.PeakRSS > peak+peak/10 {
		t.Errorf("peak of %d bytes, the system says %d", u.PeakRSS, peak)
	}
	if u.Wall < 200*time.Millisecond || u.Wall > took {
		t.Errorf("%v on the wall, of %v", u.Wall, took)
	}
	if early.Wall <= 0 || early.Wall > u.Wall || early.CPU() > u.CPU() {
		t.Errorf("early %v, late %v", early, u)
	}
	if again := w.Stop(); again != u {
		t.Errorf("a second Stop: %v, not %v", again, u)
	}
}

// Of a cell that ends before anybody has looked, the parent tells the processor time. Children of others
// are not counted.
func TestWatchShort(t *testing.T) {
	before := exec.Command(os.Args[0])
	before.Env = append(os.Environ(), burnEnv+"=400ms")
	if err := before.Run(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), burnEnv+"=250ms")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := newProbe(cmd.Process.Pid)
	defer p.close()
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), burnEnv+"=50ms")
	if err := other.Run(); err != nil {
		t.Fatal(err)
	}
	if u := p.final(); u != (Usage{}) {
		t.Errorf("a living process has the final usage %v", u)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, ok := p.read(); ok {
		t.Error("a dead process is read")
	}
	want := time.Duration(0) // the parent cannot tell its children apart
	for _, c := range []*exec.Cmd{cmd, other} {
		want += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	if got := p.final().CPU(); got < want-4*tick || got > want+4*tick {
		t.Errorf("final usage %v, want %v", got, want)
	}
}

func TestWatchNobody(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Skip(err)
	}
	for _, pid := range []int{cmd.Process.Pid, -1, 0, 1 << 30} {
		w := Watch(pid)
		if u := w.Stop(); u.CPU() != 0 || u.PeakRSS != 0 {
			t.Errorf("process %d: %v", pid, u)
		}
	}
}

// Watching leaves no files and no goroutines behind, also for processes that outlive it.
func TestWatchLeaksNothing(t *testing.T) {
	count := func() int {
		f, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(f)
	}
	before := count()
	for range 20 {
		w := Watch(os.Getpid())
		if u := w.Stop(); u.PeakRSS == 0 {
			t.Error("no peak of this process")
		}
		<-w.ended
	}
	if after := count(); after > before {
		t.Errorf("%d files, %d before", after, before)
	}
}

func TestParseStat(t *testing.T) {
	line := func(name string) []byte {
		s := "12 (" + name + ") S 34"
		for i := 5; i <= 20; i++ {
			s += " " + strconv.Itoa(i)
		}
		return []byte(s + "\n")
	}
	for _, name := range []string{"cat", "a b", ") S 1 (", "", "ünï) )"} {
		got, ok := parseStat(line(name))
		if want := (stat{34, 14 * tick, 15 * tick, 16 * tick, 17 * tick}); !ok || got != want {
			t.Errorf("%q: %+v, %v", name, got, ok)
		}
	}
	for _, b := range []string{"", "12 (a", "12 (a) S 1 2", "12 (a) S x 5 6 7 8 9 10 11 12 13 14 15 16 17"} {
		if got, ok := parseStat([]byte(b)); ok {
			t.Errorf("%q: %+v", b, got)
		}
	}
}

func TestPeak(t *testing.T) {
	for s, want := range map[string]int64{
		"Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    1024 kB\nVmRSS: 1 kB\n": 1 << 20,
		"Name:\tx\n": 0, "x\nVmHWM:": 0, "x\nVmHWM: a kB": 0, "x\nVmHWM: 3 MB": 0,
	} {
		if got := peak([]byte(s)); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func BenchmarkLook(b *testing.B) {
	w := Watch(os.Getpid())
	defer w.Stop()
	for b.Loop() {
		w.look()
	}
}
