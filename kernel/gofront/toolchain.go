package gofront

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// Toolchain says where the real Go toolchain and its folders are.
type Toolchain struct {
	Go       string // path of the go command
	Root     string // GOROOT
	ToolDir  string // GOTOOLDIR, with compile and link
	ModCache string // GOMODCACHE
	Version  string // such as "go1.26.8"
	Flags    string // the GOFLAGS that the user has set
}

// toolchainFile keeps, in the folder of the set-up, what the go command said about itself.
const toolchainFile = "toolchain.json"

// FindToolchain asks the go command found in PATH for the toolchain that builds the module in repo.
// When go.mod asks for a newer toolchain than the installed one, it is that newer one. The answer is kept
// in the folder state, unless that is "", and holds as long as the go command, go.mod and the variables
// that steer Go are the same.
func FindToolchain(ctx context.Context, repo, state string) (Toolchain, error) {
	goCmd, err := exec.LookPath("go")
	if err != nil {
		return Toolchain{}, fmt.Errorf("no go command in PATH, install Go 1.26 or newer: %w", err)
	}
	file, stamp := "", ""
	if state != "" {
		file, stamp = filepath.Join(state, toolchainFile), toolchainStamp(goCmd, repo)
		if t, ok := readToolchain(file, stamp); ok {
			return t, nil
		}
	}
	t, err := askToolchain(ctx, goCmd, repo)
	if err == nil && file != "" {
		if text, err := json.Marshal(keptToolchain{stamp, t}); err == nil {
			renameio.WriteFile(file, text, 0o644) // without it the next kernel asks again
		}
	}
	return t, err
}

// keptToolchain is the content of the file that keeps a toolchain.
type keptToolchain struct {
	Stamp     string
	Toolchain Toolchain
}

// readToolchain reads a kept toolchain; it reports false when there is none that holds.
func readToolchain(file, stamp string) (Toolchain, bool) {
	var k keptToolchain
	text, err := os.ReadFile(file)
	if err != nil || json.Unmarshal(text, &k) != nil || k.Stamp != stamp {
		return Toolchain{}, false
	}
	return k.Toolchain, isFile(k.Toolchain.Go) && isFile(filepath.Join(k.Toolchain.ToolDir, "compile"))
}

// toolchainStamp covers what the answer of the go command depends on.
func toolchainStamp(goCmd, repo string) string {
	parts := []string{goCmd, repo}
	files := []string{goCmd, filepath.Join(repo, "go.mod"), os.Getenv("GOENV")}
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "go", "env"))
	}
	for _, f := range files {
		if fi, err := os.Stat(f); err == nil {
			parts = append(parts, fmt.Sprint(fi.Size(), fi.ModTime().UnixNano()))
		} else {
			parts = append(parts, "none")
		}
	}
	for _, name := range []string{"GOROOT", "GOTOOLCHAIN", "GOFLAGS", "GOPATH", "GOMODCACHE", "GOENV", "GOOS", "GOARCH", "HOME"} {
		parts = append(parts, os.Getenv(name))
	}
	return digest(parts...)
}

// askToolchain starts the go command to ask it.
func askToolchain(ctx context.Context, goCmd, repo string) (Toolchain, error) {
	cmd := exec.CommandContext(ctx, goCmd, "env", "-json", "GOROOT", "GOTOOLDIR", "GOMODCACHE", "GOVERSION", "GOFLAGS")
	cmd.Dir = repo
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return Toolchain{}, fmt.Errorf("%s env failed in %s: %w: %s", goCmd, repo, err, strings.TrimSpace(stderr.String()))
	}
	var v struct{ GOROOT, GOTOOLDIR, GOMODCACHE, GOVERSION, GOFLAGS string }
	if err := json.Unmarshal(out, &v); err != nil {
		return Toolchain{}, fmt.Errorf("%s env -json gave no JSON: %w", goCmd, err)
	}
	real := filepath.Join(v.GOROOT, "bin", "go")
	if _, err := os.Stat(real); err != nil {
		real = goCmd
	}
	return Toolchain{Go: real, Root: v.GOROOT, ToolDir: v.GOTOOLDIR, ModCache: v.GOMODCACHE, Version: v.GOVERSION, Flags: v.GOFLAGS}, nil
}

// Language is the language version of the toolchain, such as "go1.26".
func (t Toolchain) Language() string {
	v := strings.SplitN(strings.TrimPrefix(t.Version, "go"), ".", 3)
	if len(v) < 2 {
		return t.Version
	}
	return "go" + v[0] + "." + v[1]
}
