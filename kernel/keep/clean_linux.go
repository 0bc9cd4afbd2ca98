package keep

import (
	"os"
	"syscall"
	"unsafe"
)

// Bits of an entry of /proc/self/pagemap.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61
)

// clean reports whether none of the pages of privately mapped memory was written to: the kernel still has
// those of the file there, or none.
func clean(at unsafe.Pointer, size uintptr) bool {
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return false
	}
	defer f.Close()
	page := uintptr(syscall.Getpagesize())
	first, last := uintptr(at)/page, (uintptr(at)+size-1)/page
	buf := make([]byte, 64<<10)
	for i := first; i <= last; {
		n := min(uintptr(len(buf)/8), last-i+1)
		if k, err := f.ReadAt(buf[:8*n], int64(8*i)); k < int(8*n) || err != nil {
			return false
		}
		for j := range n {
			e := *(*uint64)(unsafe.Pointer(&buf[8*j]))
			if e&pageSwapped != 0 && e&pageOfFile == 0 || e&pagePresent != 0 && e&pageOfFile == 0 {
				return false
			}
		}
		i += n
	}
	return true
}
