package browser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// oldestNode is the oldest Node.js that playwright-core runs on: that of Debian 12. From 1.62 on it needs 20.
const oldestNode = 18

// tools are the programs of the test.
type tools struct {
	node, chromium string
	modules        string // folder with playwright-core
}

// findTools finds node and Chromium and installs playwright-core. Where something is missing the test is
// skipped with the reason, and fails with CI=true.
func findTools(t *testing.T) tools {
	t.Helper()
	node, err := findNode(t.Context())
	if err != nil {
		missing(t, err)
	}
	chromium, err := findChromium()
	if err != nil {
		missing(t, err)
	}
	modules, err := install(t.Context())
	if err != nil {
		missing(t, err)
	}
	return tools{node: node, chromium: chromium, modules: modules}
}

// missing ends a test for want of a tool.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// findNode finds a Node.js that is new enough.
func findNode(ctx context.Context) (string, error) {
	for _, name := range []string{"node", "nodejs"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return "", fmt.Errorf("%s does not run: %w", path, err)
		}
		version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
		if major, _, _ := strings.Cut(version, "."); major != "" {
			if n, err := strconv.Atoi(major); err == nil && n >= oldestNode {
				return path, nil
			}
		}
		return "", fmt.Errorf("%s is Node.js %s, playwright-core needs %d or newer: install one from nodejs.org", path, version, oldestNode)
	}
	return "", fmt.Errorf("no node in PATH: install Node.js %d or newer", oldestNode)
}

// findChromium finds Chromium or Chrome.
func findChromium() (string, error) {
	if c := os.Getenv("UG_CHROMIUM"); c != "" {
		return exec.LookPath(c)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome",
		"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium in PATH: apt-get install chromium, or name one by UG_CHROMIUM")
}

// install installs playwright-core by its lock file into the user's cache folder, once for all clones, and
// returns the folder of modules.
func install(ctx context.Context) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("no npm in PATH, it comes with Node.js (Debian: apt-get install npm)")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	files := map[string][]byte{}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := os.ReadFile(filepath.Join("driver", name))
		if err != nil {
			return "", err
		}
		files[name] = data
		h.Write(data)
	}
	root := filepath.Join(cache, "urbangraph", "browser")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(root, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close() // gives it back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	dir := filepath.Join(root, hex.EncodeToString(h.Sum(nil)[:8]))
	modules := filepath.Join(dir, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	aside, err := os.MkdirTemp(root, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(aside)
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(aside, name), data, 0o644); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = aside
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci could not install playwright-core, connect this machine once: %w\n%s", err, out)
	}
	if err := os.Rename(aside, dir); err != nil {
		return "", err
	}
	return modules, nil
}
