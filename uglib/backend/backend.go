package backend

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// Variable is the environment variable that names the backend; it goes before
// GoMLX's own, GOMLX_BACKEND.
const Variable = "UG_BACKEND"

// Default returns the backend that the environment names, pure Go if it names
// none. It is made at the first call, and later calls return the same one:
// values of different backends do not mix.
func Default() (compute.Backend, error) { return theDefault() }

var theDefault = sync.OnceValues(func() (compute.Backend, error) {
	config, from := selected()
	b, err := New(config)
	if err != nil && from != "" {
		err = fmt.Errorf("%w (%s=%s)", err, from, config)
	}
	return b, err
})

// selected gives the configuration that the environment names and the variable
// that holds it; both are empty where none does.
func selected() (config, from string) {
	for _, name := range []string{Variable, compute.ConfigEnvVar} {
		if config = os.Getenv(name); config != "" {
			return config, name
		}
	}
	return "", ""
}

// New returns a new backend for a configuration such as "go" or
// "xla:/path/plugin.so"; "" is "go". An error says how to get what is missing.
func New(config string) (compute.Backend, error) {
	name, options, _ := strings.Cut(cmp.Or(strings.TrimSpace(config), gobackend.BackendName), ":")
	switch {
	case name == gobackend.BackendName:
		return newGo(options)
	case name == xlaName && noXLA != "":
		return nil, fmt.Errorf("backend: %s, or choose the backend %q", noXLA, gobackend.BackendName)
	// compute.NewWithConfig panics for a backend that is not linked in.
	case !slices.Contains(compute.List(), name):
		return nil, fmt.Errorf("backend: no backend %q; try one of %s", name, strings.Join(Available(), ", "))
	}
	return newXLA(name, options)
}

// newXLA returns XLA by the plugin that comes first among the options: its
// path, its name, or nothing for the first that is found.
func newXLA(name, options string) (b compute.Backend, err error) {
	plugin, rest, more := strings.Cut(options, ",")
	if strings.ContainsRune(plugin, filepath.Separator) {
		// GoMLX takes a path for a name unless it is absolute.
		if plugin, err = filepath.Abs(plugin); err != nil {
			return nil, fmt.Errorf("backend: plugin %s: %w", plugin, err)
		}
		if err := checkFile(plugin); err != nil {
			return nil, fmt.Errorf("backend: %w; %s", err, pluginCure)
		}
		options = plugin
		if more {
			options += "," + rest
		}
	}
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("backend: XLA plugin %q: %v; a file that is named like a plugin may be none: name one by its path, or %s", plugin, r, pluginCure)
		}
	}()
	major, minor, err := pluginVersion(plugin)
	if err == nil {
		err = checkVersion(plugin, major, minor)
	}
	if err != nil {
		return nil, fmt.Errorf("backend: %w; %s", err, pluginCure)
	}
	if b, err = compute.NewWithConfig(name + ":" + options); err != nil {
		return nil, fmt.Errorf("backend: XLA plugin %q: %w; %s", plugin, err, pluginCure)
	}
	return b, nil
}

// Available returns the names of the backends in this program, sorted.
func Available() []string {
	names := compute.List()
	slices.Sort(names)
	return names
}

// newGo returns a pure Go backend with unlimited parallelism: with a limit, GoMLX
// compute v0.1.6 waits for ever once matrix products that wait for workers
// hold all of them.
func newGo(options string) (compute.Backend, error) {
	var rest []string
	for _, o := range strings.Split(options, ",") {
		value, ok := strings.CutPrefix(o, "parallelism=")
		switch {
		case !ok:
			rest = append(rest, o)
		case value != "-1":
			return nil, fmt.Errorf("backend: go:%s would come to a standstill (limited workers deadlock); use \"go\", or \"go:ops_sequential\" for one operation at a time", o)
		}
	}
	b, err := gobackend.New(strings.Join(rest, ","))
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	// The option parallelism=-1 would print a line on standard output, which is
	// the caller's; so the worker pool is told directly.
	type pool interface{ SetMaxParallelism(int) }
	if v := reflect.Indirect(reflect.ValueOf(b)); v.Kind() == reflect.Struct {
		if f := v.FieldByName("Workers"); f.IsValid() && f.CanInterface() {
			if workers, ok := f.Interface().(pool); ok {
				workers.SetMaxParallelism(-1)
				return b, nil
			}
		}
	}
	return nil, fmt.Errorf("backend: this version of GoMLX's Go backend (%T) has no worker pool to set", b)
}

// Describe says what computes, for the record beside a result: the default
// backend, the number of processors, SIMD, and the version of Go.
func Describe() string {
	b, err := Default()
	if err != nil {
		return "no backend: " + err.Error()
	}
	return fmt.Sprintf("%s, %d processors, %s %s/%s", nameOf(b), runtime.GOMAXPROCS(0), goVersion(), runtime.GOOS, runtime.GOARCH)
}

// nameOf says what a backend is.
func nameOf(b compute.Backend) string {
	switch {
	case b.String() != gobackend.BackendName:
		return b.Description()
	case SIMD:
		return "pure Go, SIMD"
	}
	return "pure Go, no SIMD"
}

// goVersion is the version of Go without its experiments.
func goVersion() string {
	version, _, _ := strings.Cut(runtime.Version(), " ")
	version, _, _ = strings.Cut(version, "-X:")
	return version
}

var warned sync.Once

// Warning returns, at its first call in the process, a notice for the user if
// the default backend is slower than it could be, and "" otherwise.
func Warning() string {
	notice := ""
	warned.Do(func() {
		b, err := Default()
		if err == nil && b.String() == gobackend.BackendName {
			notice = slow()
		}
	})
	return notice
}

// slow says that the pure Go backend is slower than it could be, if it is.
func slow() string {
	if SIMD || runtime.GOARCH != "amd64" {
		return "" // Go has SIMD for amd64 only
	}
	return "this program was built without SIMD; set GOEXPERIMENT=simd when building: about 5 to 15 times faster"
}
