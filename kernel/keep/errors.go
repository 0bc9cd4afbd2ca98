package keep

import (
	"io"
	"os"
)

// sentinels are errors that programs compare with; they come back as themselves. The order is part of the
// format.
var sentinels = []error{
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortBuffer, io.ErrShortWrite, io.ErrNoProgress,
	os.ErrInvalid, os.ErrPermission, os.ErrExist, os.ErrNotExist, os.ErrClosed, os.ErrNoDeadline,
	os.ErrDeadlineExceeded, os.ErrProcessDone,
}

// sentinel returns the number of an error that is one, from 1; 0 if it is none.
func sentinel(err error) byte {
	for i, s := range sentinels {
		if err == s {
			return byte(i + 1)
		}
	}
	return 0
}

// textError stands for an error of a type that only its package can make.
type textError struct {
	text    string
	wrapped []error
}

func (e *textError) Error() string   { return e.text }
func (e *textError) Unwrap() []error { return e.wrapped }
