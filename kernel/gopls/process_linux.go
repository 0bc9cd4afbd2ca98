package gopls

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runTied runs cmd, which is killed when this process dies. That holds for the thread which started it,
// so this goroutine keeps its thread.
func runTied(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runStarted(cmd, started)
}
