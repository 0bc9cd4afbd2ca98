package nn

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// preferHugePages asks the system to back data with huge pages where it has
// none yet. What else lies in the first and the last of them may get one with
// it: tensors that follow each other in Go's heap leave no gaps.
func preferHugePages(data []byte) {
	const huge = 2 << 20
	if len(data) < huge {
		return
	}
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	from, to := begin&^(huge-1), (begin+uintptr(len(data))+huge-1)&^(huge-1)
	// A raw call, as the range is no slice of Go's. Failing is no harm.
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_HUGEPAGE)
}
