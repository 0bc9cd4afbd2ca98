// Package run is the socket by which the kernel owns what its cells print: the launcher (cmd/ugrun), which
// GoNB starts in place of a cell's program or of a shell command, asks here for the files that the program
// gets, and becomes it or starts it.
//
// A launch is one connection. For a cell the launcher makes a process group of its own, sends the launch,
// gets the files and turns into the program, which ends the connection. For a shell line or a script it
// gets the command too, starts it in a process group of its own, says which, passes signals on and tells
// how the command ended.
package run
