package gofront

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// builder builds the cell whose main.go stands in dir.
type builder struct {
	*Daemon
	dir string
	env []string
}

// result is what came of a direct build.
type result struct {
	program string        // path of the program, "" when there is none
	text    string        // what the compiler had to say
	code    int           // exit status
	took    time.Duration // of the build
	kept    bool          // the program was there already
}

// Build is what the build of a cell took.
type Build struct {
	Took time.Duration
	Kept bool // the program was there already
}

// LastBuild is that of the cell that was built last.
func (d *Daemon) LastBuild() Build {
	if b := d.lastBuild.Load(); b != nil {
		return *b
	}
	return Build{}
}

// errUnusual is of a cell that the real go command has to build.
var errUnusual = errors.New("the cell is not plain Go")

// build makes the program out and returns the exit status. direct tells that the command asks for nothing
// but a build.
func (d *Daemon) build(ctx context.Context, q request, w *answer, out string, direct bool) int {
	if direct {
		r, err := d.cellProgram(ctx, builder{Daemon: d, dir: q.dir, env: q.env})
		if ctx.Err() != nil || errors.Is(err, errInterrupted) {
			return w.interrupted()
		}
		if err == nil && r.code != 0 {
			io.WriteString(w.stderr(), r.text)
			return r.code
		}
		if err == nil && d.place(r.program, out) == nil {
			d.lastBuild.Store(&Build{Took: r.took, Kept: r.kept})
			return 0
		}
	} else {
		d.ahead.drop()
	}
	if text := d.missing(q); text != "" && !d.autoGet.Load() {
		io.WriteString(w.stderr(), text)
		return 1
	}
	return d.realBuild(ctx, q, w, out)
}

// cellProgram builds the cell in b.dir, unless that has been begun ahead.
func (d *Daemon) cellProgram(ctx context.Context, b builder) (result, error) {
	src, err := os.ReadFile(filepath.Join(b.dir, "main.go"))
	if err != nil {
		d.ahead.drop()
		return result{}, err
	}
	c, err := b.readCell(src)
	if err != nil {
		d.ahead.drop()
		return result{}, err
	}
	if r, err, ok := d.ahead.wait(ctx, c.id()); ok {
		return r, err
	}
	return b.program(ctx, c)
}

// realBuild has the real go command build the program out, offline, since all that it needs is there.
func (d *Daemon) realBuild(ctx context.Context, q request, w *answer, out string) int {
	env := q.env
	if !d.autoGet.Load() {
		env = Setenv(env, "GOPROXY", "off")
	}
	d.unplace(out)
	begin := time.Now()
	defer func() { d.lastBuild.Store(&Build{Took: time.Since(begin)}) }()
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
func (b builder) program(ctx context.Context, c *cell) (_ result, err error) {
	begin := time.Now()
	cfg := b.config(c)
	if cfg == nil {
		if cfg, err = b.makeConfig(ctx, c); err != nil {
			return result{}, err // the real go command words the error
		}
	}
	bin := b.binary(c, cfg)
	if touch(bin) == nil {
		return result{program: bin, took: time.Since(begin), kept: true}, nil
	}
	r, err := b.compile(ctx, c, cfg, bin)
	if errors.Is(err, errKilled) && ctx.Err() == nil { // while it waited, perhaps long ago
		r, err = b.compile(ctx, c, cfg, bin)
	}
	if (err != nil || r.code != 0) && ctx.Err() == nil && !cfg.complete() { // the go command has trimmed its cache
		if cfg, err = b.makeConfig(ctx, c); err != nil {
			return result{}, err
		}
		bin = b.binary(c, cfg)
		r, err = b.compile(ctx, c, cfg, bin)
	}
	r.took = time.Since(begin)
	return r, err
}

// compile compiles and links the cell into the program bin.
func (b builder) compile(ctx context.Context, c *cell, cfg *config, bin string) (result, error) {
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return result{}, err
	}
	s, err := b.takeStation(b.env)
	if err != nil {
		return result{}, err
	}
	defer b.restock(b.env)
	defer s.clear()
	defer context.AfterFunc(ctx, s.kill)()
	if err := os.WriteFile(filepath.Join(s.dir, "main.go"), c.source, 0o644); err != nil {
		return result{}, err
	}
	if text, err := s.compile.finish(cfg.text); err != nil {
		if text == "" || errors.Is(err, errKilled) {
			return result{}, fmt.Errorf("compile: %w", err)
		}
		return result{text: "# " + filepath.Base(b.dir) + "\n" + text, code: 1}, nil
	}
	if text, err := s.link.finish(cfg.linkText()); err != nil {
		return result{}, fmt.Errorf("link: %w: %s", err, text) // the real go command has the better words
	}
	if err := os.Rename(filepath.Join(s.dir, "program"), bin); err != nil {
		return result{}, err
	}
	return result{program: bin}, nil
}

// binary is where the program built from a cell is kept. The folder of the cell is no part of the name,
// since the program does not hold it.
func (b builder) binary(c *cell, cfg *config) string {
	return filepath.Join(b.Cache, "bin", digest(c.key, cfg.stamp, cfg.head, string(c.source)))
}
