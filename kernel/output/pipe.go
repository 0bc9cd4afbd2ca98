//go:build unix

package output

import (
	"os"

	"golang.org/x/sys/unix"
)

// readable reports whether a read would return at once.
func readable(f *os.File) (ready bool) {
	control(f, func(fd int) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		ready = err == nil && n > 0
	})
	return ready
}

// control calls fn with the descriptor of a file that is open.
func control(f *os.File, fn func(fd int)) {
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { fn(int(fd)) })
	}
}
