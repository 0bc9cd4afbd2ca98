package zmtp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// splitAddress turns "tcp://host:port" and "ipc://path" into what package net wants.
func splitAddress(addr string) (network, address string, err error) {
	if hostPort, ok := strings.CutPrefix(addr, "tcp://"); ok {
		host, port, err := net.SplitHostPort(hostPort)
		if err != nil {
			return "", "", fmt.Errorf("address %q: %w; it is to be tcp://host:port", addr, err)
		}
		if host == "*" {
			host = ""
		}
		return "tcp", net.JoinHostPort(host, port), nil
	}
	path, ok := strings.CutPrefix(addr, "ipc://")
	if !ok {
		return "", "", fmt.Errorf("address %q: it is to begin with tcp:// or ipc://", addr)
	}
	if path == "" || path[0] == '@' {
		return "", "", fmt.Errorf("address %q: ipc:// is to be followed by the path of a file", addr)
	}
	if n := maxPath(); len(path) > n {
		return "", "", fmt.Errorf("the path of socket %s has %d bytes, the system allows %d: use a shorter folder (TMPDIR, JUPYTER_RUNTIME_DIR) or tcp", path, len(path), n)
	}
	return "unix", path, nil
}

// maxPath is the longest path of a socket, in bytes; a zero byte ends it in the system's structure.
func maxPath() int {
	if runtime.GOOS == "linux" {
		return 107
	}
	return 103
}

// listen opens a listener. The folder of an ipc socket is made if need be, for its owner alone, like the
// socket; a socket file that a killed process left is replaced.
func listen(addr string) (net.Listener, error) {
	network, address, err := splitAddress(addr)
	if err != nil {
		return nil, err
	}
	if network == "tcp" {
		return net.Listen(network, address)
	}
	if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
		return nil, err
	}
	l, err := net.Listen(network, address)
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(address) {
		if err := os.Remove(address); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		l, err = net.Listen(network, address)
	}
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(address, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// abandoned reports whether nobody listens at a socket file.
func abandoned(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return false
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}
