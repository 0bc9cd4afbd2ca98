package nn

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

const goldenAdapter = "testdata/lora_qwen2_vl"

// TestAdapterGolden loads what PEFT wrote (testdata/references/gen_lora.py)
// and writes it again: the same keys and the same numbers.
func TestAdapterGolden(t *testing.T) {
	s := model.NewStore()
	lora, err := LoadAdapter(goldenAdapter, s, AdapterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if lora.Rank != 16 || lora.Alpha != 32 || lora.Dropout != 0.1 || lora.RS || lora.Scale() != 2 {
		t.Errorf("%+v", lora)
	}
	for module, want := range map[string]bool{
		"model.layers.0.self_attn.q_proj": true, "model.layers.1.self_attn.v_proj": true, "model.layers.2.self_attn.q_proj": false,
		"model.layers.0.self_attn.k_proj": false, "model.layers.0.self_attn.q_proj.x": false, "visual.blocks.0.attn.q_proj": false,
	} {
		if got := lora.Matches(module); got != want {
			t.Errorf("Matches(%s) = %v", module, got)
		}
	}
	dir := filepath.Join(t.TempDir(), "adapter")
	if err := SaveAdapter(dir, s, lora, AdapterOptions{BaseModel: "qwen2_vl"}); err != nil {
		t.Fatal(err)
	}
	got, want := golden(t, filepath.Join(dir, "adapter_model.safetensors")), golden(t, filepath.Join(goldenAdapter, "adapter_model.safetensors"))
	text, err := os.ReadFile(filepath.Join(goldenAdapter, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(keys) {
		t.Errorf("%d tensors, PEFT writes %d", len(got), len(keys))
	}
	for _, key := range keys {
		if got[key] == nil || !got[key].Equal(want[key]) {
			t.Errorf("%s is %v", key, got[key])
		}
	}
	var ours, theirs map[string]any
	for path, into := range map[string]*map[string]any{dir: &ours, goldenAdapter: &theirs} {
		text, err := os.ReadFile(filepath.Join(path, "adapter_config.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	for field, value := range ours {
		if field == "target_modules" {
			list := value.([]any)
			if len(list) != 4 || list[0] != "model.language_model.layers.0.self_attn.q_proj" {
				t.Errorf("target_modules %v", list)
			}
			continue
		}
		wantText, _ := json.Marshal(theirs[field])
		gotText, _ := json.Marshal(value)
		if _, known := theirs[field]; !known || string(wantText) != string(gotText) {
			t.Errorf("%s is %s, PEFT writes %s", field, gotText, wantText)
		}
	}
	again := model.NewStore()
	if l, err := LoadAdapter(dir, again, AdapterOptions{}); err != nil || l.Target.String() != lora.Target.String() {
		t.Errorf("round trip: %+v, %v", l, err)
	}
}

// TestAdapterForms accepts keys without language_model and in memory form, and
// leaves out the copies under graph_encoder.
func TestAdapterForms(t *testing.T) {
	config, err := os.ReadFile(filepath.Join(goldenAdapter, "adapter_config.json"))
	if err != nil {
		t.Fatal(err)
	}
	all := golden(t, filepath.Join(goldenAdapter, "adapter_model.safetensors"))
	for name, rename := range map[string]func(string) string{
		"old":     func(k string) string { return strings.Replace(k, ".language_model", "", 1) },
		"default": func(k string) string { return strings.Replace(k, ".weight", ".default.weight", 1) },
		"bare":    func(k string) string { return strings.TrimPrefix(k, "base_model.model.") },
	} {
		dir := t.TempDir()
		renamed := map[string]*tensors.Tensor{}
		for key, x := range all {
			renamed[rename(key)] = x
			renamed["base_model.model.graph_encoder.node_encoder.qwen_model."+strings.TrimPrefix(key, "base_model.model.")] = x
		}
		if err := SaveTensors(filepath.Join(dir, "adapter_model.safetensors"), renamed, nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), config, 0o644); err != nil {
			t.Fatal(err)
		}
		s := model.NewStore()
		if _, err := LoadAdapter(dir, s, AdapterOptions{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if v := s.GetVariable("/model/layers/1/self_attn/v_proj/lora_B/weight"); v == nil || s.NumVariables() != 8 {
			t.Errorf("%s: %v, %d variables", name, v, s.NumVariables())
		}
	}
}

func TestAdapterRefuses(t *testing.T) {
	write := func(config string, all map[string]*tensors.Tensor) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := SaveTensors(filepath.Join(dir, "adapter_model.safetensors"), all, nil); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	a, b := tensors.FromValue([][]float32{{1, 2, 3}}), tensors.FromValue([][]float32{{1}, {2}})
	pair := map[string]*tensors.Tensor{"base_model.model.l.lora_A.weight": a, "base_model.model.l.lora_B.weight": b}
	const good = `{"peft_type":"LORA","r":1,"lora_alpha":2,"target_modules":"l"}`
	model3 := func() *model.Store {
		s := model.NewStore()
		set(t, s, "/l/weight", [][]float32{{1, 2, 3}, {4, 5, 6}})
		return s
	}
	if _, err := LoadAdapter(write(good, pair), model3(), AdapterOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, config string
		all          map[string]*tensors.Tensor
		store        *model.Store
		want         string
	}{
		{"no JSON", `{`, pair, model3(), "adapter_config.json"},
		{"other type", `{"peft_type":"IA3","r":1}`, pair, model3(), "peft_type"},
		{"DoRA", `{"peft_type":"LORA","r":1,"use_dora":true}`, pair, model3(), "lora_magnitude_vector is missing"},
		{"modules", `{"peft_type":"LORA","r":1,"modules_to_save":["lm_head"]}`, pair, model3(), "modules_to_save [lm_head]"},
		{"bias", `{"peft_type":"LORA","r":1,"bias":"all"}`, pair, model3(), "bias"},
		{"pattern", `{"peft_type":"LORA","r":1,"rank_pattern":{"l":2}}`, pair, model3(), "rank_pattern"},
		{"rank", `{"peft_type":"LORA","r":2}`, pair, model3(), "rank 2"},
		{"no tensors", good, nil, model3(), "no LoRA term"},
		{"half", good, map[string]*tensors.Tensor{"l.lora_A.weight": a}, model3(), "missing"},
		{"foreign", good, map[string]*tensors.Tensor{"l.weight": a}, model3(), `"l.weight"`},
		{"other layer", good, map[string]*tensors.Tensor{"k.lora_A.weight": a, "k.lora_B.weight": b}, model3(), "module k"},
		{"misfit", good, map[string]*tensors.Tensor{"l.lora_A.weight": tensors.FromValue([][]float32{{1, 2}}), "l.lora_B.weight": b}, model3(), "do not fit"},
		{"twice", good, map[string]*tensors.Tensor{"l.lora_A.weight": a, "base_model.model.l.lora_A.weight": a}, model3(), "two tensors"},
	} {
		before := c.store.NumVariables()
		_, err := LoadAdapter(write(c.config, c.all), c.store, AdapterOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
		if c.store.NumVariables() != before {
			t.Errorf("%s: the store was changed", c.name)
		}
	}
	if _, err := LoadAdapter(t.TempDir(), model3(), AdapterOptions{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "save_pretrained") {
		t.Errorf("empty folder: %v", err)
	}
	if err := SaveAdapter(t.TempDir(), model3(), &LoRA{Rank: 1}, AdapterOptions{}); err == nil {
		t.Error("a store without terms was saved as an adapter")
	}
}

// TestMerge compares the model with terms, merged and unmerged.
func TestMerge(t *testing.T) {
	b := backend(t)
	lora := &LoRA{Rank: 2, Alpha: 8, RS: true, Target: regexp.MustCompile(`^base$`)}
	s := newStore(t, 3)
	set(t, s, "/base/lora_B/weight", [][]float32{{1, -2}, {0.5, 0.25}, {3, 0}})
	run := func(l *LoRA) []float32 {
		out, err := model.CallOnce(b, s, func(s *model.Scope, x *Node) *Node { return Linear(s.At("base"), x, 3, true, l) }, [][]float32{{1, 2, -1, 0.5}, {0, 1, 1, 1}})
		if err != nil {
			t.Fatal(err)
		}
		return floats(t, out)
	}
	with := run(lora)
	plain := run(nil)
	if slices.Equal(with, plain) {
		t.Fatal("the LoRA term has no effect")
	}
	before := values(t, s)
	merged, err := lora.Merge(s)
	if err != nil {
		t.Fatal(err)
	}
	if s.GetVariable("/base/lora_A/weight") != nil {
		t.Error("merged terms are still in the store")
	}
	near(t, "merged", run(nil), with, 1e-5)
	if err := merged.Unmerge(s); err != nil {
		t.Fatal(err)
	}
	for path, want := range values(t, s) {
		if string(before[path]) != string(want) {
			t.Errorf("%s differs after Unmerge", path)
		}
	}
	near(t, "unmerged", run(lora), with, 0)
}

// TestLoRAStart checks PEFT's start: B zero, so that the layer is unchanged,
// and A uniform within 1/sqrt(in).
func TestLoRAStart(t *testing.T) {
	for rs, want := range map[bool]float64{false: 2, true: 4} {
		if got := (&LoRA{Rank: 4, Alpha: 8, RS: rs}).Scale(); got != want {
			t.Errorf("scale of 8 by rank 4, stabilised %v: %g, want %g", rs, got, want)
		}
	}
	s := newStore(t, 8)
	lora := &LoRA{Rank: 16, Alpha: 32, Target: regexp.MustCompile(`^base$`)}
	x := tensors.FromFlatDataAndDimensions(hashPixels(128, 3), 2, 64)
	out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, x *Node) []*Node {
		return []*Node{Linear(s.At("base"), x, 8, false, lora), Linear(s.At("base"), x, 8, false, nil)}
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "output at the start", floats(t, out[0]), floats(t, out[1]), 0)
	a := floats(t, s.GetVariable("/base/lora_A/weight").MustValue())
	if low, high := slices.Min(a), slices.Max(a); low < -0.125 || high > 0.125 || low > -0.12 || high < 0.12 {
		t.Errorf("A is in %g to %g, want about ±1/8", low, high)
	}
}

// TestAdamWGolden takes PEFT's gradients through one step and compares with
// torch.optim.AdamW after clip_grad_norm_.
func TestAdamWGolden(t *testing.T) {
	s := model.NewStore()
	if _, err := LoadAdapter(goldenAdapter, s, AdapterOptions{}); err != nil {
		t.Fatal(err)
	}
	grads := golden(t, filepath.Join(goldenAdapter, "grads.safetensors"))
	acts := golden(t, filepath.Join(goldenAdapter, "acts.safetensors"))
	type pair struct{ path, name string }
	var pairs []pair
	for name := range grads {
		if rest, ok := strings.CutPrefix(name, "d_"); ok {
			module, end, ok := parseAdapterKey(rest)
			if !ok {
				t.Fatalf("key %s", name)
			}
			pairs = append(pairs, pair{Path(AdapterOptions{}.toStore(module) + end), rest})
		}
	}
	if len(pairs) != 8 {
		t.Fatalf("%d gradients", len(pairs))
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.path, b.path) })
	out, err := model.CallOnceN(backend(t), s, func(s *model.Scope, lr *Node) []*Node {
		g := lr.Graph()
		loss := ScalarZero(g, lr.DType())
		for _, p := range pairs {
			loss = Add(loss, ReduceAllSum(Mul(s.Store().GetVariable(p.path).NodeValue(g), Const(g, grads["d_"+p.name]))))
		}
		return []*Node{NewAdamW().Update(s.Store(), loss, lr)}
	}, float32(5e-5))
	if err != nil {
		t.Fatal(err)
	}
	near(t, "gradient norm", floats(t, out[0]), floats(t, acts["grad_norm_step1"]), 1e-5)
	for _, p := range pairs {
		near(t, p.path, floats(t, s.GetVariable(p.path).MustValue()), floats(t, grads["after1_"+p.name]), 1e-7)
	}
}

func FuzzParseAdapterConfig(f *testing.F) {
	text, err := os.ReadFile(filepath.Join(goldenAdapter, "adapter_config.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"peft_type":"LORA","r":1,"target_modules":".*proj"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseAdapterConfig(text)
		if err != nil {
			return
		}
		if c.Rank < 1 || !(c.Dropout >= 0 && c.Dropout < 1) || len(c.ModulesToSave) > 0 {
			t.Fatalf("accepted %+v", c)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseAdapterConfig(again); err != nil {
			t.Fatalf("what was accepted is refused: %v", err)
		}
	})
}
