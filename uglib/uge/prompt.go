package uge

import (
	"fmt"
	"strings"

	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/ugdata"
)

// special are the ids of the tokens that the prompt is built with.
type special struct {
	imagePad, graphPad int32
}

func findSpecial(tok *tokenizer.Tokenizer) (special, error) {
	var s special
	for content, id := range map[string]*int32{"<|image_pad|>": &s.imagePad, "<|graph_pad|>": &s.graphPad} {
		v, ok := tok.TokenID(content)
		if !ok {
			return s, fmt.Errorf("uge: tokenizer has no token %q; a UGE tokenizer needs Qwen2-VL's special tokens and <|graph_pad|>, <|graph_start|>, <|graph_end|>", content)
		}
		*id = v
	}
	return s, nil
}

// prompt writes content as the user's turn in ChatML and opens the assistant's
// turn, so that the pooled token is the newline after "assistant" (UGE
// reference, prompt and tokens). An empty system message leaves the system
// turn out, which the small default model does to save its few tokens.
func prompt(system, content string) (head, tail string) {
	var b strings.Builder
	if system != "" {
		b.WriteString("<|im_start|>system\n" + system + "<|im_end|>\n")
	}
	content = strings.NewReplacer(
		ugdata.ImageTag, "<|vision_start|><|image_pad|><|vision_end|>",
		ugdata.GraphTag, "<|graph_start|><|graph_pad|><|graph_end|>",
	).Replace(content)
	b.WriteString("<|im_start|>user\n" + content)
	return b.String(), "<|im_end|>\n<|im_start|>assistant\n"
}

// tokens tokenises content, with each image placeholder widened to the number
// of its merged patches and the graph's to the number of its nodes. A text that
// is too long loses tokens at its end, never the closing of the turn.
func (m *Model) tokens(content string, merged []int, nodes int) ([]int32, error) {
	if n := strings.Count(content, ugdata.ImageTag); n != len(merged) {
		return nil, fmt.Errorf("uge: text has %d %s tags but %d images", n, ugdata.ImageTag, len(merged))
	}
	if n := strings.Count(content, ugdata.GraphTag); n > 1 || (n == 1) != (nodes > 0) {
		return nil, fmt.Errorf("uge: text has %d %s tags but its graph has %d nodes", n, ugdata.GraphTag, nodes)
	}
	head, tail := prompt(m.Config.System, content)
	end := m.Tokenizer.Encode(tail)
	room := m.Config.MaxTokens - len(end)
	if room < 1 {
		return nil, fmt.Errorf("uge: max_tokens %d leaves no room beside the %d tokens that close the turn; raise it", m.Config.MaxTokens, len(end))
	}
	text := m.Tokenizer.Encode(head)
	// A placeholder that the text brings itself would take the place of a tag's.
	for _, p := range []struct {
		id   int32
		tag  string
		want int
	}{{m.special.imagePad, ugdata.ImageTag, len(merged)}, {m.special.graphPad, ugdata.GraphTag, min(nodes, 1)}} {
		if n := count(text, p.id); n != p.want {
			return nil, fmt.Errorf("uge: text has %d placeholders %s for %d %s tags; write the tag, not the token", n, m.Tokenizer.Decode([]int32{p.id}), p.want, p.tag)
		}
	}
	var ids []int32
	image := 0
	for _, id := range text {
		switch {
		case id == m.special.imagePad:
			for range merged[image] {
				ids = append(ids, id)
			}
			image++
		case id == m.special.graphPad:
			for range nodes {
				ids = append(ids, id)
			}
		default:
			ids = append(ids, id)
		}
	}
	if len(ids) > room {
		ids = ids[:room]
		if media := sum(merged) + nodes; count(ids, m.special.imagePad)+count(ids, m.special.graphPad) != media {
			return nil, fmt.Errorf("uge: %d image and graph tokens do not fit into %d tokens; raise max_tokens or use a smaller image or graph", media, m.Config.MaxTokens)
		}
	}
	return append(ids, end...), nil
}

func count(ids []int32, id int32) (n int) {
	for _, x := range ids {
		if x == id {
			n++
		}
	}
	return n
}

func sum(xs []int) (n int) {
	for _, x := range xs {
		n += x
	}
	return n
}
