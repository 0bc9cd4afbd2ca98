//go:build unix && !linux

package launch

import "os/exec"

// runTied starts cmd, reports that on started, and reports its end on done.
func runTied(cmd *exec.Cmd, started, done chan<- error) {
	err := cmd.Start()
	started <- err
	if err == nil {
		done <- cmd.Wait()
	}
}
