package procs

import (
	"slices"
	"syscall"
)

// Process is a process as the system lists it.
type Process struct {
	PID    int
	Parent int
	Group  int
	Start  int64 // when it was started, in the units of [Now]
	Name   string
	Ended  bool // a zombie: nobody has taken note of its end
}

// Reaper takes note of the end of adopted processes.
type Reaper struct{ seen map[int]int64 }

// Descendants lists the children of a process, their children, and so on.
func Descendants(root int) []Process {
	all := list()
	inside := map[int]bool{root: true}
	var found []Process
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if inside[p.Parent] && !inside[p.PID] {
				inside[p.PID], grown = true, true
				found = append(found, p)
			}
		}
	}
	return found
}

// Since lists the descendants of root that were started at or after a time of [Now], without those of the
// process groups in keep.
func Since(root int, start int64, keep ...int) []Process {
	return slices.DeleteFunc(Descendants(root), func(p Process) bool {
		return p.Start < start || slices.Contains(keep, p.Group)
	})
}

// Signal sends a signal to each process; those that have ended meanwhile are passed over.
func Signal(ps []Process, s syscall.Signal) {
	for _, p := range ps {
		syscall.Kill(p.PID, s)
	}
}
