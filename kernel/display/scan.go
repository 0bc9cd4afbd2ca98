package display

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"urbangraph/kernel/internal/shown"
)

// ErrMalformed is wrapped by the errors of [Scan] for bytes that are no frames.
var ErrMalformed = shown.ErrMalformed

// Scan reads frames until the pipe's end and calls fn for each, in the order of sending. Frames of kinds
// that are not known, and raw messages that are no JSON objects, are left out.
//
// It returns the error of fn, or one that wraps [ErrMalformed] when something other than
// [urbangraph/kernel/show] has written into the pipe; then it reads on and drops the rest, so that
// whoever writes does not have to wait for ever. Memory is taken as bytes arrive, not as lengths claim.
func Scan(r io.Reader, fn func(Message) error) error {
	err := scan(bufio.NewReaderSize(r, 64<<10), fn)
	if err == nil {
		return nil
	}
	// What follows can be read no more.
	_, _ = io.Copy(io.Discard, r)
	return err
}

func scan(r *bufio.Reader, fn func(Message) error) error {
	var buf bytes.Buffer
	for {
		var length [4]byte
		if n, err := io.ReadFull(r, length[:]); err != nil {
			return ending(err, n)
		}
		size := binary.BigEndian.Uint32(length[:])
		if size > shown.Limit {
			return fmt.Errorf("display pipe: %w: %d bytes, more than %d", ErrMalformed, size, shown.Limit)
		}
		buf.Reset()
		if buf.Cap() > 8<<20 {
			buf = bytes.Buffer{} // one large picture need not be paid for until the end
		}
		if n, err := io.CopyN(&buf, r, int64(size)); err != nil {
			return ending(err, int(n)+len(length))
		}
		f, err := shown.Parse(buf.Bytes())
		if err != nil {
			return fmt.Errorf("display pipe: %w", err)
		}
		m, ok := message(f)
		if !ok {
			continue
		}
		if err := fn(m); err != nil {
			return err
		}
	}
}

// ending is what the end of the pipe means after so many bytes of a frame: a program that was killed may
// leave the last frame unfinished.
func ending(err error, have int) error {
	if have == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("display pipe: %w: the last frame ends after %d bytes", ErrMalformed, have)
	}
	return fmt.Errorf("display pipe: %w", err)
}

// message makes a message of a frame. It shares no memory with it.
func message(f shown.Frame) (Message, bool) {
	m := Message{Seq: f.Seq, Kind: f.Kind, ID: f.ID, Wait: f.Wait, Type: f.Type}
	if !f.Kind.Known() {
		return m, false
	}
	if f.Kind == Raw {
		return rawMessage(m, f)
	}
	m.Data = make(map[string]any, len(f.Data))
	for _, p := range f.Data {
		if v, err := value(p); err == nil {
			m.Data[p.Name] = v
		} else {
			m.Data[plainText] = err.Error()
		}
	}
	if len(f.Metadata) > 0 {
		m.Metadata = make(map[string]any, len(f.Metadata))
		for _, p := range f.Metadata {
			if json.Valid(p.Value) {
				m.Metadata[p.Name] = json.RawMessage(bytes.Clone(p.Value))
			}
		}
	}
	complete(m.Data)
	return m, true
}

// rawMessage reads content and metadata, which are JSON objects.
func rawMessage(m Message, f shown.Frame) (Message, bool) {
	m.Content, m.RawMetadata = json.RawMessage("{}"), json.RawMessage("{}")
	if len(f.Data) > 0 {
		m.Content = bytes.Clone(f.Data[0].Value)
	}
	if len(f.Metadata) > 0 {
		m.RawMetadata = bytes.Clone(f.Metadata[0].Value)
	}
	return m, m.Type != "" && isObject(m.Content) && isObject(m.RawMetadata)
}

// isObject reports whether b is a JSON object.
func isObject(b []byte) bool {
	return json.Valid(b) && bytes.TrimLeft(b, " \t\r\n")[0] == '{'
}
