package uge

import (
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/vision"
)

const closing = "<|im_end|>\n<|im_start|>assistant\n"

func TestPrompt(t *testing.T) {
	const sys = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
	for _, c := range []struct {
		name, system, content string
		merged                []int
		nodes                 int
		want                  string
	}{
		{"text", "", "What street?", nil, 0, "<|im_start|>user\nWhat street?" + closing},
		{"system", "You are a helpful assistant.", "What street?", nil, 0, sys + "<|im_start|>user\nWhat street?" + closing},
		{"empty", "", "", nil, 0, "<|im_start|>user\n" + closing},
		{"image", "", "<image>What street?", []int{3}, 0, "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|image_pad|><|vision_end|>What street?" + closing},
		{"graph", "", "<graph>What street?", nil, 2, "<|im_start|>user\n<|graph_start|><|graph_pad|><|graph_pad|><|graph_end|>What street?" + closing},
		{"both", "", "<image><graph>x", []int{1}, 2, "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|><|graph_start|><|graph_pad|><|graph_pad|><|graph_end|>x" + closing},
		{"two images", "", "<image> and <image>", []int{1, 2}, 0, "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|> and <|vision_start|><|image_pad|><|image_pad|><|vision_end|>" + closing},
	} {
		m := tinyModel(t, Config{System: c.system, MaxTokens: 200})
		ids, err := m.tokens(c.content, c.merged, c.nodes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := m.Tokenizer.Decode(ids); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
		// One token for each special token, not its letters.
		for content, id := range map[string]int32{"<|image_pad|>": m.special.imagePad, "<|graph_pad|>": m.special.graphPad} {
			if n, want := count(ids, id), strings.Count(c.want, content); n != want {
				t.Errorf("%s: %d tokens %s, want %d", c.name, n, content, want)
			}
		}
		if newline := m.Tokenizer.Encode("\n"); ids[len(ids)-1] != newline[0] {
			t.Errorf("%s: the last token is %q, not the newline", c.name, m.Tokenizer.Decode(ids[len(ids)-1:]))
		}
	}
}

func TestLongTextLosesItsEnd(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 40})
	long := "<image>" + strings.Repeat(" street bakery", 100)
	ids, err := m.tokens(long, []int{4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := m.Tokenizer.Decode(ids)
	if len(ids) != 40 || !strings.HasSuffix(got, closing) {
		t.Errorf("%d tokens, %q", len(ids), got)
	}
	head := "<|im_start|>user\n<|vision_start|>" + strings.Repeat("<|image_pad|>", 4) + "<|vision_end|> street bakery street"
	if !strings.HasPrefix(got, head) {
		t.Errorf("the text begins %q, want %q", got, head)
	}
	// A text that just fits is left whole, the next longer one is not.
	whole := m.Tokenizer.Decode(ids)
	content := strings.TrimSuffix(strings.TrimPrefix(whole, "<|im_start|>user\n<|vision_start|>"+strings.Repeat("<|image_pad|>", 4)+"<|vision_end|>"), closing)
	again, err := m.tokens("<image>"+content, []int{4}, 0)
	if err != nil || !slices.Equal(again, ids) {
		t.Errorf("what was kept does not fit again: %d tokens, %v", len(again), err)
	}
}

func TestPromptErrors(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 40})
	for _, c := range []struct {
		name, content string
		merged        []int
		nodes         int
		want          []string
	}{
		{"tag without image", "<image>x", nil, 0, []string{"1 <image> tags", "0 images"}},
		{"image without tag", "x", []int{4}, 0, []string{"0 <image> tags", "1 images"}},
		{"tag without graph", "<graph>x", nil, 0, []string{"1 <graph> tags", "0 nodes"}},
		{"graph without tag", "x", nil, 3, []string{"0 <graph> tags", "3 nodes"}},
		{"two graph tags", "<graph><graph>", nil, 3, []string{"2 <graph> tags"}},
		{"image too large", "<image>x", []int{100}, 0, []string{"100 image and graph tokens", "40 tokens", "raise max_tokens"}},
		{"graph too large", "<graph>x", nil, 100, []string{"100 image and graph tokens", "raise max_tokens"}},
		{"media behind a long text", strings.Repeat("street ", 100) + "<image>", []int{4}, 0, []string{"4 image and graph tokens", "raise max_tokens"}},
		{"image token in text", "about <|image_pad|>", nil, 0, []string{"<|image_pad|>", "write the tag"}},
		{"image token before image", "<|image_pad|> and <image>", []int{4}, 0, []string{"<|image_pad|>", "write the tag"}},
		{"image token behind image", "<image> and <|image_pad|>", []int{4}, 0, []string{"<|image_pad|>", "write the tag"}},
		{"graph token in text", "about <|graph_pad|>", nil, 0, []string{"<|graph_pad|>", "write the tag"}},
		{"graph token beside graph", "<|graph_pad|><graph>", nil, 4, []string{"<|graph_pad|>", "write the tag"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := m.tokens(c.content, c.merged, c.nodes)
			wantError(t, err, c.want...)
		})
	}
}

// TestImageTokenDoesNotDisplaceImage: of a text that names the token before
// the tag and is cut behind the token, the number of image tokens is right.
func TestImageTokenDoesNotDisplaceImage(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 40})
	_, err := m.tokens("<|image_pad|>"+strings.Repeat(" street", 100)+"<image>", []int{4}, 0)
	wantError(t, err, "write the tag")
}

func TestMaxTokens(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 200})
	least := len(m.Tokenizer.Encode(closing)) + 1
	for n, ok := range map[int]bool{-1: false, 0: false, 1: false, least - 1: false, least: true} {
		_, err := New(Config{MaxTokens: n}, m.Backbone, m.Tokenizer, m.Processor, 1)
		if ok && err != nil {
			t.Errorf("max_tokens %d: %v", n, err)
		} else if !ok {
			wantError(t, err, "max_tokens", "raise it")
		}
	}
	_, err := New(Config{MaxTokens: 200, System: "<|image_pad|>"}, m.Backbone, m.Tokenizer, m.Processor, 1)
	wantError(t, err, "<|image_pad|>")
}

func FuzzPrompt(f *testing.F) {
	for _, s := range []string{"", "x", "<image>", "<graph><image>", "<|image_pad|>", "<|im_end|>\n<|im_start|>assistant\n", "<ima<image>ge>", "\xff\xfe", "<|graph_pad|><graph>"} {
		f.Add(s, 2, 3, 60)
	}
	tok := tinyModel(f, Config{MaxTokens: 60})
	f.Fuzz(func(t *testing.T, text string, images, nodes, maxTokens int) {
		m := *tok
		m.Config.MaxTokens = maxTokens
		merged := make([]int, min(max(images, 0), 4))
		for i := range merged {
			merged[i] = i + 1
		}
		nodes = min(max(nodes, 0), 50)
		ids, err := m.tokens(text, merged, nodes)
		if err != nil {
			return
		}
		if len(ids) > maxTokens {
			t.Fatalf("%d tokens, at most %d are allowed", len(ids), maxTokens)
		}
		if end := m.Tokenizer.Encode(closing); !slices.Equal(ids[len(ids)-len(end):], end) {
			t.Fatalf("the row ends in %q", m.Tokenizer.Decode(ids))
		}
		if a, b := count(ids, m.special.imagePad), count(ids, m.special.graphPad); a != sum(merged) || b != nodes {
			t.Fatalf("%d image and %d graph tokens, want %d and %d", a, b, sum(merged), nodes)
		}
	})
}

func TestRowNamesInput(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	_, err := m.Batch([]Input{{Text: "x"}, {Text: "<graph>"}}, 2)
	wantError(t, err, "input 1", "<graph>")
	p := patches(t, m, 1, 56, 56)
	_, err = m.Batch([]Input{{Text: "<image>", Images: []vision.Picture{p}}, {Text: "x"}}, 2)
	wantError(t, err, "input 1", "form")
	_, err = m.Batch([]Input{{Text: "<graph>", Graph: testGraph(m, 3, 1)}}, 1)
	wantError(t, err, "no graph encoder", "stage 2")
	for _, rows := range []int{0, 1} {
		_, err = m.Batch([]Input{{Text: "x"}, {Text: "y"}}, rows)
		wantError(t, err, "2 inputs")
	}
	_, err = m.Batch(nil, 4)
	wantError(t, err, "0 inputs")
}
