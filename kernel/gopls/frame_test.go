package gopls

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestReadFrame(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		err            error
	}{
		{"one", "Content-Length: 2\r\n\r\n{}", "{}", nil},
		{"another header", "content-length:3\nContent-Type: x\n\n[1]", "[1]", nil},
		{"empty body", "Content-Length: 0\r\n\r\n", "", nil},
		{"nothing", "", "", io.EOF},
		{"half a header", "Content-Len", "", io.ErrUnexpectedEOF},
		{"header without end", "Content-Length: 2\r\n", "", io.ErrUnexpectedEOF},
		{"half a body", "Content-Length: 4\r\n\r\n{}", "", io.ErrUnexpectedEOF},
		{"no length", "Content-Type: x\r\n\r\n{}", "", errFrame},
		{"negative", "Content-Length: -1\r\n\r\n", "", errFrame},
		{"too long", "Content-Length: 99999999999\r\n\r\n", "", errFrame},
		{"no number", "Content-Length: two\r\n\r\n", "", errFrame},
		{"no colon", "hello\r\n\r\n", "", errFrame},
		{"long line", strings.Repeat("x", maxHeaderLine+1), "", errFrame},
		{"many lines", strings.Repeat("A: b\n", maxHeaders+1), "", errFrame},
		{"announced only", "Content-Length: 60000000\r\n\r\n", "", io.ErrUnexpectedEOF},
	} {
		got, err := readFrame(bufio.NewReaderSize(strings.NewReader(c.in), 16))
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
	r := bufio.NewReader(bytes.NewReader(append(frame([]byte("first")), frame([]byte("second"))...)))
	for _, want := range []string{"first", "second"} {
		if got, err := readFrame(r); string(got) != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// FuzzReadFrame checks that any input is read without trouble, and that what is written is read back.
func FuzzReadFrame(f *testing.F) {
	for _, s := range []string{"Content-Length: 2\r\n\r\n{}", "a:b\n\n", "\r\n", "Content-Length: 1\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bufio.NewReader(bytes.NewReader(in))
		for {
			if _, err := readFrame(r); err != nil {
				break
			}
		}
		if got, err := readFrame(bufio.NewReader(bytes.NewReader(frame(in)))); err != nil || !bytes.Equal(got, in) {
			t.Errorf("%q came back as %q, %v", in, got, err)
		}
	})
}
