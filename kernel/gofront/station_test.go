package gofront

import (
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stocked waits for the station that is ready.
func stocked(t *testing.T, d *Daemon) *station {
	t.Helper()
	for range 1000 {
		d.stationMu.Lock()
		s := d.ready
		d.stationMu.Unlock()
		if s != nil {
			return s
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("no station is ready")
	return nil
}

func TestStation(t *testing.T) {
	b := notebook(t, project(t))
	write(t, filepath.Join(b.dir, "main.go"), cellSource)
	output(t, b)
	s := stocked(t, b.Daemon)

	t.Run("same environment", func(t *testing.T) {
		got, err := b.takeStation(b.env)
		if err != nil || got != s {
			t.Errorf("another station was taken, %v", err)
		}
		got.clear()
	})
	t.Run("another environment", func(t *testing.T) {
		b.restock(b.env)
		s := stocked(t, b.Daemon)
		env := Setenv(b.env, "GOAMD64", "v2")
		got, err := b.takeStation(env)
		if err != nil || got == s {
			t.Errorf("the station of another environment was taken, %v", err)
		}
		got.clear()
		b.restock(env)
		for stocked(t, b.Daemon) == s {
			time.Sleep(5 * time.Millisecond)
		}
	})
	t.Run("killed tools", func(t *testing.T) {
		b.restock(b.env)
		s := stocked(t, b.Daemon)
		for s.key != stationKey(b.env) {
			time.Sleep(5 * time.Millisecond)
			s = stocked(t, b.Daemon)
		}
		syscall.Kill(s.compile.cmd.Process.Pid, syscall.SIGKILL)
		syscall.Kill(s.link.cmd.Process.Pid, syscall.SIGKILL)
		write(t, filepath.Join(b.dir, "main.go"), strings.Replace(cellSource, "rooms.Name", "rooms.Name+\"!\"", 1))
		if got := output(t, b); got != "kitchen! one" {
			t.Errorf("printed %q", got)
		}
	})
}

// TestAhead builds cells ahead, of which some are asked for.
func TestAhead(t *testing.T) {
	b := notebook(t, project(t))
	cell := func(name string) []byte {
		return []byte(strings.Replace(cellSource, "rooms.Name", "\""+name+"\"", 1))
	}
	q := request{env: b.env}
	for _, name := range []string{"one", "two", "three"} {
		b.beginAhead(q, b.dir, cell(name))
	}
	write(t, filepath.Join(b.dir, "main.go"), string(cell("three")))
	if got := output(t, b); got != "three one" || b.ahead.uses() != 1 {
		t.Errorf("printed %q, %d uses", got, b.ahead.uses())
	}
	b.beginAhead(q, b.dir, cell("four"))
	write(t, filepath.Join(b.dir, "main.go"), string(cell("five")))
	if got := output(t, b); got != "five one" || b.ahead.uses() != 1 {
		t.Errorf("printed %q, %d uses", got, b.ahead.uses())
	}
	b.beginAhead(q, b.dir, []byte("package main\n\nimport \"C\"\n\nfunc main() {}\n"))
	if got := output(t, b); got != "five one" || b.ahead.uses() != 1 {
		t.Errorf("after a cell that is not plain: printed %q, %d uses", got, b.ahead.uses())
	}
	b.beginAhead(q, b.dir, cell("six"))
	if b.Abort(); b.busy() != 0 {
		t.Error("a build goes on after an interrupt")
	}
	write(t, filepath.Join(b.dir, "main.go"), string(cell("six")))
	if r, err := b.plainProgram(t); err != errInterrupted {
		t.Errorf("a cell that was interrupted before it was asked for: %+v, %v", r, err)
	}
}

// TestTogether builds different cells at one time.
func TestTogether(t *testing.T) {
	b := notebook(t, project(t))
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			c, err := b.readCell([]byte(strings.Replace(cellSource, "rooms.Name", "\""+name+"\"", 1)))
			if err != nil {
				t.Error(err)
				return
			}
			for range 2 {
				if r, err := b.program(t.Context(), c); err != nil || r.code != 0 {
					t.Errorf("%v, exit status %d: %s", err, r.code, r.text)
				}
			}
		})
	}
	wg.Wait()
}
