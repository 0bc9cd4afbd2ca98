//go:build unix && !linux

package gofront

// endWithParent does nothing where a process cannot ask to be ended with its parent.
func endWithParent() {}
