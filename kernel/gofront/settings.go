package gofront

import "strings"

// BuildFlags are the GOFLAGS of cells. Symbol tables and DWARF are left out, already when packages are
// compiled, which takes more than a third off the time of a link; panics still print full stack traces.
const BuildFlags = "-buildvcs=false '-ldflags=-s -w' -gcflags=all=-dwarf=false"

// Settings are what the daemon needs to know of its surroundings.
type Settings struct {
	Toolchain
	Repo     string // root of the clone, which replaces the project's module in a notebook's module
	Bin      string // folder with the real goimports and gopls, where they are installed
	Front    string // folder with the fronts: go, goimports and gopls
	Launcher string // the launcher of programs (cmd/ugrun); "" has cells run without it
	Cache    string // folder for import configurations and binaries of cells, kept between kernels
	Work     string // folder of one kernel, for builds and the list of the folders that GoNB made
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
