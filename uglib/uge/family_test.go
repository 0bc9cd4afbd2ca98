package uge

import (
	"context"
	"image"
	"path/filepath"
	"slices"
	"testing"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/llavanext"
	"urbangraph/uglib/backbone/phi3v"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/vision"
)

// metaspaceTokenizer is a small tokenizer of the kind of Mistral and Phi-3.
func metaspaceTokenizer(t testing.TB, added ...string) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Load("../tokenizer/testdata/prepend.tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	if tok, err = tok.WithAdded(added...); err != nil {
		t.Fatal(err)
	}
	return tok
}

// families are small models of random weights, one of each backbone.
func families(t testing.TB) map[string]*Model {
	t.Helper()
	mean, std := [3]float64{0.5, 0.5, 0.5}, [3]float64{0.25, 0.25, 0.25}
	decoder := transformer.Decoder{Layers: 2, Hidden: 32, Intermediate: 48, Heads: 2, KVHeads: 1, Eps: 1e-5}
	tower := clip.Tower{Layers: 2, Hidden: 16, Intermediate: 16, Heads: 2, Side: 28, PatchSize: 14, Eps: 1e-5}
	out := map[string]*Model{}
	add := func(name string, b backbone.Model, tok *tokenizer.Tokenizer, p vision.ImageProcessor) {
		m, err := New(Config{MaxTokens: 2000}, b, tok, p, 5)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := m.AddGraph(graphenc.Default(b.HiddenSize()), DefaultLoRA(b)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = m
	}

	tok := tinyTokenizer(t, tokenizer.QwenSpecial())
	for _, windows := range []bool{false, true} {
		c, name := qwen2vl.Tiny(tok.VocabSize(), testHidden, 2, 1), "qwen2_vl"
		if windows {
			c.Vision.Intermediate, c.Vision.WindowSize, c.Vision.FullBlocks, name = 24, 56, []int{1}, "qwen2_5_vl"
		}
		proc := vision.Default()
		proc.MinPixels, proc.MaxPixels = 28*28, 112*112
		add(name, backbone.OfQwen2VL(c), tok, proc)
	}

	tok = metaspaceTokenizer(t, "<graph>")
	points := [][2]int{{28, 56}, {56, 28}, {56, 56}}
	add("llava_next", backbone.OfLlavaNext(&llavanext.Config{
		Text: decoder, VocabSize: 500, RoPETheta: 1e4, MaxPositions: 4096, InitializerRange: 0.1, TextType: "mistral",
		Vision: tower, FeatureLayer: -2, Pinpoints: points,
	}), tok, &vision.LlavaNext{Side: 28, Pinpoints: points, Mean: mean, Std: std})

	tok = metaspaceTokenizer(t, "<|image|>", "<|user|>", "<|assistant|>", "<|system|>", "<graph>")
	tower.Side, tower.PatchSize = 336, 84
	decoder.Fused = true
	factors := []float64{1, 1, 1, 1, 1, 1, 1, 1}
	add("phi3_v", backbone.OfPhi3V(&phi3v.Config{
		Text: decoder, VocabSize: 500, RoPETheta: 1e4, ShortFactor: factors, LongFactor: factors, MaxPositions: 4096, OriginalPositions: 4096,
		InitializerRange: 0.1, Vision: tower,
	}), tok, &vision.Phi3V{Crops: 2, Mean: mean, Std: std})
	return out
}

// Every family embeds texts, pictures and graphs, alone and in batches of any
// size, and does so again after it was saved and loaded.
func TestFamilies(t *testing.T) {
	for name, m := range families(t) {
		t.Run(name, func(t *testing.T) {
			var pictures []vision.Picture
			for seed, size := range [][2]int{{60, 40}, {30, 90}} {
				p, err := m.Processor.Prepare(picture(uint64(seed), size[0], size[1]))
				if err != nil {
					t.Fatal(err)
				}
				pictures = append(pictures, p)
			}
			inputs := []Input{
				{Text: "A street near a bakery."},
				{Text: "<image> Where is this?", Images: pictures[:1]},
				{Text: "<graph><image> Where is this?", Images: pictures[1:], Graph: testGraph(m, 4, 1)},
				{Text: "<image> one and <image> another", Images: pictures},
				{Text: "<graph> Around?", Graph: testGraph(m, 3, 2)},
			}
			grow(t, m, inputs[2:3])
			stir(t, m)
			together := encode(t, m, inputs)
			dir := filepath.Join(t.TempDir(), "model")
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
			back, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			loaded := back.Vars.NumVariables()
			again := encode(t, back, inputs)
			if n := back.Vars.NumVariables(); n != loaded {
				t.Errorf("%d variables were not loaded and started at random", n-loaded)
			}
			for i, in := range inputs {
				if d := distance(together[i], again[i]); d > 1e-5 {
					t.Errorf("%q: saved and loaded, the vector differs by %g", in.Text, d)
				}
				if d := distance(together[i], encode(t, m, []Input{in})[0]); d > 1e-4 {
					t.Errorf("%q: alone, the vector differs by %g", in.Text, d)
				}
				for j := range i {
					if d := distance(together[i], together[j]); d < 1e-4 {
						t.Errorf("%q and %q have the same vector", in.Text, inputs[j].Text)
					}
				}
			}
		})
	}
}

// The reference's prompts, family by family.
func TestPrompts(t *testing.T) {
	all := families(t)
	for _, c := range []struct{ name, system, want string }{
		{"qwen2_vl", "", "<|im_start|>user\n<|graph_start|><|graph_pad|><|graph_pad|><|graph_end|><|vision_start|><|image_pad|><|vision_end|> Where?<|im_end|>\n<|im_start|>assistant\n"},
		{"qwen2_5_vl", "Help.", "<|im_start|>system\nHelp.<|im_end|>\n<|im_start|>user\n<|graph_start|><|graph_pad|><|graph_pad|><|graph_end|><|vision_start|><|image_pad|><|vision_end|> Where?<|im_end|>\n<|im_start|>assistant\n"},
		{"llava_next", "", "<s> [INST] <graph><graph><image> \n Where? [/INST]"},
		{"phi3_v", "", "<s><|user|> \n<graph><graph><|image|><s> \n Where?<|end|><|assistant|> \n"},
	} {
		m := all[c.name]
		m.Config.System = c.system
		ids, err := m.tokens("<graph><image> Where?", []int{1}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Tokenizer.Decode(ids); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A row that is cut keeps what closes the turn, in every family.
func TestCutRows(t *testing.T) {
	for name, m := range families(t) {
		whole, err := m.tokens("a b c d e f g h i j k l m n o p q r s t u v w x y z", nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		_, tail := m.template.frame("")
		end := m.closing(tail)
		m.Config.MaxTokens = len(whole) - 5
		cut, err := m.tokens("a b c d e f g h i j k l m n o p q r s t u v w x y z", nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(cut) != len(whole)-5 || !slices.Equal(cut[len(cut)-len(end):], end) || !slices.Equal(whole[len(whole)-len(end):], end) {
			t.Errorf("%s: cut to %q", name, m.Tokenizer.Decode(cut))
		}
	}
}

func TestWrongPicture(t *testing.T) {
	all := families(t)
	tiles, err := all["llava_next"].Processor.Prepare(image.NewNRGBA(image.Rect(0, 0, 30, 30)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewEncoder(all["qwen2_vl"], nil).Encode(context.Background(), "test", 1, func(int) (Input, error) {
		return Input{Text: "<image>", Images: []vision.Picture{tiles}}, nil
	})
	wantError(t, err, "another backbone")
}
