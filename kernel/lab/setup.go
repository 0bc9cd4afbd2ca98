package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"urbangraph/kernel/gofront"
)

// Steps of the set-up, in their order.
const (
	stepPython = "python"
	stepTools  = "tools"
	stepKernel = "kernel"
	stepSpec   = "kernelspec"
	stepWarm   = "warm"
)

// Setup brings a clone into the state in which its notebooks run.
type Setup struct {
	Layout   Layout
	Python   string    // interpreter to make the environment with; "" looks for one
	NoPython bool      // leave the Python environment out: the kernel is to be used from another one
	Out      io.Writer // progress, a line for each step; nil shows none
	Force    bool      // do each step again, whatever its stamp says

	tool gofront.Toolchain
}

// step is one step. It is done when what it makes is present and its stamp, which is of all that it
// depends on, is that of the last time. A note of run says what could not be done; the step is then
// tried again next time.
type step struct {
	name    string
	title   string
	present func() bool
	stamp   func() (string, error)
	run     func(context.Context) (note string, err error)
}

// Run does what is missing. A second Run at the same time, in this program or another, waits for the
// first one.
func (s *Setup) Run(ctx context.Context) error {
	if s.Out == nil {
		s.Out = io.Discard
	}
	if err := os.MkdirAll(s.Layout.State(), 0o755); err != nil {
		return fmt.Errorf("the set-up cannot write to the clone: %w; make it writable, or work in a clone of your own", err)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if s.tool, err = gofront.FindToolchain(ctx, s.Layout.Repo, ""); err != nil {
		return err
	}
	if err := os.WriteFile(s.Layout.goFile(), []byte(s.tool.Go), 0o644); err != nil {
		return err
	}
	steps := s.steps()
	for i, st := range steps {
		if err := s.do(ctx, fmt.Sprintf("[%d/%d] %s", i+1, len(steps), st.title), st); err != nil {
			return fmt.Errorf("set-up, %s: %w", st.title, err)
		}
	}
	return nil
}

// steps are all steps of this set-up in their order.
func (s *Setup) steps() []step {
	all := []step{
		{stepPython, "Python environment with JupyterLab", s.havePython, s.pythonStamp, s.python},
		{stepTools, "GoNB, goimports and gopls", s.haveTools, s.toolsStamp, s.tools},
		{stepKernel, "kernel", s.haveKernel, s.kernelStamp, s.kernel},
		{stepSpec, "kernelspec", s.haveSpec, s.specStamp, s.spec},
		{stepWarm, "packages for notebook cells", func() bool { return true }, s.warmStamp, s.warm},
	}
	if s.NoPython {
		all = slices.DeleteFunc(all, func(st step) bool { return st.name == stepPython || st.name == stepSpec })
	}
	return all
}

// State is what [Setup.Check] found of one step.
type State struct {
	Step    string // "python", "tools", "kernel", "kernelspec" or "warm"
	Title   string
	Present bool // what the step makes is there
	Current bool // and is of the present sources
}

// Check tells which steps are done, without doing any.
func (s *Setup) Check(ctx context.Context) ([]State, error) {
	var err error
	if s.tool, err = gofront.FindToolchain(ctx, s.Layout.Repo, ""); err != nil {
		return nil, err
	}
	var out []State
	for _, st := range s.steps() {
		stamp, err := st.stamp()
		if err != nil {
			return nil, err
		}
		here := st.present()
		out = append(out, State{Step: st.name, Title: st.title, Present: here, Current: here && s.Layout.fresh(st.name, stamp)})
	}
	return out, nil
}

// do runs one step unless its stamp says that it is done.
func (s *Setup) do(ctx context.Context, title string, st step) error {
	start := time.Now()
	stamp, err := st.stamp()
	if err != nil {
		return err
	}
	if !s.Force && st.present() && s.Layout.fresh(st.name, stamp) {
		fmt.Fprintf(s.Out, "%-46s ready\n", title)
		return nil
	}
	if err := s.Layout.done(st.name, ""); err != nil {
		return err
	}
	stop := ticker(s.Out, title, start)
	note, err := st.run(ctx)
	stop()
	if err != nil {
		if ctx.Err() != nil {
			fmt.Fprintf(s.Out, "%-46s interrupted after %s\n", title, seconds(start))
			return context.Cause(ctx)
		}
		fmt.Fprintf(s.Out, "%-46s failed after %s\n", title, seconds(start))
		return err
	}
	fmt.Fprintf(s.Out, "%-46s %s%s\n", title, seconds(start), note)
	if note != "" {
		return nil
	}
	return s.Layout.done(st.name, stamp)
}

// ticker shows that a step goes on: each second on a terminal, where it overwrites its own line, and
// every half minute elsewhere. The returned function ends it.
func ticker(out io.Writer, title string, start time.Time) (stop func()) {
	f, ok := out.(*os.File)
	terminal := false
	if ok {
		fi, err := f.Stat()
		terminal = err == nil && fi.Mode()&os.ModeCharDevice != 0
	}
	every := 30 * time.Second
	if terminal {
		every = time.Second
		fmt.Fprintf(out, "%-46s ...", title)
	}
	t := time.NewTicker(every)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			case <-t.C:
				if terminal {
					fmt.Fprintf(out, "\r%-46s %s", title, seconds(start))
				} else {
					fmt.Fprintf(out, "%-46s %s ...\n", title, seconds(start))
				}
			}
		}
	}()
	return func() {
		t.Stop()
		close(quit)
		<-ended
		if terminal {
			fmt.Fprint(out, "\r\033[K")
		}
	}
}

// seconds is the time since start, for people.
func seconds(start time.Time) string { return fmt.Sprintf("%.1f s", time.Since(start).Seconds()) }

// lock keeps a second set-up of the same clone waiting until unlock is called.
func (s *Setup) lock(ctx context.Context) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.Layout.State(), "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for said := false; ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("%s cannot be locked: %w", f.Name(), err)
		}
		if !said {
			fmt.Fprintln(s.Out, "another set-up of this clone is running, waiting for it")
			said = true
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// failure is a program of the set-up that did not do its work.
type failure struct {
	command string
	output  string // what it printed, to both streams
	err     error
}

// Error names the command and the end of what it printed.
func (f *failure) Error() string {
	return fmt.Sprintf("%s: %v\n%s", f.command, f.err, lastLines(f.output, 15))
}

// Unwrap is the reason that the operating system gave.
func (f *failure) Unwrap() error { return f.err }

// command runs a program in the root of the clone and returns what it printed.
func (s *Setup) command(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = s.Layout.Repo
	cmd.Env = env
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), &failure{command: strings.Join(append([]string{name}, args...), " "), output: out.String(), err: err}
	}
	return out.String(), nil
}

// lastLines is the end of a text, at most n lines.
func lastLines(text string, n int) string {
	l := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(l[max(0, len(l)-n):], "\n")
}

// hashFiles is a hash over names and contents of files; one that is missing counts as empty.
func hashFiles(paths ...string) string {
	h := sha256.New()
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			data = nil
		}
		fmt.Fprintf(h, "%s\n%d\n", p, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// digest is a hash over a text.
func digest(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:16])
}

// sources lists the files below the given folders that a build may read: all but tests and test data.
func sources(dirs ...string) ([]string, error) {
	var files []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != dir):
				return fs.SkipDir
			case !d.IsDir() && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".md"):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(files)
	return files, nil
}
