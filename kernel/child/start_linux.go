package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// startTied starts cmd in a process group of its own and calls ended when it has ended. The child is
// killed when this process dies. That holds for the thread which started it, so the goroutine that waits
// keeps its thread.
func startTied(cmd *exec.Cmd, ended func(error)) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended(cmd.Wait())
		}
	}()
	return <-started
}
