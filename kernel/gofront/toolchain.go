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

// FindToolchain asks the go command found in PATH for the toolchain that builds the module in repo.
// When go.mod asks for a newer toolchain than the installed one, it is that newer one.
func FindToolchain(ctx context.Context, repo string) (Toolchain, error) {
	goCmd, err := exec.LookPath("go")
	if err != nil {
		return Toolchain{}, fmt.Errorf("no go command in PATH, install Go 1.26 or newer: %w", err)
	}
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
