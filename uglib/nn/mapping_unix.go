//go:build unix

package nn

import (
	"os"

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

func unmapFile(data []byte) error { return unix.Munmap(data) }
