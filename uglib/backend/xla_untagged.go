//go:build !xla

package backend

// noXLA says why XLA is not in this program.
const noXLA = `XLA is not in this program; build it with cgo and "-tags xla"`

func pluginVersion(string) (major, minor int, ok bool) { return 0, 0, false }

func searchPlugins() map[string]string { return nil }
