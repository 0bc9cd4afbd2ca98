package launch

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runTied starts cmd, reports that on started, and reports its end on done. The child is told to end when
// this process dies. That holds for the thread which started it, so this goroutine keeps its thread.
func runTied(cmd *exec.Cmd, started, done chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err := cmd.Start()
	started <- err
	if err == nil {
		done <- cmd.Wait()
	}
}
