package gofront

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// endWithParent asks the kernel to end this process, and the program it becomes, with its parent.
func endWithParent() {
	unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0, 0, 0)
}
