package tokenizer

import (
	"strings"
)

// Tokenizer is a byte-level BPE tokenizer. Its methods may be called from
// several goroutines.
type Tokenizer struct {
	file  file // as read, for Save
	model bpe
	added []AddedToken
	byID  map[int32]*AddedToken
	byRaw map[string]int32 // content of added tokens

	raw, normal matcher // added tokens of the raw and of the normalised text
	normalise   bool
	size        int
}

// Encode returns the token ids of text. Added tokens that stand in it, special
// ones too, become their own ids; nothing is added at the start or the end.
func (t *Tokenizer) Encode(text string) []int32 {
	return t.AppendEncode(make([]int32, 0, len(text)/3+4), text)
}

// AppendEncode appends the token ids of text to ids.
func (t *Tokenizer) AppendEncode(ids []int32, text string) []int32 {
	text = strings.ToValidUTF8(text, "\uFFFD")
	token := func(a *AddedToken) { ids = append(ids, a.ID) }
	pieces := func(s string) {
		for len(s) > 0 {
			n := nextPiece(s)
			ids = t.model.encode(ids, s[:n])
			s = s[n:]
		}
	}
	t.raw.split(text, func(s string) {
		if t.normalise {
			s = nfc(s)
		}
		t.normal.split(s, pieces, token)
	}, token)
	return ids
}

// Decode returns the text of ids, special tokens included. Ids that the
// vocabulary does not hold are left out; bytes that are not UTF-8 become U+FFFD.
func (t *Tokenizer) Decode(ids []int32) string { return t.decode(ids, false) }

// DecodePlain is [Tokenizer.Decode] without the special tokens.
func (t *Tokenizer) DecodePlain(ids []int32) string { return t.decode(ids, true) }

func (t *Tokenizer) decode(ids []int32, plain bool) string {
	var b []byte
	for _, id := range ids {
		if a, ok := t.byID[id]; ok {
			if !plain || !a.Special {
				b = append(b, a.Content...)
			}
		} else if id >= 0 && int(id) < len(t.model.tokens) {
			b = append(b, t.model.tokens[id]...)
		}
	}
	return lossy(b)
}

// TokenID returns the id of the token with the given content: that of an added
// token as it stands, such as "<|image_pad|>", or the text of a vocabulary token.
func (t *Tokenizer) TokenID(content string) (int32, bool) {
	if id, ok := t.byRaw[content]; ok {
		return id, true
	}
	id, ok := t.model.whole[content]
	return id, ok
}

// Added returns the added tokens in the order of their ids.
func (t *Tokenizer) Added() []AddedToken { return append([]AddedToken(nil), t.added...) }

// VocabSize is the highest id plus one: the rows that an embedding table needs.
func (t *Tokenizer) VocabSize() int { return t.size }
