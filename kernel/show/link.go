package show

import (
	"os"
	"strconv"
	"sync"
	"syscall"

	"urbangraph/kernel/internal/shown"
)

// link is the way to the kernel.
type link struct {
	mu     sync.Mutex
	pipe   *os.File // nil outside the kernel, and when the kernel has gone
	stdout *os.File // as it was at the start: os.Stdout may be assigned
	seq    uint32
}

var kernel = connect()

// connect takes the pipe that the kernel has given to the program, and keeps it from programs that are
// started from here.
func connect() *link {
	l := &link{stdout: os.Stdout}
	fd, err := strconv.Atoi(os.Getenv(shown.Env))
	if err != nil || fd <= 2 {
		return l
	}
	os.Unsetenv(shown.Env)
	f := os.NewFile(uintptr(fd), "display pipe")
	if f == nil {
		return l
	}
	if s, err := f.Stat(); err != nil || s.Mode()&os.ModeNamedPipe == 0 {
		return l
	}
	syscall.CloseOnExec(fd)
	l.pipe = f
	return l
}

// there reports whether there is a kernel.
func (l *link) there() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pipe != nil
}

// send sends a frame and marks its place in standard output. It reports whether the kernel took it.
func (l *link) send(f shown.Frame) bool {
	if f.Size() > shown.Limit {
		f.Metadata = nil
		f.Data = []shown.Part{{Name: plain, Value: []byte("not shown: " + strconv.Itoa(f.Size()>>20) + " MB, more than the limit of " + strconv.Itoa(shown.Limit>>20) + " MB")}}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pipe == nil {
		return false
	}
	f.Seq = l.seq + 1
	if _, err := l.pipe.Write(f.Append(make([]byte, 0, f.Size()))); err != nil {
		l.pipe = nil
		return false
	}
	l.seq++
	// Where standard output is closed, the kernel shows the frame when the program ends.
	_, _ = l.stdout.WriteString(shown.Mark(f.Seq))
	return true
}

// print prints text where there is no kernel.
func print(text string) {
	if text == "" {
		return
	}
	if text[len(text)-1] != '\n' {
		text += "\n"
	}
	// As with fmt.Println, there is nobody to tell.
	_, _ = os.Stdout.WriteString(text)
}
