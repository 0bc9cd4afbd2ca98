// Package launch is the process that Jupyter starts as the kernel: it prepares the surroundings in which
// notebook cells are built and run, and runs an unmodified GoNB as its child.
//
// The child finds a small go command first in its PATH (see [urbangraph/kernel/gofront]), then the tools
// that the set-up installed. Its working folder is that of the notebook, and variables such as UG_HOME
// pass through to the cells. Signals, standard streams and the exit status pass between Jupyter and the
// child.
package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"urbangraph/kernel/gofront"
)

// Options say what to run.
type Options struct {
	Connection string // connection file, as Jupyter names it
	Repo       string // root of the clone
	State      string // folder of the set-up, .ug in the clone
	HTMLErrors bool   // show compile errors as HTML, instead of as the text of the error
}

// Names of folders in Options.State.
const (
	BinFolder   = "bin"   // gonb, goimports, gopls and ugkernel
	FrontFolder = "front" // go and gopls: the fronts
	CacheFolder = "cells" // import configurations and programs of cells
)

// Run runs the kernel until it ends and returns its exit status.
func Run(ctx context.Context, o Options) (int, error) {
	gonb := filepath.Join(o.State, BinFolder, "gonb")
	for _, f := range []string{gonb, filepath.Join(o.State, FrontFolder, "go"), o.Connection} {
		if _, err := os.Stat(f); err != nil {
			return 1, fmt.Errorf("the kernel cannot start: %w; run the set-up again: go run ./kernel/cmd/ugkernel lab", err)
		}
	}
	t, err := gofront.FindToolchain(ctx, o.Repo, o.State)
	if err != nil {
		return 1, err
	}
	work, err := os.MkdirTemp("", "ugkernel-")
	if err != nil {
		return 1, fmt.Errorf("no folder for the kernel in %s, free some space or set TMPDIR: %w", os.TempDir(), err)
	}
	defer os.RemoveAll(work)
	builds := gofront.NewDaemon(settings(o, t, work))
	if err := builds.Start(filepath.Join(work, "front")); err != nil {
		return 1, err
	}
	defer builds.Close()

	cmd := exec.Command(gonb, arguments(o, work)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = builds.Environ(os.Environ())
	return supervise(ctx, cmd)
}

// arguments are those of GoNB. Its log goes to the work folder: on the standard streams it would mix
// with what Jupyter prints.
func arguments(o Options, work string) []string {
	args := []string{"--kernel", o.Connection, "-logtostderr=false", "-stderrthreshold=FATAL",
		"-log_file=" + filepath.Join(work, "gonb.log")}
	if !o.HTMLErrors {
		args = append(args, "-raw_error")
	}
	return args
}

// settings are those of what builds the cells.
func settings(o Options, t gofront.Toolchain, work string) gofront.Settings {
	return gofront.Settings{
		Toolchain: t,
		Repo:      o.Repo,
		Bin:       filepath.Join(o.State, BinFolder),
		Front:     filepath.Join(o.State, FrontFolder),
		Cache:     filepath.Join(o.State, CacheFolder),
		Work:      work,
	}
}

// supervise runs cmd, hands on the signals it gets, and returns the exit status.
func supervise(ctx context.Context, cmd *exec.Cmd) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)
	done := make(chan error, 1)
	started := make(chan error, 1)
	go runTied(cmd, started, done)
	if err := <-started; err != nil {
		return 1, fmt.Errorf("GoNB did not start: %w", err)
	}
	stop := ctx.Done()
	orphaned, end := parentGone(time.Second)
	defer end()
	for {
		select {
		case <-orphaned:
			cmd.Process.Signal(syscall.SIGTERM)
		case s := <-signals:
			cmd.Process.Signal(s)
		case <-stop:
			cmd.Process.Signal(syscall.SIGTERM)
			stop = nil
		case err := <-done:
			return status(cmd, err)
		}
	}
}

// parentGone returns a channel that gets a value each time that the parent, which told by a variable that
// the kernel is to end with it, is found to be gone. Jupyter sets it for all kernels that are not meant
// to outlive it; end stops looking.
func parentGone(every time.Duration) (gone <-chan struct{}, end func()) {
	c, quit := make(chan struct{}), make(chan struct{})
	parent := os.Getppid()
	if os.Getenv("JPY_PARENT_PID") == "" {
		return c, func() {}
	}
	t := time.NewTicker(every)
	go func() {
		defer t.Stop()
		for {
			select {
			case <-quit:
				return
			case <-t.C:
			}
			if os.Getppid() == parent {
				continue
			}
			select {
			case <-quit:
				return
			case c <- struct{}{}:
			}
		}
	}()
	return c, func() { close(quit) }
}

// status is the exit status of a program that has ended: that of a shell, 128 and the signal's number,
// when a signal ended it.
func status(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
