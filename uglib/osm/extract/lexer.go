package extract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxTag bounds the bytes of one tag of XML with its attributes. A value of
// OpenStreetMap has at most 255 characters.
const maxTag = 1 << 20

// lexer cuts XML into its tags. It reads what OpenStreetMap XML is made of: no
// names with prefixes are resolved, texts between tags are passed over, and a
// document type is passed over unless it declares entities.
type lexer struct {
	r     io.Reader
	err   error // of r
	buf   []byte
	pos   int // of what comes next in buf
	lines int // newlines before buf

	// The tag that next found. Slices are valid until the next call.
	name  []byte
	attrs []attr
	open  bool // <name> or <name/>
	close bool // </name> or <name/>

	plain []byte   // values without their entities
	names [][]byte // of the elements that are open after the tag
	depth int      // how many they are
}

type attr struct{ name, value []byte }

// get returns the value of an attribute; false if there is none.
func (l *lexer) get(name string) ([]byte, bool) {
	for _, a := range l.attrs {
		if string(a.name) == name {
			return a.value, true
		}
	}
	return nil, false
}

// line returns the line of what comes next, from 1.
func (l *lexer) line() int { return l.lines + bytes.Count(l.buf[:l.pos], []byte("\n")) + 1 }

// more reads on and keeps buf[pos:].
func (l *lexer) more() error {
	if l.err != nil {
		return l.err
	}
	l.lines += bytes.Count(l.buf[:l.pos], []byte("\n"))
	n := copy(l.buf, l.buf[l.pos:])
	l.buf, l.pos = l.buf[:n], 0
	switch {
	case n >= maxTag:
		return fmt.Errorf("a tag of more than %d bytes", maxTag)
	case n == cap(l.buf):
		l.buf = append(make([]byte, 0, max(64<<10, 2*n)), l.buf...)
	}
	for empty := 0; ; empty++ {
		m, err := l.r.Read(l.buf[n:cap(l.buf)])
		l.buf = l.buf[:n+m]
		l.err = err
		switch {
		case m > 0:
			return nil
		case err != nil:
			return err
		case empty == 100:
			return io.ErrNoProgress
		}
	}
}

// errMore says that a tag does not end in buf.
var errMore = errors.New("unexpected end of the file within a tag")

// next finds the next tag; io.EOF at the end of a document whose elements are
// all closed.
func (l *lexer) next() error {
	for {
		i := bytes.IndexByte(l.buf[l.pos:], '<')
		if i < 0 {
			l.pos = len(l.buf)
			if err := l.more(); err == io.EOF && l.depth > 0 {
				return fmt.Errorf("<%.40s> is not closed: %w", l.names[l.depth-1], io.ErrUnexpectedEOF)
			} else if err != nil {
				return err
			}
			continue
		}
		l.pos += i
		n, err := l.tag(l.buf[l.pos:])
		if err == errMore {
			if err := l.more(); err != nil {
				return cut(err)
			}
			continue
		}
		if err != nil {
			return err
		}
		if n > 0 { // a tag
			if err := l.nest(); err != nil {
				return err
			}
			l.pos += n
			return nil
		}
		if err := l.pass(); err != nil {
			return err
		}
	}
}

// nest follows which elements are open.
func (l *lexer) nest() error {
	switch {
	case l.open && l.close:
		return nil
	case l.open:
		if l.depth == 64 {
			return errors.New("elements within elements, 64 deep: not OpenStreetMap XML")
		}
		if l.depth == len(l.names) {
			l.names = append(l.names, nil)
		}
		l.names[l.depth] = append(l.names[l.depth][:0], l.name...)
		l.depth++
	case l.depth == 0 || !bytes.Equal(l.names[l.depth-1], l.name):
		return fmt.Errorf("</%.40s> closes nothing", l.name)
	default:
		l.depth--
	}
	return nil
}

// pass goes beyond a comment, an instruction or the like, however long.
func (l *lexer) pass() error {
	for len(l.buf)-l.pos < len("<![CDATA[") && l.more() == nil {
	}
	end := ">"
	switch b := l.buf[l.pos:]; {
	case bytes.HasPrefix(b, []byte("<?")):
		end = "?>"
	case bytes.HasPrefix(b, []byte("<!--")):
		end = "-->"
	case bytes.HasPrefix(b, []byte("<![CDATA[")):
		end = "]]>"
	case !bytes.HasPrefix(b, []byte("<!DOCTYPE")):
		return fmt.Errorf("%.20q is no XML", b)
	}
	l.pos += len("<!")
	declares := bytes.HasPrefix(l.buf[l.pos:], []byte("xml"))
	for {
		b := l.buf[l.pos:]
		i := bytes.Index(b, []byte(end))
		if end == ">" && bytes.IndexByte(b[:max(i, 0)], '[') >= 0 {
			return errors.New("a document type with declarations: not OpenStreetMap XML")
		}
		if i >= 0 {
			l.pos += i + len(end)
			if declares && !isUTF8(b[:i]) {
				return fmt.Errorf("XML in another encoding than UTF-8 is %w; turn it with iconv", errUnsupported)
			}
			return nil
		}
		l.pos += max(0, len(b)-len(end)+1)
		if err := l.more(); err != nil {
			return cut(err)
		}
	}
}

// isUTF8 reports whether an XML declaration leaves the encoding at UTF-8.
func isUTF8(declaration []byte) bool {
	d := bytes.ToLower(declaration)
	return !bytes.Contains(d, []byte("encoding")) || bytes.Contains(d, []byte("utf-8")) || bytes.Contains(d, []byte("ascii"))
}

// tag parses the tag that b begins with and returns its length, 0 if it is a
// comment or the like; errMore if it does not end in b.
func (l *lexer) tag(b []byte) (int, error) {
	if len(b) < 2 {
		return 0, errMore
	}
	if b[1] == '!' || b[1] == '?' {
		return 0, nil
	}
	l.open, l.close, l.attrs, l.plain = true, false, l.attrs[:0], l.plain[:0]
	i := 1
	if b[i] == '/' {
		l.open, l.close = false, true
		i++
	}
	start := i
	for i < len(b) && isName(b[i]) {
		i++
	}
	if l.name = b[start:i]; len(l.name) == 0 && i < len(b) {
		return 0, fmt.Errorf("%.20q is no tag", b)
	}
	escaped := false
	for {
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		if i == len(b) {
			return 0, errMore
		}
		if b[i] == '/' && l.open && !l.close {
			l.close = true
			i++
			continue
		}
		if b[i] == '>' {
			i++
			break
		}
		if !l.open || l.close {
			return 0, fmt.Errorf("<%.40s>: unexpected %q", l.name, b[i])
		}
		start = i
		for i < len(b) && isName(b[i]) {
			i++
		}
		name := b[start:i]
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		if i == len(b) {
			return 0, errMore
		}
		if len(name) == 0 || b[i] != '=' {
			return 0, fmt.Errorf("<%.40s>: attribute %.40q has no value", l.name, name)
		}
		for i++; i < len(b) && isSpace(b[i]); i++ {
		}
		if i == len(b) {
			return 0, errMore
		}
		quote := b[i]
		if quote != '"' && quote != '\'' {
			return 0, fmt.Errorf("<%.40s>: the value of %.40s stands in no quotes", l.name, name)
		}
		i++
		n := bytes.IndexByte(b[i:], quote)
		if n < 0 {
			return 0, errMore
		}
		value := b[i : i+n]
		if bytes.IndexByte(value, '<') >= 0 {
			return 0, fmt.Errorf("<%.40s>: < in the value of %.40s", l.name, name)
		}
		escaped = escaped || bytes.IndexByte(value, '&') >= 0
		l.attrs = append(l.attrs, attr{name, value})
		i += n + 1
	}
	if escaped {
		for j := range l.attrs {
			var err error
			if l.attrs[j].value, err = l.unescape(l.attrs[j].value); err != nil {
				return 0, fmt.Errorf("<%.40s>: %.40s: %w", l.name, l.attrs[j].name, err)
			}
		}
	}
	return i, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '_' || c == '-' || c == '.' || c == ':' || c >= utf8.RuneSelf
}

// entities are those that XML knows undeclared.
var entities = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// unescape returns a value without entities.
func (l *lexer) unescape(b []byte) ([]byte, error) {
	from := len(l.plain)
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			l.plain = append(l.plain, b...)
			return l.plain[from:], nil
		}
		l.plain = append(l.plain, b[:i]...)
		b = b[i:]
		n := bytes.IndexByte(b[:min(len(b), 12)], ';')
		if n < 0 {
			return nil, errors.New("& begins no entity")
		}
		r, ok := entities[string(b[1:n])]
		if !ok {
			r, ok = character(b[1:n])
		}
		if !ok {
			return nil, fmt.Errorf("unknown entity %q", b[:n+1])
		}
		l.plain = utf8.AppendRune(l.plain, r)
		b = b[n+1:]
	}
}

// character returns the one of a reference such as #10 or #xA.
func character(b []byte) (rune, bool) {
	digits, base := bytes.TrimPrefix(b, []byte("#")), 10
	if len(digits) == len(b) {
		return 0, false
	}
	if hex := bytes.TrimPrefix(digits, []byte("x")); len(hex) < len(digits) {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	return rune(n), err == nil && n > 0 && n <= utf8.MaxRune
}
