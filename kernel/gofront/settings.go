package gofront

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// BuildFlags are the GOFLAGS of cells. Symbol tables and DWARF are left out, which takes a quarter to a
// third off the time of a link; panics still print full stack traces.
const BuildFlags = "-buildvcs=false '-ldflags=-s -w'"

// Names of the environment variables by which the launcher tells the front what it needs.
const (
	envGo       = "UGKERNEL_GO"
	envRoot     = "UGKERNEL_GOROOT"
	envToolDir  = "UGKERNEL_GOTOOLDIR"
	envModCache = "UGKERNEL_GOMODCACHE"
	envVersion  = "UGKERNEL_GOVERSION"
	envRepo     = "UGKERNEL_REPO"
	envBin      = "UGKERNEL_BIN"
	envCache    = "UGKERNEL_CACHE"
	envWork     = "UGKERNEL_WORK"
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

// Settings are what the front needs to know of its surroundings.
type Settings struct {
	Toolchain
	Repo  string // root of the clone, which replaces the project's module in a notebook's module
	Bin   string // folder with the real gonb, goimports and gopls
	Cache string // folder for import configurations and binaries of cells
	Work  string // folder of one kernel; the front notes there which folders GoNB made
}

// BuildEnv returns base with the variables that decide how cells are built. The set-up warms the build
// cache with exactly these, so that cells find it warm. GOEXPERIMENT=simd makes the pure Go backend of
// GoMLX about fifteen times faster; a GOEXPERIMENT or CGO_ENABLED set by the user is kept.
func BuildEnv(base []string, t Toolchain) []string {
	user := strings.TrimSpace(strings.ReplaceAll(t.Flags, BuildFlags, ""))
	if user == "-buildvcs=false" {
		user = ""
	}
	env := Setenv(base, "GOFLAGS", strings.TrimSpace(user+" "+BuildFlags))
	if lookup(env, "GOEXPERIMENT") == "" {
		env = Setenv(env, "GOEXPERIMENT", "simd")
	}
	if lookup(env, "CGO_ENABLED") == "" {
		env = Setenv(env, "CGO_ENABLED", "0")
	}
	return Setenv(env, "GOWORK", "off")
}

// Environ returns base with what the front, found through it, needs to work.
func (s Settings) Environ(base []string) []string {
	for _, kv := range [][2]string{
		{envGo, s.Go}, {envRoot, s.Root}, {envToolDir, s.ToolDir}, {envModCache, s.ModCache},
		{envVersion, s.Version}, {envRepo, s.Repo}, {envBin, s.Bin}, {envCache, s.Cache}, {envWork, s.Work},
	} {
		base = Setenv(base, kv[0], kv[1])
	}
	return base
}

// settingsFromEnv reads what [Settings.Environ] has set.
func settingsFromEnv() (Settings, error) {
	s := Settings{
		Toolchain: Toolchain{Go: os.Getenv(envGo), Root: os.Getenv(envRoot), ToolDir: os.Getenv(envToolDir),
			ModCache: os.Getenv(envModCache), Version: os.Getenv(envVersion)},
		Repo: os.Getenv(envRepo), Bin: os.Getenv(envBin), Cache: os.Getenv(envCache), Work: os.Getenv(envWork),
	}
	if s.Go == "" {
		return s, errors.New("this go command is the front of the notebook kernel and works only inside it (" + envGo + " is not set); call the go command of your Go installation")
	}
	return s, nil
}

// Setenv returns env with name set to value; the last assignment of a name counts, as in os/exec.
func Setenv(env []string, name, value string) []string {
	out := make([]string, 0, len(env)+1)
	for _, e := range env {
		if !strings.HasPrefix(e, name+"=") {
			out = append(out, e)
		}
	}
	return append(out, name+"="+value)
}

// lookup returns the value of name in env, "" when absent.
func lookup(env []string, name string) string {
	v := ""
	for _, e := range env {
		if r, ok := strings.CutPrefix(e, name+"="); ok {
			v = r
		}
	}
	return v
}
