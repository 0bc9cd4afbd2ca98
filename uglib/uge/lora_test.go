package uge

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// targeted are the layers of a model's backbone that get terms.
func targeted(m *Model, lora *nn.LoRA) (modules []string) {
	for _, key := range slices.Sorted(maps.Keys(m.Backbone.Shapes())) {
		if module, ok := strings.CutSuffix(key, ".weight"); ok && lora.Matches(module) {
			modules = append(modules, module)
		}
	}
	return modules
}

// The default names the language model's projections in every family. The
// reference's rule of suffixes falls into the vision tower in two of them.
func TestTargets(t *testing.T) {
	all := families(t)
	const clip = "model.vision_embed_tokens.img_processor.vision_model.encoder.layers."
	for name, c := range map[string]struct{ byDefault, bySuffix []string }{
		"qwen2_vl":   {[]string{"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"}, []string{"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"}},
		"qwen2_5_vl": {[]string{"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"}, []string{"model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"}},
		"llava_next": {[]string{
			"language_model.model.layers.0.self_attn.q_proj", "language_model.model.layers.0.self_attn.v_proj",
			"language_model.model.layers.1.self_attn.q_proj", "language_model.model.layers.1.self_attn.v_proj",
		}, []string{
			"language_model.model.layers.0.self_attn.q_proj", "language_model.model.layers.0.self_attn.v_proj",
			"language_model.model.layers.1.self_attn.q_proj", "language_model.model.layers.1.self_attn.v_proj",
			"vision_tower.vision_model.encoder.layers.0.self_attn.q_proj", "vision_tower.vision_model.encoder.layers.0.self_attn.v_proj",
			"vision_tower.vision_model.encoder.layers.1.self_attn.q_proj", "vision_tower.vision_model.encoder.layers.1.self_attn.v_proj",
		}},
		"phi3_v": {[]string{"model.layers.0.self_attn.qkv_proj", "model.layers.1.self_attn.qkv_proj"}, []string{
			clip + "0.self_attn.q_proj", clip + "0.self_attn.v_proj", clip + "1.self_attn.q_proj", clip + "1.self_attn.v_proj",
		}},
	} {
		m := all[name]
		if got := targeted(m, DefaultLoRA(m.Backbone)); !slices.Equal(got, c.byDefault) {
			t.Errorf("%s by default: %q, want %q", name, got, c.byDefault)
		}
		if got := targeted(m, SuffixLoRA()); !slices.Equal(got, c.bySuffix) {
			t.Errorf("%s by suffix: %q, want %q", name, got, c.bySuffix)
		}
	}
	for _, lora := range []*nn.LoRA{SuffixLoRA(), DefaultLoRA(all["phi3_v"].Backbone)} {
		if lora.Rank != 16 || lora.Alpha != 32 || lora.Dropout != 0.1 || lora.RS || lora.DoRA {
			t.Errorf("%+v, want rank 16, alpha 32, dropout 0.1", lora)
		}
	}
}

// Adapters of every kind and family are written under the paths that PEFT has
// for transformers' modules, and come back from these and from older ones.
// Merged, the model gives the same vectors.
func TestAdapters(t *testing.T) {
	first := map[string]string{ // a module of the language model as PEFT names it now, and in older files
		"qwen2_vl":   "model.language_model.layers.0.self_attn.q_proj model.layers.0.self_attn.q_proj",
		"qwen2_5_vl": "model.language_model.layers.0.self_attn.q_proj model.layers.0.self_attn.q_proj",
		"llava_next": "model.language_model.layers.0.self_attn.q_proj language_model.model.layers.0.self_attn.q_proj",
		"phi3_v":     "model.layers.0.self_attn.qkv_proj model.layers.0.self_attn.qkv_proj",
	}
	for name, m := range families(t) {
		t.Run(name, func(t *testing.T) {
			m.Graph = nil
			p, err := m.Processor.Prepare(picture(1, 60, 40))
			if err != nil {
				t.Fatal(err)
			}
			inputs := []Input{{Text: "<image> Where?", Images: []vision.Picture{p}}}
			everywhere := regexp.MustCompile(`(_proj|fc1|fc2|qkv|proj|linear_1|mlp\.0|img_projection\.0)$`) // towers and projectors too
			for kind, lora := range map[string]*nn.LoRA{
				"plain":  DefaultLoRA(m.Backbone),
				"suffix": SuffixLoRA(),
				"dora":   {Rank: 3, Alpha: 5, RS: true, DoRA: true, Target: everywhere},
			} {
				if kind == "suffix" && m.Backbone.Family() == backbone.Qwen {
					continue // the same layers as by default
				}
				m.dropTerms(t)
				m.LoRA = lora
				without := encode(t, m, inputs)
				stirTerms(t, m)
				want := encode(t, m, inputs)
				if distance(want[0], without[0]) < 1e-3 {
					t.Errorf("%s: the terms change next to nothing", kind)
				}
				dir := filepath.Join(t.TempDir(), kind)
				if err := m.Save(dir); err != nil {
					t.Fatal(err)
				}
				back, err := Load(dir)
				if err != nil {
					t.Fatal(err)
				}
				if l := back.LoRA; l.Rank != lora.Rank || l.Alpha != lora.Alpha || l.Dropout != lora.Dropout || l.RS != lora.RS || l.DoRA != lora.DoRA {
					t.Errorf("%s: read back as %+v", kind, l)
				}
				if got, want := targeted(back, back.LoRA), termed(m); !slices.Equal(got, want) {
					t.Errorf("%s: read back on %q, want %q", kind, got, want)
				}
				compare(t, kind+", saved and loaded", encode(t, back, inputs), want, 1e-6)
				if kind == "plain" {
					now, old, _ := strings.Cut(first[name], " ")
					renameAdapter(t, filepath.Join(dir, adapterFolder), now, old)
					again, err := LoadOn(testBackend(t), dir) // whose base is the mapped file
					if err != nil {
						t.Fatal(err)
					}
					compare(t, kind+", under older paths", encode(t, again, inputs), want, 1e-6)
				}
				if _, err := m.LoRA.Merge(m.Vars); err != nil {
					t.Fatal(err)
				}
				m.LoRA = nil
				compare(t, kind+", merged", encode(t, m, inputs), want, 1e-5)
			}
		})
	}
}

// termed are the modules that have terms: those targeted, but for layers that no
// computation reaches, such as the last of a tower whose last but one is used.
func termed(m *Model) (modules []string) {
	for v := range m.Vars.IterVariables() {
		if module, ok := strings.CutSuffix(nn.Key(v.Path()), ".lora_A.weight"); ok {
			modules = append(modules, module)
		}
	}
	slices.Sort(modules)
	return modules
}

// compare compares vectors one by one.
func compare(t *testing.T, what string, got, want [][]float32, tolerance float64) {
	t.Helper()
	for i := range want {
		if d := distance(got[i], want[i]); !(d <= tolerance) {
			t.Errorf("%s: vector %d differs by %g, tolerance %g", what, i, d, tolerance)
		}
	}
}

// dropTerms takes the low-rank terms out of a model.
func (m *Model) dropTerms(t *testing.T) {
	t.Helper()
	for v := range m.Vars.IterVariables() {
		if strings.Contains(v.Path(), "/lora_") {
			if err := m.Vars.DeleteVariable(v.Path()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// stirTerms moves the low-rank terms, and nothing else, away from where they
// start.
func stirTerms(t *testing.T, m *Model) {
	t.Helper()
	for v := range m.Vars.IterVariables() {
		if !strings.Contains(v.Path(), "/lora_") {
			continue
		}
		values := tensors.MustCopyFlatData[float32](v.MustValue())
		for i := range values {
			wave := float32(math.Sin(float64(1+i*i%97) + float64(len(v.Path()))))
			if strings.Contains(v.Path(), "magnitude") {
				values[i] *= 1 + 0.3*wave
			} else {
				values[i] = 0.1 * wave
			}
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
}

// renameAdapter gives the tensors of an adapter older paths, as the first
// module's change from now to old says. That module must be there.
func renameAdapter(t *testing.T, dir, now, old string) {
	t.Helper()
	path := filepath.Join(dir, "adapter_model.safetensors")
	all, err := nn.LoadTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if all["base_model.model."+now+".lora_A.weight"] == nil {
		t.Errorf("no terms of %s among %q", now, slices.Sorted(maps.Keys(all)))
	}
	const layer = "layers.0.self_attn."
	from, _, _ := strings.Cut(now, layer)
	to, _, _ := strings.Cut(old, layer)
	renamed := map[string]*tensors.Tensor{}
	for key, x := range all {
		renamed[strings.Replace(key, "base_model.model."+from+"layers.", "base_model.model."+to+"layers.", 1)] = x
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := nn.SaveTensors(path, renamed, nil); err != nil {
		t.Fatal(err)
	}
}
