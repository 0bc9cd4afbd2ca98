//go:build unix && !linux

package main

import "syscall"

// redirect makes the file descriptor to a copy of from.
func redirect(from, to int) { syscall.Dup2(from, to) }

// attributes put a command into a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
