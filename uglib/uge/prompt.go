package uge

import (
	"fmt"
	"strings"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/ugdata"
)

// template is how a family of models is prompted (UGE reference, prompt and
// tokens, for Qwen; its other families follow the templates of ms-swift 3.10,
// which the reference is built on).
type template struct {
	system     string   // message where a model folder names none
	added      []string // tokens that a snapshot's tokenizer gets
	imageToken string   // widened to the number of an image's features
	graphToken string   // widened to the number of a graph's nodes
	image      string   // written for an <image> tag
	graph      string   // written for a <graph> tag

	// frame returns what stands before the user's message and after it. The
	// pooled token is the last of the latter.
	frame func(system string) (head, tail string)
}

var templates = map[backbone.Family]template{
	// ChatML: the user's turn, and the opening of the assistant's, so that the
	// pooled token is the newline after "assistant". An empty system message
	// leaves the system turn out, which the small default model does to save
	// its few tokens.
	backbone.Qwen: {
		system:     "You are a helpful assistant.",
		added:      []string{"<|graph_pad|>", "<|graph_start|>", "<|graph_end|>"},
		imageToken: "<|image_pad|>", graphToken: "<|graph_pad|>",
		image: "<|vision_start|><|image_pad|><|vision_end|>",
		graph: "<|graph_start|><|graph_pad|><|graph_end|>",
		frame: func(system string) (head, tail string) {
			if system != "" {
				head = "<|im_start|>system\n" + system + "<|im_end|>\n"
			}
			return head + "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"
		},
	},
	backbone.Llava: {
		added:      []string{"<graph>"},
		imageToken: "<image>", graphToken: "<graph>",
		image: "<image>\n", graph: "<graph>",
		frame: func(system string) (head, tail string) {
			if system != "" {
				system = "<<SYS>>\n" + system + "\n<</SYS>>\n\n"
			}
			return "<s>[INST] " + system, " [/INST]"
		},
	},
	// The reference's processor begins a text anew behind each image.
	backbone.Phi3: {
		added:      []string{"<graph>"},
		imageToken: "<|image|>", graphToken: "<graph>",
		image: "<|image|><s>\n", graph: "<graph>",
		frame: func(system string) (head, tail string) {
			if system != "" {
				head = "<|system|>\n" + system + "<|end|>\n"
			}
			return "<s>" + head + "<|user|>\n", "<|end|>\n<|assistant|>\n"
		},
	},
}

// special are the ids of the tokens that the prompt is built with.
type special struct {
	imagePad, graphPad int32
}

func (t template) special(tok *tokenizer.Tokenizer) (special, error) {
	var s special
	for content, id := range map[string]*int32{t.imageToken: &s.imagePad, t.graphToken: &s.graphPad} {
		v, ok := tok.TokenID(content)
		if !ok {
			return s, fmt.Errorf("uge: tokenizer has no token %q; a UGE tokenizer needs the special tokens of its backbone and %s", content, strings.Join(t.added, ", "))
		}
		*id = v
	}
	return s, nil
}

// tokens tokenises content, with each image placeholder widened to the number
// of its features and the graph's to the number of its nodes. A text that
// is too long loses tokens at its end, never the closing of the turn.
func (m *Model) tokens(content string, features []int, nodes int) ([]int32, error) {
	if n := strings.Count(content, ugdata.ImageTag); n != len(features) {
		return nil, fmt.Errorf("uge: text has %d %s tags but %d images", n, ugdata.ImageTag, len(features))
	}
	if n := strings.Count(content, ugdata.GraphTag); n > 1 || (n == 1) != (nodes > 0) {
		return nil, fmt.Errorf("uge: text has %d %s tags but its graph has %d nodes", n, ugdata.GraphTag, nodes)
	}
	head, tail := m.template.frame(m.Config.System)
	end := m.closing(tail)
	room := m.Config.MaxTokens - len(end)
	if room < 1 {
		return nil, fmt.Errorf("uge: max_tokens %d leaves no room beside the %d tokens that close the turn; raise it", m.Config.MaxTokens, len(end))
	}
	written := strings.NewReplacer(ugdata.ImageTag, m.template.image, ugdata.GraphTag, m.template.graph).Replace(content)
	text := m.Tokenizer.Encode(head + written + tail)
	// A placeholder that the text brings itself would take the place of a tag's.
	for _, p := range []struct {
		id   int32
		tag  string
		want int
	}{{m.special.imagePad, ugdata.ImageTag, len(features)}, {m.special.graphPad, ugdata.GraphTag, min(nodes, 1)}} {
		if n := count(text, p.id); n != p.want {
			return nil, fmt.Errorf("uge: text has %d placeholders %s for %d %s tags; write the tag, not the token", n, m.Tokenizer.Decode([]int32{p.id}), p.want, p.tag)
		}
	}
	var ids []int32
	image := 0
	for _, id := range text {
		switch {
		case id == m.special.imagePad:
			for range features[image] {
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
	if len(ids) > m.Config.MaxTokens {
		ids = append(ids[:room], end...)
		if media := sum(features) + nodes; count(ids, m.special.imagePad)+count(ids, m.special.graphPad) != media {
			return nil, fmt.Errorf("uge: %d image and graph tokens do not fit into %d tokens; raise max_tokens or use a smaller image or graph", media, m.Config.MaxTokens)
		}
	}
	return ids, nil
}

// closing are the tokens of what closes a turn behind a word: alone they may be
// others.
func (m *Model) closing(tail string) []int32 {
	const word = "x"
	return m.Tokenizer.Encode(word + tail)[len(m.Tokenizer.Encode(word)):]
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
