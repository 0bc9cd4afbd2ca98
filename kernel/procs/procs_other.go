//go:build unix && !linux

package procs

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Adopt does nothing: only Linux lets a process adopt orphans.
func Adopt() error { return nil }

// Reap does nothing, as nothing is adopted.
func (*Reaper) Reap() {}

// Now is the present time, in seconds since 1970.
func Now() int64 { return time.Now().Unix() }

// list lists all processes.
func list() []Process {
	out, err := exec.Command("ps", "-axo", "pid=,ppid=,pgid=,etime=,comm=").Output()
	if err != nil {
		return nil
	}
	var all []Process
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		var p Process
		p.PID, _ = strconv.Atoi(f[0])
		p.Parent, _ = strconv.Atoi(f[1])
		p.Group, _ = strconv.Atoi(f[2])
		p.Start = Now() - elapsed(f[3])
		p.Name = f[4]
		all = append(all, p)
	}
	return all
}

// elapsed reads a time of ps, [[days-]hours:]minutes:seconds, in seconds.
func elapsed(s string) int64 {
	days, clock, ok := strings.Cut(s, "-")
	if !ok {
		days, clock = "0", s
	}
	n, _ := strconv.ParseInt(days, 10, 64)
	sum := int64(0)
	for _, part := range strings.Split(clock, ":") {
		v, _ := strconv.ParseInt(part, 10, 64)
		sum = sum*60 + v
	}
	return n*86400 + sum
}

// ReadsInput reports false: the system does not say.
func ReadsInput(int, os.FileInfo) bool { return false }
