package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readJSON[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(readFile(t, name), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func load(t testing.TB, name string) *Tokenizer {
	t.Helper()
	tok, err := Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type golden struct {
	Text           string
	IDs            []int32
	Decoded, Plain *string
}

// The ids of Hugging Face tokenizers, made by testdata/gen_tiny_qwen.py and
// testdata/make_goldens.py.
func TestGolden(t *testing.T) {
	tiny := load(t, "tiny_qwen.tokenizer.json")
	first := readJSON[struct {
		Texts []string
		IDs   [][]int32
	}](t, "tiny_qwen.ids.json")
	for i, text := range first.Texts {
		if got := tiny.Encode(text); !slices.Equal(got, first.IDs[i]) {
			t.Errorf("tiny_qwen: Encode(%q) = %v, want %v", text, got, first.IDs[i])
		}
	}
	for _, name := range []string{"tricky", "ignore", "flags"} {
		tok := tiny
		if name != "tricky" {
			tok = load(t, name+".tokenizer.json")
		}
		for _, g := range readJSON[[]golden](t, name+".ids.json") {
			got := tok.Encode(g.Text)
			if !slices.Equal(got, g.IDs) {
				t.Errorf("%s: Encode(%q)\n got %v\nwant %v", name, g.Text, got, g.IDs)
			}
			if g.Decoded != nil && tok.Decode(g.IDs) != *g.Decoded {
				t.Errorf("%s: Decode(Encode(%q)) = %q, want %q", name, g.Text, tok.Decode(g.IDs), *g.Decoded)
			}
			if g.Plain != nil && tok.DecodePlain(g.IDs) != *g.Plain {
				t.Errorf("%s: DecodePlain(Encode(%q)) = %q, want %q", name, g.Text, tok.DecodePlain(g.IDs), *g.Plain)
			}
		}
	}
}

// Save writes what the library itself writes, byte for byte.
func TestSaveAsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := load(t, "tiny_qwen.tokenizer.json").Save(path); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	want, _ := os.ReadFile("testdata/tiny_qwen.tokenizer.json")
	if string(got) != string(want) {
		t.Errorf("saved file differs from the one read: %d bytes, want %d", len(got), len(want))
	}
}

// The trainer makes the merges and the ids of the library's BpeTrainer.
func TestTrainAsLibrary(t *testing.T) {
	g := readJSON[struct {
		Corpus []string
		Size   int
		Vocab  map[string]int32
		Merges [][]string
	}](t, "trained.json")
	special := QwenSpecial()
	tok, err := TrainBPE(slices.Values(g.Corpus), g.Size+len(special), special)
	if err != nil {
		t.Fatal(err)
	}
	merges, err := readMerges(tok.file.Model.Merges)
	if err != nil {
		t.Fatal(err)
	}
	if len(merges) != len(g.Merges) {
		t.Errorf("%d merges, want %d", len(merges), len(g.Merges))
	}
	for i := range min(len(merges), len(g.Merges)) {
		if !slices.Equal(merges[i][:], g.Merges[i]) {
			t.Fatalf("merge %d is %q, want %q", i, merges[i], g.Merges[i])
		}
	}
	for token, id := range g.Vocab {
		if got := tok.file.Model.Vocab[token]; got != id {
			t.Errorf("id of %q is %d, want %d", token, got, id)
		}
	}
}
