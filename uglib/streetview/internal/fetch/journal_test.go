package fetch

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type line struct {
	N    int    `json:"n"`
	Text string `json:"text,omitempty"`
}

// reopen opens a journal and returns what stands in it.
func reopen(t *testing.T, path, query string) (*journal[line], []line, []int64) {
	t.Helper()
	var all []line
	var offsets []int64
	j, err := openJournal(path, query, func(l line, at int64) error {
		if l.N == 0 {
			return fmt.Errorf("no line")
		}
		all, offsets = append(all, l), append(offsets, at)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, all, offsets
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	j, all, _ := reopen(t, path, "q")
	if len(all) != 0 {
		t.Fatalf("a new journal holds %v", all)
	}
	want := []line{{1, "a"}, {2, "b\nc"}, {3, ""}}
	offsets, err := j.append(want...)
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range offsets {
		if got, err := j.at(at); err != nil || got != want[i] {
			t.Errorf("line at %d is %v, %v", at, got, err)
		}
	}
	if _, err := j.append(line{4, strings.Repeat("x", longestLine)}); err == nil {
		t.Error("a line without end is taken")
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Cut at any byte, it gives the lines that are whole, and goes on from there.
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		j, got, at := reopen(t, path, "q")
		n := max(0, bytes.Count(whole[:cut], []byte("\n"))-1)
		if !slices.Equal(got, want[:n]) || !slices.Equal(at, offsets[:n]) {
			t.Fatalf("cut at %d: %v at %v", cut, got, at)
		}
		if _, err := j.append(line{9, ""}); err != nil {
			t.Fatal(err)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		j, got, _ = reopen(t, path, "q")
		if len(got) != n+1 || got[n].N != 9 {
			t.Fatalf("cut at %d and gone on: %v", cut, got)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range map[string]string{
		"of another query": strings.Replace(string(whole), `"q"`, `"p"`, 1),
		"of a later time":  strings.Replace(string(whole), `"journal":1`, `"journal":2`, 1),
		"no journal":       "hello\n" + string(whole),
		"zeros":            strings.Repeat("\x00", 5000),
	} {
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		j, got, _ := reopen(t, path, "q")
		if len(got) != 0 || j.size == 0 {
			t.Errorf("%s: %v", name, got)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, append(whole, "{\"n\":0}\n{\"n\":5}\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, got, _ := reopen(t, path, "q"); len(got) != 3 {
		t.Errorf("after a refused line: %v", got)
	}
}

// FuzzJournal says that any file is read to its first damaged line, and that
// what is read stands in it.
func FuzzJournal(f *testing.F) {
	head := `{"journal":1,"query":"q"}` + "\n"
	f.Add([]byte(head + `{"photo":{"mapillary_id":"100000000000001","geometry":{"type":"Point","coordinates":[9.97,53.54]},"is_pano":false}}` + "\n" + `{"done":"997,5354"}` + "\n"))
	f.Add([]byte(head + `{"split":"997,5354.0"}` + "\n" + `{"done":"997`))
	f.Add([]byte(head + "\x00\x00\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var at []int64
		good, err := readJournal(bytes.NewReader(data), "q", func(e entry, offset int64) error {
			if e.Photo != nil {
				e.Photo.ID()
				e.Photo.Pos(false)
				e.Photo.Heading(true)
				e.Photo.Taken()
			}
			at = append(at, offset)
			return nil
		})
		if err != nil || good < 0 || good > int64(len(data)) || good > 0 && data[good-1] != '\n' {
			t.Fatalf("%d good bytes of %d, %v", good, len(data), err)
		}
		for _, o := range at {
			if o <= 0 || o >= good || data[o-1] != '\n' {
				t.Fatalf("a line at %d of %d", o, good)
			}
		}
		again, _ := readJournal(bytes.NewReader(data[:good]), "q", func(entry, int64) error { return nil })
		if again != good {
			t.Fatalf("%d good bytes, then %d", good, again)
		}
	})
}
