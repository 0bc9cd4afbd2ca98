//go:build unix

package frame

import "syscall"

// SendFile sends one short message together with a file.
func (c *Conn) SendFile(fd int, fields ...string) error {
	for {
		err := syscall.Sendmsg(c.fd, Append(nil, fields...), syscall.UnixRights(fd), nil, 0)
		if err != syscall.EINTR {
			return err
		}
	}
}
