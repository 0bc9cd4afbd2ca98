//go:build unix

package plots

import (
	"encoding/gob"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/janpfeifer/gonb/gonbui/protocol"

	"urbangraph/uglib/progress"
)

// TestCell is the cell that the tests below run as a process of its own.
func TestCell(t *testing.T) {
	switch os.Getenv("UG_PLOTS_CELL") {
	case "":
		t.Skip("runs as a child of the other tests")
	case "show":
		if !InNotebook() {
			t.Fatal("the cell does not know that it runs in a notebook")
		}
		Show(Table([]string{"a"}, [][]string{{"1"}}), falling())
		task := progress.Start(Context(), "train", 4)
		for i := range 4 {
			task.Plot("loss", i, float64(4-i))
			task.Add(1)
			time.Sleep(80 * time.Millisecond)
		}
		task.Done()
	case "orphan":
		Show(Table([]string{"a"}, nil))
	}
}

// kernel runs a cell between two pipes, as the Go kernel does, and hands each
// message to answer, which returns what to send back.
func kernel(t *testing.T, cell string, answer func(*protocol.DisplayData) *protocol.CommValue) (string, error) {
	t.Helper()
	dir := t.TempDir()
	there, back := filepath.Join(dir, "there"), filepath.Join(dir, "back")
	for _, p := range []string{there, back} {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCell$")
	cmd.Env = append(os.Environ(), "UG_PLOTS_CELL="+cell, protocol.GONB_PIPE_ENV+"="+there, protocol.GONB_PIPE_BACK_ENV+"="+back)
	// Both ends are opened for reading and writing, so that neither side waits.
	in, err := os.OpenFile(there, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.OpenFile(back, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		dec, enc := gob.NewDecoder(in), gob.NewEncoder(out)
		for {
			var d protocol.DisplayData
			if err := dec.Decode(&d); err != nil {
				served <- err
				return
			}
			if v := answer(&d); v != nil {
				if err := enc.Encode(v); err != nil {
					served <- err
					return
				}
			}
		}
	}()
	text, err := cmd.CombinedOutput()
	in.Close()
	if e := <-served; e != nil && !errors.Is(e, io.EOF) && !errors.Is(e, os.ErrClosed) {
		t.Error(e)
	}
	out.Close()
	return string(text), err
}

func TestCellShowsThroughThePipes(t *testing.T) {
	var got []protocol.DisplayData
	syncs := 0
	out, err := kernel(t, "show", func(d *protocol.DisplayData) *protocol.CommValue {
		if v, ok := d.Data[protocol.MIMECommValue].(protocol.CommValue); ok {
			syncs++
			return &protocol.CommValue{Address: protocol.GonbuiSyncAckAddress, Value: v.Value}
		}
		got = append(got, *d)
		return nil
	})
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got) < 4 || syncs != 3 {
		t.Fatalf("%d messages and %d syncs", len(got), syncs)
	}
	if s, _ := got[0].Data[protocol.MIMETextHTML].(string); !strings.Contains(s, "<table") {
		t.Errorf("table: %v", got[0].Data)
	}
	if p, _ := got[1].Data[protocol.MIMEImagePNG].([]byte); !strings.HasPrefix(string(p), "\x89PNG") {
		t.Errorf("chart has no PNG")
	}
	last := got[len(got)-1]
	if s, _ := last.Data[protocol.MIMETextPlain].(string); !strings.HasPrefix(s, "train: 4 of 4") || last.DisplayID == "" || last.DisplayID != got[2].DisplayID {
		t.Errorf("last update %q of %q", s, last.DisplayID)
	}
	if s, _ := last.Data[protocol.MIMETextHTML].(string); !strings.Contains(s, "live curves") {
		t.Errorf("last update has no curves")
	}
}

func TestCellWithoutAKernelSaysSo(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCell$")
	missing := filepath.Join(t.TempDir(), "missing")
	cmd.Env = append(os.Environ(), "UG_PLOTS_CELL=orphan", protocol.GONB_PIPE_ENV+"="+missing, protocol.GONB_PIPE_BACK_ENV+"="+missing)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("the cell fails: %v: %s", err, out)
	}
	if !strings.Contains(string(out), "plots: send to the notebook") {
		t.Errorf("standard error: %s", out)
	}
}
