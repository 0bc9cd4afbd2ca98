package output

import (
	"os"

	"golang.org/x/sys/unix"

	"urbangraph/kernel/internal/pipes"
)

// widen makes a pipe hold more, so that a cell waits less often; refused where the user's share is used up.
func widen(f *os.File) {
	pipes.Control(f, func(fd int) { unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeSize) })
}
