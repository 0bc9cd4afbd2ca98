package gofront

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// station is a folder in which one cell is built. Compiler and linker are started before there is a cell,
// since a start takes a good part of what a small cell takes, and wait for their import configurations.
type station struct {
	dir           string
	key           string // of the environment
	compile, link *tool
	cancel        context.CancelFunc
}

// tool is a program that waits for its import configuration, which it reads from a pipe.
type tool struct {
	cmd  *exec.Cmd
	gate *os.File
	said bytes.Buffer

	ended chan struct{} // closed when the program has ended, with err
	err   error
}

// configPipe is the import configuration as compile and link see it: the first file that they inherit.
const configPipe = "/dev/fd/3"

// stationPrefix starts the names of the folders of stations; the number of the process follows.
const stationPrefix = "build-"

// clearStations removes the folders of stations whose kernels are gone.
func (d *Daemon) clearStations() {
	dirs, _ := filepath.Glob(filepath.Join(d.Cache, stationPrefix+"*"))
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), stationPrefix), "-")
		if n, err := strconv.Atoi(pid); err == nil && n > 1 && !alive(n) {
			os.RemoveAll(dir)
		}
	}
}

// restockDelay is how long a new station waits after a build, when the program of the cell starts.
const restockDelay = 30 * time.Millisecond

// stationKey tells stations of different environments apart.
func stationKey(env []string) string { return strings.Join(goEnv(env), "\n") }

// takeStation returns the station that is ready for an environment, or a new one.
func (d *Daemon) takeStation(env []string) (*station, error) {
	key := stationKey(env)
	d.stationMu.Lock()
	s := d.ready
	if s != nil && s.key == key {
		d.ready = nil
	} else {
		s = nil
	}
	d.stationMu.Unlock()
	if s != nil {
		return s, nil
	}
	return d.newStation(env)
}

// restock makes a station ready for the next build in an environment, after a moment, and removes programs
// of cells beyond the limit.
func (d *Daemon) restock(env []string) {
	d.spawn(func() {
		select {
		case <-d.ctx.Done():
			return
		case <-time.After(restockDelay):
		}
		prune(filepath.Join(d.Cache, "bin"), maxBinaries, "")
		d.stationMu.Lock()
		defer d.stationMu.Unlock()
		if d.ready != nil && d.ready.key == stationKey(env) {
			return
		}
		if d.ready != nil {
			d.ready.clear()
			d.ready = nil
		}
		if s, err := d.newStation(env); err == nil {
			d.ready = s
		}
	})
}

// newStation starts compiler and linker in a new folder.
func (d *Daemon) newStation(env []string) (*station, error) {
	if err := os.MkdirAll(d.Cache, 0o755); err != nil {
		return nil, err
	}
	// In the cache, so that the program can be moved to where it is kept.
	dir, err := os.MkdirTemp(d.Cache, stationPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(d.ctx)
	s := &station{dir: dir, key: stationKey(env), cancel: cancel}
	// Both end before they have made enough garbage to be worth collecting; the limits are for cells that
	// are out of the common.
	env = Setenv(env, "GOGC", "off")
	s.compile, err = d.startTool(ctx, dir, Setenv(env, "GOMEMLIMIT", "512MiB"), "compile", "-o", "main.a", "-p", "main",
		"-lang="+d.Language(), "-complete", "-dwarf=false", "-buildid=", "-trimpath", dir+"=>/cell", "-importcfg", configPipe, "-pack",
		"-c="+strconv.Itoa(min(runtime.NumCPU(), 4)), "./main.go")
	if err == nil {
		s.link, err = d.startTool(ctx, dir, Setenv(env, "GOMEMLIMIT", "1GiB"), "link", "-s", "-w", "-buildid=", "-o", "program",
			"-importcfg", configPipe, "-buildmode=exe", "main.a")
	}
	if err != nil {
		s.clear()
		return nil, err
	}
	return s, nil
}

// startTool starts a program of the toolchain.
func (d *Daemon) startTool(ctx context.Context, dir string, env []string, name string, args ...string) (*tool, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := &tool{cmd: command(ctx, dir, env, filepath.Join(d.ToolDir, name), args...), gate: w}
	t.cmd.Stdout, t.cmd.Stderr = &t.said, &t.said
	t.cmd.ExtraFiles = []*os.File{r}
	if err := t.cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	t.follow()
	return t, nil
}

// follow takes note of the end of the program as soon as it comes, also when it is killed while it waits: the
// kernel would take it for an orphan of a cell later.
func (t *tool) follow() {
	t.ended = make(chan struct{})
	go func() {
		t.err = t.cmd.Wait()
		close(t.ended)
	}()
}

// errKilled is of a program that a signal has ended.
var errKilled = errors.New("killed")

// finish gives the program its import configuration and waits until it has ended.
func (t *tool) finish(config []byte) (said string, err error) {
	_, broken := t.gate.Write(config)
	t.gate.Close()
	<-t.ended
	err = t.err
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && !exit.Exited() {
		return t.said.String(), errKilled
	}
	if err == nil {
		err = broken
	}
	return t.said.String(), err
}

// kill ends the programs of the station.
func (s *station) kill() { s.cancel() }

// clear ends the programs, waits for them and removes the folder.
func (s *station) clear() {
	s.cancel()
	for _, t := range []*tool{s.compile, s.link} {
		if t != nil {
			t.gate.Close()
			<-t.ended
		}
	}
	os.RemoveAll(s.dir)
}
