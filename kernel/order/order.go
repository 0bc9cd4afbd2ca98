package order

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"urbangraph/kernel/internal/frame"
)

// Env is the variable that holds the path of the socket, for the launcher.
const Env = "UGKERNEL_ORDER"

// helloLimit is how long a launcher may take to send its listener.
const helloLimit = 5 * time.Second

// Server takes the listeners of filters from launchers.
type Server struct {
	listener *net.UnixListener
	done     chan struct{}
}

// Listen opens the socket. take gets the process that has installed a filter and its listener, which it has
// to close; the launcher goes on when take has returned.
func Listen(socket string, take func(pid int, listener *os.File)) (*Server, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("the socket for the order of output: %w", err)
	}
	s := &Server{listener: l, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			receive(c, take)
		}
	}()
	return s, nil
}

// Socket is the path of the socket.
func (s *Server) Socket() string { return s.listener.Addr().String() }

// Close closes the socket. Filters that are installed stay.
func (s *Server) Close() error {
	err := s.listener.Close()
	<-s.done
	return err
}

// receive takes one listener.
func receive(c *net.UnixConn, take func(int, *os.File)) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(helloLimit))
	oob := make([]byte, syscall.CmsgSpace(4))
	head := make([]byte, 64)
	n, oobn, _, _, err := c.ReadMsgUnix(head, oob)
	if err != nil {
		return
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		return
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return
	}
	syscall.CloseOnExec(fds[0])
	syscall.SetNonblock(fds[0], true)
	listener := os.NewFile(uintptr(fds[0]), "seccomp listener")
	var pid int
	fields, err := frame.Split(head[min(4, n):n])
	if err == nil && len(fields) == 1 {
		_, err = fmt.Sscan(fields[0], &pid)
	}
	if err != nil || pid < 2 {
		listener.Close()
		return
	}
	take(pid, listener)
	c.Write(frame.Append(nil, "go"))
}
