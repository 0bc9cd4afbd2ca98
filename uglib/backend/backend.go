// Package backend chooses what computes the models: GoMLX's pure Go backend,
// which needs nothing but the Go tool chain, or XLA by a PJRT plugin.
//
// The default is pure Go. The environment variable UG_BACKEND, or GOMLX_BACKEND
// if that is not set, names another:
//
//	UG_BACKEND=go                   pure Go (the default)
//	UG_BACKEND=go:ops_sequential    pure Go, one operation at a time
//	UG_BACKEND=xla:/abs/plugin.so   XLA by the PJRT plugin at this path
//	UG_BACKEND=xla:cuda             XLA by a plugin that GoMLX finds by name
//
// XLA is linked only into programs built with the build tag "xla" and cgo, and
// nothing is ever fetched by itself: get_pjrt_cpu.sh beside this file gets a
// plugin for the CPU, pinned by hash. The pure Go backend is 5 to 15 times faster in
// programs built with GOEXPERIMENT=simd, which a module cannot ask for itself;
// [Warning] says so where it was not set.
package backend

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
	name := Variable
	if os.Getenv(name) == "" {
		name = compute.ConfigEnvVar
	}
	config := os.Getenv(name)
	b, err := New(config)
	if err != nil && config != "" {
		err = fmt.Errorf("%w (%s=%s)", err, name, config)
	}
	return b, err
})

// New returns a new backend for a configuration such as "go" or
// "xla:/abs/plugin.so"; "" is "go". An error says how to get what is missing.
func New(config string) (b compute.Backend, err error) {
	name, options, _ := strings.Cut(cmp.Or(strings.TrimSpace(config), gobackend.BackendName), ":")
	if name == gobackend.BackendName {
		return newGo(options)
	}
	// compute.NewWithConfig panics for a backend that is not linked in.
	if !slices.Contains(compute.List(), name) {
		if name == xlaName {
			return nil, errors.New(`backend: XLA is not in this program; build it with cgo and "-tags xla", or choose the backend "go"`)
		}
		return nil, fmt.Errorf("backend: no backend %q; try one of %s", name, strings.Join(Available(), ", "))
	}
	if plugin, _, _ := strings.Cut(options, ","); strings.Contains(plugin, "/") {
		if _, err := os.Stat(plugin); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("backend: no plugin %s; %s", plugin, pluginCure)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			b, err = nil, fmt.Errorf("backend: %s: %v; %s", name, r, pluginCure)
		}
	}()
	b, err = compute.NewWithConfig(name + ":" + options)
	if err != nil {
		return nil, fmt.Errorf("backend: %w; %s", err, pluginCure)
	}
	return b, nil
}

const (
	xlaName    = "xla"
	pluginCure = `get a plugin for the CPU with "sh uglib/backend/get_pjrt_cpu.sh DIR" and set ` + Variable +
		`=xla:DIR/pjrt_c_api_cpu_plugin.so (an absolute path)`
)

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
	name := b.Description()
	if b.String() == gobackend.BackendName {
		name = "pure Go, no SIMD"
		if SIMD {
			name = "pure Go, SIMD"
		}
	}
	goVersion, _, _ := strings.Cut(runtime.Version(), " ") // without the experiments
	return fmt.Sprintf("%s, %d processors, %s %s/%s", name, runtime.GOMAXPROCS(0), goVersion, runtime.GOOS, runtime.GOARCH)
}

var warned sync.Once

// Warning returns, at its first call in the process, a notice for the user if
// the default backend is slower than it could be, and "" otherwise.
func Warning() string {
	notice := ""
	warned.Do(func() { notice = slow() })
	return notice
}

func slow() string {
	b, err := Default()
	if err != nil || b.String() != gobackend.BackendName || SIMD || runtime.GOARCH != "amd64" {
		return "" // Go has SIMD for amd64 only
	}
	return "this program was built without SIMD; set GOEXPERIMENT=simd when building: about 5 to 15 times faster"
}
