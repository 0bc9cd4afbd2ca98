package tokenizer

import (
	"errors"
	"strings"
)

// Tokenizer is a BPE tokenizer. Its methods may be called from several
// goroutines.
type Tokenizer struct {
	file   file // as read, for Save
	scheme scheme
	model  bpe
	added  []AddedToken
	byID   map[int32]*AddedToken
	byRaw  map[string]int32 // content of added tokens

	raw, normal   matcher // added tokens of the raw and of the normalised text
	before, after []int32 // what the post-processor puts around one text
	size          int
}

// Encode returns the token ids of text. Added tokens that stand in it, special
// ones too, become their own ids; nothing is added at the start or the end.
func (t *Tokenizer) Encode(text string) []int32 {
	return t.AppendEncode(make([]int32, 0, len(text)/3+4), text)
}

// EncodeFramed is Encode with the special tokens that the tokenizer puts around
// one text, such as <s> before it (the library's add_special_tokens).
func (t *Tokenizer) EncodeFramed(text string) []int32 {
	ids := append(make([]int32, 0, len(text)/3+4), t.before...)
	return append(t.AppendEncode(ids, text), t.after...)
}

// AppendEncode appends the token ids of text to ids.
func (t *Tokenizer) AppendEncode(ids []int32, text string) []int32 {
	text = strings.ToValidUTF8(text, "\uFFFD")
	start := true
	token := func(a *AddedToken) { ids, start = append(ids, a.ID), false }
	pieces := func(s string) {
		for s, start = t.scheme.spaced(s, start), false; len(s) > 0; {
			n := t.scheme.next(s)
			ids = t.model.encode(ids, s[:n], t.scheme)
			s = s[n:]
		}
	}
	t.raw.split(text, func(s string) {
		t.normal.split(t.scheme.normal(s), pieces, token)
	}, token)
	return ids
}

// Decode returns the text of ids, special tokens included. Ids that the
// vocabulary does not hold are left out; bytes that are not UTF-8 become U+FFFD.
func (t *Tokenizer) Decode(ids []int32) string { return t.decode(ids, false) }

// DecodePlain is [Tokenizer.Decode] without the special tokens.
func (t *Tokenizer) DecodePlain(ids []int32) string { return t.decode(ids, true) }

func (t *Tokenizer) decode(ids []int32, plain bool) string {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if a, ok := t.byID[id]; ok {
			if !plain || !a.Special {
				tokens = append(tokens, a.Content)
			}
		} else if id >= 0 && int(id) < len(t.model.tokens) {
			tokens = append(tokens, t.model.tokens[id])
		}
	}
	return t.scheme.text(tokens)
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

// WithAdded returns the tokenizer with further special tokens, which get the ids after the highest, in order; those that
// it has already stay as they are.
func (t *Tokenizer) WithAdded(contents ...string) (*Tokenizer, error) {
	f := t.file
	f.AddedTokens = append([]AddedToken(nil), f.AddedTokens...)
	next := int32(t.size)
	for _, c := range contents {
		if c == "" {
			return nil, errors.New("tokenizer: a token without content cannot be added")
		}
		if _, ok := t.TokenID(c); ok {
			continue
		}
		f.AddedTokens = append(f.AddedTokens, AddedToken{ID: next, Content: c, Special: true})
		next++
	}
	return build(f)
}
