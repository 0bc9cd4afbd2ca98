package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"urbangraph/kernel/lab/papermill"
)

// Oldest Python that the requirements were resolved for.
const pythonMajor, pythonMinor = 3, 11

// interpreters are the names under which a Python is looked for, in this order.
var interpreters = []string{"python3", "python3.13", "python3.12", "python3.11", "python"}

// errNoPython is returned when no Python of a sufficient version is found.
var errNoPython = errors.New("no Python 3.11 or newer was found")

// ErrOffline is returned when the package index could not be reached.
var ErrOffline = errors.New("the Python package index could not be reached")

// IsUnavailable reports whether a set-up failed for want of Python or of the package index, which is no
// fault of the project.
func IsUnavailable(err error) bool { return errors.Is(err, errNoPython) || errors.Is(err, ErrOffline) }

// interpreter is a Python found on the machine.
type interpreter struct{ path, version string }

// findPython returns the interpreter asked for, or the first one in PATH that is new enough.
func findPython(ctx context.Context, asked string) (interpreter, error) {
	names := interpreters
	if asked != "" {
		names = []string{asked}
	}
	var seen []string
	for _, n := range names {
		path, err := exec.LookPath(n)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])").Output()
		if err != nil {
			seen = append(seen, path+" (does not run)")
			continue
		}
		v := strings.TrimSpace(string(out))
		if newEnough(v) {
			return interpreter{path, v}, nil
		}
		seen = append(seen, path+" ("+v+")")
	}
	found := "looked for " + strings.Join(names, ", ")
	if len(seen) > 0 {
		found = "found only " + strings.Join(seen, ", ")
	}
	return interpreter{}, fmt.Errorf("%w: %s; install one (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python), or name it by --python PATH", errNoPython, found)
}

// newEnough compares a version such as "3.11.7" with the oldest one that will do.
func newEnough(version string) bool {
	p := strings.Split(version, ".")
	if len(p) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(p[0])
	minor, err2 := strconv.Atoi(p[1])
	return err1 == nil && err2 == nil && (major > pythonMajor || major == pythonMajor && minor >= pythonMinor)
}

// requirements is the file with the pinned and hashed packages.
func (s *Setup) requirements() string {
	return filepath.Join(s.Layout.Repo, "kernel", "lab", "requirements.txt")
}

// havePython reports whether there is an environment; one whose Python has gone is none.
func (s *Setup) havePython() bool { return isFile(s.Layout.Python()) }

// pythonStamp covers the packages, papermill's translator, the place of the environment, whose scripts hold
// it, and the Python asked for.
func (s *Setup) pythonStamp() (string, error) {
	translator := filepath.Join(s.Layout.Repo, "kernel", "lab", "papermill", "python")
	files, err := filepath.Glob(filepath.Join(translator, "ug_papermill", "*.py"))
	if err != nil {
		return "", err
	}
	files = append(files, filepath.Join(translator, "pyproject.toml"), s.requirements())
	return strings.Join([]string{hashFiles(files...), s.Layout.Venv(), s.Python}, " "), nil
}

// python makes the environment and installs the packages, and papermill's translator for Go. To one that is there and works the packages
// are added; one whose Python does not run, or is too old or not the one asked for, is made anew.
func (s *Setup) python(ctx context.Context) (string, error) {
	py, err := findPython(ctx, s.Python)
	if err != nil {
		return "", err
	}
	env := os.Environ()
	if !s.usable(ctx, py) {
		if out, err := s.command(ctx, env, py.path, "-m", "venv", "--clear", s.Layout.Venv()); err != nil {
			if strings.Contains(out, "ensurepip") {
				return "", fmt.Errorf("%s cannot make environments, its venv module is not whole (Debian and Ubuntu: apt-get install python3-venv): %w", py.path, err)
			}
			return "", err
		}
	}
	out, err := s.command(ctx, env, s.Layout.Python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--no-input", "--require-hashes", "-r", s.requirements())
	if err != nil {
		return "", pipError(out, err)
	}
	return "", papermill.Install(s.Layout.Python())
}

// usable reports whether there is an environment of the same Python whose pip runs.
func (s *Setup) usable(ctx context.Context, py interpreter) bool {
	have, err := findPython(ctx, s.Layout.Python())
	if err != nil {
		return false
	}
	if s.Python != "" && have.version != py.version {
		return false
	}
	_, err = s.command(ctx, os.Environ(), s.Layout.Python(), "-m", "pip", "--version")
	return err == nil
}

// pipError adds the cure to what pip said.
func pipError(output string, err error) error {
	for _, sign := range []string{
		"Failed to establish a new connection", "NewConnectionError", "Temporary failure in name resolution",
		"Could not find a version that satisfies", "ConnectTimeoutError", "ReadTimeoutError", "Network is unreachable",
		"ProxyError", "Connection refused", "Cannot connect to proxy", "Max retries exceeded", "from versions: none",
	} {
		if strings.Contains(output, sign) {
			return fmt.Errorf("%w: connect this machine once, or point pip to a mirror (PIP_INDEX_URL) or to a folder of wheels (PIP_FIND_LINKS with PIP_NO_INDEX=1), then run this again: %w", ErrOffline, err)
		}
	}
	if strings.Contains(output, "No space left on device") {
		return fmt.Errorf("the disk is full, about 400 MB are needed for the Python environment: %w", err)
	}
	return fmt.Errorf("pip could not install the packages: %w", err)
}
