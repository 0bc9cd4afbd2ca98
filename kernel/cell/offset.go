package cell

import "unicode/utf8"

// Offset16 returns the offset in bytes of a cursor_pos. Since protocol 5.2 it counts code points, and so
// it is read; a position beyond the last code point can only come from a client that counts UTF-16 code
// units, and is read as such. What lies outside the code becomes its beginning or end, and what points
// into a surrogate pair the beginning of its character.
func Offset16(code string, pos int) int {
	if pos <= 0 {
		return 0
	}
	n := 0
	for i := range code {
		if n == pos {
			return i
		}
		n++
	}
	if pos == n {
		return len(code)
	}
	units := 0
	for i, r := range code {
		w := 1
		if r > 0xffff {
			w = 2
		}
		if units+w > pos {
			return i
		}
		units += w
	}
	return len(code)
}

// Offset8 returns the cursor_pos, in code points, of an offset in bytes. It is the inverse of Offset16 for
// offsets at which a character begins.
func Offset8(code string, offset int) int {
	return utf8.RuneCountInString(code[:min(max(offset, 0), len(code))])
}
