package doctor

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"urbangraph/kernel/lab/kernelspec"
)

// Space on disks: below enough cells may fail, below plenty they soon may.
const (
	enoughSpace = 300e6
	plentySpace = 2e9
	enoughFiles = 2000
)

// folders are those that the kernel writes to, with the way to choose another one.
func (e *exam) folders() []struct{ what, dir, cure string } {
	out := []struct{ what, dir, cure string }{
		{"the set-up", e.State(), "make the clone writable, or work in a clone of your own"},
		{"programs of cells", e.Cells(), "make the clone writable, or work in a clone of your own"},
		{"temporary files", os.TempDir(), "set TMPDIR to a folder that you may write to"},
	}
	if e.tool.Go != "" {
		if v, err := e.goEnv("GOCACHE"); err == nil && v["GOCACHE"] != "off" {
			out = append(out, struct{ what, dir, cure string }{"the build cache", v["GOCACHE"], "set GOCACHE to a folder that you may write to"})
		}
	}
	if dir := os.Getenv("JUPYTER_RUNTIME_DIR"); dir != "" {
		out = append(out, struct{ what, dir, cure string }{"connection files", dir, "set JUPYTER_RUNTIME_DIR to a folder that you may write to"})
	} else if dir, err := kernelspec.UserDir(); err == nil {
		out = append(out, struct{ what, dir, cure string }{"connection files", filepath.Join(dir, "runtime"), "make it writable, or set JUPYTER_RUNTIME_DIR"})
	}
	return out
}

// writable writes a file into each of the folders.
func (e *exam) writable() {
	const check = "write access"
	good := 0
	for _, f := range e.folders() {
		dir := existing(f.dir)
		if err := tryWrite(dir); err != nil {
			e.add(check, Fail, f.cure, "%s: %v", f.what, err)
			continue
		}
		good++
	}
	if good == len(e.folders()) {
		e.add(check, OK, "", "to all %d folders", good)
	}
}

// existing is the nearest folder above a path, or the path itself, that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// tryWrite makes and removes a file in a folder.
func tryWrite(dir string) error {
	f, err := os.CreateTemp(dir, ".ugkernel-doctor-")
	if err != nil {
		return err
	}
	_, err = f.Write([]byte("x"))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// space looks at the disks of the folders, each once.
func (e *exam) space() {
	const check = "disk space"
	seen := map[string]bool{}
	before := len(e.findings)
	var told []string
	for _, f := range e.folders() {
		free, files, id, err := diskSpace(existing(f.dir))
		if err != nil || seen[id] {
			continue
		}
		seen[id] = true
		switch cure := "free some, or move " + f.what + " elsewhere: " + f.cure; {
		case free < enoughSpace:
			e.add(check, Fail, cure, "%s free for %s (%s)", bytesText(free), f.what, f.dir)
		case files >= 0 && files < enoughFiles:
			e.add(check, Fail, cure, "room for only %d more files for %s (%s)", files, f.what, f.dir)
		case free < plentySpace:
			e.add(check, Warn, cure, "%s free for %s (%s)", bytesText(free), f.what, f.dir)
		default:
			told = append(told, bytesText(free))
		}
	}
	if len(e.findings) == before && len(told) > 0 {
		e.add(check, OK, "", "%s free", strings.Join(told, " and "))
	}
}

// Longest path of a unix socket, and what the kernel needs of it below the folder for temporary files:
// its own folder and the name of a socket there.
const socketTail = len("/ugkernel-4294967295/") + 24

// socketPath is the longest path of a unix socket on this system.
func socketPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

// temporary checks what the kernel does in the folder for temporary files: sockets, and programs that run
// there.
func (e *exam) temporary() {
	const check = "temporary files"
	dir := os.TempDir()
	const cure = "set TMPDIR to a folder with a short path on a disk from which programs may run, such as /tmp"
	if !filepath.IsAbs(dir) {
		e.add(check, Fail, cure, "TMPDIR is %q, no absolute path", dir)
		return
	}
	if n := len(dir) + socketTail; n > socketPath() {
		e.add(check, Fail, cure, "the path %s is too long for sockets: with the kernel's names %d of at most %d characters", dir, n, socketPath())
		return
	}
	if err := e.tryRun(dir); err != nil {
		e.add(check, Fail, cure, "programs cannot run from %s: %v", dir, err)
		return
	}
	e.add(check, OK, "", "%s takes sockets and runs programs", dir)
}

// tryRun makes, runs and removes a program in a folder.
func (e *exam) tryRun(dir string) error {
	own, err := os.MkdirTemp(dir, "ugkernel-doctor-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(own)
	program := filepath.Join(own, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexit 0\n"), 0o700); err != nil {
		return err
	}
	ctx, cancel := e.within(10 * time.Second)
	defer cancel()
	return exec.CommandContext(ctx, program).Run()
}

// loopback sends a byte to itself through the loopback address, on which JupyterLab and kernels listen.
func (e *exam) loopback() {
	const check = "loopback"
	const cure = "bring the loopback interface up (ip link set lo up), and let 127.0.0.1 through firewalls"
	err := func() error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		go func() {
			if c, err := l.Accept(); err == nil {
				io.WriteString(c, "x")
				c.Close()
			}
		}()
		c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		b, err := io.ReadAll(c)
		if err == nil && string(b) != "x" {
			err = fmt.Errorf("%q came back", b)
		}
		return err
	}()
	if err != nil {
		e.add(check, Fail, cure, "127.0.0.1 does not work: %v", err)
		return
	}
	e.add(check, OK, "", "127.0.0.1 works")
}
