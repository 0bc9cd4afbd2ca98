package zmtp

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Flags of a frame.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
	flagsKnown  = flagMore | flagLong | flagCommand
)

// firstPiece is what is allocated for a frame before its bytes arrive.
const firstPiece = 64 << 10

// appendFrame adds a frame to b.
func appendFrame(b, body []byte, flags byte) []byte {
	if len(body) > 255 {
		b = append(b, flags|flagLong)
		b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	} else {
		b = append(b, flags, byte(len(body)))
	}
	return append(b, body...)
}

// encode returns the bytes of a message; head is the frames of an envelope that go first.
func encode(head, frames [][]byte) []byte {
	n := 0
	for _, f := range head {
		n += 9 + len(f)
	}
	for _, f := range frames {
		n += 9 + len(f)
	}
	b := make([]byte, 0, n)
	for i, f := range head {
		b = appendFrame(b, f, more(i < len(head)-1 || len(frames) > 0))
	}
	for i, f := range frames {
		b = appendFrame(b, f, more(i < len(frames)-1))
	}
	return b
}

// more is the flag for frames that others follow.
func more(follows bool) byte {
	if follows {
		return flagMore
	}
	return 0
}

// reader reads frames within limits.
type reader struct {
	r        *bufio.Reader
	message  int // bytes of a message
	maxFrame int // frames of a message
}

// frame reads one frame whose body has at most limit bytes, or maxCommand if it is a command.
func (r *reader) frame(limit int) (body []byte, flags byte, err error) {
	if flags, err = r.r.ReadByte(); err != nil {
		return nil, 0, err
	}
	if flags&^flagsKnown != 0 || flags&flagCommand != 0 && flags&flagMore != 0 {
		return nil, 0, fmt.Errorf("%w: a frame with flags %#x", ErrProtocol, flags)
	}
	size, err := r.size(flags)
	if err != nil {
		return nil, 0, unexpected(err)
	}
	if flags&flagCommand != 0 {
		limit = maxCommand
	}
	if limit < 0 || size > uint64(limit) {
		return nil, 0, fmt.Errorf("%w: a frame of %d bytes where %d may follow", ErrTooLarge, size, max(limit, 0))
	}
	body, err = r.body(int(size))
	return body, flags, unexpected(err)
}

// size reads the length of a frame.
func (r *reader) size(flags byte) (uint64, error) {
	if flags&flagLong == 0 {
		b, err := r.r.ReadByte()
		return uint64(b), err
	}
	var b [8]byte
	_, err := io.ReadFull(r.r, b[:])
	return binary.BigEndian.Uint64(b[:]), err
}

// body reads n bytes into memory that grows, by doubling, with what has arrived.
func (r *reader) body(n int) ([]byte, error) {
	b := make([]byte, min(n, firstPiece))
	for have := 0; ; {
		if _, err := io.ReadFull(r.r, b[have:]); err != nil {
			return nil, err
		}
		if have = len(b); have == n {
			return b, nil
		}
		grown := make([]byte, min(n, 2*have))
		copy(grown, b)
		b = grown
	}
}

// receive reads one message; commands between its frames are given to command.
func (r *reader) receive(command func(body []byte) error) ([][]byte, error) {
	var message [][]byte
	for left := r.message; ; {
		body, flags, err := r.frame(left)
		if err != nil {
			if len(message) > 0 {
				err = unexpected(err)
			}
			return nil, err
		}
		if flags&flagCommand != 0 {
			if err := command(body); err != nil {
				return nil, err
			}
			continue
		}
		left -= len(body)
		if message = append(message, body); len(message) > r.maxFrame {
			return nil, fmt.Errorf("%w: more than %d frames", ErrTooLarge, r.maxFrame)
		}
		if flags&flagMore == 0 {
			return message, nil
		}
	}
}

// unexpected tells an end inside something from one between messages, which is io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
