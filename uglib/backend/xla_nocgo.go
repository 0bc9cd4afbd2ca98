//go:build xla && !(cgo && ((linux && (amd64 || arm64)) || (darwin && arm64)))

package backend

import "errors"

// noXLA says why XLA is not in this program.
const noXLA = `XLA is not in this program: it was built with "-tags xla" but without cgo, or for a system that GoMLX has no XLA for; ` +
	`build it with CGO_ENABLED=1 and gcc in PATH on Linux (amd64, arm64) or macOS (arm64)`

func pluginVersion(string) (major, minor int, err error) { return 0, 0, errors.New(noXLA) }

func searchPlugins() map[string]string { return nil }
