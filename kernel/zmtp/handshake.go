package zmtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// greeting opens a connection: signature, version 3.0, mechanism NULL, no server role.
var greeting = func() (g [64]byte) {
	g[0], g[8], g[9] = 0xFF, 1, 0x7F
	g[10] = 3
	copy(g[12:32], "NULL")
	return g
}()

// readGreeting checks what the peer opens with, as early as it can be told to be wrong.
func readGreeting(r io.Reader) error {
	var g [64]byte
	if _, err := io.ReadFull(r, g[:1]); err != nil {
		return err
	}
	if g[0] != 0xFF {
		return fmt.Errorf("%w: it begins with byte %#x", ErrProtocol, g[0])
	}
	if _, err := io.ReadFull(r, g[1:11]); err != nil {
		return unexpected(err)
	}
	if g[9] != 0x7F || g[10] < 3 {
		return fmt.Errorf("%w: signature or version %#x", ErrProtocol, g[9:11])
	}
	if _, err := io.ReadFull(r, g[11:]); err != nil {
		return unexpected(err)
	}
	if mechanism := bytes.TrimRight(g[12:32], "\x00"); string(mechanism) != "NULL" {
		return fmt.Errorf("%w: security mechanism %q, only NULL is offered", ErrProtocol, mechanism)
	}
	return nil
}

// appendCommand adds a command frame to b.
func appendCommand(b []byte, name string, data []byte) []byte {
	body := make([]byte, 0, 1+len(name)+len(data))
	body = append(body, byte(len(name)))
	body = append(body, name...)
	return appendFrame(b, append(body, data...), flagCommand)
}

// parseCommand splits the body of a command frame.
func parseCommand(body []byte) (name string, data []byte, err error) {
	if len(body) == 0 || int(body[0]) > len(body)-1 || body[0] == 0 {
		return "", nil, fmt.Errorf("%w: a command without a name", ErrProtocol)
	}
	n := 1 + int(body[0])
	return string(body[1:n]), body[n:], nil
}

// appendProperty adds a property of READY.
func appendProperty(b []byte, name string, value []byte) []byte {
	b = append(b, byte(len(name)))
	b = append(b, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// readyCommand is what each side says of itself.
func readyCommand(kind Kind, identity []byte) []byte {
	properties := appendProperty(nil, "Socket-Type", []byte(kind))
	if kind == Dealer || kind == Req || kind == Router {
		properties = appendProperty(properties, "Identity", identity)
	}
	return appendCommand(nil, "READY", properties)
}

// about is what a peer says of itself.
type about struct {
	kind     Kind
	identity []byte
}

// parseReady reads the properties of READY; unknown ones are skipped.
func parseReady(data []byte) (about, error) {
	var a about
	for len(data) > 0 {
		name, value, rest, ok := property(data)
		if !ok {
			return about{}, fmt.Errorf("%w: READY ends inside a property", ErrProtocol)
		}
		switch strings.ToLower(name) {
		case "socket-type":
			a.kind = Kind(value)
		case "identity":
			a.identity = bytes.Clone(value)
		}
		data = rest
	}
	switch {
	case a.kind == "":
		return about{}, fmt.Errorf("%w: READY without a Socket-Type", ErrProtocol)
	case len(a.identity) > maxIdentity:
		return about{}, fmt.Errorf("%w: an identity of %d bytes, %d are allowed", ErrProtocol, len(a.identity), maxIdentity)
	case len(a.identity) > 0 && a.identity[0] == 0:
		return about{}, fmt.Errorf("%w: an identity that begins with a zero byte, these are the server's own", ErrProtocol)
	}
	return a, nil
}

// property splits the first property off.
func property(data []byte) (name string, value, rest []byte, ok bool) {
	n := 1 + int(data[0])
	if n == 1 || len(data) < n+4 {
		return "", nil, nil, false
	}
	size := binary.BigEndian.Uint32(data[n:])
	rest = data[n+4:]
	if uint64(size) > uint64(len(rest)) {
		return "", nil, nil, false
	}
	return string(data[1:n]), rest[:size], rest[size:], true
}

// shake greets the peer and exchanges READY with it. A peer that does not fit is told so.
func shake(w io.Writer, r *reader, kind Kind, identity []byte) (about, error) {
	if _, err := w.Write(greeting[:]); err != nil {
		return about{}, err
	}
	if err := readGreeting(r.r); err != nil {
		return about{}, err
	}
	if _, err := w.Write(readyCommand(kind, identity)); err != nil {
		return about{}, err
	}
	body, flags, err := r.frame(0)
	if err != nil {
		return about{}, err
	}
	if flags&flagCommand == 0 {
		return about{}, fmt.Errorf("%w: a message before READY", ErrProtocol)
	}
	name, data, err := parseCommand(body)
	if err != nil {
		return about{}, err
	}
	switch name {
	case "READY":
	case "ERROR":
		return about{}, fmt.Errorf("%w: %q", ErrRefused, reason(data))
	default:
		return about{}, fmt.Errorf("%w: command %q where READY is due", ErrProtocol, name)
	}
	peer, err := parseReady(data)
	if err == nil && !kind.accepts(peer.kind) {
		err = fmt.Errorf("%w: a %s socket cannot talk to a %.16q socket", ErrRefused, kind, string(peer.kind))
	}
	if err != nil {
		text := err.Error()
		text = text[:min(len(text), 255)]
		w.Write(appendCommand(nil, "ERROR", append([]byte{byte(len(text))}, text...))) // the connection ends in any case
		return about{}, err
	}
	return peer, nil
}

// reason is the text of an ERROR command.
func reason(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	return data[1:min(len(data), 1+int(data[0]))]
}
