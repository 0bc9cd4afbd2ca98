//go:build !linux

package nn

// preferHugePages does nothing: the system has no such wish.
func preferHugePages([]byte) {}
