package server

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// guard is a small process that outlives a kernel that is killed: it then kills what cells have left
// running and removes the kernel's folder. It notices the death by the end of its input.
type guard struct {
	mu  sync.Mutex
	cmd *exec.Cmd
	in  io.WriteCloser
}

// startGuard starts the guard of a folder.
func startGuard(program, work string) (*guard, error) {
	g := &guard{cmd: exec.Command(program, "guard", work)}
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if g.in, err = g.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := g.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w; run the set-up again: ugkernel setup", err)
	}
	return g, nil
}

// pid is the process id of the guard.
func (g *guard) pid() int { return g.cmd.Process.Pid }

// add names a process group that must not outlive the kernel.
func (g *guard) add(group int) { g.tell('+', group) }

// remove says that a process group has ended by itself.
func (g *guard) remove(group int) { g.tell('-', group) }

func (g *guard) tell(sign rune, group int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	fmt.Fprintf(g.in, "%c%d\n", sign, group)
}

// end ends the guard, after it has done its work.
func (g *guard) end() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.in.Close()
	g.cmd.Wait()
}
