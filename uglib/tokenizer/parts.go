package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// part is a component of tokenizer.json.
type part struct {
	Type          string
	Normalizers   []json.RawMessage
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Decoders      []json.RawMessage
	Processors    []json.RawMessage
	Pattern       struct{ Regex, String *string }
	Behavior      string
	Invert        bool
	AddPrefix     *bool `json:"add_prefix_space"`
	UseRegex      *bool `json:"use_regex"`

	Prepend     string  // of the normaliser Prepend
	Content     string  // of Replace and Strip
	Start, Stop int     // of Strip
	Replacement string  // of Metaspace
	Scheme      *string `json:"prepend_scheme"`
	Split       *bool

	Single        []map[string]templatePiece // of TemplateProcessing
	SpecialTokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
}

// templatePiece is a SpecialToken or a Sequence of TemplateProcessing.
type templatePiece struct{ ID string }

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

// chain reads a component that may be a sequence of components; a missing one
// is empty.
func chain(name string, raw json.RawMessage) ([]*part, error) {
	p, err := readPart(name, raw)
	if p == nil || err != nil {
		return nil, err
	}
	if p.Type != "Sequence" {
		return []*part{p}, nil
	}
	var all []*part
	for _, list := range [][]json.RawMessage{p.Normalizers, p.PreTokenizers, p.Decoders, p.Processors} {
		for _, raw := range list {
			inner, err := chain(name, raw)
			if err != nil {
				return nil, err
			}
			all = append(all, inner...)
		}
	}
	return all, nil
}

func unsupported(name string, what any) error {
	if raw, ok := what.(json.RawMessage); ok {
		what = string(raw)
	}
	return fmt.Errorf("%s %v is not supported: only the byte-level BPE of the Qwen2 family and the BPE with metaspace and byte fallback "+
		"of Llama, Mistral and Phi-3 are, try the tokenizer.json of such a model", name, what)
}

func checkModel(m model) error {
	given := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Type != "BPE":
		return unsupported("model", fmt.Sprintf("%q", m.Type))
	case m.Dropout != nil && *m.Dropout != 0:
		return unsupported("model with dropout", *m.Dropout)
	case given(m.ContinuingSubwordPrefix) || given(m.EndOfWordSuffix):
		return unsupported("model with", "a subword prefix or a word suffix")
	}
	return nil
}

// readByteLevel reads what stands around a byte-level model.
func readByteLevel(f file) (*byteLevel, error) {
	b := &byteLevel{}
	norms, err1 := chain("normalizer", f.Normalizer)
	pre, err2 := chain("pre_tokenizer", f.PreTokenizer)
	dec, err3 := chain("decoder", f.Decoder)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	switch {
	case len(norms) == 1 && norms[0].Type == "NFC":
		b.nfc = true
	case len(norms) > 0:
		return nil, unsupported("normalizer", norms[0].Type)
	}
	if len(pre) != 2 || pre[0].Type != "Split" || pre[0].Behavior != "Isolated" || pre[0].Invert ||
		pre[1].Type != "ByteLevel" || pre[1].AddPrefix != nil && *pre[1].AddPrefix || pre[1].UseRegex == nil || *pre[1].UseRegex {
		return nil, unsupported("pre_tokenizer", f.PreTokenizer)
	}
	if pre[0].Pattern.Regex == nil || *pre[0].Pattern.Regex != Pattern {
		return nil, unsupported("pre_tokenizer with the pattern", f.PreTokenizer)
	}
	if len(dec) != 1 || dec[0].Type != "ByteLevel" {
		return nil, unsupported("decoder", f.Decoder)
	}
	return b, nil
}

// attach looks up the symbols of the bytes.
func (b *byteLevel) attach(m *bpe) error {
	for c := range 256 {
		id, ok := m.whole[string([]byte{byte(c)})]
		if !ok {
			return fmt.Errorf("the vocabulary lacks the symbol %q of byte %d: not a byte-level BPE, or cut short", string(byteRune[c]), c)
		}
		b.ids[c] = id
	}
	return nil
}

// readMetaspace reads what stands around a model with byte fallback: either the
// normalisers Prepend and Replace, or the pre-tokenizer Metaspace.
func readMetaspace(f file) (*metaspace, error) {
	m := &metaspace{}
	norms, err1 := chain("normalizer", f.Normalizer)
	pre, err2 := chain("pre_tokenizer", f.PreTokenizer)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	isReplace := func(p *part, from, to string) bool {
		return p.Type == "Replace" && p.Pattern.String != nil && *p.Pattern.String == from && p.Content == to
	}
	switch {
	case len(norms) == 2 && len(pre) == 0 && norms[0].Type == "Prepend" && norms[0].Prepend == meta && isReplace(norms[1], " ", meta):
		m.prefix = prefixEach
	case len(norms) == 0 && len(pre) == 1 && pre[0].Type == "Metaspace" && pre[0].Replacement == meta:
		var err error
		if m.prefix, err = pre[0].prefix(); err != nil {
			return nil, err
		}
		m.split = pre[0].Split == nil || *pre[0].Split
	default:
		return nil, unsupported("byte_fallback with normalizer and pre_tokenizer", string(f.Normalizer)+" "+string(f.PreTokenizer))
	}
	dec, err := chain("decoder", f.Decoder)
	if err != nil {
		return nil, err
	}
	switch {
	case len(dec) == 1 && dec[0].Type == "Metaspace" && dec[0].Replacement == meta:
		scheme, err := dec[0].prefix()
		if err != nil {
			return nil, err
		}
		m.first = scheme != prefixNever
	case len(dec) >= 3 && len(dec) <= 4 && isReplace(dec[0], meta, " ") && dec[1].Type == "ByteFallback" && dec[2].Type == "Fuse":
		m.fallback = true
		if len(dec) == 4 {
			if s := dec[3]; s.Type != "Strip" || s.Content != " " || s.Start < 0 || s.Start > 16 || s.Stop != 0 {
				return nil, unsupported("decoder", f.Decoder)
			}
			m.strip = dec[3].Start
		}
	default:
		return nil, unsupported("decoder", f.Decoder)
	}
	return m, nil
}

// prefix reads the prepend_scheme of a Metaspace, or the older
// add_prefix_space.
func (p *part) prefix() (prefix, error) {
	switch {
	case p.Scheme == nil && p.AddPrefix != nil && !*p.AddPrefix:
		return prefixNever, nil
	case p.Scheme == nil || *p.Scheme == "always":
		return prefixUnlessHas, nil
	case *p.Scheme == "first":
		return prefixFirst, nil
	case *p.Scheme == "never":
		return prefixNever, nil
	}
	return 0, unsupported("Metaspace with prepend_scheme", *p.Scheme)
}

// attach looks up the symbols of the characters and of the bytes.
func (m *metaspace) attach(model *bpe) error {
	m.chars = map[rune]int32{}
	for token, id := range model.whole {
		if r, n := utf8.DecodeRuneInString(token); n == len(token) && (r != utf8.RuneError || n > 1) {
			m.chars[r] = id
		}
	}
	for c := range 256 {
		id, ok := model.whole[fmt.Sprintf("<0x%02X>", c)]
		if !ok {
			return fmt.Errorf("the vocabulary lacks the token <0x%02X> of byte %d, which byte_fallback needs: cut short", c, c)
		}
		m.bytes[c] = id
	}
	return nil
}

// readFrame reads what a post-processor puts before and after one text;
// ByteLevel, which moves offsets alone, adds nothing.
func readFrame(raw json.RawMessage) (before, after []int32, err error) {
	const name = "post_processor"
	parts, err := chain(name, raw)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range parts {
		if p.Type == "ByteLevel" {
			continue
		}
		if p.Type != "TemplateProcessing" {
			return nil, nil, unsupported(name, p.Type)
		}
		texts := 0
		for _, piece := range p.Single {
			if _, ok := piece["Sequence"]; ok {
				texts++
				continue
			}
			special := piece["SpecialToken"].ID
			token, known := p.SpecialTokens[special]
			if !known {
				return nil, nil, fmt.Errorf("%s: its template names the special token %q, which it does not define", name, special)
			}
			if texts == 0 {
				before = append(before, token.IDs...)
			} else {
				after = append(after, token.IDs...)
			}
		}
		if texts != 1 {
			return nil, nil, unsupported(name, fmt.Sprintf("with a template of %d texts", texts))
		}
	}
	return before, after, nil
}
