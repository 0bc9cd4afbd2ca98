package backend

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
)

// Status says what a program can compute with.
type Status struct {
	Selected   string   `json:"selected"`              // configuration that the environment names, "go" if it names none
	From       string   `json:"from,omitempty"`        // the variable that names it
	Name       string   `json:"name,omitempty"`        // what it is, with its version
	Devices    []string `json:"devices,omitempty"`     // that it computes on
	BFloat16   bool     `json:"bfloat16"`              // whether models can be computed in bfloat16
	Error      string   `json:"error,omitempty"`       // why it does not work
	Slow       string   `json:"slow,omitempty"`        // why it is slower than it could be
	SIMD       bool     `json:"simd"`                  // of this program, for pure Go
	XLA        bool     `json:"xla"`                   // whether it is in this program
	WithoutXLA string   `json:"without_xla,omitempty"` // why it is not, and the cure
	Plugins    []Plugin `json:"plugins,omitempty"`     // for XLA, that are found by name
	Processors int      `json:"processors"`
	Go         string   `json:"go"` // version and platform
}

// Plugin is a PJRT plugin, by which XLA computes.
type Plugin struct {
	Name string `json:"name,omitempty"` // by which it is found, if it is
	Path string `json:"path"`
}

// Inspect makes the default backend and says what it is and what else there is.
// The error is that of the backend, with the cure; the status is valid with it.
func Inspect() (Status, error) {
	config, from := selected()
	s := Status{
		Selected: cmp.Or(config, gobackend.BackendName), From: from, SIMD: SIMD, XLA: noXLA == "", WithoutXLA: noXLA,
		Processors: runtime.GOMAXPROCS(0), Go: fmt.Sprintf("%s %s/%s", goVersion(), runtime.GOOS, runtime.GOARCH),
	}
	b, err := Default()
	if err != nil {
		s.Error = err.Error()
	} else {
		s.Name, s.BFloat16 = nameOf(b), ComputesBFloat16(b)
		for i := range b.NumDevices() {
			s.Devices = append(s.Devices, b.DeviceDescription(compute.DeviceNum(i)))
		}
		if b.String() == gobackend.BackendName {
			s.Slow = slow()
		}
	}
	s.Plugins = plugins()
	return s, err
}

// ComputesBFloat16 reports whether models can be computed in bfloat16 on b.
func ComputesBFloat16(b compute.Backend) bool { return b.Capabilities().DTypes[dtypes.BFloat16] }

// plugins lists the plugins that are found by name and, in a program that
// cannot search for them, the one that is installed by default.
func plugins() (list []Plugin) {
	defer func() {
		// GoMLX's search panics where a file that is named like a plugin is none;
		// choosing a plugin by name then says so.
		if recover() != nil {
			list = nil
		}
	}()
	found := searchPlugins()
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, Plugin{Name: name, Path: found[name]})
	}
	if noXLA != "" {
		if dir, err := DefaultDir(); err == nil {
			path := filepath.Join(dir, pluginName)
			if _, err := os.Stat(path); err == nil {
				list = append(list, Plugin{Name: "cpu", Path: path})
			}
		}
	}
	return list
}
