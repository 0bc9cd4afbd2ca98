package zmtp

import (
	"cmp"
	"errors"
	"time"
)

// Errors of sockets, to be found by errors.Is.
var (
	// ErrUnknownPeer is returned when no peer with the identity is connected.
	ErrUnknownPeer = errors.New("no such peer")
	// ErrClosed is returned when the socket or the connection has been closed, by either side.
	ErrClosed = errors.New("connection closed")
	// ErrSlow is returned when a peer was dropped because too many bytes waited for it.
	ErrSlow = errors.New("peer does not read")
	// ErrProtocol is returned when a peer sent what ZMTP 3.0 does not allow.
	ErrProtocol = errors.New("not ZMTP 3.0")
	// ErrTooLarge is returned when a peer sent more than the limits allow.
	ErrTooLarge = errors.New("message too large")
	// ErrRefused is returned when the two sockets do not fit, or the peer sent an ERROR command.
	ErrRefused = errors.New("peer refused")
)

// Limits bound what one peer may cost. A zero field means its default.
type Limits struct {
	Message   int           // bytes of one message from the peer, over all frames: 1 GiB
	Frames    int           // frames of one message from the peer: 65536
	Queue     int           // bytes that may wait for the peer before it is dropped: 1 GiB
	Peers     int           // connections of a server at a time: 1024
	Handshake time.Duration // for greeting and READY: 10 s
	Linger    time.Duration // for sending what is queued at Close: 1 s
	Stall     time.Duration // a peer that took nothing for so long counts no more in Pending: 5 s
}

// withDefaults fills the fields that are zero.
func (l Limits) withDefaults() Limits {
	l.Message = cmp.Or(l.Message, 1<<30)
	l.Frames = cmp.Or(l.Frames, 1<<16)
	l.Queue = cmp.Or(l.Queue, 1<<30)
	l.Peers = cmp.Or(l.Peers, 1024)
	l.Handshake = cmp.Or(l.Handshake, 10*time.Second)
	l.Linger = cmp.Or(l.Linger, time.Second)
	l.Stall = cmp.Or(l.Stall, 5*time.Second)
	return l
}

const (
	maxCommand       = 64 << 10 // bytes of a command frame
	maxSubscription  = 64 << 10 // bytes of a message to a publisher: one topic
	maxSubscriptions = 1024     // topics of one subscriber
	maxIdentity      = 255      // bytes, by the protocol
)
