// Package frame is how the small programs of the kernel (the fronts and the launcher) talk to it over a
// unix socket: messages that are lists of strings.
//
// The programs are started several times for each cell, so the side that they use ([Dial], [Conn]) is
// built on system calls alone: start-up is most of what such a program costs.
package frame
