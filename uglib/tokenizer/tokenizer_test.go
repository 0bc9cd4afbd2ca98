package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestPieces(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Hello world", []string{"Hello", " world"}},
		{"it's 20 m", []string{"it", "'s", " ", "2", "0", " m"}},
		{"a  b", []string{"a", " ", " b"}},
		{"a   ", []string{"a", "   "}},
		{"a \n  b", []string{"a", " \n", " ", " b"}},
		{"(SE)) ->", []string{"(SE", "))", " ->"}},
		{"x!\r\n\ny", []string{"x", "!\r\n\n", "y"}},
		{"\u00a0y\u2003 1", []string{"\u00a0y", "\u2003", " ", "1"}},
		{"don'T 'x", []string{"don", "'T", " '", "x"}},
	} {
		var got []string
		for s := c.text; s != ""; {
			n := nextPiece(s)
			got = append(got, s[:n])
			s = s[n:]
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("pieces of %q are %q, want %q", c.text, got, c.want)
		}
	}
}

// Both ways of merging give the same ids.
func TestMergeLong(t *testing.T) {
	tok := load(t, "tiny_qwen.tokenizer.json")
	m, ids := &tok.model, tok.scheme.(*byteLevel).ids
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		word := make([]int32, 1+r.IntN(120))
		for i := range word {
			word[i] = ids["aast|<>\\ reim"[r.IntN(13)]]
		}
		short, long := m.mergeShort(slices.Clone(word)), m.mergeLong(slices.Clone(word))
		if !slices.Equal(short, long) {
			t.Fatalf("%v merges to %v by scanning, to %v by the heap", word, short, long)
		}
	}
}

// Marks that Unicode 9 lacks stay where they are, and separate what stands on
// either side of them.
func TestYoungMarks(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"q\u0323\u0334", "q\u0334\u0323"}, // ordered: classes 220 and 1
		{"q\u1df9\u0334", "q\u1df9\u0334"}, // U+1DF9 came with Unicode 10
		{"e\u1df9\u0301", "e\u1df9\u0301"},
		{"e\u0301\u1df9e\u0301", "\u00e9\u1df9\u00e9"},
		{"\U00011935\U00011930", "\U00011935\U00011930"}, // composed to U+11938 since Unicode 13
	} {
		if got := nfc(c.in); got != c.want {
			t.Errorf("nfc(%+q) = %+q, want %+q", c.in, got, c.want)
		}
	}
}

// The long way to normal form C agrees with package norm where that inserts nothing.
func TestNFC(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	marks := []rune("aeEöạ\u0301\u0323\u0302\u0308\u0345\u0344ẛ한\u1100\u1161\u11a8가\u0958\u2adc\u0f71\u0f72\u0f80Å\u0315\u0c46\u0c56")
	for range 3000 {
		s := make([]rune, 1+r.IntN(12))
		for i := range s {
			s[i] = marks[r.IntN(len(marks))]
		}
		if got, want := compose(decompose(string(s))), norm.NFC.String(string(s)); got != want {
			t.Fatalf("NFC of %+q is %+q, want %+q", string(s), got, want)
		}
	}
}

func TestBadFiles(t *testing.T) {
	good, err := os.ReadFile("testdata/tiny_qwen.tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"version"`, `"version`, "not a tokenizer.json"},
		{`"type": "NFC"`, `"type": "Lowercase"`, "normalizer Lowercase is not supported"},
		{`\\p{N}|`, `\\p{N}{1,3}|`, "pattern"},
		{`"type": "BPE"`, `"type": "WordPiece"`, `model "WordPiece" is not supported`},
		{`"byte_fallback": false`, `"byte_fallback": true`, "byte_fallback"},
		{`"dropout": null`, `"dropout": 0.1`, "dropout"},
		{`"!": 0,`, ``, "lacks the symbol \"!\" of byte 33"},
		{`"!": 0,`, `"!": 7,`, "have the id 7"},
		{`"!": 0,`, `"!": -4,`, "has the id -4"},
		{`"id": 401,`, `"id": 402,`, "have the same id 402"},
		{`"id": 401,`, `"id": 4,`, "has the id 4 of the vocabulary token"},
		{`"id": 401,`, `"id": 4000000000,`, "not a tokenizer.json"},
		{`"merges": [`, `"merges": [["a", "no such"],`, "merge 0"},
		{`"merges": [`, `"merges": [["a"],`, "1 parts"},
	} {
		bad := strings.Replace(string(good), c.old, c.new, 1)
		if bad == string(good) {
			t.Errorf("%q is not in the file", c.old)
		}
		if _, err := Parse([]byte(bad)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("with %q for %q the error is %v, want one with %q", c.new, c.old, err, c.want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestOlderMerges(t *testing.T) {
	pairs, err := readMerges([]byte(`["#version: 0.2", "a b", "c d"]`))
	if err != nil || !slices.Equal(pairs, [][2]string{{"a", "b"}, {"c", "d"}}) {
		t.Errorf("lines of merges read as %q, %v", pairs, err)
	}
}

func TestTrain(t *testing.T) {
	texts := slices.Repeat([]string{"Ahead, 45 m: crossing with East 5th Street", "Left, 30 m: parking"}, 3)
	tok, err := TrainBPE(slices.Values(texts), 300, QwenSpecial())
	if err != nil {
		t.Fatal(err)
	}
	if tok.VocabSize() != 300 {
		t.Errorf("vocabulary of %d, want 300", tok.VocabSize())
	}
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := tok.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	text := "<|vision_start|><|image_pad|><|vision_end|>Left, 45 m: Café<|im_end|>"
	if a, b := tok.Encode(text), again.Encode(text); !slices.Equal(a, b) {
		t.Errorf("saved and loaded, %q encodes as %v instead of %v", text, b, a)
	}
	for i, s := range QwenSpecial() {
		if id, ok := again.TokenID(s); !ok || int(id) != 300-11+i {
			t.Errorf("TokenID(%s) = %d, %v, want %d", s, id, ok, 300-11+i)
		}
	}
	slices.Reverse(texts)
	other, err := TrainBPE(slices.Values(texts), 300, QwenSpecial())
	if err != nil {
		t.Fatal(err)
	}
	a, _ := tok.JSON()
	b, _ := other.JSON()
	if string(a) != string(b) {
		t.Error("the order of the texts changes the tokenizer")
	}
	few, err := TrainBPE(slices.Values(texts[:1]), 5000, nil)
	if err != nil || few.VocabSize() >= 5000 {
		t.Errorf("a single line gives a vocabulary of %d, %v", few.VocabSize(), err)
	}
	for _, bad := range []struct {
		vocab   int
		special []string
	}{{255, nil}, {257, []string{"a", "b"}}, {300, []string{"a", "a"}}, {300, []string{""}}} {
		if _, err := TrainBPE(slices.Values(texts), bad.vocab, bad.special); err == nil {
			t.Errorf("vocabulary %d with %q is accepted", bad.vocab, bad.special)
		}
	}
}

func FuzzEncode(f *testing.F) {
	tok := load(f, "tiny_qwen.tokenizer.json")
	for _, s := range []string{"", "It's  20 m\r\n", "e\u0301" + strings.Repeat("\u0323", 40), "a<|im_end|>\u0338b", "\xff\xfe", "'ſ\u2003x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ids := tok.Encode(s)
		got := tok.Decode(ids)
		if !utf8.ValidString(s) {
			return
		}
		var want strings.Builder // added tokens stand; the text between them is in normal form C
		tok.raw.split(s, func(part string) { want.WriteString(nfc(part)) }, func(a *AddedToken) { want.WriteString(a.Content) })
		if got != want.String() {
			t.Errorf("Decode(Encode(%q)) = %q, want %q", s, got, want.String())
		}
		if longestMarks(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(young, r) }) && !strings.Contains(s, "<|") && got != norm.NFC.String(s) {
			t.Errorf("Decode(Encode(%q)) = %q is not its normal form C", s, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"tiny_qwen", "flags", "prepend", "first"} {
		f.Add(readFile(f, name+".tokenizer.json"))
	}
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{},"merges":[]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tok, err := Parse(data)
		if err != nil {
			return
		}
		tok.Decode(tok.Encode("Ahead <|im_end|> 20 m \u00e9"))
	})
}

func ExampleTokenizer_Encode() {
	tok, err := Load("testdata/tiny_qwen.tokenizer.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := tok.Encode("Where is this?<|im_end|>")
	fmt.Println(ids)
	fmt.Println(tok.Decode(ids))
	// Output:
	// [54 398 220 72 82 274 332 82 30 402]
	// Where is this?<|im_end|>
}

func ExampleTrainBPE() {
	texts := []string{"crossing ahead", "crossing on the left", "parking ahead"}
	tok, err := TrainBPE(slices.Values(texts), 300, []string{"<|image_pad|>"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(tok.Encode("<|image_pad|>crossing ahead")))
	// Output: 3
}

func BenchmarkEncode(b *testing.B) {
	tok := load(b, "tiny_qwen.tokenizer.json")
	corpus := readJSON[struct{ Corpus []string }](b, "trained.json").Corpus
	tokens := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tokens += len(tok.Encode(corpus[i%len(corpus)]))
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

func BenchmarkEncodeUncached(b *testing.B) {
	tok := load(b, "tiny_qwen.tokenizer.json")
	corpus := readJSON[struct{ Corpus []string }](b, "trained.json").Corpus
	tokens := 0
	for i := 0; b.Loop(); i++ {
		tok.model.cache.ids = nil
		tokens += len(tok.Encode(corpus[i%len(corpus)]))
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}
