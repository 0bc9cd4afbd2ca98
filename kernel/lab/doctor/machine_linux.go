package doctor

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Memory that a cell may take while it is linked, and with a small model.
const plentyMemory = 1e9

// plentyFiles is the number of open files with which several notebooks and their gopls get along.
const plentyFiles = 1024

// diskSpace is the space, in bytes, and the number of files (-1 when unlimited) that a user may still put
// onto the disk of a folder, and what tells that disk from others.
func diskSpace(dir string) (free, files int64, id string, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, "", err
	}
	files = int64(s.Ffree)
	if s.Files == 0 {
		files = -1
	}
	return int64(s.Bavail) * s.Bsize, files, fmt.Sprint(s.Fsid, s.Blocks), nil
}

// processes checks /proc, by which the kernel finds what a cell has left running.
func (e *exam) processes() {
	const check = "/proc"
	stat, err := os.ReadFile("/proc/self/stat")
	if err == nil && !strings.HasPrefix(string(stat), strconv.Itoa(os.Getpid())+" ") {
		err = fmt.Errorf("/proc/self/stat is of process %.10s, this one is %d", stat, os.Getpid())
	}
	if err == nil {
		_, err = os.ReadDir("/proc/self/fd")
	}
	if err != nil {
		e.add(check, Warn, "mount it (mount -t proc proc /proc)", "what cells leave running may stay: %v", err)
		return
	}
	e.add(check, OK, "", "readable")
}

// limits looks at open files and memory.
func (e *exam) limits() {
	const check = "limits"
	before := len(e.findings)
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err == nil && l.Cur < plentyFiles {
		e.add(check, Warn, fmt.Sprintf("ulimit -n %d", plentyFiles), "at most %d open files", l.Cur)
	}
	if free, ok := memAvailable(); ok && free < plentyMemory {
		e.add(check, Warn, "close programs; a cell takes some 200 MB while it is linked", "%s of memory available", bytesText(free))
	}
	if len(e.findings) == before {
		e.add(check, OK, "", "open files and memory suffice")
	}
}

// memAvailable is the memory, in bytes, that programs can still take.
func memAvailable() (int64, bool) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb * 1024, err == nil
		}
	}
	return 0, false
}
