package output

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Marks stand in standard output: markBegin, a number, markEnd.
const (
	markBegin = "\x1b_ug"
	markEnd   = "\x1b\\"
	markMax   = len(markBegin) + 10 + len(markEnd)
)

// findMark finds the first mark in p. It returns how many bytes stand before it, its number and its length.
// Without a whole mark the length is 0, and before is what surely belongs to no mark.
func findMark(p []byte) (before int, n uint32, length int) {
	for {
		i := bytes.IndexByte(p[before:], markBegin[0])
		if i < 0 {
			return len(p), 0, 0
		}
		before += i
		m := p[before:]
		if len(m) < len(markBegin) {
			if strings.HasPrefix(markBegin, string(m)) {
				return before, 0, 0
			}
			before++
			continue
		}
		if string(m[:len(markBegin)]) != markBegin {
			before++
			continue
		}
		digits := len(markBegin)
		for digits < len(m) && m[digits] >= '0' && m[digits] <= '9' {
			digits++
		}
		rest := m[digits:]
		switch {
		case bytes.HasPrefix(rest, []byte(markEnd)):
			if v, err := strconv.ParseUint(string(m[len(markBegin):digits]), 10, 32); err == nil {
				return before, uint32(v), digits + len(markEnd)
			}
		case len(m) < markMax && strings.HasPrefix(markEnd, string(rest)):
			return before, 0, 0
		}
		before++
	}
}

// wholeBytes is p without the beginning of a character at its end.
func wholeBytes(p []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(p)); i++ {
		if c := p[len(p)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(p[len(p)-i:]) {
				return p[:len(p)-i]
			}
			break
		}
	}
	return p
}

// whole is the same for a string.
func whole(s string) string {
	return s[:len(wholeBytes([]byte(s[max(0, len(s)-utf8.UTFMax):])))+max(0, len(s)-utf8.UTFMax)]
}

// size writes a number of bytes for people.
func size(n int64) string {
	for _, u := range []struct {
		name string
		of   int64
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}} {
		if n >= u.of {
			return strconv.FormatFloat(float64(n)/float64(u.of), 'g', 3, 64) + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// beginnings are how the Go runtime begins to say why a program dies.
var beginnings = []string{"panic: ", "fatal error: ", "unexpected fault address ", "runtime: goroutine stack exceeds ", "runtime: out of memory", "SIGSEGV: ", "SIGABRT: ", "SIGQUIT: "}

// holder passes standard error on until a panic begins, and holds back the rest. A program that goes on
// living has not panicked: it has only printed such a line, and gets its text after a while.
type holder struct {
	out   *Output
	start bool // the next byte begins a line
	held  []byte
	timer *time.Timer
}

func newHolder(out *Output) *holder { return &holder{out: out, start: true} }

// write takes text of standard error and reports how much of it.
func (h *holder) write(p []byte, last bool) (used int) {
	if len(h.held) > 0 {
		h.keep(p)
		return len(p)
	}
	at, open := findPanic(p, h.start)
	if last {
		open = len(p)
	}
	if at < 0 {
		at = open
	}
	if at > 0 {
		h.out.text("stderr", string(p[:at]))
		h.start = p[at-1] == '\n'
	}
	if at < len(p) && at < open {
		h.keep(p[at:])
		return len(p)
	}
	return at
}

// keep holds text back.
func (h *holder) keep(p []byte) {
	h.held = append(h.held, p...)
	if h.timer != nil {
		h.timer.Stop()
	}
	h.timer = time.AfterFunc(holdTime, func() {
		h.out.mu.Lock()
		defer h.out.mu.Unlock()
		h.out.text("stderr", h.take())
	})
}

// take returns what was held back and goes on as before.
func (h *holder) take() string {
	if h.timer != nil {
		h.timer.Stop()
	}
	s := string(h.held)
	h.held, h.start = nil, true
	return s
}

// findPanic finds where a panic begins, -1 when it does not. open is where a line begins that may yet
// become one, len(p) when there is none.
func findPanic(p []byte, start bool) (at, open int) {
	for i := 0; i < len(p); {
		if start {
			line := p[i:]
			for _, b := range beginnings {
				if bytes.HasPrefix(line, []byte(b)) {
					return i, len(p)
				}
				if len(line) < len(b) && strings.HasPrefix(b, string(line)) {
					return -1, i
				}
			}
		}
		n := bytes.IndexByte(p[i:], '\n')
		if n < 0 {
			break
		}
		i, start = i+n+1, true
	}
	return -1, len(p)
}
