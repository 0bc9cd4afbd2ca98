package gofront

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// cellPrefix starts the name of the folder, and of the module, that GoNB makes for a notebook.
const cellPrefix = "gonb_"

// answer carries out what a front is asked. It reports false when the real program has to.
func (d *Daemon) answer(ctx context.Context, q request, w *answer) (code int, handled bool) {
	switch q.program {
	case "goimports":
		if len(q.args) == 2 && q.args[0] == "-w" && inNotebook(filepath.Dir(q.args[1])) {
			return d.fixImports(ctx, q, w), true
		}
	case "go":
		if slices.Equal(q.args, []string{"env", "GOROOT"}) {
			fmt.Fprintln(w.stdout(), d.shadowRoot())
			return 0, true
		}
		if inNotebook(q.dir) {
			return d.goCommand(ctx, q, w)
		}
	}
	return 0, false
}

// inNotebook reports whether dir is a folder that GoNB made for a notebook.
func inNotebook(dir string) bool { return strings.HasPrefix(filepath.Base(dir), cellPrefix) }

// goCommand carries out the go commands by which GoNB prepares and builds cells.
func (d *Daemon) goCommand(ctx context.Context, q request, w *answer) (code int, handled bool) {
	args := q.args
	switch {
	case len(args) == 3 && args[0] == "mod" && args[1] == "init" && strings.HasPrefix(args[2], cellPrefix):
		if err := WriteModule(q.dir, args[2], d.Repo); err != nil {
			fmt.Fprintln(w.stderr(), "go mod init:", err)
			return 1, true
		}
		d.note(q.dir)
		d.prepare(builder{Daemon: d, dir: q.dir, env: q.env})
		return 0, true
	case slices.Equal(args, []string{"get"}), slices.Equal(args, []string{"get", "-t"}):
		return d.get(ctx, q, w), true
	case len(args) >= 3 && args[0] == "build" && args[1] == "-o":
		return d.build(ctx, q, w, args[2], len(args) == 3), true
	case len(args) >= 4 && args[0] == "test" && args[1] == "-c" && args[2] == "-o":
		return d.build(ctx, q, w, args[3], false), true
	}
	return 0, false
}

// prepare gets ready for the first cell of a notebook, after its module has been written.
func (d *Daemon) prepare(b builder) {
	d.restock(b.env)
	d.spawn(func() {
		d.standard(d.ctx, b.env)
		if key, err := b.cellModule(); err == nil {
			d.configMu.Lock()
			defer d.configMu.Unlock()
			d.graphLocked(key)
		}
	})
}

// get answers `go get`, by which GoNB fetches what a cell imports: nothing has to be done when all is there.
func (d *Daemon) get(ctx context.Context, q request, w *answer) int {
	text := d.missing(q)
	if text == "" {
		return 0
	}
	if !d.autoGet.Load() {
		io.WriteString(w.stderr(), text)
		return 1
	}
	return d.runGo(ctx, q.dir, q.env, w, q.args...)
}

// Get runs the real `go get` for a module, such as "example.org/m@v1.2.3" or "example.org/m@latest", in the
// notebook's folder dir, with the proxy that the user has set. It returns what the command said.
func (d *Daemon) Get(ctx context.Context, dir, module string) (output string, err error) {
	if module == "" || strings.HasPrefix(module, "-") || strings.ContainsAny(module, " \t\n") {
		return "", fmt.Errorf("%q names no module, write it like example.org/m@latest", module)
	}
	ctx, done := d.jobs.begin(ctx)
	defer done()
	cmd := realCommand(ctx, dir, BuildEnv(os.Environ(), d.Toolchain), d.Go, "get", module)
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return string(out), context.Cause(ctx)
	}
	if err != nil {
		return string(out), fmt.Errorf("go get %s: %w: %s", module, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// runGo runs the real go command for a front and returns its exit status.
func (d *Daemon) runGo(ctx context.Context, dir string, env []string, w *answer, args ...string) int {
	if lookup(env, "GOGC") == "" { // the go command and the compiler spend much of their time collecting garbage
		env = append(slices.Clip(env), "GOGC=400")
	}
	cmd := realCommand(ctx, dir, env, d.Go, args...)
	cmd.Stdout, cmd.Stderr = w.stdout(), w.stderr()
	err := cmd.Run()
	if ctx.Err() != nil {
		return w.interrupted()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	default:
		fmt.Fprintf(w.stderr(), "%s: %v; run the set-up again: ugkernel lab\n", d.Go, err)
		return 1
	}
}

// workList is the file in [Settings.Work] that lists the folders that GoNB made, one a line.
const workList = "folders"

// note writes down that GoNB made the folder dir.
func (d *Daemon) note(dir string) {
	if d.Work == "" {
		return
	}
	f, err := os.OpenFile(filepath.Join(d.Work, workList), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, dir)
}

// Clean removes the folders that GoNB made in the kernel with the work folder work and did not remove
// itself, which happens when it is killed.
func Clean(work string) {
	data, err := os.ReadFile(filepath.Join(work, workList))
	if err != nil {
		return
	}
	for _, dir := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(filepath.Base(dir), cellPrefix) {
			os.RemoveAll(dir)
		}
	}
}
