package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// meta is U+2581, which stands for a space in tokens (SentencePiece).
const meta = "▁"

// prefix says where a text gets a meta symbol at its front.
type prefix uint8

const (
	prefixNever     prefix = iota
	prefixEach             // every stretch between added tokens, whatever it begins with (a Prepend normaliser)
	prefixUnlessHas        // every stretch that does not begin with one (Metaspace, "always")
	prefixFirst            // the same, but only at the beginning of the text (Metaspace, "first")
)

// metaspace is the BPE of Llama, Mistral and Phi-3: spaces become meta symbols,
// characters are the symbols, and one that the vocabulary lacks is written as
// its bytes.
type metaspace struct {
	prefix prefix
	split  bool // at every meta symbol, as the pre-tokenizer Metaspace does by default
	cut    bool // no merge leads from another character to a meta symbol, so that text may be cut there
	chars  map[rune]int32
	bytes  [256]int32

	fallback bool // tokens like <0x0A> are decoded to bytes
	strip    int  // spaces that are taken from the front of decoded text
	first    bool // the meta symbols of the first token are left out instead (decoder Metaspace)
}

func (m *metaspace) normal(s string) string {
	if m.prefix != prefixEach || s == "" {
		return s
	}
	return meta + strings.ReplaceAll(s, " ", meta)
}

func (m *metaspace) spaced(s string, start bool) string {
	if m.prefix == prefixEach {
		return s
	}
	s = strings.ReplaceAll(s, " ", meta)
	if (m.prefix == prefixUnlessHas || m.prefix == prefixFirst && start) && !strings.HasPrefix(s, meta) {
		return meta + s
	}
	return s
}

// next cuts before a meta symbol: each one where the tokenizer splits there,
// else before a run of them, which changes nothing where no merge leads into one.
func (m *metaspace) next(s string) int {
	switch {
	case m.split:
		if i := strings.Index(s[1:], meta); i >= 0 {
			return 1 + i
		}
	case m.cut:
		n := 0
		for strings.HasPrefix(s[n:], meta) {
			n += len(meta)
		}
		if i := strings.Index(s[n:], meta); i >= 0 {
			return n + i
		}
	}
	return len(s)
}

func (m *metaspace) symbols(ids []int32, piece string) []int32 {
	for i, r := range piece {
		if id, ok := m.chars[r]; ok {
			ids = append(ids, id)
			continue
		}
		for k := range utf8.RuneLen(r) {
			ids = append(ids, m.bytes[piece[i+k]])
		}
	}
	return ids
}

// text decodes as the library's chain of decoders does: meta symbols become
// spaces, runs of byte tokens their character or, where they are not UTF-8, a
// U+FFFD each, then what the front has too much is taken away.
func (m *metaspace) text(tokens []string) string {
	var out strings.Builder
	var run []byte
	flush := func() {
		if utf8.Valid(run) {
			out.Write(run)
		} else {
			out.WriteString(strings.Repeat("\uFFFD", len(run)))
		}
		run = run[:0]
	}
	for i, t := range tokens {
		if m.fallback {
			if b, ok := byteToken(t); ok {
				run = append(run, b)
				continue
			}
		}
		flush()
		if i == 0 && m.first {
			t = strings.ReplaceAll(t, meta, "")
		}
		out.WriteString(strings.ReplaceAll(t, meta, " "))
	}
	flush()
	s := out.String()
	for range m.strip {
		s = strings.TrimPrefix(s, " ")
	}
	return s
}

// byteToken reads a token such as <0x0A>.
func byteToken(t string) (byte, bool) {
	if len(t) != 6 || !strings.HasPrefix(t, "<0x") || t[5] != '>' {
		return 0, false
	}
	hi, ok1 := hexDigit(t[3])
	lo, ok2 := hexDigit(t[4])
	return hi<<4 | lo, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
