package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AddedToken is a token that is found in the text as it stands, before the
// text is split; the fields are those of tokenizer.json.
type AddedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no word character touches it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it along
	RStrip     bool   `json:"rstrip"`      // takes the white space after it along
	Normalized bool   `json:"normalized"`  // found in the normalised text instead of the raw one
	Special    bool   `json:"special"`
}

// matcher finds added tokens in a text, leftmost and then longest first.
type matcher struct {
	byFirst [256][]pattern // by first byte, longest first
	any     bool
}

type pattern struct {
	content string
	token   *AddedToken
}

func (m *matcher) add(content string, t *AddedToken) {
	if content == "" {
		return
	}
	m.any = true
	at := &m.byFirst[content[0]]
	*at = append(*at, pattern{content, t})
	slices.SortStableFunc(*at, func(a, b pattern) int { return cmp.Compare(len(b.content), len(a.content)) })
}

// split calls text for each stretch between added tokens and token for each
// added token, in order.
func (m *matcher) split(s string, text func(string), token func(*AddedToken)) {
	from := 0
	for i := 0; m.any && i < len(s); {
		p, ok := m.at(s, i)
		if !ok {
			i++
			continue
		}
		start, stop := i, i+len(p.content)
		i = stop
		t := p.token
		if t.SingleWord && (wordBefore(s[:start]) || wordAfter(s[stop:])) {
			continue
		}
		if t.LStrip {
			start = max(from, len(strings.TrimRightFunc(s[:start], unicode.IsSpace)))
		}
		if t.RStrip {
			stop = len(s) - len(strings.TrimLeftFunc(s[stop:], unicode.IsSpace))
		}
		if from < start {
			text(s[from:start])
		}
		token(t)
		from = stop
		i = max(i, stop)
	}
	if from < len(s) {
		text(s[from:])
	}
}

func (m *matcher) at(s string, i int) (pattern, bool) {
	for _, p := range m.byFirst[s[i]] {
		if strings.HasPrefix(s[i:], p.content) {
			return p, true
		}
	}
	return pattern{}, false
}

func wordBefore(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && isWord(r)
}

func wordAfter(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isWord(r)
}

// isWord is \w: letters, marks, decimal digits, connectors.
func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.In(r, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Join_Control, unicode.Other_Alphabetic)
}
