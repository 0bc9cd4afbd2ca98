//go:build unix

package nn

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapFile maps size bytes of a file into memory. Writing to them changes this
// process's copy of the page alone, never the file.
func mapFile(file *os.File, size int64) ([]byte, error) {
	if size == 0 || int64(int(size)) != size {
		return nil, nil
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	_ = unix.Madvise(data, unix.MADV_WILLNEED) // reading ahead is help, no need
	return data, nil
}

// dropPages takes the whole pages of mapped data, which nothing was written to,
// out of memory until they are used again.
func dropPages(data []byte) {
	page := uintptr(os.Getpagesize())
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	skip := (page - begin%page) % page
	if size := uintptr(len(data)); size >= skip+page {
		_ = unix.Madvise(data[skip:size-(size-skip)%page], unix.MADV_DONTNEED) // sparing memory is no need
	}
}

func unmapFile(data []byte) error { return unix.Munmap(data) }
