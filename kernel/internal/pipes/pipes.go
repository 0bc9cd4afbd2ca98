//go:build unix

// Package pipes tells of pipes what reading them would tell only by waiting.
package pipes

import (
	"os"

	"golang.org/x/sys/unix"
)

// Ready reports whether a read would return at once, because there is something to read or because nobody
// can write any more. Of a closed file it reports false.
func Ready(f *os.File) (ready bool) {
	Control(f, func(fd int) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		ready = err == nil && n > 0
	})
	return ready
}

// Control calls fn with the descriptor of a file, and does not when the file is closed.
func Control(f *os.File, fn func(fd int)) {
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { fn(int(fd)) })
	}
}
