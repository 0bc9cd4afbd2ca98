package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// Pattern is the regular expression of the Qwen2 pre-tokenizer, which
// [nextPiece] matches.
const Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

type class uint8

const (
	letter class = iota // \p{L}
	number              // \p{N}
	space               // \s
	other
)

var asciiClass = func() (t [utf8.RuneSelf]class) {
	for r := range t {
		t[r] = classOf(rune(r))
	}
	return t
}()

func classOf(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// first returns the class and the length in bytes of the first character of s.
func first(s string) (class, int) {
	if c := s[0]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRuneInString(s)
	return classOf(r), n
}

// run returns the length in bytes of the run of characters of class c at the
// start of s.
func run(s string, c class) int {
	i := 0
	for i < len(s) {
		k, n := first(s[i:])
		if k != c {
			break
		}
		i += n
	}
	return i
}

func isNewline(c byte) bool { return c == '\r' || c == '\n' }

// nextPiece returns the length in bytes of the first match of [Pattern] in s,
// which must not be empty; it always starts at 0 and is never empty.
func nextPiece(s string) int {
	if n := contraction(s); n > 0 {
		return n
	}
	c, n := first(s)
	switch c {
	case letter:
		return run(s, letter)
	case number:
		return n
	}
	if !isNewline(s[0]) && n < len(s) { // [^\r\n\p{L}\p{N}]\p{L}+
		if l := run(s[n:], letter); l > 0 {
			return n + l
		}
	}
	if s[0] == ' ' && n < len(s) { // " [^\s\p{L}\p{N}]+[\r\n]*"
		if l := symbols(s[n:]); l > 0 {
			return n + l
		}
	}
	if c == other {
		return symbols(s)
	}
	w := run(s, space)
	for i := w; i > 0; i-- { // \s*[\r\n]+ ends at the last line break of the run
		if isNewline(s[i-1]) {
			return i
		}
	}
	if w == len(s) { // \s+(?!\S)
		return w
	}
	if _, last := utf8.DecodeLastRuneInString(s[:w]); last < w {
		return w - last
	}
	return w // \s+
}

// symbols matches [^\s\p{L}\p{N}]+[\r\n]*.
func symbols(s string) int {
	n := run(s, other)
	if n == 0 {
		return 0
	}
	for n < len(s) && isNewline(s[n]) {
		n++
	}
	return n
}

// contraction matches (?i:'s|'t|'re|'ve|'m|'ll|'d). The long s (U+017F) is an s
// of another case.
func contraction(s string) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	lower := func(i int) byte {
		if i < len(s) && s[i] < utf8.RuneSelf {
			return s[i] | 0x20
		}
		return 0
	}
	switch a, b := lower(1), lower(2); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case a == 'r' && b == 'e', a == 'v' && b == 'e', a == 'l' && b == 'l':
		return 3
	case len(s) >= 3 && s[1:3] == "ſ":
		return 3
	}
	return 0
}
