//go:build unix && !linux

package output

import "os"

// widen does nothing: pipes grow by themselves here.
func widen(*os.File) {}
