package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// The byte alphabet of GPT-2: each byte is written as one printable character,
// itself where it is printable in Latin-1, else one from U+0100 on.
var (
	byteRune [256]rune
	runeByte = map[rune]byte{}
)

func init() {
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= 33 && b <= 126 || b >= 161 && b <= 172 || b >= 174) {
			r = next
			next++
		}
		byteRune[b] = r
		runeByte[r] = byte(b)
	}
}

// spell writes bytes in the byte alphabet.
func spell(bytes string) string {
	var b strings.Builder
	b.Grow(2 * len(bytes))
	for i := range len(bytes) {
		b.WriteRune(byteRune[bytes[i]])
	}
	return b.String()
}

// unspell reads a token written in the byte alphabet; ok is false where it
// holds a character outside of it.
func unspell(token string) (bytes string, ok bool) {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		c, ok := runeByte[r]
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// lossy returns b as text; each maximal part of an ill-formed sequence becomes
// one U+FFFD (Unicode, section 3.9, as Rust's from_utf8_lossy does; Go's own
// conversion would write one per byte).
func lossy(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			n = illFormed(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// illFormed returns the length of the maximal ill-formed part that b begins with.
func illFormed(b []byte) int {
	lo, hi, want := byte(0x80), byte(0xBF), 0
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 2
	case c >= 0xE0 && c <= 0xEF:
		want = 3
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 4
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	n := 1
	for n < want && n < len(b) && b[n] >= lo && b[n] <= hi {
		lo, hi = 0x80, 0xBF
		n++
	}
	return n
}
