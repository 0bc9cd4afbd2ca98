package backend

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"urbangraph/uglib/progress"
)

// pinned is a file of which only one content is right.
type pinned struct {
	name   string
	size   int64
	sha256 string
}

// wheel is a package of a Python package index that holds a plugin.
type wheel struct {
	project  string
	platform string // GOOS/GOARCH
	archive  pinned
	plugin   pinned // by its name in the archive
	api      string // version of PJRT's interface
}

// cpuWheel is built by its authors from the XLA of jaxlib 0.11.2, under
// Apache-2.0. It needs glibc 2.27 or later.
var cpuWheel = wheel{
	project:  "lammps-jax-pjrt-cpu",
	platform: "linux/amd64",
	archive: pinned{"lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl", 62711338,
		"1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"},
	plugin: pinned{"lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", 201600336,
		"ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2"},
	api: "0.115",
}

// Installed is a plugin that was installed.
type Installed struct {
	Path    string `json:"path"`    // absolute
	API     string `json:"api"`     // version of PJRT's interface
	Source  string `json:"source"`  // the package that it is of, with its version
	SHA256  string `json:"sha256"`  // of the plugin
	Fetched bool   `json:"fetched"` // false if it was there already, whole
	Backend string `json:"backend"` // the value of UG_BACKEND that selects it
}

// InstallXLA fetches XLA's plugin for the CPU into a folder, [DefaultDir] if
// that is "". It exists for Linux on amd64.
//
// The plugin comes from a package of the index that pip is configured for
// (PIP_INDEX_URL, pip.conf; https://pypi.org/simple by default). Size and
// SHA-256 of the package and of the plugin are fixed here, whatever the index
// says. A download that was interrupted goes on where it stopped, if the server
// can do that, and a plugin that is there already and whole is not fetched
// again. What does not end well leaves no plugin behind, and an older one as
// it was.
func InstallXLA(ctx context.Context, dir string) (*Installed, error) {
	if dir == "" {
		var err error
		if dir, err = DefaultDir(); err != nil {
			return nil, err
		}
	}
	in, err := cpuWheel.install(ctx, dir)
	if err != nil {
		return nil, fmt.Errorf("backend: install XLA's plugin: %w", err)
	}
	return in, nil
}

func (w wheel) install(ctx context.Context, dir string) (*Installed, error) {
	if platform := runtime.GOOS + "/" + runtime.GOARCH; platform != w.platform {
		return nil, fmt.Errorf("%s is for %s, not for %s; name a plugin of your own by %s=xla:/path/of/the/plugin", w.project, w.platform, platform, Variable)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, filepath.Base(w.plugin.name))
	in := &Installed{Path: path, API: w.api, Source: w.archive.name, SHA256: w.plugin.sha256, Backend: xlaName + ":" + path}
	if w.plugin.check(path) == nil {
		return in, nil
	}
	part, err := lockedFile(filepath.Join(dir, "."+w.archive.name+".part"))
	if err != nil {
		return nil, err
	}
	defer part.Close()
	if w.plugin.check(path) == nil { // another process was quicker
		return in, os.Remove(part.Name())
	}
	if err := w.fetch(ctx, part); err != nil {
		return nil, err
	}
	if err := w.extract(ctx, part, path); err != nil {
		return nil, err
	}
	in.Fetched = true
	return in, os.Remove(part.Name())
}

// lockedFile opens a file that only one process works on.
func lockedFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errors.New("another process is fetching it right now; try again when it has ended")
		}
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// extract writes the plugin of the archive to path, in one step once it is
// checked.
func (w wheel) extract(ctx context.Context, archive *os.File, path string) (err error) {
	r, err := zip.NewReader(archive, w.archive.size)
	if err != nil {
		return fmt.Errorf("%s: %w", w.archive.name, err)
	}
	from, err := r.Open(w.plugin.name)
	if err != nil {
		return fmt.Errorf("%s: %w", w.archive.name, err)
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(path), ".plugin-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, to.Close(), os.Remove(to.Name()))
		}
	}()
	task := progress.Start(ctx, "unpack XLA's plugin (MB)", int(w.plugin.size>>20))
	defer task.Done()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum, &counter{task: task}), io.LimitReader(withContext{ctx, from}, w.plugin.size+1))
	if err != nil {
		return fmt.Errorf("%s: %w", w.plugin.name, err)
	}
	if err := w.plugin.compare(n, sum.Sum(nil)); err != nil {
		return err
	}
	if err := errors.Join(to.Chmod(0o644), to.Sync()); err != nil {
		return err
	}
	if err := to.Close(); err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	if err := os.Rename(to.Name(), path); err != nil {
		return errors.Join(err, os.Remove(to.Name()))
	}
	return nil
}

// check reports that the file at path is not p.
func (p pinned) check(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() != p.size {
		return errors.Join(err, fs.ErrInvalid)
	}
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil {
		return err
	}
	return p.compare(n, sum.Sum(nil))
}

// compare reports that size and sum are not those of p.
func (p pinned) compare(size int64, sum []byte) error {
	if have := hex.EncodeToString(sum); size != p.size || have != p.sha256 {
		return fmt.Errorf("%s has %d bytes of SHA-256 %s, want %d of %s: it is not the file that was pinned; do not use it", p.name, size, have, p.size, p.sha256)
	}
	return nil
}

// withContext is a reader that ends with its context.
type withContext struct {
	ctx context.Context
	io.Reader
}

func (r withContext) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

// counter reports megabytes to a task as they pass.
type counter struct {
	task  progress.Task
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	before := c.bytes >> 20
	c.bytes += int64(len(p))
	if n := c.bytes>>20 - before; n > 0 {
		c.task.Add(int(n))
	}
	return len(p), nil
}
