package uge

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/vision"
)

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var (
	baseFiles  = []string{"config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "uge_config.json"}
	stage2More = []string{"adapter/adapter_config.json", "adapter/adapter_model.safetensors", "graph_encoder.safetensors", "graph_encoder_config.json"}
)

func TestSaveAndLoad(t *testing.T) {
	for name, m := range map[string]*Model{"stage 1": tinyModel(t, Config{System: "You are a helpful assistant.", MaxTokens: 60}), "stage 2": tinyGraphModel(t)} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "model") // not there yet
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(baseFiles)
			if m.Graph != nil {
				want = append(want, stage2More...)
			}
			slices.Sort(want)
			if got := files(t, dir); !slices.Equal(got, want) {
				t.Errorf("the folder holds %v, want %v", got, want)
			}
			if err := m.Save(dir); err != nil {
				t.Errorf("saving again: %v", err)
			}
			back, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if back.Config != m.Config || (back.Graph == nil) != (m.Graph == nil) || (back.LoRA == nil) != (m.LoRA == nil) {
				t.Errorf("loaded %+v, graph %v, LoRA %v", back.Config, back.Graph, back.LoRA)
			}
			inputs := []Input{{Text: "street"}, {Text: "<image>bakery", Images: []vision.Picture{patches(t, m, 4, 60, 60)}}}
			if m.Graph != nil {
				if *back.Graph != *m.Graph {
					t.Errorf("graph encoder %+v, want %+v", *back.Graph, *m.Graph)
				}
				g := testGraph(m, 5, 3)
				inputs = append(inputs, Input{Text: "<graph>bakery", Graph: g}, Input{Text: "<image><graph>", Images: inputs[1].Images, Graph: g})
			}
			a, b := encode(t, m, inputs), encode(t, back, inputs)
			for i := range a {
				if d := distance(a[i], b[i]); d > 1e-6 {
					t.Errorf("vector %d differs by %g after loading", i, d)
				}
			}
			// Saving what was loaded gives the same folder.
			twice := filepath.Join(t.TempDir(), "twice")
			if err := back.Save(twice); err != nil {
				t.Fatal(err)
			}
			for _, name := range want {
				x, y := readFile(t, dir, name), readFile(t, twice, name)
				if string(x) != string(y) {
					t.Errorf("%s differs when what was loaded is saved", name)
				}
			}
		})
	}
}

// TestLoRAMatters: the vectors that the test before compares do depend on the
// adapter, the images' on it alone through the language model.
func TestLoRAMatters(t *testing.T) {
	m := tinyGraphModel(t)
	in := []Input{{Text: "street"}}
	with := encode(t, m, in)[0]
	n := 0
	for v := range m.Vars.IterVariables() {
		if key := nn.Key(v.Path()); key == "model.layers.0.self_attn.v_proj.lora_B.weight" || key == "model.layers.0.self_attn.q_proj.lora_B.weight" {
			n++
			if err := v.SetValue(tensors.FromShape(v.Shape())); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != 2 {
		t.Fatalf("%d low-rank terms, want those of q and v", n)
	}
	if d := distance(encode(t, m, in)[0], with); d < 1e-3 {
		t.Errorf("without its low-rank terms the vector differs by %g only", d)
	}
}

func TestIsTrained(t *testing.T) {
	one, two := tinyModel(t, Config{MaxTokens: 60}), tinyGraphModel(t)
	for key, want := range map[string][2]bool{
		"model.embed_tokens.weight":                     {true, false},
		"visual.patch_embed.proj.weight":                {true, false},
		"model.layers.0.self_attn.q_proj.lora_A.weight": {true, true},
		"model.layers.0.self_attn.q_proj.lora_B.weight": {true, true},
		"graph_encoder.output_proj.0.weight":            {true, true},
		"graph_encoderx.weight":                         {true, false},
	} {
		if got := [2]bool{one.IsTrained(key), two.IsTrained(key)}; got != want {
			t.Errorf("%s: trained in stages %v, want %v", key, got, want)
		}
	}
}

func TestSaveKeepsOtherModelsApart(t *testing.T) {
	dir := t.TempDir()
	if err := tinyGraphModel(t).Save(dir); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, dir, "model.safetensors")
	wantError(t, tinyModel(t, Config{MaxTokens: 60}).Save(dir), dir, "another model", "empty folder")
	if string(readFile(t, dir, "model.safetensors")) != string(before) {
		t.Error("the refused save changed the folder")
	}
}

// TestSaveUntrainedGraph: parts that were never run have no weights to save.
func TestSaveUntrainedGraph(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	if err := m.AddGraph(graphenc.Default(testHidden), DefaultLoRA(m.Backbone)); err != nil {
		t.Fatal(err)
	}
	wantError(t, m.Save(t.TempDir()), "LoRA")
}

func TestAddGraphRefuses(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	wantError(t, m.AddGraph(graphenc.Default(2*testHidden), nil), "64", "32")
	m.Graph = nil
	bad := graphenc.Default(testHidden)
	bad.NumLayers = 0
	wantError(t, m.AddGraph(bad, nil), "num_layers")
}

func TestLoadErrors(t *testing.T) {
	whole := t.TempDir()
	if err := tinyGraphModel(t).Save(whole); err != nil {
		t.Fatal(err)
	}
	remove := func(name string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(name, content string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	drop := func(name, key string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			all, err := nn.LoadTensors(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if all[key] == nil {
				t.Fatalf("%s has no %s", name, key)
			}
			delete(all, key)
			if err := nn.SaveTensors(filepath.Join(dir, name), all, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name   string
		damage func(testing.TB, string)
		want   []string
	}{
		{"no config", remove("config.json"), []string{"config.json", "all files of a model"}},
		{"no tokenizer", remove("tokenizer.json"), []string{"tokenizer.json", "all files of a model"}},
		{"no processor", remove("preprocessor_config.json"), []string{"preprocessor_config.json", "all files of a model"}},
		{"no graph encoder weights", remove("graph_encoder.safetensors"), []string{"graph_encoder.safetensors", "all files of a model"}},
		{"no adapter weights", remove("adapter/adapter_model.safetensors"), []string{"adapter_model.safetensors", "all files of a model"}},
		{"missing tensor", drop("model.safetensors", "model.norm.weight"), []string{"model.safetensors", "model.norm.weight", "try"}},
		{"missing graph tensor", drop("graph_encoder.safetensors", "output_proj.0.weight"), []string{"graph_encoder.safetensors", "output_proj.0.weight", "try"}},
		{"missing adapter tensor", drop("adapter/adapter_model.safetensors", "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.weight"),
			[]string{"adapter_model.safetensors", "q_proj", "missing"}},
		{"broken config", write("config.json", "{"), []string{"config.json"}},
		{"broken own config", write("uge_config.json", "{"), []string{"uge_config.json"}},
		{"broken tokenizer", write("tokenizer.json", "{}"), []string{"tokenizer.json"}},
		{"broken weights", write("model.safetensors", "not tensors"), []string{"model.safetensors"}},
		{"no room", write("uge_config.json", `{"max_tokens": 1}`), []string{"max_tokens", "raise it"}},
		{"missing special token", func(t testing.TB, dir string) {
			var special []string
			for _, s := range tokenizer.QwenSpecial() {
				if s != "<|image_pad|>" {
					special = append(special, s)
				}
			}
			if err := tinyTokenizer(t, special).Save(filepath.Join(dir, "tokenizer.json")); err != nil {
				t.Fatal(err)
			}
		}, []string{"tokenizer", "<|image_pad|>", "needs"}},
		{"tokenizer too large", func(t testing.TB, dir string) {
			big := append(tokenizer.QwenSpecial(), "<|one|>", "<|two|>")
			tok, err := tokenizer.TrainBPE(slices.Values(corpus), 400, big)
			if err != nil {
				t.Fatal(err)
			}
			if err := tok.Save(filepath.Join(dir, "tokenizer.json")); err != nil {
				t.Fatal(err)
			}
		}, []string{"tokenizer.json", "tokens", "belongs to the model"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			c.damage(t, dir)
			_, err := Load(dir)
			wantError(t, err, append(c.want, dir)...)
		})
	}
	_, err := Load(filepath.Join(whole, "nothing"))
	wantError(t, err, "nothing", "all files of a model")
	remove("model.safetensors")(t, whole)
	_, err = Load(whole)
	wantError(t, err, whole, "model.safetensors")
}

// TestLoadSnapshot: a hub's folder has no uge_config.json; the prompt is then
// Qwen2-VL's own.
func TestLoadSnapshot(t *testing.T) {
	dir := t.TempDir()
	if err := tinyModel(t, Config{MaxTokens: 60}).Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, ConfigName)); err != nil {
		t.Fatal(err)
	}
	m, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m.Config.System != "You are a helpful assistant." || m.Config.MaxTokens < 1000 {
		t.Errorf("config of a snapshot: %+v", m.Config)
	}
}

func TestConfigNames(t *testing.T) {
	text, err := json.Marshal(Config{System: "s", MaxTokens: 5})
	if err != nil || string(text) != `{"system":"s","max_tokens":5}` {
		t.Errorf("uge_config.json is %s, %v", text, err)
	}
}

func TestNewRefuses(t *testing.T) {
	m := tinyModel(t, Config{MaxTokens: 60})
	small := qwen2vl.Tiny(m.Tokenizer.VocabSize()-1, testHidden, 1, 1)
	_, err := New(Config{MaxTokens: 60}, backbone.OfQwen2VL(small), m.Tokenizer, m.Processor, 1)
	wantError(t, err, "tokens", "belongs to the model")
	_, err = New(Config{MaxTokens: 60}, m.Backbone, tinyTokenizer(t, []string{"<|image_pad|>"}), m.Processor, 1)
	wantError(t, err, "<|graph_pad|>")
}

func readFile(t testing.TB, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
