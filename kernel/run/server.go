package run

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"urbangraph/kernel/internal/frame"
)

// helloLimit is how long a client may take to say what it launches.
const helloLimit = 10 * time.Second

// maxClients limits the launches at one time.
const maxClients = 256

// Server is the kernel's side of the run socket.
type Server struct {
	handler  Handler
	listener *net.UnixListener
	wg       sync.WaitGroup

	mu     sync.Mutex
	conns  map[*net.UnixConn]bool
	closed bool
}

// Listen opens the socket and serves it until [Server.Close]. The folder of the socket must be there and
// belong to this user alone (mode 0700): whoever can connect gets what cells print to.
func Listen(socket string, h Handler) (*Server, error) {
	if h.Start == nil {
		return nil, errors.New("a run socket needs a handler that starts programs")
	}
	fi, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return nil, fmt.Errorf("the folder of the run socket: %w", err)
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("the folder of the run socket %s can be entered by others (mode %04o), make it 0700", socket, fi.Mode().Perm())
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("the run socket cannot be opened: %w", err)
	}
	s := &Server{handler: h, listener: l, conns: map[*net.UnixConn]bool{}}
	s.wg.Add(1)
	go s.accept()
	return s, nil
}

// Socket is the path of the socket, which [Env] has to hold in the environment of GoNB.
func (s *Server) Socket() string { return s.listener.Addr().String() }

// Close ends the server and all connections, removes the socket, and returns when its goroutines have
// ended. Programs that run go on; of their commands Ended tells that they are lost.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.wg.Wait()
	return err
}

// accept takes connections until the listener is closed.
func (s *Server) accept() {
	defer s.wg.Done()
	for {
		c, err := s.listener.AcceptUnix()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(10 * time.Millisecond) // out of file descriptors
			continue
		}
		if !s.add(c) {
			c.Close()
			continue
		}
		go func() {
			defer s.wg.Done()
			defer s.remove(c)
			s.serve(c)
		}()
	}
}

// add notes a connection unless there are too many.
func (s *Server) add(c *net.UnixConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= maxClients {
		return false
	}
	s.conns[c] = true
	s.wg.Add(1)
	return true
}

// remove closes and forgets a connection.
func (s *Server) remove(c *net.UnixConn) {
	c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
}

// serve carries out one launch. What is malformed or late ends the connection, and the launcher runs the
// program plainly.
func (s *Server) serve(c *net.UnixConn) {
	c.SetDeadline(time.Now().Add(helloLimit))
	fields, err := frame.Read(c)
	if err != nil {
		return
	}
	l, err := decodeLaunch(fields)
	if err != nil || !sentBy(c, l.PID) {
		return
	}
	streams, err := s.handler.Start(l)
	if err != nil {
		streams.close()
		c.Write(frame.Append(nil, answerRefused, err.Error()))
		return
	}
	if s.handler.Started != nil && l.Kind == Cell {
		s.handler.Started(l, l.PID)
	}
	end := Exit{Lost: true}
	if send(c, streams) == nil && l.Kind != Cell {
		end = s.follow(c, l)
	}
	if s.handler.Ended != nil && l.Kind != Cell {
		s.handler.Ended(l, end)
	}
}

// follow waits for the end of a command.
func (s *Server) follow(c *net.UnixConn, l Launch) Exit {
	c.SetDeadline(time.Time{})
	for {
		fields, err := frame.Read(c)
		if err != nil {
			return Exit{Lost: true}
		}
		switch {
		case len(fields) == 2 && fields[0] == sayStarted:
			if group, err := strconv.Atoi(fields[1]); err == nil && group > 1 && s.handler.Started != nil {
				s.handler.Started(l, group)
			}
		case len(fields) == 3 && fields[0] == sayEnded:
			code, err := strconv.Atoi(fields[1])
			return Exit{Code: code, Signal: fields[2], Lost: err != nil}
		default:
			return Exit{Lost: true}
		}
	}
}

// send sends what a program gets and closes the files.
func send(c *net.UnixConn, s Streams) error {
	defer s.close()
	var rights []int
	message := frame.Append(nil, encodeStreams(s)...)
	for _, f := range s.files() {
		if f != nil {
			rights = append(rights, int(f.Fd())) // which makes it blocking, for the program, too
		}
	}
	var oob []byte
	if len(rights) > 0 {
		oob = syscall.UnixRights(rights...)
	}
	n, _, err := c.WriteMsgUnix(message, oob, nil)
	if err == nil && n < len(message) {
		_, err = c.Write(message[n:])
	}
	return err
}
