package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"urbangraph/kernel/lab/kernelspec"
	"urbangraph/kernel/server"
)

// KernelName is the name of the kernelspec, and KernelTitle what JupyterLab shows.
const (
	KernelName  = "urbangraph"
	KernelTitle = "Go (urbangraph)"
)

// Layout says where the parts of a clone and of its set-up lie.
type Layout struct {
	Repo string // root of the clone
}

// FindLayout finds the clone that dir lies in.
func FindLayout(dir string) (Layout, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Layout{}, err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	for d := abs; ; d = filepath.Dir(d) {
		if isFile(filepath.Join(d, "go.mod")) && isFile(filepath.Join(d, "kernel", "lab", "requirements.txt")) {
			return Layout{Repo: d}, nil
		}
		if d == filepath.Dir(d) {
			return Layout{}, fmt.Errorf("%s is not inside a clone of the project: go to the clone first, or name it by --repo DIR", abs)
		}
	}
}

// Notebooks is the folder of the project's notebooks.
func (l Layout) Notebooks() string { return filepath.Join(l.Repo, "notebooks") }

// Venv is the folder of the Python environment.
func (l Layout) Venv() string { return filepath.Join(l.Repo, ".venv") }

// Python is the interpreter of the Python environment.
func (l Layout) Python() string { return filepath.Join(l.Venv(), "bin", "python") }

// State is the folder of everything else that the set-up makes.
func (l Layout) State() string { return filepath.Join(l.Repo, ".ug") }

// Bin is the folder of the Go tools.
func (l Layout) Bin() string { return filepath.Join(l.State(), server.BinFolder) }

// Front is the folder of the fronts.
func (l Layout) Front() string { return filepath.Join(l.State(), server.FrontFolder) }

// Cells is the folder of import configurations and programs of cells.
func (l Layout) Cells() string { return filepath.Join(l.State(), server.CacheFolder) }

// KernelspecDir is the folder of the kernel's description in the Python environment.
func (l Layout) KernelspecDir() string {
	return kernelspec.Dir(kernelspec.PrefixDir(l.Venv()), KernelName)
}

// goFile keeps the path of the go command that the set-up used.
func (l Layout) goFile() string { return filepath.Join(l.State(), "go") }

// ExtendPath appends the folder of the Go that set the clone up to the PATH of this process when PATH has no
// go command, as is common for programs that a desktop starts. Without one of either it does nothing.
func (l Layout) ExtendPath() {
	if _, err := exec.LookPath("go"); err == nil {
		return
	}
	b, err := os.ReadFile(l.goFile())
	if err != nil {
		return
	}
	if dir := filepath.Dir(string(b)); filepath.IsAbs(dir) && isFile(string(b)) {
		os.Setenv("PATH", strings.TrimPrefix(os.Getenv("PATH")+string(os.PathListSeparator)+dir, string(os.PathListSeparator)))
	}
}

// stampFile is where the stamp of a step is kept. That of the Python environment lies inside it, so that
// it goes with it.
func (l Layout) stampFile(step string) string {
	if step == stepPython {
		return filepath.Join(l.Venv(), ".urbangraph")
	}
	return filepath.Join(l.State(), "stamps", step)
}

// fresh reports whether a step was done with the given stamp.
func (l Layout) fresh(step, stamp string) bool {
	b, err := os.ReadFile(l.stampFile(step))
	return err == nil && strings.TrimSpace(string(b)) == strings.TrimSpace(stamp)
}

// done keeps the stamp of a step; an empty stamp forgets it.
func (l Layout) done(step, stamp string) error {
	f := l.stampFile(step)
	if stamp == "" {
		err := os.Remove(f)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f), 0o755); err != nil {
		return err
	}
	return os.WriteFile(f, []byte(stamp+"\n"), 0o644)
}

// isFile reports whether path is there and no folder.
func isFile(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && !fi.IsDir()
}
