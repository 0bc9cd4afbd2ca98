package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"urbangraph/kernel/history"
)

// lines writes entries as session/line:input.
func lines(es []history.Entry) string {
	var out []string
	for _, e := range es {
		out = append(out, fmt.Sprintf("%d/%d:%s", e.Session, e.Line, e.Input))
	}
	return strings.Join(out, " ")
}

// open opens a history and fails the test when it cannot.
func open(t *testing.T, path string) *history.History {
	t.Helper()
	h, err := history.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "history.jsonl")
	h := open(t, path)
	for i, in := range []string{"6*7", "x := 1\nx", "6*7"} {
		if err := h.Add(i+1, in, ""); err != nil {
			t.Fatal(err)
		}
	}
	h = open(t, path)
	if h.Session() != 2 {
		t.Errorf("session %d, want 2", h.Session())
	}
	if err := h.Add(1, "new", "42"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		got  []history.Entry
		want string
	}{
		{"tail", h.Tail(2), "1/3:6*7 2/1:new"},
		{"tail 0", h.Tail(0), ""},
		{"this session", h.Range(0, 0, 0), "2/1:new"},
		{"session before", h.Range(-1, 2, 0), "1/2:x := 1\nx 1/3:6*7"},
		{"range", h.Range(1, 1, 3), "1/1:6*7 1/2:x := 1\nx"},
		{"search", h.Search("6?7", 0, false), "1/1:6*7 1/3:6*7"},
		{"search unique", h.Search("6?7", 0, true), "1/3:6*7"},
		{"search last", h.Search("*", 1, false), "2/1:new"},
		{"search everything", h.Search("", 0, true), "1/2:x := 1\nx 1/3:6*7 2/1:new"},
		{"search is of the whole text", h.Search("x", 0, false), ""},
	} {
		if got := lines(c.got); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the history file is readable by others: %v %v", fi.Mode(), err)
	}
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	text := "{\"session\":3,\"line\":1,\"input\":\"good\"}\nnot json\n{\"session\":-1}\n{\"session\":3,\"line\":2,\"inp"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, path)
	if got := lines(h.Tail(10)); got != "3/1:good" || h.Session() != 4 {
		t.Errorf("%q, session %d", got, h.Session())
	}
}

func TestLongFileIsCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	h := open(t, path)
	big := strings.Repeat("x", 1<<20)
	for i := range 10 {
		if err := h.Add(i+1, big, ""); err != nil {
			t.Fatal(err)
		}
	}
	h = open(t, path)
	if es := h.Tail(100); len(es) != 5 || es[0].Line != 6 {
		t.Errorf("%d entries left", len(es))
	}
	if fi, err := os.Stat(path); err != nil || fi.Size() > 6<<20 {
		t.Errorf("%v bytes, %v", fi.Size(), err)
	}
}

func TestSeveralKernels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	var wg sync.WaitGroup
	for range 4 {
		h := open(t, path)
		wg.Go(func() {
			for i := range 50 {
				if err := h.Add(i+1, strings.Repeat("abc ", 300), ""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(open(t, path).Tail(1000)); n != 200 {
		t.Errorf("%d of 200 entries were kept", n)
	}
}

func TestMemoryOnly(t *testing.T) {
	h := open(t, "")
	if err := h.Add(1, "a", ""); err != nil || lines(h.Tail(5)) != "1/1:a" {
		t.Errorf("%v %v", err, h.Tail(5))
	}
}

// FuzzMatch compares with a regular expression.
func FuzzMatch(f *testing.F) {
	f.Add("6?7*", "6*7")
	f.Add("*a*b", "xxaayb")
	f.Add("é?", "éü")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 30 || len(text) > 100 || strings.ToValidUTF8(pattern+text, "") != pattern+text {
			return
		}
		q := strings.NewReplacer(`\*`, `(?s:.*)`, `\?`, `(?s:.)`).Replace(regexp.QuoteMeta(pattern))
		if want, got := regexp.MustCompile("^"+q+"$").MatchString(text), history.Match(pattern, text); got != want {
			t.Errorf("Match(%q, %q) is %v", pattern, text, got)
		}
	})
}
