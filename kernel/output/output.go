package output

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"urbangraph/kernel/display"
	"urbangraph/kernel/internal/pipes"
	"urbangraph/kernel/order"
)

// Sink takes what a cell prints and shows. Its methods are called one at a time.
type Sink interface {
	Text(stream, text string) // stream is stdout or stderr
	Show(m display.Message)
}

// Options say how output is read; the zero value reads everything as fast as it comes.
type Options struct {
	Limit   int64      // bytes of text that are handed on before the rest is left out; 0 means all
	Copy    io.Writer  // gets a copy of all text; may be nil
	Pending func() int // bytes that wait to be sent to clients; may be nil
}

const (
	pipeSize  = 1 << 20                // of the pipes, where the system allows it
	chunk     = 256 << 10              // longest text handed on at once
	batch     = 4 * time.Millisecond   // text of one stream that comes within this time is handed on together
	highWater = 64 << 20               // pending bytes from which on a cell has to wait
	stall     = 10 * time.Second       // longest wait for clients that read nothing
	holdTime  = 500 * time.Millisecond // a panic ends the program sooner than this
	announced = 50 * time.Millisecond  // longest wait for a write that was announced
	markWait  = 2 * time.Second        // longest wait for the frame that a mark speaks of
)

// Output is the output of one cell.
type Output struct {
	o    Options
	sink Sink

	stdout, stderr *stream
	shown          *os.File // read end of the display pipe
	ends           [3]*os.File

	mu           sync.Mutex // what follows, and calls of the sink
	left         int64      // bytes of text that may still be handed on
	printedBytes int64      // of text that the program has written
	cut          bool       // the notice that text was left out has been given
	hold         *holder

	stream  string // of the text that is gathered
	waiting []byte
	timer   *time.Timer // hands it on; nil when there is none

	frameMu sync.Mutex
	arrived sync.Cond
	frames  map[uint32]display.Message
	closed  bool // no more frames come

	readers sync.WaitGroup
}

// New makes the pipes and starts to read.
func New(o Options, sink Sink) (*Output, error) {
	out := &Output{o: o, sink: sink, left: o.Limit, frames: map[uint32]display.Message{}}
	out.arrived.L = &out.frameMu
	out.hold = newHolder(out)
	var reads [3]*os.File
	for i := range reads {
		r, w, err := os.Pipe()
		if err != nil {
			out.closeAll(reads[:])
			return nil, err
		}
		widen(w)
		reads[i], out.ends[i] = r, w
	}
	var err error
	if out.stdout, err = newStream(reads[0], out.printed); err == nil {
		out.stderr, err = newStream(reads[1], out.complained)
	}
	if err != nil {
		out.closeAll(reads[:])
		return nil, err
	}
	out.shown = reads[2]
	out.readers.Add(3)
	go out.follow(out.stdout)
	go out.follow(out.stderr)
	go out.collect()
	return out, nil
}

// closeAll closes both ends of the pipes.
func (out *Output) closeAll(reads []*os.File) {
	for _, f := range append(slices.Clone(out.ends[:]), reads...) {
		if f != nil {
			f.Close()
		}
	}
}

// Files are the write ends, for the program.
func (out *Output) Files() (stdout, stderr, shown *os.File) {
	return out.ends[0], out.ends[1], out.ends[2]
}

// Release closes this process's copies of the write ends, once the program has its own.
func (out *Output) Release() {
	for _, f := range out.ends {
		f.Close()
	}
}

// follow reads a stream until nobody holds its other end any more.
func (out *Output) follow(s *stream) {
	defer out.readers.Done()
	defer s.file.Close()
	for {
		if err := s.wait(); err != nil {
			break
		}
		out.throttle()
		out.mu.Lock()
		if s == out.stderr { // what was printed to standard output before it
			out.stdout.readAll()
		}
		s.read()
		end := s.over
		out.mu.Unlock()
		if end {
			break
		}
	}
	out.mu.Lock()
	defer out.mu.Unlock()
	s.finish()
	out.flush()
}

// throttle waits while clients have much to read, as long as they read at all.
func (out *Output) throttle() {
	if out.o.Pending == nil {
		return
	}
	least, since := out.o.Pending(), time.Now()
	for least > highWater && time.Since(since) < stall {
		time.Sleep(2 * time.Millisecond)
		if n := out.o.Pending(); n < least {
			least, since = n, time.Now()
		}
	}
}

// Ordered is called when the program announces each of its writes to standard error through a listener, see
// package order. It returns at once.
func (out *Output) Ordered(listener *os.File) {
	out.readers.Add(1)
	go func() {
		defer out.readers.Done()
		order.Watch(listener, out.stderr.file, func() {
			out.mu.Lock()
			out.catchUp()
		}, func() {
			defer out.mu.Unlock()
			// Nothing else is read before the write has arrived.
			for end := time.Now().Add(announced); !pipes.Ready(out.stderr.file) && time.Now().Before(end); {
				runtime.Gosched()
			}
			out.stderr.readAll()
		})
	}()
}

// catchUp takes all text that has been written until now.
func (out *Output) catchUp() {
	out.stdout.readAll()
	out.stderr.readAll()
}

// Flush hands on all text that has been written until now.
func (out *Output) Flush() {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.catchUp()
	out.flush()
}

// Show hands on a display that came another way, after all that was printed before it.
func (out *Output) Show(m display.Message) {
	out.mu.Lock()
	defer out.mu.Unlock()
	out.catchUp()
	out.flush()
	out.sink.Show(m)
}

// Finish is called when the program has ended: all that it has written is handed on. It returns the text
// of a panic, which was held back, "" when there was none. What processes that the program has left behind
// still write is handed on later.
func (out *Output) Finish() (panicked string) {
	out.mu.Lock()
	defer out.mu.Unlock()
	for _, s := range []*stream{out.stdout, out.stderr} {
		s.readAll()
		s.finish()
	}
	out.flush()
	for _, n := range out.unmarked() {
		out.show(n, false)
	}
	return out.hold.take()
}

// Printed is how many bytes of text the program has written.
func (out *Output) Printed() int64 {
	out.mu.Lock()
	defer out.mu.Unlock()
	return out.printedBytes
}

// text hands on text, within the limit.
func (out *Output) text(stream, text string) {
	if text == "" {
		return
	}
	out.printedBytes += int64(len(text))
	if out.o.Copy != nil {
		io.WriteString(out.o.Copy, text)
	}
	if out.o.Limit > 0 {
		if out.left <= 0 {
			out.notice()
			return
		}
		if int64(len(text)) > out.left {
			text = whole(text[:out.left])
			out.left = 0
			out.gather(stream, text)
			out.notice()
			return
		}
		out.left -= int64(len(text))
	}
	out.gather(stream, text)
}

// gather keeps text for a moment, so that what a program prints in small pieces is handed on together.
func (out *Output) gather(stream, text string) {
	if stream != out.stream {
		out.flush()
		out.stream = stream
	}
	for len(text) > chunk {
		out.flush()
		part := whole(text[:chunk])
		out.sink.Text(stream, part)
		text = text[len(part):]
	}
	out.waiting = append(out.waiting, text...)
	if len(out.waiting) >= chunk {
		out.flush()
		return
	}
	if out.timer == nil {
		out.timer = time.AfterFunc(batch, func() {
			out.mu.Lock()
			defer out.mu.Unlock()
			out.timer = nil
			out.flush()
		})
	}
}

// flush hands on what was gathered.
func (out *Output) flush() {
	if len(out.waiting) > 0 {
		text := string(out.waiting)
		out.waiting = out.waiting[:0]
		out.sink.Text(out.stream, text)
	}
}

// notice says, once, that text is left out.
func (out *Output) notice() {
	if !out.cut {
		out.cut = true
		out.flush()
		out.sink.Text("stderr", "\n[output is left out from here on: the cell has printed more than "+size(out.o.Limit)+
			"; print less, write to a file, or raise the limit: %outputlimit 1GB]\n")
	}
}

// printed takes text of standard output, in which marks may stand.
func (out *Output) printed(p []byte, last bool) (used int) {
	for len(p) > used {
		before, n, length := findMark(p[used:])
		switch {
		case length > 0:
			out.text("stdout", string(p[used:used+before]))
			used += before + length
			out.show(n, true)
		case !last:
			rest := p[used : used+before] // a mark may begin after it
			if before == len(p)-used {
				rest = wholeBytes(rest)
			}
			out.text("stdout", string(rest))
			return used + len(rest)
		default:
			out.text("stdout", string(p[used:]))
			return len(p)
		}
	}
	return used
}

// complained takes text of standard error.
func (out *Output) complained(p []byte, last bool) (used int) {
	if !last {
		p = wholeBytes(p)
	}
	return out.hold.write(p, last)
}

// collect reads the display pipe until nobody holds its other end any more.
func (out *Output) collect() {
	defer out.readers.Done()
	defer out.shown.Close()
	display.Scan(out.shown, func(m display.Message) error {
		out.frameMu.Lock()
		defer out.frameMu.Unlock()
		out.frames[m.Seq] = m
		out.arrived.Broadcast()
		return nil
	})
	out.frameMu.Lock()
	defer out.frameMu.Unlock()
	out.closed = true
	out.arrived.Broadcast()
}

// show hands on the display with a given number. The frame was written before the mark, so it is at least
// under way.
func (out *Output) show(n uint32, wait bool) {
	out.frameMu.Lock()
	if wait {
		late := false
		timer := time.AfterFunc(markWait, func() {
			out.frameMu.Lock()
			defer out.frameMu.Unlock()
			late = true
			out.arrived.Broadcast()
		})
		for {
			if _, ok := out.frames[n]; ok || late || out.closed {
				break
			}
			out.arrived.Wait()
		}
		timer.Stop()
	}
	m, ok := out.frames[n]
	delete(out.frames, n)
	out.frameMu.Unlock()
	if ok {
		out.flush()
		out.sink.Show(m)
	}
}

// unmarked lists the frames whose mark has not come, in order; a program that has closed its standard
// output cannot leave marks.
func (out *Output) unmarked() []uint32 {
	out.frameMu.Lock()
	defer out.frameMu.Unlock()
	for i := 0; i < 200 && !out.closed && pipes.Ready(out.shown); i++ { // the reader is behind
		out.frameMu.Unlock()
		time.Sleep(time.Millisecond)
		out.frameMu.Lock()
	}
	var ns []uint32
	for n := range out.frames {
		ns = append(ns, n)
	}
	slices.Sort(ns)
	return ns
}

// Wait waits until nobody writes any more, not even processes that the program has left behind.
func (out *Output) Wait() { out.readers.Wait() }

// stream is one of the two streams of text.
type stream struct {
	file *os.File
	raw  syscall.RawConn
	take func(p []byte, last bool) (used int)
	buf  []byte
	rest int // bytes at the beginning of buf that were not taken yet
	over bool
}

func newStream(f *os.File, take func([]byte, bool) int) (*stream, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &stream{file: f, raw: raw, take: take, buf: make([]byte, chunk)}, nil
}

// wait returns when there is something to read.
func (s *stream) wait() error {
	first := true
	return s.raw.Read(func(uintptr) bool {
		ready := !first
		first = false
		return ready || pipes.Ready(s.file)
	})
}

// readAll takes all that can be read now.
func (s *stream) readAll() {
	for s.read() > 0 {
	}
}

// read takes what can be read now, at most a buffer, and returns how much it was. At the end of the stream
// it is over.
func (s *stream) read() int {
	if s.over {
		return 0
	}
	got, err := readNow(s.raw, s.buf[s.rest:])
	if got <= 0 {
		s.over = err == nil || !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
		return 0
	}
	s.rest += got
	s.rest = copy(s.buf, s.buf[s.take(s.buf[:s.rest], false):s.rest])
	if s.rest == len(s.buf) { // not a mark and no character: cannot be, but must not stop the stream
		s.finish()
	}
	return got
}

// finish takes what was left over.
func (s *stream) finish() {
	s.take(s.buf[:s.rest], true)
	s.rest = 0
}

// readNow reads without waiting, while another goroutine may wait for the same file.
func readNow(raw syscall.RawConn, p []byte) (n int, err error) {
	if e := raw.Control(func(fd uintptr) { n, err = syscall.Read(int(fd), p) }); e != nil {
		return 0, e
	}
	return n, err
}
