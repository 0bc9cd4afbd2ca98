package cell

import (
	"testing"
	"unicode/utf16"
)

func TestOffset16(t *testing.T) {
	for _, r := range []struct {
		code      string
		pos, want int
	}{
		{"abc", -1, 0}, {"abc", 0, 0}, {"abc", 2, 2}, {"abc", 3, 3}, {"abc", 9, 3}, {"", 0, 0}, {"", 1, 0},
		{"größe", 3, 4}, {"größe", 5, 7},
		{"\U0001F600x", 1, 4}, {"\U0001F600x", 2, 5},
		{"\U0001F600x", 3, 5},          // UTF-16
		{"\U0001F600\U0001F600", 3, 4}, // within a pair
		{"\U0001F600\U0001F600", 4, 8}, // UTF-16
		{"a\xffb", 2, 2}, {"e\u0301x", 2, 3},
	} {
		if got := Offset16(r.code, r.pos); got != r.want {
			t.Errorf("Offset16(%q, %d) = %d, want %d", r.code, r.pos, got, r.want)
		}
	}
}

func TestOffset8(t *testing.T) {
	for _, r := range []struct {
		code      string
		pos, want int
	}{
		{"abc", -1, 0}, {"abc", 2, 2}, {"abc", 9, 3}, {"größe", 4, 3}, {"\U0001F600x", 4, 1}, {"\U0001F600x", 5, 2},
	} {
		if got := Offset8(r.code, r.pos); got != r.want {
			t.Errorf("Offset8(%q, %d) = %d, want %d", r.code, r.pos, got, r.want)
		}
	}
}

func FuzzOffsets(f *testing.F) {
	f.Add("a\U0001F600ö\xff", 3)
	f.Fuzz(func(t *testing.T, code string, pos int) {
		at := Offset16(code, pos)
		if at < 0 || at > len(code) {
			t.Fatalf("Offset16(%q, %d) = %d", code, pos, at)
		}
		if n := len([]rune(code)); pos >= 0 && pos <= n && Offset8(code, at) != pos {
			t.Fatalf("Offset8(%q, %d) = %d, want %d", code, at, Offset8(code, at), pos)
		}
		if n := len(utf16.Encode([]rune(code))); pos >= n && at != len(code) {
			t.Fatalf("Offset16(%q, %d) = %d", code, pos, at)
		}
	})
}
