package qwen2vl

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// TestPositionProperties checks random rows against what get_rope_index promises: text counts on alike in all three
// axes, a picture spans its merged grid after the text before it, and what follows starts above the largest position.
func TestPositionProperties(t *testing.T) {
	cfg := smallConfig(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for trial := range 200 {
		row := randomRow(cfg, rng, 4)
		b, err := cfg.Layout([]Row{row}, Sizes{PadLeft: trial%2 == 1, Tokens: 70})
		if err != nil {
			t.Fatal(err)
		}
		start := 0
		if b.PadLeft {
			start = 70 - len(row.IDs)
		}
		at := func(i int) [3]int32 {
			return [3]int32{b.Positions[0][start+i], b.Positions[1][start+i], b.Positions[2][start+i]}
		}
		next, picture := int32(0), 0
		for i := 0; i < len(row.IDs); {
			if int(row.IDs[i]) != cfg.ImageTokenID {
				if want := [3]int32{next, next, next}; at(i) != want {
					t.Fatalf("trial %d: text token %d at %v, want %v", trial, i, at(i), want)
				}
				next, i = next+1, i+1
				continue
			}
			g := row.Images[picture].Grid
			picture++
			largest := next
			for f := range g[0] {
				for y := range g[1] / 2 {
					for x := range g[2] / 2 {
						want := [3]int32{next + int32(f), next + int32(y), next + int32(x)}
						if at(i) != want {
							t.Fatalf("trial %d: image token %d at %v, want %v", trial, i, at(i), want)
						}
						largest = max(largest, want[0], want[1], want[2])
						i++
					}
				}
			}
			next = largest + 1
		}
		if int(b.Last[0]) != start+len(row.IDs)-1 {
			t.Fatalf("last token %d, want %d", b.Last[0], start+len(row.IDs)-1)
		}
	}
}

// TestAngles checks a few angles against the formulas written out.
func TestAngles(t *testing.T) {
	cfg := smallConfig(t) // head dimension 8, section 2 1 1; vision head dimension 8
	img := vision.Patches{Grid: [3]int{1, 4, 6}, Data: make([]float32, 24*cfg.Vision.PatchDim())}
	row := Row{IDs: []int32{1, 2, 49, 49, 49, 49, 49, 49, 3}, Images: []vision.Patches{img}}
	b, err := cfg.Layout([]Row{row}, Sizes{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got float32, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
	// Token 7 is the last image token: merged row 1, column 2, so time 2, height 3, width 4.
	for j, p := range []float64{2, 2, 3, 4} {
		angle := p * math.Pow(1e4, -2*float64(j)/8)
		check("cos", b.Cos[7*8+j], math.Cos(angle))
		check("cos, second half", b.Cos[7*8+4+j], math.Cos(angle))
		check("sin", b.Sin[7*8+j], math.Sin(angle))
	}
	// Patch 7 is in the second 2x2 block (columns 2 and 3), its last: row 1, column 3.
	for j, p := range []float64{1, 1, 3, 3} {
		angle := p * math.Pow(1e4, -2*float64(j%2)/4)
		check("vision cos", b.VisionCos[7*8+j], math.Cos(angle))
		check("vision sin, second half", b.VisionSin[7*8+4+j], math.Sin(angle))
	}
}

func TestLayoutErrors(t *testing.T) {
	cfg := smallConfig(t)
	picture := func(h, w int) vision.Patches {
		p := vision.Patches{Grid: [3]int{1, h, w}}
		p.Data = make([]float32, p.Count()*cfg.Vision.PatchDim())
		return p
	}
	short := picture(2, 2)
	short.Data = short.Data[1:]
	for _, c := range []struct {
		rows  []Row
		sizes Sizes
		want  string
	}{
		{nil, Sizes{}, "no rows"},
		{[]Row{{}}, Sizes{}, "row 0 has no tokens"},
		{[]Row{{IDs: []int32{1}}, {IDs: []int32{50}}}, Sizes{}, "row 1: token 50 at position 0 is outside the vocabulary of 50"},
		{[]Row{{IDs: []int32{-1}}}, Sizes{}, "outside the vocabulary"},
		{[]Row{{IDs: []int32{1, 49}}}, Sizes{}, "belongs to none of the 0 pictures"},
		{[]Row{{IDs: []int32{1}, Images: []vision.Patches{picture(2, 2)}}}, Sizes{}, "1 pictures and image tokens for only 0"},
		{[]Row{{IDs: []int32{49}, Images: []vision.Patches{picture(2, 4)}}}, Sizes{}, "has 2 image tokens at position 0"},
		{[]Row{{IDs: []int32{49, 1}, Images: []vision.Patches{picture(2, 4)}}}, Sizes{}, "there are 1"},
		{[]Row{{IDs: []int32{49}, Images: []vision.Patches{picture(2, 3)}}}, Sizes{}, "multiples of merge_size 2"},
		{[]Row{{IDs: []int32{49}, Images: []vision.Patches{short}}}, Sizes{}, "needs 96 values, there are 95"},
		{[]Row{{IDs: []int32{49}, Images: []vision.Patches{{Grid: [3]int{1, 0, 2}}}}}, Sizes{}, "outside 1 to"},
		{[]Row{{IDs: []int32{48}}}, Sizes{}, "names only 0 graph vectors"},
		{[]Row{{IDs: []int32{1}, Graph: []int{0}}}, Sizes{}, "1 graph vectors and graph tokens for only 0"},
		{[]Row{{IDs: []int32{48}, Graph: []int{-1}}}, Sizes{}, "names graph vector -1"},
		{[]Row{{IDs: []int32{48}, Graph: []int{4}}}, Sizes{GraphVectors: 4}, "5 graph vectors and the size asked for is 4"},
		{[]Row{{IDs: []int32{1, 2, 3}}}, Sizes{Tokens: 2}, "3 tokens a row and the size asked for is 2"},
		{[]Row{{IDs: []int32{1}}}, Sizes{Tokens: 1 << 13}, "the model has positions for 4096"},
		{[]Row{{IDs: []int32{1}}}, Sizes{Images: 1, Patches: 6}, "want a multiple of 4"},
		{[]Row{{IDs: []int32{1}}}, Sizes{Images: 1}, "pictures of no patches"},
	} {
		if _, err := cfg.Layout(c.rows, c.sizes); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestConfigForms(t *testing.T) {
	data, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	flat := new(Config)
	if err := json.Unmarshal(data, flat); err != nil {
		t.Fatal(err)
	}
	// The same under text_config, as newer files have it, with stray values at the top.
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	text := map[string]any{}
	for key, v := range m {
		if key != "vision_config" && key != "model_type" && key != "architectures" && !strings.HasSuffix(key, "token_id") {
			text[key] = v
			m[key] = nil
		}
	}
	for _, key := range []string{"bos_token_id", "eos_token_id"} {
		text[key] = m[key]
	}
	text["rope_parameters"] = map[string]any{"rope_type": "default", "mrope_section": []int{2, 3, 3}, "rope_theta": 1e6}
	delete(text, "rope_scaling")
	delete(text, "rope_theta")
	m["text_config"], m["hidden_size"] = text, 7
	nested, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := new(Config)
	if err := json.Unmarshal(nested, got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, flat) {
		t.Errorf("nested form gives %+v, flat %+v", *got, *flat)
	}
	if flat.MRoPESection != [3]int{2, 3, 3} || flat.KVHeads != 2 || flat.Vision.EmbedDim != 32 || flat.Vision.MLPRatio != 2 {
		t.Errorf("read as %+v", *flat)
	}
}

// Qwen2.5-VL's tower: settings of windows that cannot be, and the way back.
func TestWindowConfig(t *testing.T) {
	good, err := LoadConfig("testdata/qwen2_5_vl")
	if err != nil {
		t.Fatal(err)
	}
	v := good.Vision
	if !v.Gated() || v.WindowSize != 112 || v.PatchUnit() != 64 || v.EmbedDim != 32 || !reflect.DeepEqual(v.FullBlocks, []int{1, 3}) {
		t.Errorf("read as %+v", v)
	}
	dir := t.TempDir()
	if err := good.Save(filepath.Join(dir, transformer.ConfigName)); err != nil {
		t.Fatal(err)
	}
	if back, err := LoadConfig(dir); err != nil || !reflect.DeepEqual(back, good) {
		t.Errorf("written and read as %+v, %v", back, err)
	}
	for _, c := range []struct {
		change func(*VisionConfig)
		want   string
	}{
		{func(v *VisionConfig) { v.WindowSize = 100 }, "window_size is 100"},
		{func(v *VisionConfig) { v.WindowSize = 0 }, "window_size is 0"},
		{func(v *VisionConfig) { v.FullBlocks = []int{4} }, "fullatt_block_indexes has 4"},
	} {
		bad := *good
		c.change(&bad.Vision)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
}

// Every block of a picture has a place of its own in the windows that cover it.
func TestPlaces(t *testing.T) {
	v := VisionConfig{PatchSize: 14, MergeSize: 2, Intermediate: 1, WindowSize: 56} // windows of 2 by 2 blocks
	for _, c := range []struct {
		grid  [3]int
		want  []int
		total int // patches
	}{
		{[3]int{1, 4, 4}, []int{0, 1, 2, 3}, 16},
		{[3]int{1, 2, 2}, []int{0}, 16},
		{[3]int{1, 4, 6}, []int{0, 1, 4, 2, 3, 6}, 32},               // 2 by 3 blocks, the second window half full
		{[3]int{1, 6, 4}, []int{0, 1, 2, 3, 4, 5}, 32},               // 3 by 2
		{[3]int{2, 2, 4}, []int{0, 1, 4, 5}, 32},                     // two frames
		{[3]int{1, 6, 6}, []int{0, 1, 4, 2, 3, 6, 8, 9, 12}, 4 * 16}, // 3 by 3
	} {
		var got []int
		for k := range c.grid[0] * c.grid[1] * c.grid[2] / 4 {
			got = append(got, v.place(c.grid, k))
		}
		if !reflect.DeepEqual(got, c.want) || v.Places(c.grid) != c.total {
			t.Errorf("%v: places %v of %d patches, want %v of %d", c.grid, got, v.Places(c.grid), c.want, c.total)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	data, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key   string
		value any
		want  string
	}{
		{"hidden_size", nil, "hidden_size is missing"},
		{"hidden_size", 65, "vision_config.hidden_size is 64"},
		{"num_attention_heads", 3, "whole, even dimension"},
		{"num_key_value_heads", 3, "num_key_value_heads 3"},
		{"rope_scaling", map[string]any{"type": "yarn", "mrope_section": []int{2, 3, 3}}, `"yarn"`},
		{"rope_scaling", map[string]any{"type": "mrope", "mrope_section": []int{2, 3}}, "want 3 numbers"},
		{"rope_scaling", map[string]any{"type": "mrope", "mrope_section": []int{2, 3, 4}}, "half the head dimension, 8"},
		{"use_sliding_window", true, "use_sliding_window"},
		{"hidden_act", "gelu", `hidden_act is "gelu"`},
		{"model_type", "qwen3_vl", `model_type is "qwen3_vl"`},
		{"image_token_id", 320, "image_token_id is 320"},
		{"vocab_size", 0, "vocab_size is 0"},
		{"vision_config", map[string]any{"hidden_size": 32}, "vision_config.hidden_size is 32"},
		{"vision_config", map[string]any{"num_heads": 3}, "multiple of 4"},
		{"vision_config", map[string]any{"hidden_act": "silu"}, "quick_gelu"},
	} {
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		m[c.key] = c.value
		if c.value == nil {
			delete(m, c.key)
		}
		changed, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), transformer.ConfigName)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadConfig(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s = %v: error %v, want one with %q and the path", c.key, c.value, err, c.want)
		}
	}
}

func TestTinyIsValid(t *testing.T) {
	for _, hidden := range []int{16, 32, 48, 64, 80, 96, 128, 192, 256} {
		if err := Tiny(1000, hidden, 2, 2).Validate(); err != nil {
			t.Errorf("hidden %d: %v", hidden, err)
		}
	}
	if err := Tiny(1000, 7, 2, 2).Validate(); err == nil {
		t.Error("hidden 7 passes")
	}
}

func FuzzConfig(f *testing.F) {
	data, err := os.ReadFile("testdata/config.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"hidden_size":8,"vocab_size":4,"text_config":{"num_hidden_layers":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := new(Config)
		if json.Unmarshal(data, c) != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("accepted but not valid: %v", err)
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		d := new(Config)
		if err := json.Unmarshal(again, d); err != nil || !reflect.DeepEqual(d, c) {
			t.Fatalf("%+v written and read is %+v, %v", *c, *d, err)
		}
	})
}

func FuzzLayout(f *testing.F) {
	f.Add([]byte{1, 49, 49, 3, 48}, 2, 4, 0, false)
	f.Add([]byte{49, 49, 49, 49, 49}, 4, 4, 3, true)
	cfg := smallConfig(f)
	f.Fuzz(func(t *testing.T, ids []byte, h, w, graph int, left bool) {
		if len(ids) > 300 || h < 0 || w < 0 || h > 64 || w > 64 || graph > 1000 {
			return
		}
		row := Row{}
		for _, id := range ids {
			row.IDs = append(row.IDs, int32(id))
			if int(id) == cfg.GraphTokenID {
				row.Graph = append(row.Graph, graph)
			}
		}
		if h*w > 0 {
			row.Images = []vision.Patches{{Grid: [3]int{1, h, w}, Data: make([]float32, h*w*cfg.Vision.PatchDim())}}
		}
		b, err := cfg.Layout([]Row{row, {IDs: []int32{1}}}, Sizes{PadLeft: left})
		if err != nil {
			return
		}
		total := b.Rows*b.Tokens + b.Images*b.Patches/4 + b.GraphVectors
		for _, i := range b.Index {
			if i < 0 || int(i) >= total {
				t.Fatalf("index %d of %d", i, total)
			}
		}
		if len(b.Tensors()) != TextInputs && len(b.Tensors()) != ImageInputs {
			t.Fatalf("%d tensors", len(b.Tensors()))
		}
	})
}
