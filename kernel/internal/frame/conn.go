//go:build unix

package frame

import (
	"io"
	"syscall"
)

// Conn is a connection of a small program with the kernel. It is not for concurrent use.
type Conn struct{ fd int }

// Dial connects to the unix socket at path. When the kernel takes longer than the given seconds to accept
// or, later, to go on with a message, the call fails; 0 means no limit.
func Dial(path string, seconds int64) (*Conn, error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	c := &Conn{fd}
	if seconds > 0 {
		c.Limit(seconds)
	}
	for {
		if err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Limit sets after how many seconds a read or write fails; 0 means never.
func (c *Conn) Limit(seconds int64) {
	t := syscall.NsecToTimeval(seconds * 1e9)
	syscall.SetsockoptTimeval(c.fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &t)
	syscall.SetsockoptTimeval(c.fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &t)
}

// Close ends the connection.
func (c *Conn) Close() error { return syscall.Close(c.fd) }

// Send sends one message.
func (c *Conn) Send(fields ...string) error {
	b := Append(nil, fields...)
	for len(b) > 0 {
		n, err := syscall.Write(c.fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Read reads bytes of the connection.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(c.fd, p)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// maxFiles limits the files that come with one message.
const maxFiles = 8

// Receive reads one message and the files that came with it, which a program started later does not
// inherit.
func (c *Conn) Receive() (fields []string, files []int, err error) {
	var head [4]byte
	oob := make([]byte, syscall.CmsgSpace(4*maxFiles))
	n, oobn := 0, 0
	for {
		if n, oobn, _, _, err = syscall.Recvmsg(c.fd, head[:], oob, receiveFlags); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if n == 0 {
		return nil, nil, io.EOF
	}
	files, err = rights(oob[:oobn])
	if err == nil && n < len(head) {
		_, err = io.ReadFull(c, head[n:])
	}
	if err == nil {
		fields, err = readBody(c, head)
	}
	if err != nil {
		for _, fd := range files {
			syscall.Close(fd)
		}
		return nil, nil, err
	}
	return fields, files, nil
}

// rights takes the file descriptors out of a control message.
func rights(oob []byte) ([]int, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var files []int
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, fd)
		}
	}
	return files, nil
}
