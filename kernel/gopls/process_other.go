//go:build unix && !linux

package gopls

import (
	"os/exec"
	"syscall"
)

// runTied runs cmd, which ends when its standard input is closed, as happens when this process dies.
func runTied(cmd *exec.Cmd, started chan<- error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	runStarted(cmd, started)
}
