package pyenv

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

//go:embed requirements.txt
var common []byte

// Common returns the path of a Python that has GeoPandas, PyArrow, DuckDB,
// NetworkX, OSMnx and WebDataset. See [Python].
func Common(t testing.TB) string {
	t.Helper()
	return python(t, common)
}

// Python returns the path of a Python that has the packages of a requirements
// file, which pins each with its hashes. The environment is made first where it
// is absent. The test is skipped, or with CI set in the environment fails, where
// that is not possible.
func Python(t testing.TB, requirements string) string {
	t.Helper()
	b, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	return python(t, b)
}

func python(t testing.TB, requirements []byte) string {
	t.Helper()
	path, err := environment(t.Context(), requirements)
	switch {
	case errors.Is(err, errHashes), err != nil && os.Getenv("CI") != "":
		t.Fatalf("no Python environment: %v", err)
	case err != nil:
		t.Skipf("no Python environment: %v", err)
	}
	return path
}

// Run runs Python and returns what it prints to standard output. The test fails
// with what it prints to standard error if it fails.
func Run(t testing.TB, python string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python, args...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("python %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.Bytes()
}

// errHashes is returned when the index gives a file that is not the pinned one.
var errHashes = errors.New("a package is not the one that the requirements pin")

// made remembers what became of each environment in this process, so that tests
// that cannot have one learn it without another try.
var made struct {
	sync.Mutex
	result map[string]result
}

type result struct {
	path string
	err  error
}

// environment returns the Python of the environment of these requirements.
func environment(ctx context.Context, requirements []byte) (string, error) {
	base, version, err := interpreter(ctx)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(append([]byte(base+"\n"+version+"\n"), requirements...))
	key := hex.EncodeToString(hash[:8])
	made.Lock()
	defer made.Unlock()
	if r, ok := made.result[key]; ok {
		return r.path, r.err
	}
	path, err := provide(ctx, key, base, requirements)
	if ctx.Err() == nil {
		if made.result == nil {
			made.result = map[string]result{}
		}
		made.result[key] = result{path, err}
	}
	return path, err
}

// interpreter returns the Python to build on and its version.
func interpreter(ctx context.Context) (path, version string, err error) {
	path, err = exec.LookPath("python3")
	if err != nil {
		return "", "", err
	}
	out, err := exec.CommandContext(ctx, path, "-c", "import sys, venv, ensurepip; print(sys.version_info >= (3, 11), sys.version)").Output()
	if err != nil {
		return "", "", fmt.Errorf("%s cannot make environments: %w", path, explain(err))
	}
	recent, version, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if recent != "True" {
		return "", "", fmt.Errorf("%s is Python %s; 3.11 or newer is needed", path, version)
	}
	return path, version, nil
}

// provide makes the environment of a key unless it is there; one process at a
// time does. What an interrupted one left is made again.
func provide(ctx context.Context, key, base string, requirements []byte) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	root := filepath.Join(cache, "urbangraph", "pyenv")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(ctx, filepath.Join(root, key+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	dir := filepath.Join(root, key)
	path, ready := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return path, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := run(ctx, base, "-m", "venv", dir); err != nil {
		return "", err
	}
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o644); err != nil {
		return "", err
	}
	err = run(ctx, path, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2",
		"--require-hashes", "--only-binary", ":all:", "-r", list)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return path, os.WriteFile(ready, nil, 0o644)
}

func run(ctx context.Context, name string, args ...string) error {
	_, err := exec.CommandContext(ctx, name, args...).Output()
	return explain(err)
}

// explain adds the last lines of what a command said to its error.
func explain(err error) error {
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	said := strings.TrimSpace(string(failed.Stderr))
	if strings.Contains(said, "DO NOT MATCH THE HASHES") {
		return fmt.Errorf("%w: %s", errHashes, said)
	}
	return fmt.Errorf("%w: %s", err, said[max(0, len(said)-1000):])
}

// lock takes the lock file, waiting for another process that holds it.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, &os.PathError{Op: "flock", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("waiting for another process to make the environment: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
