package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc brings text to normal form C as the library does: characters of [young]
// combine with nothing.
func nfc(s string) string {
	i := strings.IndexFunc(s, func(r rune) bool { return r >= 0x7fd && unicode.Is(young, r) })
	if i < 0 {
		return normalFormC(s)
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return normalFormC(s[:i]) + s[i:i+n] + nfc(s[i+n:])
}

// normalFormC brings text to Unicode normal form C. Package norm follows the
// stream-safe format, which breaks a run of more than 30 combining characters
// with an inserted U+034F; texts with such runs go the long way here, so that
// nothing is inserted.
func normalFormC(s string) string {
	if isASCII(s) {
		return s
	}
	if longestMarks(s) > 20 {
		return compose(decompose(s))
	}
	return norm.NFC.String(s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// longestMarks returns the length of the longest run of characters that are
// no starters or may join with what stands before them.
func longestMarks(s string) int {
	longest, n := 0, 0
	for _, r := range s {
		p := norm.NFC.PropertiesString(string(r))
		if p.BoundaryBefore() && p.LeadCCC() == 0 && p.TrailCCC() == 0 {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

func ccc(r rune) uint8 { return norm.NFD.PropertiesString(string(r)).CCC() }

// decompose returns the canonical decomposition in canonical order.
func decompose(s string) []rune {
	var out []rune
	for _, r := range s {
		out = append(out, []rune(norm.NFD.String(string(r)))...)
	}
	for i := 0; i < len(out); {
		j := i
		for j < len(out) && ccc(out[j]) != 0 {
			j++
		}
		slices.SortStableFunc(out[i:j], func(a, b rune) int { return int(ccc(a)) - int(ccc(b)) })
		i = max(j, i+1)
	}
	return out
}

// compose joins each character with the last starter before it where the pair
// has a primary composite and nothing between them blocks (Unicode standard,
// section 3.11, D117).
func compose(d []rune) string {
	out := make([]rune, 0, len(d))
	starter, last := -1, uint8(0) // place of the last starter in out; class of the character before
	for _, r := range d {
		c := ccc(r)
		if starter >= 0 && (starter == len(out)-1 || last != 0 && last < c) {
			if p, ok := pair(out[starter], r); ok {
				out[starter] = p
				continue
			}
		}
		if c == 0 {
			starter = len(out)
		}
		last = c
		out = append(out, r)
	}
	return string(out)
}

// pair returns the composite of a starter and the character after it.
func pair(a, b rune) (rune, bool) {
	s := norm.NFC.String(string([]rune{a, b}))
	r, n := utf8.DecodeRuneInString(s)
	return r, n == len(s)
}
