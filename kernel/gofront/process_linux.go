package gofront

import "syscall"

// endWithParent ends a program with the thread that starts it; Go ends threads only with the process.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
