package main

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"urbangraph/kernel/internal/frame"
)

// orderEnv is the variable that holds the path of the kernel's socket for the order of output, as in package
// order; the user's variable orderOff turns the matter off.
const (
	orderEnv = "UGKERNEL_ORDER"
	orderOff = "UG_ORDER"
)

// orderLimit is how many seconds the kernel may take.
const orderLimit = 2

// Of seccomp(2), prctl(2) and the filter language.
const (
	setFilter     = 1      // SECCOMP_SET_MODE_FILTER
	newListener   = 1 << 3 // SECCOMP_FILTER_FLAG_NEW_LISTENER
	waitKillable  = 1 << 5 // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, of newer systems
	noNewRights   = 38     // PR_SET_NO_NEW_PRIVS
	load          = 0x20   // a word of struct seccomp_data
	jumpEqual     = 0x15
	result        = 0x06
	notifyUser    = 0x7fc00000
	allow         = 0x7fff0000
	atCall        = 0
	atArch        = 4
	atFirstArg    = 16
	standardError = 2
)

// machine is what a filter has to know of a kind of machine.
type machine struct {
	arch           uint32
	seccomp        uintptr
	write, writeTo uint32 // write and writev
}

var machines = map[string]machine{
	"amd64": {0xc000003e, 317, 1, 20},
	"arm64": {0xc00000b7, 277, 64, 66},
}

// announceErrors has the kernel told of each write to standard error that the program is going to make. It
// must be called on the thread that becomes the program. Where that is refused, the program runs without.
func announceErrors(socket string) {
	m, ok := machines[runtime.GOARCH]
	if !ok || socket == "" || os.Getenv(orderOff) == "off" {
		return
	}
	c, err := frame.Dial(socket, orderLimit)
	if err != nil {
		return
	}
	defer c.Close()
	fd, ok := m.install()
	if !ok {
		return
	}
	// From here on a write to standard error waits for the kernel.
	if c.SendFile(fd, strconv.Itoa(os.Getpid())) == nil {
		c.Receive()
	}
	syscall.Close(fd)
}

// install installs the filter and returns its listener.
func (m machine) install() (fd int, ok bool) {
	filter := []syscall.SockFilter{
		{Code: load, K: atArch}, {Code: jumpEqual, Jf: 6, K: m.arch},
		{Code: load, K: atCall}, {Code: jumpEqual, Jt: 1, K: m.write}, {Code: jumpEqual, Jf: 3, K: m.writeTo},
		{Code: load, K: atFirstArg}, {Code: jumpEqual, Jf: 1, K: standardError},
		{Code: result, K: notifyUser}, {Code: result, K: allow},
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	try := func() (uintptr, syscall.Errno) {
		for _, flags := range []uintptr{newListener | waitKillable, newListener} {
			fd, _, e := syscall.RawSyscall(m.seccomp, setFilter, flags, uintptr(unsafe.Pointer(&program)))
			if e != syscall.EINVAL {
				return fd, e
			}
		}
		return 0, syscall.EINVAL
	}
	listener, e := try()
	if e == syscall.EACCES { // not root
		if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, noNewRights, 1, 0, 0, 0, 0); e != 0 {
			return 0, false
		}
		listener, e = try()
	}
	runtime.KeepAlive(filter)
	return int(listener), e == 0
}
