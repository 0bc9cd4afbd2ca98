package resources

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc: 100 a second on every Linux that Go runs on.
const tick = time.Second / 100

// probe reads what a process has used. The files are opened once: they belong to the process even if
// another one gets its number.
type probe struct {
	stat, status *os.File
	parent       *os.File // stat of the parent, which is told of the processor time of the dead
	before       Usage    // what the parent's other children had used at the start
	buf          []byte
}

func newProbe(pid int) *probe {
	p := &probe{buf: make([]byte, 8<<10)}
	dir := "/proc/" + strconv.Itoa(pid)
	// A process that has gone already shows in that nothing can be read.
	p.stat, _ = os.Open(dir + "/stat")
	p.status, _ = os.Open(dir + "/status")
	if s, ok := p.fields(p.stat); ok {
		p.parent, _ = os.Open("/proc/" + strconv.Itoa(s.parent) + "/stat")
		if s, ok := p.fields(p.parent); ok {
			p.before = Usage{User: s.childUser, System: s.childSystem}
		}
	}
	return p
}

func (p *probe) close() {
	for _, f := range []*os.File{p.stat, p.status, p.parent} {
		if f != nil {
			f.Close()
		}
	}
}

// read reads what the process has used; false when it has gone.
func (p *probe) read() (Usage, bool) {
	s, ok := p.fields(p.stat)
	if !ok {
		return Usage{}, false
	}
	u := Usage{User: s.user + s.childUser, System: s.system + s.childSystem}
	if b, ok := p.bytes(p.status); ok {
		u.PeakRSS = peak(b)
	}
	return u, true
}

// final reads from the parent what a process that has been waited for has used in all.
func (p *probe) final() Usage {
	if _, ok := p.fields(p.stat); ok {
		return Usage{} // not yet
	}
	s, ok := p.fields(p.parent)
	if !ok {
		return Usage{}
	}
	return Usage{User: s.childUser - p.before.User, System: s.childSystem - p.before.System}
}

func (p *probe) bytes(f *os.File) ([]byte, bool) {
	if f == nil {
		return nil, false
	}
	n, err := f.ReadAt(p.buf, 0)
	if n == 0 && err != nil {
		return nil, false
	}
	return p.buf[:n], true
}

// stat is what is used of /proc/PID/stat.
type stat struct {
	parent                               int
	user, system, childUser, childSystem time.Duration
}

func (p *probe) fields(f *os.File) (stat, bool) {
	b, ok := p.bytes(f)
	if !ok {
		return stat{}, false
	}
	return parseStat(b)
}

// parseStat reads fields 4 and 14 to 17. The second is the name in brackets, which may hold anything.
func parseStat(b []byte) (stat, bool) {
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return stat{}, false
	}
	f := bytes.Fields(b[end+1:])
	if len(f) < 15 {
		return stat{}, false
	}
	var n [5]int64
	for i, at := range []int{1, 11, 12, 13, 14} {
		v, err := strconv.ParseInt(string(f[at]), 10, 64)
		if err != nil {
			return stat{}, false
		}
		n[i] = v
	}
	t := func(i int) time.Duration { return time.Duration(n[i]) * tick }
	return stat{parent: int(n[0]), user: t(1), system: t(2), childUser: t(3), childSystem: t(4)}, true
}

// peak reads VmHWM, the most memory held at once, from /proc/PID/status.
func peak(b []byte) int64 {
	_, rest, ok := bytes.Cut(b, []byte("\nVmHWM:"))
	if !ok {
		return 0
	}
	f := bytes.Fields(rest)
	if len(f) < 2 || string(f[1]) != "kB" {
		return 0
	}
	n, err := strconv.ParseInt(string(f[0]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}
