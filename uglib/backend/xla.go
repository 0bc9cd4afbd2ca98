//go:build xla && cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

// Links XLA in; it loads a plugin when a backend is made, and fetches none.
import _ "github.com/gomlx/go-xla/compute/xla"
