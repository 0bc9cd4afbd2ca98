//go:build !linux

package doctor

import (
	"fmt"
	"syscall"
)

// diskSpace is the space, in bytes, and the number of files that a user may still put onto the disk of a
// folder, and what tells that disk from others.
func diskSpace(dir string) (free, files int64, id string, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, "", err
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Ffree), fmt.Sprint(s.Fsid), nil
}

// processes has nothing to check: the kernel looks at processes by other means than /proc.
func (e *exam) processes() {}

// limits has nothing to check.
func (e *exam) limits() {}
