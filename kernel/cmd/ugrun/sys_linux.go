package main

import "syscall"

// redirect makes the file descriptor to a copy of from.
func redirect(from, to int) { syscall.Dup3(from, to, 0) }

// attributes put a command into a process group of its own and end it with this process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
