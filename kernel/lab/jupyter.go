package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"urbangraph/kernel/gofront"
)

// Server says how to start JupyterLab.
type Server struct {
	Layout    Layout
	Port      int  // 0 takes the first free one from 8888
	NoBrowser bool // do not open a browser
}

// First port that is tried, and how many.
const firstPort, portsTried = 8888, 50

// Run starts JupyterLab on the project's notebooks and returns when it ends. It listens on the loopback
// address only and asks for its token. Interrupts reach it through the terminal; it is told to end when
// ctx is done.
func (s Server) Run(ctx context.Context) error {
	port, err := choosePort(s.Port)
	if err != nil {
		return err
	}
	args := []string{"-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=" + strconv.Itoa(port),
		"--ServerApp.port_retries=0", "--log-level=WARN", "--ServerApp.root_dir=" + s.Layout.Notebooks(),
		"--MultiKernelManager.default_kernel_name=" + KernelName}
	if s.NoBrowser {
		args = append(args, "--no-browser")
	}
	if os.Geteuid() == 0 {
		args = append(args, "--allow-root")
	}
	cmd := exec.CommandContext(ctx, s.Layout.Python(), args...)
	cmd.Dir = s.Layout.Notebooks()
	cmd.Env = JupyterEnv(s.Layout)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	// A Ctrl-C at the terminal reaches JupyterLab as well, which asks whether it is meant.
	interrupts := make(chan os.Signal, 4)
	signal.Notify(interrupts, syscall.SIGINT)
	defer signal.Stop(interrupts)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s does not start: %w; remove the folder %s and run this again", s.Layout.Python(), err, s.Layout.Venv())
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("JupyterLab ended: %w", err)
	}
	return nil
}

// choosePort returns the port asked for, or the first free one.
func choosePort(asked int) (int, error) {
	if asked < 0 || asked > 65535 {
		return 0, fmt.Errorf("%d is no port, name one from 1024 to 65535", asked)
	}
	if asked != 0 {
		if err := portFree(asked); err != nil {
			if errors.Is(err, syscall.EADDRINUSE) {
				return 0, fmt.Errorf("port %d is in use, perhaps by another JupyterLab: end that, name another one by --port, or leave --port out to take the first free one", asked)
			}
			return 0, fmt.Errorf("port %d cannot be used: %w; name another one by --port", asked, err)
		}
		return asked, nil
	}
	for p := firstPort; p < firstPort+portsTried; p++ {
		if portFree(p) == nil {
			return p, nil
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free, name one by --port", firstPort, firstPort+portsTried-1)
}

// portFree tries to listen on a port of the loopback address.
func portFree(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}

// JupyterEnv returns the environment of JupyterLab and of everything that runs kernels: the Python environment
// first in PATH, and its kernelspecs before those of the user.
func JupyterEnv(l Layout) []string {
	path := filepath.Join(l.Venv(), "bin")
	if p := os.Getenv("PATH"); p != "" {
		path = strings.Join([]string{path, p}, string(os.PathListSeparator))
	}
	env := gofront.Setenv(os.Environ(), "PATH", path)
	env = gofront.Setenv(env, "VIRTUAL_ENV", l.Venv())
	return gofront.Setenv(env, "JUPYTER_PREFER_ENV_PATH", "1")
}
