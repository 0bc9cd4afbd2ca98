package procs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Adopt makes this process the parent of descendants whose own parent has ended, so that they are found.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// Reap takes note of the end of adopted processes, which would stay as zombies. It leaves alone what it sees
// for the first time: the end of its own children this program notes by itself, and sooner.
func (r *Reaper) Reap() {
	seen := map[int]int64{}
	for _, p := range list() {
		if p.Parent != os.Getpid() || !p.Ended {
			continue
		}
		if start, ok := r.seen[p.PID]; ok && start == p.Start {
			unix.Wait4(p.PID, nil, unix.WNOHANG, nil)
			continue
		}
		seen[p.PID] = p.Start
	}
	r.seen = seen
}

// Now is the present time, in clock ticks since the start of the system.
func Now() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return t.Nano() / (1e9 / ticks)
}

// ticks are clock ticks in a second, as /proc counts them on every Linux (USER_HZ).
const ticks = 100

// list lists all processes.
func list() []Process {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var all []Process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := stat(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// stat reads /proc/<pid>/stat. The name in it may hold blanks and parentheses.
func stat(pid int) (Process, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Process{}, false
	}
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Process{}, false
	}
	f := strings.Fields(string(text[end+1:]))
	if len(f) < 20 {
		return Process{}, false
	}
	p := Process{PID: pid, Name: string(text[open+1 : end]), Ended: f[0] == "Z"}
	p.Parent, _ = strconv.Atoi(f[1])
	p.Group, _ = strconv.Atoi(f[2])
	p.Start, _ = strconv.ParseInt(f[19], 10, 64)
	return p, true
}

// ReadsInput reports whether the process, or one that it has started, waits in a read of its standard input,
// which is the given file. It is quick enough to be asked many times a second.
func ReadsInput(pid int, input os.FileInfo) bool {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if own, err := os.Stat(fmt.Sprintf("/proc/%d/fd/0", pid)); err == nil && os.SameFile(own, input) {
		if slices.ContainsFunc(threads, waitsForInput) {
			return true
		}
	}
	if !listsChildren() {
		return slices.ContainsFunc(list(), func(p Process) bool { return p.Parent == pid && ReadsInput(p.PID, input) })
	}
	for _, t := range threads {
		text, _ := os.ReadFile(t + "/children")
		for child := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(child); err == nil && ReadsInput(pid, input) {
				return true
			}
		}
	}
	return false
}

// waitsForInput reports whether a thread waits in a read of file 0.
func waitsForInput(thread string) bool {
	text, err := os.ReadFile(thread + "/syscall")
	f := strings.Fields(string(text))
	return err == nil && len(f) > 1 && f[0] == readCall && f[1] == "0x0"
}

// listsChildren reports whether the system lists the children of a thread (CONFIG_PROC_CHILDREN), which takes
// much less than a list of all processes.
var listsChildren = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/thread-self/children")
	return err == nil
})

// readCall is the number of the read system call.
var readCall = strconv.Itoa(unix.SYS_READ)
