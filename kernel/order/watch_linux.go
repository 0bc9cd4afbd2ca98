package order

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif.
type notification struct {
	id       uint64
	pid      uint32
	flags    uint32
	call     int32
	arch     uint32
	position uint64
	args     [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

// goOn lets the call be made as if nothing had been.
const goOn = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE

// Watch calls before and after around each write to file descriptor 2 that goes to the pipe with the given
// read end, until no process with the filter is left. after is called at once when the write goes on, not
// when it is done. Watch closes the listener.
func Watch(listener, pipe *os.File, before, after func()) {
	defer listener.Close()
	raw, err := listener.SyscallConn()
	if err != nil {
		return
	}
	ours := inode(pipe)
	for {
		var n notification
		var e error
		first := true
		err := raw.Read(func(fd uintptr) bool {
			if first {
				first = false
				p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
				if got, _ := unix.Poll(p, 0); got == 0 {
					return false
				}
			}
			e = control(fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n))
			return e != syscall.EAGAIN
		})
		switch {
		case err != nil:
			return
		case e == syscall.EINTR, e == syscall.ENOENT && alive(raw): // the writer was interrupted meanwhile
			continue
		case e != nil:
			return
		}
		concerns := n.args[2] > 0 && link(n.pid) == ours
		if concerns {
			before()
		}
		r := response{id: n.id, flags: goOn}
		raw.Control(func(fd uintptr) { control(fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)) })
		if concerns {
			after()
		}
	}
}

// alive reports whether processes with the filter are left.
func alive(raw syscall.RawConn) bool {
	ok := true
	raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		unix.Poll(p, 0)
		ok = p[0].Revents&unix.POLLHUP == 0
	})
	return ok
}

// control is ioctl(2).
func control(fd uintptr, request uint, arg unsafe.Pointer) error {
	if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, fd, uintptr(request), uintptr(arg)); e != 0 {
		return e
	}
	return nil
}

// inode names a pipe as links in /proc do.
func inode(pipe *os.File) (name string) {
	fi, err := pipe.Stat()
	if err != nil {
		return "?"
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return "?"
	}
	return fmt.Sprintf("pipe:[%d]", st.Ino)
}

// link is what file descriptor 2 of a process leads to.
func link(pid uint32) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/2", pid))
	return name
}
