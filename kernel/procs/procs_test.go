package procs_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"urbangraph/kernel/procs"
)

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 5 s", what)
		}
	}
}

func TestDescendants(t *testing.T) {
	before := procs.Now()
	cmd := exec.Command("sh", "-c", "sleep 100 & sleep 100")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	eventually(t, "a shell and its two children", func() bool { return len(procs.Since(os.Getpid(), before)) >= 3 })
	if got := procs.Since(os.Getpid(), before, cmd.Process.Pid); len(got) != 0 {
		t.Errorf("the group that is kept is listed: %+v", got)
	}
	if got := procs.Since(os.Getpid(), procs.Now()+200); len(got) != 0 {
		t.Errorf("processes of the future: %+v", got)
	}
	procs.Signal(procs.Descendants(cmd.Process.Pid), syscall.SIGKILL)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	eventually(t, "no process left", func() bool { return len(procs.Since(os.Getpid(), before)) == 0 })
}

func TestOrphansAreAdopted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux lets a process adopt orphans")
	}
	if err := procs.Adopt(); err != nil {
		t.Fatal(err)
	}
	before := procs.Now()
	if err := exec.Command("sh", "-c", "sleep 100 >/dev/null 2>&1 &").Run(); err != nil {
		t.Fatal(err)
	}
	orphans := procs.Since(os.Getpid(), before)
	if len(orphans) != 1 || orphans[0].Parent != os.Getpid() {
		t.Fatalf("%+v", orphans)
	}
	procs.Signal(orphans, syscall.SIGKILL)
	var reaper procs.Reaper
	eventually(t, "the orphan is gone", func() bool {
		reaper.Reap()
		return len(procs.Since(os.Getpid(), before)) == 0
	})
}

func TestReadsInput(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says what a process waits for")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*exec.Cmd{exec.Command("cat"), exec.Command("sh", "-c", "sh -c 'cat; true'; true")} {
		c.Stdin = r
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		defer c.Wait()
		eventually(t, "cat reads", func() bool { return procs.ReadsInput(c.Process.Pid, info) })
		if procs.ReadsInput(c.Process.Pid, other) {
			t.Error("cat reads another file")
		}
	}
	w.Close()
	sleep := exec.Command("sleep", "100")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if procs.ReadsInput(sleep.Process.Pid, info) {
		t.Error("sleep does not read")
	}
	sleep.Process.Kill()
	sleep.Wait()
}

func BenchmarkReadsInput(b *testing.B) {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		procs.ReadsInput(os.Getpid(), null)
	}
}
