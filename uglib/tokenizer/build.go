package tokenizer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// highestID bounds ids, so that a broken file cannot ask for a huge table.
const highestID = 1 << 21

// build makes a tokenizer of a parsed tokenizer.json.
func build(f file) (*Tokenizer, error) {
	t := &Tokenizer{file: f, byID: map[int32]*AddedToken{}, byRaw: map[string]int32{}}
	var err error
	if t.normalise, err = isNFC(f.Normalizer); err != nil {
		return nil, err
	}
	if err := errors.Join(checkPreTokenizer(f.PreTokenizer), checkByteLevel("post_processor", f.PostProcessor),
		checkByteLevel("decoder", f.Decoder), checkModel(f.Model)); err != nil {
		return nil, err
	}
	if err := t.model.build(f.Model); err != nil {
		return nil, err
	}
	t.size = len(t.model.tokens)
	t.added = slices.Clone(f.AddedTokens)
	slices.SortStableFunc(t.added, func(a, b AddedToken) int { return cmp.Compare(a.ID, b.ID) })
	for i := range t.added {
		a := &t.added[i]
		if a.ID < 0 || a.ID > highestID {
			return nil, fmt.Errorf("added token %q has the id %d; ids go from 0 to %d", a.Content, a.ID, highestID)
		}
		if id, ok := f.Model.Vocab[a.Content]; ok && id != a.ID {
			return nil, fmt.Errorf("added token %q has the id %d, but the vocabulary gives it %d", a.Content, a.ID, id)
		}
		if b, ok := t.byID[a.ID]; ok {
			return nil, fmt.Errorf("added tokens %q and %q have the same id %d", b.Content, a.Content, a.ID)
		}
		if int(a.ID) < len(t.model.tokens) && t.model.tokens[a.ID] != "" && spell(t.model.tokens[a.ID]) != a.Content {
			return nil, fmt.Errorf("added token %q has the id %d of the vocabulary token %q", a.Content, a.ID, spell(t.model.tokens[a.ID]))
		}
		t.byID[a.ID], t.byRaw[a.Content] = a, a.ID
		t.size = max(t.size, int(a.ID)+1)
		if a.Normalized && t.normalise {
			t.normal.add(nfc(a.Content), a)
		} else if a.Normalized {
			t.normal.add(a.Content, a)
		} else {
			t.raw.add(a.Content, a)
		}
	}
	return t, nil
}

func (m *bpe) build(f model) error {
	if len(f.Vocab) > highestID {
		return fmt.Errorf("a vocabulary of %d tokens is too large", len(f.Vocab))
	}
	m.ignoreMerges = f.IgnoreMerges
	m.merges = map[uint64]merge{}
	m.whole = make(map[string]int32, len(f.Vocab))
	highest := int32(-1)
	for token, id := range f.Vocab {
		if id < 0 || id > highestID {
			return fmt.Errorf("vocabulary token %q has the id %d; ids go from 0 to %d", token, id, highestID)
		}
		highest = max(highest, id)
	}
	m.tokens = make([]string, highest+1)
	taken := make([]bool, highest+1)
	for token, id := range f.Vocab {
		if taken[id] {
			return fmt.Errorf("two tokens of the vocabulary have the id %d; one is %q", id, token)
		}
		taken[id] = true
		if b, ok := unspell(token); ok {
			m.tokens[id], m.whole[b] = b, id
		} else {
			m.tokens[id] = token // never made by a merge; decodes as it stands
		}
	}
	for b := range 256 {
		id, ok := m.whole[string([]byte{byte(b)})]
		if !ok {
			return fmt.Errorf("the vocabulary lacks the symbol %q of byte %d: not a byte-level BPE, or cut short", string(byteRune[b]), b)
		}
		m.byteID[b] = id
	}
	pairs, err := readMerges(f.Merges)
	if err != nil {
		return err
	}
	for rank, p := range pairs {
		a, okA := f.Vocab[p[0]]
		b, okB := f.Vocab[p[1]]
		id, ok := f.Vocab[p[0]+p[1]]
		if !okA || !okB || !ok {
			return fmt.Errorf("merge %d (%q, %q) names a token that the vocabulary lacks", rank, p[0], p[1])
		}
		m.merges[pairKey(a, b)] = merge{int32(rank), id}
	}
	return nil
}

func readMerges(raw json.RawMessage) ([][2]string, error) {
	if len(raw) == 0 {
		return nil, errors.New("model has no merges")
	}
	var pairs [][]string
	if json.Unmarshal(raw, &pairs) != nil {
		var lines []string
		pairs = nil
		if err := json.Unmarshal(raw, &lines); err != nil {
			return nil, fmt.Errorf("merges are neither pairs nor lines: %w", err)
		}
		for _, l := range lines {
			if !strings.HasPrefix(l, "#version") {
				pairs = append(pairs, strings.Split(l, " "))
			}
		}
	}
	out := make([][2]string, len(pairs))
	for i, p := range pairs {
		if len(p) != 2 {
			return nil, fmt.Errorf("merge %d has %d parts instead of 2", i, len(p))
		}
		out[i] = [2]string(p)
	}
	return out, nil
}

// part is a component of tokenizer.json.
type part struct {
	Type          string
	Normalizers   []json.RawMessage
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Pattern       struct{ Regex *string }
	Behavior      string
	Invert        bool
	AddPrefix     bool  `json:"add_prefix_space"`
	UseRegex      *bool `json:"use_regex"`
}

func readPart(name string, raw json.RawMessage) (*part, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var p part
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &p, nil
}

func unsupported(name, what string) error {
	return fmt.Errorf("%s %s is not supported: only the byte-level BPE of the Qwen2 family is, try the tokenizer.json of such a model", name, what)
}

func isNFC(raw json.RawMessage) (bool, error) {
	p, err := readPart("normalizer", raw)
	if p == nil || err != nil {
		return false, err
	}
	if p.Type == "Sequence" && len(p.Normalizers) == 1 {
		return isNFC(p.Normalizers[0])
	}
	if p.Type != "NFC" {
		return false, unsupported("normalizer", p.Type)
	}
	return true, nil
}

func checkPreTokenizer(raw json.RawMessage) error {
	const name = "pre_tokenizer"
	p, err := readPart(name, raw)
	if err != nil {
		return err
	}
	if p == nil || p.Type != "Sequence" || len(p.PreTokenizers) != 2 {
		return unsupported(name, string(raw))
	}
	split, err1 := readPart(name, p.PreTokenizers[0])
	bytes, err2 := readPart(name, p.PreTokenizers[1])
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	switch {
	case split == nil || split.Type != "Split" || split.Behavior != "Isolated" || split.Invert,
		bytes == nil || bytes.Type != "ByteLevel" || bytes.AddPrefix || bytes.UseRegex == nil || *bytes.UseRegex:
		return unsupported(name, string(raw))
	case split.Pattern.Regex == nil || *split.Pattern.Regex != Pattern:
		return unsupported(name+" with the pattern", string(p.PreTokenizers[0]))
	}
	return nil
}

// checkByteLevel accepts what changes no ids and decodes by the byte alphabet.
func checkByteLevel(name string, raw json.RawMessage) error {
	p, err := readPart(name, raw)
	if err != nil {
		return err
	}
	if p == nil && name == "decoder" {
		return unsupported(name, "null")
	}
	if p != nil && p.Type != "ByteLevel" {
		return unsupported(name, p.Type)
	}
	return nil
}

func checkModel(m model) error {
	given := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Type != "BPE":
		return unsupported("model", fmt.Sprintf("%q", m.Type))
	case m.Dropout != nil && *m.Dropout != 0:
		return unsupported("model with dropout", fmt.Sprint(*m.Dropout))
	case m.ByteFallback:
		return unsupported("model with", "byte_fallback")
	case given(m.ContinuingSubwordPrefix) || given(m.EndOfWordSuffix):
		return unsupported("model with", "a subword prefix or a word suffix")
	}
	return nil
}
