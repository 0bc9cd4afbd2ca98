//go:build !linux

package run

import "net"

// sentBy believes the client where the system does not tell who it is.
func sentBy(*net.UnixConn, int) bool { return true }
