package shown

import (
	"errors"
	"fmt"
)

// Env names the variable that holds the number of the pipe's file descriptor in the cell.
const Env = "UG_DISPLAY"

// Limit is the most bytes that a frame may have after its length.
const Limit = 256 << 20

// Kind says what a frame asks for.
type Kind byte

// The kinds. Zero is none.
const (
	Display Kind = iota + 1 // show Data, under ID if there is one
	Update                  // replace what ID shows by Data
	Result                  // Data is the value of the cell
	Clear                   // clear the output of the cell; with Wait, when the next output comes
	Page                    // show Data in the pager
	Raw                     // publish a message of Type; Data holds one part, the content
)

var kinds = [...]string{Display: "display", Update: "update", Result: "result", Clear: "clear", Page: "page", Raw: "raw"}

// Known reports whether k is one of the kinds above.
func (k Kind) Known() bool { return k >= Display && k <= Raw }

func (k Kind) String() string {
	if !k.Known() {
		return fmt.Sprintf("kind %d", byte(k))
	}
	return kinds[k]
}

// Coding says what the bytes of a value are.
type Coding byte

// The codings.
const (
	Text  Coding = iota // text in UTF-8
	Bytes               // anything, for example a PNG file
	JSON                // a JSON text
	RGBA                // pixels: width and height in 4 bytes each, then rows of 8-bit R, G, B, A, premultiplied
	NRGBA               // the same, not premultiplied
)

// Part is a value under a name: a MIME type, or a key of the metadata.
type Part struct {
	Name   string
	Coding Coding
	Value  []byte
}

// Frame is one message.
type Frame struct {
	Seq      uint32
	Kind     Kind
	Wait     bool
	ID, Type string
	Data     []Part
	Metadata []Part
}

// Size is the number of bytes that the frame takes, with its length.
func (f *Frame) Size() int {
	n := 4 + 4 + 2 + 4 + len(f.ID) + 4 + len(f.Type) + 8
	for _, parts := range [2][]Part{f.Data, f.Metadata} {
		for _, p := range parts {
			n += 9 + len(p.Name) + len(p.Value)
		}
	}
	return n
}

// Append appends the frame, with its length, to b.
func (f *Frame) Append(b []byte) []byte {
	b = appendUint(b, f.Size()-4)
	b = appendUint(b, int(f.Seq))
	b = append(b, byte(f.Kind), 0)
	if f.Wait {
		b[len(b)-1] = 1
	}
	b = appendString(b, f.ID)
	b = appendString(b, f.Type)
	for _, parts := range [2][]Part{f.Data, f.Metadata} {
		b = appendUint(b, len(parts))
		for _, p := range parts {
			b = appendString(b, p.Name)
			b = append(b, byte(p.Coding))
			b = appendString(b, p.Value)
		}
	}
	return b
}

func appendUint(b []byte, n int) []byte {
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

func appendString[T string | []byte](b []byte, s T) []byte {
	return append(appendUint(b, len(s)), s...)
}

// ErrMalformed is returned for bytes that are no frame.
var ErrMalformed = errors.New("malformed frame")

// Parse reads what follows the length of a frame. Values share the memory of b.
func Parse(b []byte) (Frame, error) {
	r := reader{b: b}
	var f Frame
	f.Seq = r.uint()
	f.Kind = Kind(r.byte())
	f.Wait = r.byte() == 1
	f.ID = string(r.bytes())
	f.Type = string(r.bytes())
	f.Data = r.parts()
	f.Metadata = r.parts()
	switch {
	case r.short:
		return Frame{}, fmt.Errorf("%w: it ends early, after %d bytes", ErrMalformed, len(b))
	case len(r.b) > 0:
		return Frame{}, fmt.Errorf("%w: %d bytes are left over", ErrMalformed, len(r.b))
	}
	return f, nil
}

// reader takes a frame apart; once the bytes do not suffice it returns zeros.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n uint32) []byte {
	if r.short || uint64(n) > uint64(len(r.b)) {
		r.short = true
		return nil
	}
	s := r.b[:n:n]
	r.b = r.b[n:]
	return s
}

func (r *reader) byte() byte {
	if s := r.take(1); s != nil {
		return s[0]
	}
	return 0
}

func (r *reader) uint() uint32 {
	if s := r.take(4); s != nil {
		return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
	}
	return 0
}

func (r *reader) bytes() []byte { return r.take(r.uint()) }

// leastPart is the size of the smallest part.
const leastPart = 9

func (r *reader) parts() []Part {
	n := r.uint()
	if uint64(n)*leastPart > uint64(len(r.b)) {
		r.short = true
		return nil
	}
	if n == 0 {
		return nil
	}
	parts := make([]Part, n)
	for i := range parts {
		parts[i] = Part{Name: string(r.bytes()), Coding: Coding(r.byte()), Value: r.bytes()}
	}
	return parts
}
