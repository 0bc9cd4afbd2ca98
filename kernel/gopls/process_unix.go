//go:build unix

package gopls

import (
	"os/exec"
	"syscall"
)

// niceness is the priority of gopls, with which it does not slow the cells: 0 is normal, 19 the lowest.
const niceness = 10

// runStarted starts cmd in a process group of its own, with low priority, reports that on started and
// waits for its end.
func runStarted(cmd *exec.Cmd, started chan<- error) {
	cmd.SysProcAttr.Setpgid = true
	err := cmd.Start()
	if err == nil {
		// The group, as its main thread alone would leave the other threads as they are.
		syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, niceness)
	}
	started <- err
	if err == nil {
		cmd.Process.Wait()
		killGroup(cmd) // go commands that it has started
	}
}

// killGroup kills the process group of cmd, which has started.
func killGroup(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
