//go:build xla && cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	// Links XLA in; it loads a plugin when a backend is made, and fetches none.
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// noXLA says why XLA is not in this program.
const noXLA = ""

// pluginVersion loads a plugin, by path or name, and gives the version of its
// interface.
func pluginVersion(plugin string) (major, minor int, err error) {
	if !filepath.IsAbs(plugin) {
		// As GoMLX chooses: the name, or the name with a version, or the first.
		names := xla.GetAvailablePlugins()
		at := slices.Index(names, plugin)
		if at < 0 {
			at = slices.IndexFunc(names, func(name string) bool { return plugin == "" || strings.HasPrefix(name, plugin+"_v") })
		}
		switch {
		case at >= 0:
		case plugin == "":
			return 0, 0, errors.New("no XLA plugin is found by name")
		default:
			return 0, 0, fmt.Errorf("no XLA plugin is found by the name %q, of those that are by name: %q (one for CUDA only where there is such a device)", plugin, names)
		}
		plugin = names[at]
	}
	p, err := pjrt.GetPlugin(plugin)
	if err != nil {
		return 0, 0, fmt.Errorf("XLA plugin %q: %w", plugin, err)
	}
	major, minor = p.Version()
	return major, minor, nil
}

// searchPlugins gives the plugins that are found by name, and their paths.
func searchPlugins() map[string]string {
	found := pjrt.AvailablePlugins()
	maps.DeleteFunc(found, func(name, path string) bool { return name == path }) // loaded by its path
	return found
}
