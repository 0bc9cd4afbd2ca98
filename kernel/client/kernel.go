package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"urbangraph/kernel/wire"
)

// patience is how long a kernel may take to end when asked to.
const patience = 20 * time.Second

// maxLog is how much of what a kernel prints is kept, in bytes.
const maxLog = 1 << 20

// Kernel is a kernel that runs as a process, and a client of it.
type Kernel struct {
	*Client
	// ConnectionFile is where other clients find the kernel.
	ConnectionFile string

	argv, env []string
	dir       string
	temp      string // folder of connection file and sockets
	process   *process
}

// process is one run of a kernel.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of ended
}

// Start runs a kernel over ipc sockets and waits until it answers. In argv "{connection_file}" is replaced,
// as Jupyter does; a nil env is that of this process; dir is where it runs. The kernel
// is told by JPY_PARENT_PID which process to end with. When ctx ends before the kernel
// answers, it is killed; afterwards it runs until Close.
func Start(ctx context.Context, argv, env []string, dir string) (*Kernel, error) {
	temp, err := os.MkdirTemp("", "kernel-") // made with mode 0700
	if err != nil {
		return nil, err
	}
	k := &Kernel{ConnectionFile: filepath.Join(temp, "connection.json"), env: env, dir: dir, temp: temp}
	for _, a := range argv {
		k.argv = append(k.argv, strings.ReplaceAll(a, "{connection_file}", k.ConnectionFile))
	}
	connection, err := wire.NewConnection(temp)
	if err == nil {
		err = connection.Write(k.ConnectionFile)
	}
	if err == nil {
		err = k.start(ctx)
	}
	if err != nil {
		os.RemoveAll(temp)
		return nil, err
	}
	return k, nil
}

// start runs the process and connects to it.
func (k *Kernel) start(ctx context.Context) error {
	if len(k.argv) == 0 {
		return errors.New("starting a kernel: no command")
	}
	p := &process{cmd: exec.Command(k.argv[0], k.argv[1:]...), ended: make(chan struct{})}
	log, err := os.OpenFile(k.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("starting a kernel: %w", err)
	}
	defer log.Close()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = k.dir, log, log
	p.cmd.Env = k.env
	if p.cmd.Env == nil {
		p.cmd.Env = os.Environ()
	}
	p.cmd.Env = append(p.cmd.Env[:len(p.cmd.Env):len(p.cmd.Env)], "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("starting a kernel: %w", err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	k.process = p
	alive, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.ended:
			cancel(fmt.Errorf("the kernel ended: %v", p.err))
		case <-alive.Done():
		}
	}()
	c, err := Connect(alive, k.ConnectionFile)
	if err != nil {
		p.killGroup()
		<-p.ended
		return fmt.Errorf("%w\n%s", err, k.Log())
	}
	k.Client = c
	return nil
}

// PID returns the id of the kernel's process.
func (k *Kernel) PID() int { return k.process.cmd.Process.Pid }

// logFile is where the output of the process goes.
func (k *Kernel) logFile() string { return filepath.Join(k.temp, "kernel.log") }

// Log returns what the kernel printed, at most its last MiB. After Close it is empty.
func (k *Kernel) Log() string {
	f, err := os.Open(k.logFile())
	if err != nil {
		return ""
	}
	defer f.Close()
	if size, err := f.Seek(0, io.SeekEnd); err == nil {
		f.Seek(max(0, size-maxLog), io.SeekStart)
	}
	text, _ := io.ReadAll(f)
	return string(text)
}

// Kill ends the kernel's process at once, and no other.
func (k *Kernel) Kill() { k.process.cmd.Process.Kill() }

// killGroup ends a process that did not end by itself, and those of its group.
func (p *process) killGroup() { syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// Wait waits for the end of the process. A status other than 0 is an error.
func (k *Kernel) Wait(ctx context.Context) error {
	select {
	case <-k.process.ended:
		return k.process.err
	case <-ctx.Done():
		return fmt.Errorf("the kernel still runs: %w", context.Cause(ctx))
	}
}

// Restart shuts the kernel down and starts it with the same connection file, as Jupyter does. The client is
// a new one afterwards. It may not be called while other methods of the kernel run.
func (k *Kernel) Restart(ctx context.Context) error {
	if err := k.stop(true); err != nil {
		return err
	}
	return k.start(ctx)
}

// Close shuts the kernel down, kills it if that takes more than twenty seconds, which is an error, and removes
// its connection file.
func (k *Kernel) Close() error {
	err := k.stop(false)
	os.RemoveAll(k.temp)
	return err
}

// stop ends the process and the client.
func (k *Kernel) stop(restart bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	if !isDone(k.process.ended) {
		if err = k.Shutdown(ctx, restart); err == nil || errors.Is(err, ErrGone) {
			err = k.Wait(ctx)
		}
	}
	if !isDone(k.process.ended) {
		k.process.killGroup()
		<-k.process.ended
	}
	k.Client.Close()
	return err
}
