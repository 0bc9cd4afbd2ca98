package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"unicode/utf8"

	"github.com/google/renameio/v2"
)

// maxFile is the size of the file from which on its older half is dropped, in bytes.
const maxFile = 8 << 20

// Entry is one cell that was run.
type Entry struct {
	Session int    `json:"session"` // counts from 1
	Line    int    `json:"line"`    // execution count in its session
	Input   string `json:"input"`
	Output  string `json:"output,omitempty"` // text of its result
}

// History is the history of the current session and of those before it.
type History struct {
	path string

	mu      sync.Mutex
	session int
	entries []Entry
}

// Open reads the history in a file, "" keeps it in memory only, and begins a new session. Lines of the
// file that cannot be read are passed over: a history is a convenience.
func Open(path string) (*History, error) {
	h := &History{path: path, session: 1}
	if path == "" {
		return h, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, fmt.Errorf("the history is kept in memory only: %w", err)
	}
	f, err := h.lock()
	if err != nil {
		return h, fmt.Errorf("the history is kept in memory only: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return h, fmt.Errorf("%s: %w", path, err)
	}
	h.entries = parse(data)
	if n := len(h.entries); n > 0 {
		h.session = h.entries[n-1].Session + 1
	}
	if len(data) > maxFile {
		h.entries = slices.Clone(h.entries[len(h.entries)/2:])
		var b bytes.Buffer
		for _, e := range h.entries {
			b.Write(encode(e))
		}
		if err := renameio.WriteFile(path, b.Bytes(), 0o600); err != nil {
			return h, err
		}
	}
	return h, nil
}

// lock opens the file for reading and appending and keeps other kernels out of it until it is closed.
func (h *History) lock() (*os.File, error) {
	for {
		f, err := os.OpenFile(h.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil && !errors.Is(err, syscall.ENOTSUP) {
			f.Close()
			return nil, err
		}
		// Another kernel may have put a shorter file in its place while we waited.
		now, err := os.Stat(h.path)
		if mine, e := f.Stat(); err == nil && e == nil && os.SameFile(now, mine) {
			return f, nil
		}
		f.Close()
	}
}

// parse reads the lines of a history file.
func parse(data []byte) []Entry {
	var out []Entry
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Session > 0 && e.Line > 0 {
			out = append(out, e)
		}
	}
	return out
}

// encode is the line of an entry.
func encode(e Entry) []byte {
	line, err := json.Marshal(e)
	if err != nil {
		return nil // cannot be: strings and numbers
	}
	return append(line, '\n')
}

// Add appends a cell of this session.
func (h *History) Add(line int, input, output string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := Entry{Session: h.session, Line: line, Input: input, Output: output}
	h.entries = append(h.entries, e)
	if h.path == "" {
		return nil
	}
	f, err := h.lock()
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(encode(e))
	return err
}

// Session is the number of the current session.
func (h *History) Session() int { return h.session }

// Range lists the cells of a session from start up to, but not including, stop. Session 0 is the current
// one, a negative one counts back from it; stop 0 means no end.
func (h *History) Range(session, start, stop int) []Entry {
	if session <= 0 {
		session += h.session
	}
	return h.filter(func(e Entry) bool {
		return e.Session == session && e.Line >= start && (stop == 0 || e.Line < stop)
	})
}

// Tail lists the last n cells of all sessions.
func (h *History) Tail(n int) []Entry { return last(h.filter(func(Entry) bool { return true }), n) }

// Search lists the last n cells whose text matches a pattern as a whole; * stands for any text and ? for
// any character. n 0 means all. With unique, only the latest of equal cells is listed.
func (h *History) Search(pattern string, n int, unique bool) []Entry {
	if pattern == "" {
		pattern = "*"
	}
	found := h.filter(func(e Entry) bool { return Match(pattern, e.Input) })
	if unique {
		seen := map[string]bool{}
		var once []Entry
		for _, e := range slices.Backward(found) {
			if !seen[e.Input] {
				seen[e.Input] = true
				once = append(once, e)
			}
		}
		slices.Reverse(once)
		found = once
	}
	if n <= 0 {
		return found
	}
	return last(found, n)
}

// filter lists the entries for which keep holds.
func (h *History) filter(keep func(Entry) bool) []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Entry
	for _, e := range h.entries {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// last is the end of a list, at most n entries.
func last(e []Entry, n int) []Entry { return e[max(0, len(e)-max(n, 0)):] }

// Match reports whether a text matches a pattern in which * stands for any text and ? for any character.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, back := -1, 0 // after the last *, and where the text that it stands for ends
	for t < len(text) {
		_, size := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p+1, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			t += size
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			_, size := utf8.DecodeRuneInString(text[back:])
			back += size
			p, t = star, back
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
