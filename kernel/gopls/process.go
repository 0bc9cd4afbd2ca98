package gopls

import (
	"fmt"
	"io"
	"os/exec"
)

// process is a running gopls.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	ended  chan struct{} // closed when it has ended and was waited for
}

// command is a gopls to start: it reads its standard input and ends when that is closed.
func command(path, dir string, env []string) *exec.Cmd {
	cmd := exec.Command(path)
	cmd.Dir, cmd.Env = dir, env
	return cmd
}

// startProcess starts cmd at low priority in a process group of its own.
func startProcess(cmd *exec.Cmd) (*process, error) {
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		stdin.Close()
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin, stdout: stdout, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		defer close(p.ended)
		runTied(cmd, started)
	}()
	if err := <-started; err != nil {
		stdin.Close()
		stdout.Close()
		return nil, fmt.Errorf("gopls at %s did not start: %w; run the set-up again: ugkernel lab", cmd.Path, err)
	}
	return p, nil
}

// kill ends the process and what it started, and waits for its end.
func (p *process) kill() {
	killGroup(p.cmd)
	<-p.ended
	p.stdin.Close()
	p.stdout.Close()
}
