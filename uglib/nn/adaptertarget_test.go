package nn

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

func TestSuffixes(t *testing.T) {
	s := Suffixes("q_proj", "mlp.up")
	for module, want := range map[string]bool{
		"model.layers.0.self_attn.q_proj": true, "q_proj": true, "a.mlp.up": true, "mlp.up": true,
		"model.layers.0.self_attn.xq_proj": false, "q_proj.lora_A": false, "a.mlpxup": false, "up": false,
	} {
		if got := s.MatchString(module); got != want {
			t.Errorf("%s: %v", module, got)
		}
	}
}

// TestAdapterTarget writes target_modules as a regular expression, which must
// mean the layers that have terms.
func TestAdapterTarget(t *testing.T) {
	s := model.NewStore()
	for _, module := range []string{"model.layers.0.q_proj", "model.layers.0.k_proj", "visual.q_proj"} {
		set(t, s, Path(module+".weight"), [][]float32{{1, 2, 3}, {4, 5, 6}})
	}
	set(t, s, "/model/layers/0/q_proj/lora_A/weight", [][]float32{{1, 2, 3}})
	set(t, s, "/model/layers/0/q_proj/lora_B/weight", [][]float32{{1}, {2}})
	lora := &LoRA{Rank: 1, Alpha: 2}
	for _, c := range []struct{ target, want string }{
		{`.*language_model.*\.q_proj`, ""},
		{`model\.language_model\.layers\.\d+\.q_proj`, ""},
		{`.*q_proj`, `matches visual.q_proj, which has no term`},
		{`q_proj`, `does not match the whole of model.language_model.layers.0.q_proj`},
		{`(`, "missing closing )"},
	} {
		dir := t.TempDir()
		err := SaveAdapter(dir, s, lora, AdapterOptions{Target: c.target})
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", c.target, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.target, err)
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, adapterConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		var config map[string]any
		if err := json.Unmarshal(text, &config); err != nil || config["target_modules"] != c.target {
			t.Errorf("target_modules is %v, want %s (%v)", config["target_modules"], c.target, err)
		}
		back, err := LoadAdapter(dir, s, AdapterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !back.Matches("model.layers.0.q_proj") || back.Matches("visual.q_proj") {
			t.Errorf("%s: read back as %s", c.target, back.Target)
		}
	}
}

// TestMergeBFloat16 merges into a weight of few digits: what is left is within
// its rounding, and unmerging is exact.
func TestMergeBFloat16(t *testing.T) {
	const out, in, rank = 8, 16, 2
	for _, dora := range []bool{false, true} {
		s := model.NewStore()
		w, err := ConvertTensor(tensors.FromFlatDataAndDimensions(hashPixels(out*in, 1), out, in), dtypes.BFloat16)
		if err != nil {
			t.Fatal(err)
		}
		for path, x := range map[string]*tensors.Tensor{
			"/base/weight":        w,
			"/base/lora_A/weight": tensors.FromFlatDataAndDimensions(hashPixels(rank*in, 2), rank, in),
			"/base/lora_B/weight": tensors.FromFlatDataAndDimensions(hashPixels(out*rank, 3), out, rank),
		} {
			if err := setVariable(s, path, x); err != nil {
				t.Fatal(err)
			}
		}
		lora := &LoRA{Rank: rank, Alpha: 1, DoRA: dora, Target: regexp.MustCompile(`^base$`)}
		if dora {
			if err := lora.startMagnitude(s, "base"); err != nil {
				t.Fatal(err)
			}
		}
		before := values(t, s)
		want := make([]float32, 0, out*in) // with m = |W + s·B·A|, DoRA's weight is LoRA's
		base, a, b := floats(t, w), hashPixels(rank*in, 2), hashPixels(out*rank, 3)
		for o := range out {
			for i := range in {
				want = append(want, base[o*in+i]+0.5*(b[o*rank]*a[i]+b[o*rank+1]*a[in+i]))
			}
		}
		merged, err := lora.Merge(s)
		if err != nil {
			t.Fatal(err)
		}
		v := s.GetVariable("/base/weight")
		if v.DType() != dtypes.BFloat16 || s.NumVariables() != 1 {
			t.Errorf("merged: %s, %d variables", v.Shape(), s.NumVariables())
		}
		near(t, "merged", floats(t, v.MustValue()), want, 1.0/256)
		if err := merged.Unmerge(s); err != nil {
			t.Fatal(err)
		}
		after := values(t, s)
		for path, x := range before {
			if string(after[path]) != string(x) {
				t.Errorf("%s differs after Unmerge", path)
			}
		}
		if len(after) != len(before) {
			t.Errorf("%d variables, were %d", len(after), len(before))
		}
	}
}
