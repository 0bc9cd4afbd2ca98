package frame

import (
	"errors"
	"io"
)

// Max is the largest message in bytes, without the four that hold its length.
const Max = 16 << 20

// ErrMalformed is returned for a message whose lengths do not fit together, or which is longer than [Max].
var ErrMalformed = errors.New("malformed message on a socket of the kernel")

// appendLength and length stand in for encoding/binary, which would make the small programs start later.
func appendLength(dst []byte, n int) []byte {
	return append(dst, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

// length is at least [Max]+1 where the number does not fit into 31 bits.
func length(b [4]byte) int {
	if b[3] > 0x7f {
		return Max + 1
	}
	return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 | int(b[3])<<24
}

// Append appends the message made of the fields: its length, then each field after its own length, all
// lengths being 32 bits, little-endian.
func Append(dst []byte, fields ...string) []byte {
	n := 0
	for _, f := range fields {
		n += 4 + len(f)
	}
	dst = appendLength(dst, n)
	for _, f := range fields {
		dst = append(appendLength(dst, len(f)), f...)
	}
	return dst
}

// Split takes a message, without its length, apart.
func Split(message []byte) ([]string, error) {
	var fields []string
	for len(message) > 0 {
		if len(message) < 4 {
			return nil, ErrMalformed
		}
		n := length([4]byte(message[:4]))
		message = message[4:]
		if n > len(message) {
			return nil, ErrMalformed
		}
		fields = append(fields, string(message[:n]))
		message = message[n:]
	}
	return fields, nil
}

// Read reads one message. At the end of the input before a message it returns [io.EOF].
func Read(r io.Reader) ([]string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	return readBody(r, head)
}

// readBody reads what follows the length. Memory grows with what arrives, not with what is announced.
func readBody(r io.Reader, head [4]byte) ([]string, error) {
	n := length(head)
	if n > Max {
		return nil, ErrMalformed
	}
	const step = 64 << 10
	var message []byte
	for len(message) < n {
		at := len(message)
		message = append(message, make([]byte, min(step, n-at))...)
		if _, err := io.ReadFull(r, message[at:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return Split(message)
}
