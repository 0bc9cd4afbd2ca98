package display

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// Limits of a message of gonbui. A value within a value takes stack to decode; so many of them take less
// than the runtime allows, even if each lies in the one before it.
const (
	messageMost = 128 << 20
	nestedMost  = 100_000
)

// messages reads a stream of gob messages one whole message at a time, so that a message that cannot be
// decoded, or is too large, does no harm to what follows, and memory is taken as bytes arrive.
type messages struct {
	r   *bufio.Reader
	now bytes.Buffer // the message that is being read, with its length
	err error        // the stream has ended or is broken
}

// Read implements [io.Reader].
func (m *messages) Read(b []byte) (int, error) {
	if m.now.Len() == 0 {
		if m.err == nil {
			m.err = m.next()
		}
		if m.err != nil {
			return 0, m.err
		}
	}
	return m.now.Read(b)
}

// ReadByte implements [io.ByteReader], which keeps gob from reading ahead.
func (m *messages) ReadByte() (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(m, b[:])
	return b[0], err
}

// next reads a message: its length as gob writes numbers, then its bytes.
func (m *messages) next() error {
	m.now.Reset()
	if m.now.Cap() > 8<<20 {
		m.now = bytes.Buffer{}
	}
	head, err := m.r.ReadByte()
	if err != nil {
		return io.EOF // the program has closed the pipe, or we have
	}
	m.now.WriteByte(head)
	size := uint64(head)
	if head > 0x7f { // minus the number of bytes that follow
		n := int(-int8(head))
		if n > 8 {
			return fmt.Errorf("no length of a message begins with %#x", head)
		}
		size = 0
		for range n {
			b, err := m.r.ReadByte()
			if err != nil {
				return io.ErrUnexpectedEOF
			}
			m.now.WriteByte(b)
			size = size<<8 | uint64(b)
		}
	}
	if size == 0 || size > messageMost {
		return fmt.Errorf("a message of %d bytes, at most %d are read", size, messageMost)
	}
	start := m.now.Len()
	if _, err := io.CopyN(&m.now, m.r, int64(size)); err != nil {
		return io.ErrUnexpectedEOF
	}
	// The names of all types that hold others.
	body := m.now.Bytes()[start:]
	if n := bytes.Count(body, []byte("interface {}")) + bytes.Count(body, []byte("/gonbui/protocol.")); n > nestedMost {
		return fmt.Errorf("a message of %d values within values, at most %d are read", n, nestedMost)
	}
	return nil
}

// displayOf makes a message of what gonbui shows.
func displayOf(d *protocol.DisplayData, kind Kind) Message {
	m := Message{Kind: kind, ID: d.DisplayID, Data: make(map[string]any, len(d.Data))}
	for mime, v := range d.Data {
		m.Data[string(mime)] = fitAny(string(mime), v)
	}
	complete(m.Data)
	if len(d.Metadata) > 0 {
		m.Metadata = make(map[string]any, len(d.Metadata))
		for k, v := range d.Metadata {
			if b, err := json.Marshal(v); err == nil {
				m.Metadata[k] = json.RawMessage(b)
			}
		}
	}
	return m
}

// fitAny makes a value of a MIME type fit for JSON.
func fitAny(mime string, v any) any {
	switch x := v.(type) {
	case string:
		if isJSON(mime) {
			return fit(mime, []byte(x))
		}
		return x // of files, base64 already
	case []byte:
		return fit(mime, x)
	}
	if isJSON(mime) {
		if b, err := json.Marshal(v); err == nil {
			return json.RawMessage(b)
		}
	}
	return fmt.Sprint(v)
}

// Waits for GoNB, which opens its pipe when it starts the program and reads it all the time.
const (
	openWait  = 5 * time.Second
	writeWait = 10 * time.Second
)

// onward hands messages on to GoNB.
type onward struct {
	path string
	ctx  context.Context
	f    *os.File
	gob  *gob.Encoder
	err  error // GoNB cannot be reached any more
}

// send hands a message on; the pipe is opened for the first one.
func (o *onward) send(d *protocol.DisplayData) error {
	if o.err == nil && o.f == nil {
		o.err = o.open()
	}
	if o.err != nil {
		return o.err
	}
	// Not all systems have deadlines for named pipes; there GoNB's end closes when it dies.
	_ = o.f.SetWriteDeadline(time.Now().Add(writeWait))
	if err := o.gob.Encode(d); err != nil {
		o.close()
		o.err = fmt.Errorf("GoNB does not take what the cell sends to it: %w", err)
	}
	return o.err
}

// open opens GoNB's pipe. It does not wait for ever for GoNB to open its end.
func (o *onward) open() error {
	for end := time.Now().Add(openWait); ; {
		f, err := os.OpenFile(o.path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			makeWaiting(f)
			o.f, o.gob = f, gob.NewEncoder(f)
			return nil
		}
		if !errors.Is(err, syscall.ENXIO) || time.Now().After(end) {
			return fmt.Errorf("GoNB's pipe cannot be opened: %w", err)
		}
		select {
		case <-o.ctx.Done():
			return o.ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

func (o *onward) close() {
	if o.f != nil {
		o.f.Close()
		o.f = nil
	}
}
