package endpoint

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseAnswer(t *testing.T) {
	for _, x := range []struct {
		name, text       string
		caption, summary string
		status           Status
	}{
		{"as asked", "**Image:** A street.\n\n**Summarization:** It is Elm Lane.", "A street.", "It is Elm Lane.", OK},
		{"without the first mark", "A street.\n\n**Summarization:** It is Elm Lane.", "A street.", "It is Elm Lane.", OK},
		{"Windows lines", "**Image:** A street.\r\n\r\n**Summarization:**\r\nIt is\r\nElm Lane.", "A street.", "It is Elm Lane.", OK},
		{"headings", "## Image caption\nA street.\n\n### Summary\nIt is Elm Lane.\n", "A street.", "It is Elm Lane.", OK},
		{"plain marks", "Image: A street.\nSummarisation: It is Elm Lane.", "A street.", "It is Elm Lane.", OK},
		{"capitals", "**IMAGE:** A street. **SUMMARIZATION:** It is.", "A street.", "It is.", OK},
		{"colon outside", "**Image**: A street.\n**Summarization**: It is.", "A street.", "It is.", OK},
		{"numbered", "1. **Image:** A street.\n2. **Summarization:** It is.", "A street.", "It is.", OK},
		{"wide colon", "**Image：** A street.\n**Summarization：** It is.", "A street.", "It is.", OK},
		{"with talk before", "Sure! Here is what you asked for.\n\n**Image:** A street.\n\n**Summarization:** It is.", "A street.", "It is.", OK},
		{"the other way round", "**Summarization:** It is.\n\n**Image:** A street.", "A street.", "It is.", OK},
		{"thought", "<think>**Image:** no **Summarization:** no</think>\n**Image:** A street.\n**Summarization:** It is.", "A street.", "It is.", OK},
		{"thought that the prompt began", "hm, hm</think>\n**Image:** A street.\n**Summarization:** It is.", "A street.", "It is.", OK},
		{"fenced", "```markdown\n**Image:** A street.\n\n**Summarization:** It is.\n```", "A street.", "It is.", OK},
		{"quoted", "**Image:** \"A street.\"\n**Summarization:** “It is.”", "A street.", "It is.", OK},
		{"lists and bold", "**Image:**\n- **Buildings**: brick\n- `trees`\n\n---\n**Summarization:**\n* near\n* far", "Buildings: brick trees", "near far", OK},
		{"marks twice", "**Image:** **Image:** A street.\n**Summarization:** It is. **Summarization:** Again.", "A street.", "It is. Again.", OK},
		{"the words in a text", "**Image:** An image of a summary on a sign: closed.\n**Summarization:** The summary is short.", "An image of a summary on a sign: closed.", "The summary is short.", OK},
		{"a sign in quotes", "**Image:** \"Open\" says a sign, \"Closed\" another.\n**Summarization:** It is.", "\"Open\" says a sign, \"Closed\" another.", "It is.", OK},
		{"every script", "**Image:** 一条街道，右边是面包店。\n**Summarization:** هذا هو شارع النيل.", "一条街道，右边是面包店。", "هذا هو شارع النيل.", OK},
		{"no UTF-8", "**Image:** A \xff street.\n**Summarization:** It is.", "A \uFFFD street.", "It is.", OK},
		{"sorry in the text", "**Image:** A sign says sorry, closed.\n**Summarization:** I'm sorry to see it.", "A sign says sorry, closed.", "I'm sorry to see it.", OK},
		{"empty", "", "", "", Empty},
		{"blank", " \n\t ", "", "", Empty},
		{"markup alone", "**\n---\n```", "", "", Empty},
		{"thought alone", "<think>what to write", "", "", Empty},
		{"no mark", "A street, with houses.", "", "", Unmarked},
		{"first mark alone", "**Image:** A street.", "", "", Unmarked},
		{"nothing behind the mark", "**Image:** A street.\n\n**Summarization:**", "", "", Unmarked},
		{"nothing before the mark", "**Summarization:** It is.", "", "", Unmarked},
		{"marks alone", "**Image:**\n**Summarization:**\n", "", "", Empty},
		{"refused", "I'm sorry, but I can't assist with that request.", "", "", Refused},
		{"refused politely", "I apologize, but I am unable to describe images of people.", "", "", Refused},
		{"refused by a machine", "As an AI language model, I cannot see images.", "", "", Refused},
		{"refused in form", "**Image:** I’m sorry, I cannot describe this.\n**Summarization:** None.", "", "", Refused},
	} {
		caption, summary, status := ParseAnswer(x.text)
		if caption != x.caption || summary != x.summary || status != x.status {
			t.Errorf("%s: %q, %q, %s; want %q, %q, %s", x.name, caption, summary, status, x.caption, x.summary, x.status)
		}
	}
}

func TestParseResponse(t *testing.T) {
	for body, want := range map[string]reply{
		`{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}`: {Text: "x", Finish: "stop", PromptTokens: 3, CompletionTokens: 4},
		`{"choices":[{"message":{"content":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}}]}`:                      {Text: "xy"},
		`{"choices":[{"message":{"content":null,"refusal":"no"}}],"usage":null}`:                                             {Refusal: "no"},
		`{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":-3,"completion_tokens":4},"new":{"a":[1]}}`:       {Text: "x"},
	} {
		if got, err := parseResponse([]byte(body)); got != want || err != nil {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
	for body, want := range map[string]string{
		``: "no JSON", `[]`: "no JSON", `{}`: "no choice", `{"choices":[{"message":{"content":5}}]}`: "neither a text nor a list",
		`{"error":{"message":"over\nloaded","code":500}}`: "over loaded", `{"error":"busy"}`: "busy", `{"error":5}`: "neither a text nor an object", `null`: "no choice",
	} {
		if _, err := parseResponse([]byte(body)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	for body, want := range map[string]string{
		`{"error":{"message":"a","code":"c"}}`: "a", `{"message":"b"}`: "b", `{"detail":"c"}`: "c", `upstream`: "upstream", ``: "", `{"detail":[{"msg":"d"}]}`: "[map[msg:d]]",
	} {
		if got := parseError([]byte(body)); got.Message != want {
			t.Errorf("%s: %+v", body, got)
		}
	}
	if got := short(strings.Repeat("ü ", 900)); utf8.RuneCountInString(got) != 301 {
		t.Errorf("short is %d letters", utf8.RuneCountInString(got))
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{
		"**Image:** A street.\n\n**Summarization:** It is Elm Lane.", "## Image\nA\n## Summary\nB", "<think>x</think>Image: a\nSummary: b", "I'm sorry", "**Summarization:**",
		"Image：a\nSummarization：b", "```\n**Image:** a **Summarization:** b\n```", "\xff\xfe**Summarization:**\x00", "__Image:__ a __Summary__ b", "</think>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		caption, summary, status := ParseAnswer(text)
		if (status == OK) != (caption != "" && summary != "") || status != OK && caption+summary != "" {
			t.Fatalf("%q, %q, %s", caption, summary, status)
		}
		for _, s := range []string{caption, summary} {
			if !utf8.ValidString(s) || s != strings.TrimSpace(s) || strings.ContainsAny(s, "\n\r\t") || strings.Contains(s, "**") || strings.Contains(s, imageMark) || strings.Contains(s, summaryMark) {
				t.Fatalf("%q is no plain paragraph", s)
			}
			if len(s) > 3*len(text) { // U+FFFD has three bytes
				t.Fatalf("%d bytes of %d", len(s), len(text))
			}
		}
	})
}

func FuzzParseResponse(f *testing.F) {
	for _, s := range []string{
		`{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}`,
		`{"choices":[{"message":{"content":[{"type":"text","text":"x"}]}}]}`, `{"error":{"message":"a","code":1}}`, `{"detail":[1]}`, `{}`, `null`, `"`,
	} {
		f.Add([]byte(s), "7")
	}
	f.Add([]byte(`{}`), "Wed, 21 Oct 2026 07:28:00 GMT")
	f.Fuzz(func(t *testing.T, body []byte, after string) {
		r, err := parseResponse(body)
		if err != nil && r != (reply{}) {
			t.Fatalf("%+v with %v", r, err)
		}
		c := r.caption(1)
		if c.Status == OK && (c.Text == "" || c.Error != "") || c.Status != OK && c.Error == "" || r.PromptTokens < 0 || r.CompletionTokens < 0 {
			t.Fatalf("%+v of %+v", c, r)
		}
		if e := parseError(body); utf8.RuneCountInString(short(e.Message)) > 301 {
			t.Fatal("a long error")
		}
		now := time.Unix(1e9, 0)
		if d := retryAfter(http.Header{"Retry-After": {after}}, now); d < 0 {
			t.Fatalf("%q is %v", after, d)
		}
	})
}

func FuzzCached(f *testing.F) {
	good, _ := json.Marshal(cached{"k", reply{Text: "x", PromptTokens: 1}})
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"key":"k","reply":{"prompt_tokens":-1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, ok := decodeCached(data, "k"); ok && (r.PromptTokens < 0 || r.CompletionTokens < 0) {
			t.Fatalf("%+v", r)
		}
	})
}
