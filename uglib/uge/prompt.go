package uge

import (
	"fmt"
	"strings"

	"urbangraph/uglib/tokenizer"
)

// Tags that stand in a text for an image and for a graph.
const (
	ImageTag = "<image>"
	GraphTag = "<graph>"
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
		ImageTag, "<|vision_start|><|image_pad|><|vision_end|>",
		GraphTag, "<|graph_start|><|graph_pad|><|graph_end|>",
	).Replace(content)
	b.WriteString("<|im_start|>user\n" + content)
	return b.String(), "<|im_end|>\n<|im_start|>assistant\n"
}

// tokens tokenises content, with each image placeholder widened to the number
// of its merged patches and the graph's to the number of its nodes. A text that
// is too long loses tokens at its end, never the closing of the turn.
func (m *Model) tokens(content string, merged []int, nodes int) ([]int32, error) {
	if n := strings.Count(content, ImageTag); n != len(merged) {
		return nil, fmt.Errorf("uge: text has %d %s tags but %d images", n, ImageTag, len(merged))
	}
	if n := strings.Count(content, GraphTag); n > 1 || (n == 1) != (nodes > 0) {
		return nil, fmt.Errorf("uge: text has %d %s tags but its graph has %d nodes", n, GraphTag, nodes)
	}
	head, tail := prompt(m.Config.System, content)
	var ids []int32
	image := 0
	for _, id := range m.Tokenizer.Encode(head) {
		switch {
		case id == m.special.imagePad && image < len(merged):
			for range merged[image] {
				ids = append(ids, id)
			}
			image++
		case id == m.special.graphPad && nodes > 0:
			for range nodes {
				ids = append(ids, id)
			}
		default:
			ids = append(ids, id)
		}
	}
	if image != len(merged) {
		return nil, fmt.Errorf("uge: tokenizer split the image placeholder: %d of %d found", image, len(merged))
	}
	end := m.Tokenizer.Encode(tail)
	if room := m.Config.MaxTokens - len(end); len(ids) > room {
		ids = ids[:room]
		if cut := m.media(ids); cut != sum(merged)+nodes {
			return nil, fmt.Errorf("uge: %d image and graph tokens do not fit into %d tokens; raise max_tokens or use a smaller image or graph", sum(merged)+nodes, m.Config.MaxTokens)
		}
	}
	return append(ids, end...), nil
}

// media counts the image and graph placeholders.
func (m *Model) media(ids []int32) (n int) {
	for _, id := range ids {
		if id == m.special.imagePad || id == m.special.graphPad {
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
