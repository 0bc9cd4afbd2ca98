package gopls

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of what is read from gopls.
const (
	maxBody       = 64 << 20 // bytes of a message
	maxHeaderLine = 4 << 10  // bytes of a header line
	maxHeaders    = 32       // header lines of a message
)

// errFrame is returned for input that is not the base protocol of the language server protocol.
var errFrame = errors.New("malformed message from gopls")

// readFrame reads the body of one message of the language server protocol: header lines, of which
// Content-Length counts, an empty line, the body. At the end of the input before a message it returns
// [io.EOF]. Memory grows with what arrives, not with what is announced.
func readFrame(r *bufio.Reader) ([]byte, error) {
	length := -1
	for n := 0; ; n++ {
		line, err := readHeaderLine(r)
		if err != nil {
			if err == io.EOF && n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		if line == "" {
			break
		}
		if n == maxHeaders {
			return nil, fmt.Errorf("%w: more than %d header lines", errFrame, maxHeaders)
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%w: header line %q has no colon", errFrame, line)
		}
		if !strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			continue
		}
		if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > maxBody {
			return nil, fmt.Errorf("%w: length %q is not a number up to %d", errFrame, value, maxBody)
		}
	}
	if length < 0 {
		return nil, fmt.Errorf("%w: no Content-Length", errFrame)
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(length)); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return body.Bytes(), nil
}

// readHeaderLine reads a line without its end, which is \r\n or \n.
func readHeaderLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxHeaderLine {
			return "", fmt.Errorf("%w: header line of more than %d bytes", errFrame, maxHeaderLine)
		}
		switch {
		case err == bufio.ErrBufferFull:
		case err == io.EOF && len(line) > 0:
			return "", io.ErrUnexpectedEOF
		case err != nil:
			return "", err
		default:
			return strings.TrimRight(string(line), "\r\n"), nil
		}
	}
}

// frame puts the header of a message before its body.
func frame(body []byte) []byte {
	return append([]byte("Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
}
