//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

// startTied starts cmd in a process group of its own and calls ended when it has ended.
func startTied(cmd *exec.Cmd, ended func(error)) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { ended(cmd.Wait()) }()
	return nil
}
