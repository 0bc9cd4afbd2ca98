package gofront

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// builder builds the cell whose main.go stands in dir.
type builder struct {
	*Daemon
	dir string
	env []string
}

// result is what came of a direct build.
type result struct {
	program string // path of the program, "" when there is none
	text    string // what the compiler had to say
	code    int    // exit status
}

// errUnusual is of a cell that the real go command has to build.
var errUnusual = errors.New("the cell is not plain Go")

// build makes the program out and returns the exit status. direct tells that the command asks for nothing
// but a build.
func (d *Daemon) build(ctx context.Context, q request, w *answer, out string, direct bool) int {
	b := builder{Daemon: d, dir: q.dir, env: q.env}
	if direct {
		r, err := b.program(ctx)
		if interrupted(ctx) {
			io.WriteString(w.stderr(), interruptedText)
			return 1
		}
		if err == nil && r.code != 0 {
			io.WriteString(w.stderr(), r.text)
			return r.code
		}
		if err == nil && d.place(r.program, out) == nil {
			return 0
		}
	}
	if text := d.missing(ctx, q); text != "" && !d.autoGet.Load() {
		io.WriteString(w.stderr(), text)
		return 1
	}
	return d.realBuild(ctx, q, w, out)
}

// realBuild has the real go command build the program out, offline, since all that it needs is there.
func (d *Daemon) realBuild(ctx context.Context, q request, w *answer, out string) int {
	env := q.env
	if !d.autoGet.Load() {
		env = Setenv(env, "GOPROXY", "off")
	}
	d.unplace(out)
	if d.Launcher == "" || !native(q.env) {
		return d.runGo(ctx, q.dir, env, w, q.args...)
	}
	args := append([]string(nil), q.args...)
	for i, a := range args {
		if a == out {
			args[i] = out + programSuffix
		}
	}
	code := d.runGo(ctx, q.dir, env, w, args...)
	if code == 0 {
		if err := os.Symlink(d.Launcher, out); err != nil {
			io.WriteString(w.stderr(), err.Error()+"\n")
			return 1
		}
	}
	return code
}

// program builds the cell directly. Its error says that the real go command has to do it, or that ctx has
// ended.
func (b builder) program(ctx context.Context) (result, error) {
	cell, err := b.readCell()
	if err != nil {
		return result{}, err
	}
	cfg, ok := b.loadConfig(cell.key)
	if !ok {
		if cfg, err = b.makeConfig(ctx, cell.key, cell.imports); err != nil {
			return result{}, err // the real go command words the error
		}
	}
	bin := b.binary(cell, cfg)
	if touch(bin) == nil {
		return result{program: bin}, nil
	}
	return b.compile(ctx, cell, cfg, bin)
}

// compile compiles and links the cell into the program bin.
func (b builder) compile(ctx context.Context, cell *cell, cfg *config, bin string) (result, error) {
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return result{}, err
	}
	work, err := os.MkdirTemp(b.Cache, "build-")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "main.go"), cell.source, 0o644); err != nil {
		return result{}, err
	}
	env := Setenv(b.env, "GOGC", "400")
	compile := command(ctx, work, env, filepath.Join(b.ToolDir, "compile"), "-o", "main.a", "-p", "main", "-lang="+cell.language,
		"-complete", "-dwarf=false", "-buildid=", "-trimpath", work+"=>/cell", "-importcfg", cfg.file, "-pack",
		"-c="+strconv.Itoa(runtime.NumCPU()), "./main.go")
	if out, err := compile.CombinedOutput(); err != nil {
		var exit *exec.ExitError
		if ctx.Err() != nil || !errors.As(err, &exit) || exit.ExitCode() < 1 {
			return result{}, err
		}
		return result{text: "# " + filepath.Base(b.dir) + "\n" + string(out), code: 1}, nil
	}
	link := command(ctx, work, env, filepath.Join(b.ToolDir, "link"), "-s", "-w", "-buildid=", "-o", "program", "-importcfg", cfg.linkFile(),
		"-buildmode=exe", "main.a")
	if out, err := link.CombinedOutput(); err != nil {
		return result{}, errors.New(strings.TrimSpace(string(out))) // the real go command has the better words
	}
	if err := os.Rename(filepath.Join(work, "program"), bin); err != nil {
		return result{}, err
	}
	prune(filepath.Dir(bin), maxBinaries, bin)
	return result{program: bin}, nil
}

// binary is where the program built from a cell is kept. The folder of the cell is no part of the name,
// since the program does not hold it.
func (b builder) binary(c *cell, cfg *config) string {
	return filepath.Join(b.Cache, "bin", digest(c.key, cfg.Stamp, cfg.Head, string(c.source)))
}
