package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var metaspaceForms = []string{"prepend", "first", "always"}

// The ids of Hugging Face tokenizers, made by testdata/make_metaspace.py.
func TestMetaspaceGolden(t *testing.T) {
	for _, name := range metaspaceForms {
		tok := load(t, name+".tokenizer.json")
		for _, g := range readJSON[[]struct {
			Text                    string
			IDs, Framed, Loose      []int32
			Decoded, Plain, Loosely string
		}](t, name+".ids.json") {
			if got := tok.Encode(g.Text); !slices.Equal(got, g.IDs) {
				t.Errorf("%s: Encode(%q)\n got %v\nwant %v", name, g.Text, got, g.IDs)
			}
			if got := tok.EncodeFramed(g.Text); !slices.Equal(got, g.Framed) {
				t.Errorf("%s: EncodeFramed(%q)\n got %v\nwant %v", name, g.Text, got, g.Framed)
			}
			if got := tok.Decode(g.IDs); got != g.Decoded {
				t.Errorf("%s: Decode(Encode(%q)) = %q, want %q", name, g.Text, got, g.Decoded)
			}
			if got := tok.DecodePlain(g.IDs); got != g.Plain {
				t.Errorf("%s: DecodePlain(Encode(%q)) = %q, want %q", name, g.Text, got, g.Plain)
			}
			if got := tok.Decode(g.Loose); got != g.Loosely {
				t.Errorf("%s: Decode(%v) = %q, want %q", name, g.Loose, got, g.Loosely)
			}
		}
	}
}

// Cutting a text before meta symbols changes no id.
func TestCutChangesNothing(t *testing.T) {
	tok, whole := load(t, "prepend.tokenizer.json"), load(t, "prepend.tokenizer.json")
	if !tok.scheme.(*metaspace).cut {
		t.Fatal("the vocabulary lets no text be cut")
	}
	whole.scheme.(*metaspace).cut = false
	for _, g := range readJSON[[]struct{ Text string }](t, "prepend.ids.json") {
		if a, b := tok.Encode(g.Text), whole.Encode(g.Text); !slices.Equal(a, b) {
			t.Errorf("%q cut gives %v, whole %v", g.Text, a, b)
		}
	}
}

// A vocabulary with a token that leads into a meta symbol is merged over it.
func TestMergeOverMetaSymbol(t *testing.T) {
	good := string(readFile(t, "prepend.tokenizer.json"))
	bad := strings.Replace(good, `"merges": [`, `"merges": [["s", "▁"],`, 1)
	bad = strings.Replace(bad, `"<unk>": 0`, `"<unk>": 0, "s▁": 999`, 1)
	tok, err := Parse([]byte(bad))
	if err != nil {
		t.Fatal(err)
	}
	if ids := tok.Encode("s s"); !slices.Contains(ids, 999) {
		t.Errorf("the merge over the meta symbol is not made: %v", ids)
	}
}

func TestBadMetaspaceFiles(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"prepend", `"Prepend"`, `"Lowercase"`, "normalizer and pre_tokenizer"},
		{"prepend", `"<0x0A>": `, `"<0x0A": `, "lacks the token <0x0A>"},
		{"prepend", `"ByteFallback"`, `"Metaspace"`, "decoder"},
		{"prepend", `"TemplateProcessing"`, `"BertProcessing"`, "post_processor BertProcessing"},
		{"prepend", `"special_tokens": {`, `"none": {`, `special token "<s>"`},
		{"first", `"prepend_scheme": "first"`, `"prepend_scheme": "second"`, "prepend_scheme second"},
		{"first", `"Sequence": {`, `"None": {`, "does not define"},
	} {
		good := string(readFile(t, c.file+".tokenizer.json"))
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%q is not in the file", c.old)
		}
		if _, err := Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q for %q: the error is %v, want one with %q", c.file, c.new, c.old, err, c.want)
		}
	}
}

func FuzzMetaspace(f *testing.F) {
	var toks []*Tokenizer
	for _, name := range metaspaceForms {
		toks = append(toks, load(f, name+".tokenizer.json"))
	}
	for _, s := range []string{"", " ", "Facing  north\n", "▁ ▁", "<image> x", "\xff\xfe", "日本 <|end|>  b", "<0x0A>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i, tok := range toks {
			ids := tok.EncodeFramed(s)
			for _, id := range ids {
				if id < 0 || int(id) >= tok.VocabSize() {
					t.Fatalf("%s: %q has the id %d", metaspaceForms[i], s, id)
				}
			}
			// The first form decodes to the text where no added token stands in it and no
			// meta symbol, which is a space afterwards, or starts it.
			if metaspaceForms[i] != "prepend" || !utf8.ValidString(s) || strings.ContainsAny(s, "<▁") {
				continue
			}
			if got := tok.Decode(tok.Encode(s)); got != s {
				t.Errorf("Decode(Encode(%q)) = %q", s, got)
			}
		}
	})
}

func BenchmarkMetaspace(b *testing.B) {
	tok := load(b, "prepend.tokenizer.json")
	corpus := readJSON[struct{ Corpus []string }](b, "trained.json").Corpus
	tokens := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tokens += len(tok.Encode(corpus[i%len(corpus)]))
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

func TestWithAdded(t *testing.T) {
	tok := load(t, "prepend.tokenizer.json")
	more, err := tok.WithAdded("<image>", "<graph>", "<|new|>")
	if err != nil {
		t.Fatal(err)
	}
	had, _ := tok.TokenID("<image>")
	for content, want := range map[string]int32{"<image>": had, "<graph>": int32(tok.VocabSize()), "<|new|>": int32(tok.VocabSize()) + 1} {
		if id, ok := more.TokenID(content); !ok || id != want {
			t.Errorf("%s has the id %d, want %d", content, id, want)
		}
	}
	if ids := more.Encode("a<graph>b"); !slices.Contains(ids, int32(tok.VocabSize())) {
		t.Errorf("the new token is not found: %v", ids)
	}
	if _, ok := tok.TokenID("<graph>"); ok {
		t.Error("the tokenizer itself has changed")
	}
	if _, err := tok.WithAdded(""); err == nil {
		t.Error("an empty token is added")
	}
}
