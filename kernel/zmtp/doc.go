// Package zmtp holds the ZeroMQ sockets that Jupyter needs, in plain Go: a [Server] for the kernel's side
// (ROUTER, REP, XPUB, PUB) and a [Conn] for the client's (DEALER, REQ, SUB).
//
// Its one idea: no peer can disturb another. Each connection has a goroutine that reads and one that writes
// from a queue of its own, so that sending never blocks; the handshake runs outside the accept loop and has
// a deadline; sizes are limited, and memory grows with the bytes that arrive, never with the length that a
// frame claims. A peer that breaks the protocol, or whose queue passes its limit, is dropped alone.
//
// It speaks ZMTP 3.0 with the NULL mechanism (https://rfc.zeromq.org/spec/23/), to which newer peers such as
// libzmq step down. Unlike other libraries it tells of each subscription of each subscriber, which Jupyter's
// iopub_welcome needs.
package zmtp
