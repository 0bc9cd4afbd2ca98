package run

import (
	"net"

	"golang.org/x/sys/unix"
)

// sentBy reports whether the process with the given number made the connection: the kernel ends process
// groups by the numbers it is told here.
func sentBy(c *net.UnixConn, pid int) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	same := false
	raw.Control(func(fd uintptr) {
		peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		same = err == nil && int(peer.Pid) == pid
	})
	return same
}
