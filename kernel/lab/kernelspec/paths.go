package kernelspec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// UserDir is Jupyter's data folder of the user: JUPYTER_DATA_DIR, else the platform's.
func UserDir() (string, error) {
	if d := os.Getenv("JUPYTER_DATA_DIR"); d != "" {
		return filepath.Abs(d)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("where Jupyter keeps your kernels is unknown: %w; set HOME or JUPYTER_DATA_DIR, or name a prefix by --prefix", err)
	}
	if real, err := filepath.EvalSymlinks(home); err == nil {
		home = real
	}
	return userDir(runtime.GOOS, home, os.Getenv("XDG_DATA_HOME"), isSet(os.Getenv("JUPYTER_PLATFORM_DIRS"))), nil
}

// userDir is the platform's data folder. platformDirs asks for that of the package platformdirs, which
// differs on macOS.
func userDir(goos, home, xdg string, platformDirs bool) string {
	if goos == "darwin" {
		if platformDirs {
			return filepath.Join(home, "Library", "Application Support", "Jupyter")
		}
		return filepath.Join(home, "Library", "Jupyter")
	}
	if xdg == "" {
		xdg = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(xdg, "jupyter")
}

// isSet reads a switch as Jupyter does.
func isSet(value string) bool {
	return value != "" && !slices.Contains([]string{"no", "n", "false", "off", "0", "0.0"}, strings.ToLower(value))
}

// PrefixDir is Jupyter's data folder below a prefix such as /usr/local.
func PrefixDir(prefix string) string { return filepath.Join(prefix, "share", "jupyter") }

// ErrNoPrefix is returned when no Python is active or found whose prefix could be taken.
var ErrNoPrefix = errors.New("no Python environment was found")

// SysPrefix is the prefix of a Python: of the given interpreter, or, for "", of the active environment
// (VIRTUAL_ENV, CONDA_PREFIX), or of the first python3 or python in PATH.
func SysPrefix(ctx context.Context, python string) (string, error) {
	names := []string{python}
	if python == "" {
		for _, v := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
			if d := os.Getenv(v); d != "" {
				if fi, err := os.Stat(d); err != nil || !fi.IsDir() {
					return "", fmt.Errorf("%s names %s, which is no folder: deactivate that environment, or name a prefix by --prefix", v, d)
				}
				return filepath.Abs(d)
			}
		}
		names = []string{"python3", "python"}
	}
	var last error
	for _, n := range names {
		path, err := exec.LookPath(n)
		if err != nil {
			last = err
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		out, err := exec.CommandContext(ctx, path, "-c", "import sys; print(sys.prefix)").Output()
		cancel()
		if prefix := strings.TrimSpace(string(out)); err == nil && filepath.IsAbs(prefix) {
			return prefix, nil
		}
		last = fmt.Errorf("%s does not tell its prefix: %w", path, err)
	}
	return "", fmt.Errorf("%w: %w; activate one, or name a prefix by --prefix", ErrNoPrefix, last)
}

// DataDirs lists the data folders in which Jupyter's clients of this user look for kernels: JUPYTER_PATH,
// the user's, those of the given Python prefixes, and the system's.
func DataDirs(prefixes ...string) []string {
	var out []string
	for d := range strings.SplitSeq(os.Getenv("JUPYTER_PATH"), string(os.PathListSeparator)) {
		if d != "" {
			out = append(out, d)
		}
	}
	if d, err := UserDir(); err == nil {
		out = append(out, d)
	}
	for _, p := range append(prefixes, "/usr/local", "/usr") {
		out = append(out, PrefixDir(p))
	}
	return out
}

// isNotDir reports whether an error says that a part of a path is a file.
func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
