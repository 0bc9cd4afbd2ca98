//go:build unix && !linux

package gofront

import "syscall"

// endWithParent does nothing where the system cannot end a program with another.
func endWithParent(*syscall.SysProcAttr) {}
