// Package server is the kernel: it owns the five Jupyter sockets and runs cells in a GoNB child.
//
// Clients never talk to GoNB. Every request of the protocol is answered here, on the channel it came by and
// between busy and idle; cells wait in a queue. A cell is taken apart (package cell), gets back the values
// that it uses (state), and goes to the child (child), which calls our go command (gofront) and starts the
// program through our launcher (run), so that what it prints comes here directly (output, display). What
// goes wrong becomes one error message (trace). A child that dies is replaced and told again what it knew.
package server
