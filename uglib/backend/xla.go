//go:build xla && cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
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
func pluginVersion(plugin string) (major, minor int, ok bool) {
	if !filepath.IsAbs(plugin) {
		// As GoMLX chooses: the name, or the name with a version, or the first.
		names := xla.GetAvailablePlugins()
		at := slices.Index(names, plugin)
		if at < 0 {
			at = slices.IndexFunc(names, func(name string) bool { return plugin == "" || strings.HasPrefix(name, plugin+"_v") })
		}
		if at < 0 {
			return 0, 0, false
		}
		plugin = names[at]
	}
	p, err := pjrt.GetPlugin(plugin)
	if err != nil {
		return 0, 0, false
	}
	major, minor = p.Version()
	return major, minor, true
}

// searchPlugins gives the plugins that are found by name, and their paths.
func searchPlugins() map[string]string { return pjrt.AvailablePlugins() }
