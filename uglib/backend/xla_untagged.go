//go:build !xla

package backend

import "errors"

// noXLA says why XLA is not in this program.
const noXLA = `XLA is not in this program; build it with cgo and "-tags xla"`

func pluginVersion(string) (major, minor int, err error) { return 0, 0, errors.New(noXLA) }

func searchPlugins() map[string]string { return nil }
