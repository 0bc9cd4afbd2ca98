package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/google/renameio/v2"
)

// file is tokenizer.json.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []AddedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         model           `json:"model"`
}

type model struct {
	Type                    string          `json:"type"`
	Dropout                 *float64        `json:"dropout"`
	UnkToken                *string         `json:"unk_token"`
	ContinuingSubwordPrefix *string         `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string         `json:"end_of_word_suffix"`
	FuseUnk                 bool            `json:"fuse_unk"`
	ByteFallback            bool            `json:"byte_fallback"`
	IgnoreMerges            bool            `json:"ignore_merges"`
	Vocab                   vocabulary      `json:"vocab"`
	Merges                  json.RawMessage `json:"merges"` // [["a","b"], ...], or the older ["a b", ...]
}

// vocabulary is written in the order of its ids.
type vocabulary map[string]int32

func (v vocabulary) MarshalJSON() ([]byte, error) {
	tokens := make([]string, 0, len(v))
	for t := range v {
		tokens = append(tokens, t)
	}
	slices.SortFunc(tokens, func(a, b string) int { return cmp.Or(cmp.Compare(v[a], v[b]), cmp.Compare(a, b)) })
	var out bytes.Buffer
	out.WriteByte('{')
	for i, t := range tokens {
		if i > 0 {
			out.WriteByte(',')
		}
		key, err := plainJSON(t)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		fmt.Fprintf(&out, ":%d", v[t])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// plainJSON marshals without HTML escapes.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Load reads a tokenizer.json.
func Load(path string) (*Tokenizer, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %s: %w", path, err)
	}
	return t, nil
}

// Parse reads the content of a tokenizer.json.
func Parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("not a tokenizer.json: %w", err)
	}
	return build(f)
}

// JSON returns the content of a tokenizer.json that Hugging Face tokenizers
// loads; for a loaded tokenizer the same as was read.
func (t *Tokenizer) JSON() ([]byte, error) {
	compact, err := plainJSON(t.file)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return out.Bytes(), nil
}

// Save writes a tokenizer.json; the file appears whole or not at all.
func (t *Tokenizer) Save(path string) error {
	data, err := t.JSON()
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("tokenizer: write %s: %w", path, err)
	}
	return nil
}
