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
	if err := checkModel(f.Model); err != nil {
		return nil, err
	}
	if err := t.build(f); err != nil {
		return nil, err
	}
	t.size = len(t.model.tokens)
	names := make(map[int32]string, len(f.Model.Vocab))
	for token, id := range f.Model.Vocab {
		names[id] = token
	}
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
		if token, ok := names[a.ID]; ok && token != a.Content {
			return nil, fmt.Errorf("added token %q has the id %d of the vocabulary token %q", a.Content, a.ID, token)
		}
		t.byID[a.ID], t.byRaw[a.Content] = a, a.ID
		t.size = max(t.size, int(a.ID)+1)
		if a.Normalized {
			t.normal.add(t.scheme.normal(a.Content), a)
		} else {
			t.raw.add(a.Content, a)
		}
	}
	var err error
	if t.before, t.after, err = readFrame(f.PostProcessor); err != nil {
		return nil, err
	}
	return t, nil
}

// build makes the model and the scheme around it.
func (t *Tokenizer) build(f file) error {
	if !f.Model.ByteFallback {
		b, err := readByteLevel(f)
		if err != nil {
			return err
		}
		t.scheme = b
		if err := t.model.readVocabulary(f.Model, unspell); err != nil {
			return err
		}
		if err := b.attach(&t.model); err != nil {
			return err
		}
		return t.model.readMerges(f.Model)
	}
	m, err := readMetaspace(f)
	if err != nil {
		return err
	}
	t.scheme = m
	if err := t.model.readVocabulary(f.Model, asWritten); err != nil {
		return err
	}
	if err := m.attach(&t.model); err != nil {
		return err
	}
	if err := t.model.readMerges(f.Model); err != nil {
		return err
	}
	m.cut = t.model.neverInto(meta)
	return nil
}

// asWritten is the text of a token that stands for itself.
func asWritten(token string) (string, bool) { return token, true }

// readVocabulary reads the tokens; text says what a token stands for, if it can
// be made by merges.
func (m *bpe) readVocabulary(f model, text func(token string) (string, bool)) error {
	if len(f.Vocab) > highestID {
		return fmt.Errorf("a vocabulary of %d tokens is too large", len(f.Vocab))
	}
	m.ignoreMerges = f.IgnoreMerges
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
		if s, ok := text(token); ok {
			m.tokens[id], m.whole[s] = s, id
		} else {
			m.tokens[id] = token // never made by a merge; decodes as it stands
		}
	}
	return nil
}

func (m *bpe) readMerges(f model) error {
	m.merges = map[uint64]merge{}
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
