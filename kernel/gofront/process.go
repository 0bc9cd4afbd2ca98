//go:build unix

package gofront

import (
	"context"
	"os/exec"
	"syscall"
	"time"
)

// command is a program of the toolchain in a process group of its own, all of which ends with ctx.
func command(ctx context.Context, dir string, env []string, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// realCommand is a go command that may run for long: where the system can, it ends with this process.
func realCommand(ctx context.Context, dir string, env []string, program string, args ...string) *exec.Cmd {
	cmd := command(ctx, dir, env, program, args...)
	endWithParent(cmd.SysProcAttr)
	return cmd
}

// alive reports whether there is a process with the given number.
func alive(pid int) bool { return syscall.Kill(pid, 0) != syscall.ESRCH }
