package qwen2vl

import (
	"encoding/json"
	"errors"
	"fmt"

	"urbangraph/uglib/backbone/transformer"
)

// Config is the architecture: the fields of Qwen2-VL's and Qwen2.5-VL's config.json that change the numbers.
type Config struct {
	VocabSize        int
	HiddenSize       int // H
	IntermediateSize int // width of the gated MLP
	Layers           int
	Heads            int    // query heads; the head dimension is HiddenSize/Heads
	KVHeads          int    // key and value heads, a divisor of Heads
	MRoPESection     [3]int // of the HeadDim/2 frequencies: how many turn with time, height, width
	RoPETheta        float64
	RMSNormEps       float64
	InitializerRange float64 // standard deviation of random weights
	MaxPositions     int

	ImageTokenID, VideoTokenID           int
	VisionStartTokenID, VisionEndTokenID int
	BOSTokenID, EOSTokenID, PadTokenID   int
	// GraphTokenID is the token that graph vectors stand in for, 0 if the model has none. It is an addition of UGE to
	// the file (graph_token_id); transformers carries it along unread.
	GraphTokenID int

	Vision VisionConfig
}

// VisionConfig is the vision tower.
type VisionConfig struct {
	Depth             int // blocks
	EmbedDim          int // E
	Heads             int // the head dimension EmbedDim/Heads is a multiple of 4
	MLPRatio          float64
	Channels          int // of the picture: 3
	PatchSize         int // pixels
	TemporalPatchSize int // frames
	MergeSize         int // side, in patches, of the block that becomes one token

	// Qwen2.5-VL's tower: RMS norms, gated MLPs, and attention within windows but for some blocks.
	Intermediate int   // width of the gated MLP; 0 is Qwen2-VL's tower
	WindowSize   int   // side of a window in pixels, a multiple of a token's
	FullBlocks   []int // indices of the blocks that attend to the whole picture
}

// Gated reports whether this is Qwen2.5-VL's tower.
func (v *VisionConfig) Gated() bool { return v.Intermediate > 0 }

// windowSide gives the side of a window in merged blocks; without windows it is 0.
func (v *VisionConfig) windowSide() int {
	if !v.Gated() {
		return 0
	}
	return v.WindowSize / (v.PatchSize * v.MergeSize)
}

// PatchUnit gives the number that the padded number of patches of a picture is a multiple of: those of a window or,
// without windows, of an image token.
func (v *VisionConfig) PatchUnit() int {
	side := max(v.windowSide(), 1)
	return side * side * v.MergeUnit()
}

// Places gives the number of patches that a picture takes in a batch: with windows, those of all the windows that cover it.
func (v *VisionConfig) Places(grid [3]int) int {
	side := v.windowSide() * v.MergeSize
	if side == 0 {
		return grid[0] * grid[1] * grid[2]
	}
	return grid[0] * ((grid[1] + side - 1) / side) * ((grid[2] + side - 1) / side) * side * side
}

// HeadDim gives the width of a decoder head.
func (c *Config) HeadDim() int { return c.HiddenSize / c.Heads }

// HeadDim gives the width of a head of the vision tower.
func (v *VisionConfig) HeadDim() int { return v.EmbedDim / v.Heads }

// PatchDim gives the number of values in a patch.
func (v *VisionConfig) PatchDim() int {
	return v.Channels * v.TemporalPatchSize * v.PatchSize * v.PatchSize
}

// MergeUnit gives the number of patches in an image token.
func (v *VisionConfig) MergeUnit() int { return v.MergeSize * v.MergeSize }

// mlpDim is the hidden width of a block's MLP.
func (v *VisionConfig) mlpDim() int { return int(float64(v.EmbedDim) * v.MLPRatio) }

// Tiny gives a small model that trains on a laptop: heads of 32 dimensions where hidden allows, else of 16 or 8 (the
// matrix kernels of the pure Go backend are several times slower at other widths), as many key-value heads as query heads
// or half of them, a vision tower as wide as the decoder, and MLPs 3 times (decoder) and 2 times (vision) as wide.
// Special token ids are left at zero for the caller, who knows the tokenizer. hidden must be a multiple of 8;
// [Config.Validate] says if a choice does not work.
func Tiny(vocab, hidden, visionLayers, layers int) *Config {
	width := 8
	for _, w := range []int{32, 16} {
		if hidden%w == 0 {
			width = w
			break
		}
	}
	heads := max(hidden/width, 1)
	kv := heads
	if heads%2 == 0 {
		kv = heads / 2
	}
	half := hidden / heads / 2
	spatial := half * 3 / 8
	return &Config{
		VocabSize: vocab, HiddenSize: hidden, IntermediateSize: 3 * hidden, Layers: layers, Heads: heads, KVHeads: kv,
		MRoPESection: [3]int{half - 2*spatial, spatial, spatial}, RoPETheta: 1e4, RMSNormEps: 1e-6,
		InitializerRange: 0.02, MaxPositions: 4096,
		Vision: VisionConfig{Depth: visionLayers, EmbedDim: hidden, Heads: heads, MLPRatio: 2, Channels: 3,
			PatchSize: 14, TemporalPatchSize: 2, MergeSize: 2},
	}
}

// Validate says what is wrong with the configuration, or nil.
func (c *Config) Validate() error {
	const most = 1 << 24
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := c.decoder().Validate(); err != nil {
		errs = append(errs, err)
	}
	v := &c.Vision
	for _, f := range []struct {
		name string
		v    int
	}{
		{"vocab_size", c.VocabSize}, {"max_position_embeddings", c.MaxPositions},
		{"vision_config.depth", v.Depth}, {"vision_config.embed_dim", v.EmbedDim}, {"vision_config.num_heads", v.Heads},
		{"vision_config.in_channels", v.Channels}, {"vision_config.patch_size", v.PatchSize},
		{"vision_config.temporal_patch_size", v.TemporalPatchSize}, {"vision_config.spatial_merge_size", v.MergeSize},
	} {
		if f.v < 1 || f.v > most {
			bad("%s is %d, want 1 to %d", f.name, f.v, most)
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if v.Depth > 1024 || v.PatchSize > 1024 || v.TemporalPatchSize > 64 || v.MergeSize > 64 || v.Channels > 64 {
		bad("vision_config of %d blocks, patches of %d pixels, %d frames, %d channels, blocks of %d patches: more than any such model has",
			v.Depth, v.PatchSize, v.TemporalPatchSize, v.Channels, v.MergeSize)
	}
	sum := 0
	for _, n := range c.MRoPESection {
		if n < 0 || n > most {
			bad("mrope_section is %v, want no negative part", c.MRoPESection)
			break
		}
		sum += n
	}
	if sum != c.HeadDim()/2 {
		bad("mrope_section is %v, want parts that sum to half the head dimension, %d", c.MRoPESection, c.HeadDim()/2)
	}
	if v.EmbedDim%v.Heads != 0 || v.HeadDim()%4 != 0 {
		bad("vision_config.embed_dim %d in %d heads: want heads whose dimension is a multiple of 4", v.EmbedDim, v.Heads)
	}
	for _, f := range []struct {
		name   string
		v      float64
		lo, hi float64
	}{
		{"rope_theta", c.RoPETheta, 1, 1e12},
		{"initializer_range", c.InitializerRange, 0, 100}, {"vision_config.mlp_ratio", v.MLPRatio, 1e-3, 1e3},
	} {
		if !(f.v >= f.lo && f.v <= f.hi) {
			bad("%s is %g, want %g to %g", f.name, f.v, f.lo, f.hi)
		}
	}
	if v.Gated() {
		if token := v.PatchSize * v.MergeSize; v.WindowSize < token || v.WindowSize%token != 0 || v.WindowSize > 1<<14 {
			bad("vision_config.window_size is %d, want a multiple of %d pixels, a token's side", v.WindowSize, token)
		}
		if v.Intermediate > most {
			bad("vision_config.intermediate_size is %d, want at most %d", v.Intermediate, most)
		}
		for _, b := range v.FullBlocks {
			if b < 0 || b >= v.Depth {
				bad("vision_config.fullatt_block_indexes has %d, the tower's blocks are 0 to %d", b, v.Depth-1)
				break
			}
		}
	}
	if v.mlpDim() < 1 {
		bad("vision_config.mlp_ratio %g of embed_dim %d leaves no MLP", v.MLPRatio, v.EmbedDim)
	}
	for _, f := range []struct {
		name string
		id   int
	}{{"image_token_id", c.ImageTokenID}, {"graph_token_id", c.GraphTokenID}} {
		if f.id < 0 || f.id >= c.VocabSize {
			bad("%s is %d, outside the vocabulary of %d", f.name, f.id, c.VocabSize)
		}
	}
	if c.GraphTokenID != 0 && c.GraphTokenID == c.ImageTokenID {
		bad("graph_token_id and image_token_id are both %d", c.GraphTokenID)
	}
	return errors.Join(errs...)
}

// wireText is the decoder's part of config.json: flat at the top on the hub, under text_config in newer files.
type wireText struct {
	VocabSize        *int      `json:"vocab_size,omitempty"`
	HiddenSize       *int      `json:"hidden_size,omitempty"`
	IntermediateSize *int      `json:"intermediate_size,omitempty"`
	Layers           *int      `json:"num_hidden_layers,omitempty"`
	Heads            *int      `json:"num_attention_heads,omitempty"`
	KVHeads          *int      `json:"num_key_value_heads,omitempty"`
	HiddenAct        *string   `json:"hidden_act,omitempty"`
	MaxPositions     *int      `json:"max_position_embeddings,omitempty"`
	MaxWindowLayers  *int      `json:"max_window_layers,omitempty"`
	RMSNormEps       *float64  `json:"rms_norm_eps,omitempty"`
	RoPETheta        *float64  `json:"rope_theta,omitempty"`
	RoPEScaling      *wireRoPE `json:"rope_scaling,omitempty"`
	RoPEParameters   *wireRoPE `json:"rope_parameters,omitempty"`
	UseSlidingWindow *bool     `json:"use_sliding_window,omitempty"`
	SlidingWindow    *int      `json:"sliding_window,omitempty"`
	InitializerRange *float64  `json:"initializer_range,omitempty"`
	AttentionDropout *float64  `json:"attention_dropout,omitempty"`
	BOSTokenID       *int      `json:"bos_token_id,omitempty"`
	EOSTokenID       *int      `json:"eos_token_id,omitempty"`
	PadTokenID       *int      `json:"pad_token_id,omitempty"`
}

type wireRoPE struct {
	Type         string   `json:"type,omitempty"`
	RoPEType     string   `json:"rope_type,omitempty"`
	MRoPESection []int    `json:"mrope_section,omitempty"`
	RoPETheta    *float64 `json:"rope_theta,omitempty"`
}

type wireVision struct {
	Depth             *int     `json:"depth,omitempty"`
	EmbedDim          *int     `json:"embed_dim,omitempty"`
	MLPRatio          *float64 `json:"mlp_ratio,omitempty"`
	Heads             *int     `json:"num_heads,omitempty"`
	InChans           *int     `json:"in_chans,omitempty"`
	InChannels        *int     `json:"in_channels,omitempty"`
	HiddenSize        *int     `json:"hidden_size,omitempty"` // of the decoder (Qwen2-VL) or of the tower (Qwen2.5-VL)
	OutHiddenSize     *int     `json:"out_hidden_size,omitempty"`
	IntermediateSize  *int     `json:"intermediate_size,omitempty"`
	WindowSize        *int     `json:"window_size,omitempty"`
	FullBlocks        []int    `json:"fullatt_block_indexes,omitempty"`
	PatchSize         *int     `json:"patch_size,omitempty"`
	MergeSize         *int     `json:"spatial_merge_size,omitempty"`
	SpatialPatchSize  *int     `json:"spatial_patch_size,omitempty"`
	TemporalPatchSize *int     `json:"temporal_patch_size,omitempty"`
	HiddenAct         *string  `json:"hidden_act,omitempty"`
}

type wireConfig struct {
	Architectures []string `json:"architectures,omitempty"`
	ModelType     string   `json:"model_type,omitempty"`
	wireText
	TextConfig         *wireText   `json:"text_config,omitempty"`
	VisionConfig       *wireVision `json:"vision_config,omitempty"`
	TieWordEmbeddings  *bool       `json:"tie_word_embeddings,omitempty"`
	VisionStartTokenID *int        `json:"vision_start_token_id,omitempty"`
	VisionEndTokenID   *int        `json:"vision_end_token_id,omitempty"`
	ImageTokenID       *int        `json:"image_token_id,omitempty"`
	VideoTokenID       *int        `json:"video_token_id,omitempty"`
	GraphTokenID       *int        `json:"graph_token_id,omitempty"`
	TorchDType         string      `json:"torch_dtype,omitempty"`
}

// Values of model_type.
const (
	typeQwen2  = "qwen2_vl"
	typeQwen25 = "qwen2_5_vl"
)

// UnmarshalJSON reads config.json in the flat form of the hub or with a text_config, whose fields win. Fields that are
// absent take the defaults of transformers; the sizes of the decoder must be there. What this model does not implement
// (sliding windows, other activations, other positions) is an error.
func (c *Config) UnmarshalJSON(data []byte) error {
	var w wireConfig
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.ModelType != "" && w.ModelType != typeQwen2 && w.ModelType != typeQwen25 {
		return fmt.Errorf("model_type is %q, this package reads %s and %s", w.ModelType, typeQwen2, typeQwen25)
	}
	text, flat := new(wireText), &w.wireText
	if w.TextConfig != nil {
		text = w.TextConfig
	}
	vis := new(wireVision)
	if w.VisionConfig != nil {
		vis = w.VisionConfig
	}
	q := Config{
		RoPETheta: 1e6, RMSNormEps: 1e-6, InitializerRange: 0.02, MaxPositions: 32768,
		ImageTokenID: 151655, VideoTokenID: 151656, VisionStartTokenID: 151652, VisionEndTokenID: 151653,
		BOSTokenID: 151643, EOSTokenID: 151645, PadTokenID: 151643,
		Vision: VisionConfig{Depth: 32, EmbedDim: 1280, Heads: 16, MLPRatio: 4, Channels: 3, PatchSize: 14, TemporalPatchSize: 2, MergeSize: 2},
	}
	for _, f := range []struct {
		name   string
		dst    *int
		values []*int
	}{
		{"vocab_size", &q.VocabSize, []*int{text.VocabSize, flat.VocabSize}},
		{"hidden_size", &q.HiddenSize, []*int{text.HiddenSize, flat.HiddenSize}},
		{"intermediate_size", &q.IntermediateSize, []*int{text.IntermediateSize, flat.IntermediateSize}},
		{"num_hidden_layers", &q.Layers, []*int{text.Layers, flat.Layers}},
		{"num_attention_heads", &q.Heads, []*int{text.Heads, flat.Heads}},
	} {
		if !transformer.First(f.dst, f.values...) {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	q.KVHeads = q.Heads
	transformer.First(&q.KVHeads, text.KVHeads, flat.KVHeads)
	transformer.First(&q.MaxPositions, text.MaxPositions, flat.MaxPositions)
	transformer.First(&q.RMSNormEps, text.RMSNormEps, flat.RMSNormEps)
	transformer.First(&q.InitializerRange, text.InitializerRange, flat.InitializerRange)
	transformer.First(&q.BOSTokenID, text.BOSTokenID, flat.BOSTokenID)
	transformer.First(&q.EOSTokenID, text.EOSTokenID, flat.EOSTokenID)
	transformer.First(&q.PadTokenID, text.PadTokenID, flat.PadTokenID)
	transformer.First(&q.VisionStartTokenID, w.VisionStartTokenID)
	transformer.First(&q.VisionEndTokenID, w.VisionEndTokenID)
	transformer.First(&q.ImageTokenID, w.ImageTokenID)
	transformer.First(&q.VideoTokenID, w.VideoTokenID)
	transformer.First(&q.GraphTokenID, w.GraphTokenID)

	rope := wireRoPE{Type: "mrope"}
	transformer.First(&rope, text.RoPEParameters, flat.RoPEParameters, text.RoPEScaling, flat.RoPEScaling)
	transformer.First(&q.RoPETheta, rope.RoPETheta, text.RoPETheta, flat.RoPETheta)
	switch kind := rope.Type + rope.RoPEType; kind {
	case "", "mrope", "default", "mropedefault", "defaultdefault", "mropemrope":
	default:
		return fmt.Errorf("rope_scaling is of type %q, only mrope is supported", kind)
	}
	switch {
	case rope.MRoPESection == nil: // Qwen2-VL's own proportions: 2 to 3 to 3
		if half := q.HiddenSize / max(q.Heads, 1) / 2; half > 0 {
			s := half * 3 / 8
			q.MRoPESection = [3]int{half - 2*s, s, s}
		}
	case len(rope.MRoPESection) != 3:
		return fmt.Errorf("mrope_section is %v, want 3 numbers", rope.MRoPESection)
	default:
		copy(q.MRoPESection[:], rope.MRoPESection)
	}

	visAct, wantAct := "quick_gelu", "quick_gelu"
	outName, outWidth := "hidden_size", vis.HiddenSize
	if w.ModelType == typeQwen25 {
		q.Vision.Intermediate, q.Vision.WindowSize, q.Vision.FullBlocks = 3420, 112, []int{7, 15, 23, 31}
		transformer.First(&q.Vision.Intermediate, vis.IntermediateSize)
		transformer.First(&q.Vision.WindowSize, vis.WindowSize)
		if vis.FullBlocks != nil {
			q.Vision.FullBlocks = vis.FullBlocks
		}
		transformer.First(&q.Vision.EmbedDim, vis.HiddenSize)
		visAct, wantAct = "silu", "silu"
		outName, outWidth = "out_hidden_size", vis.OutHiddenSize
	} else {
		transformer.First(&q.Vision.EmbedDim, vis.EmbedDim)
	}
	transformer.First(&q.Vision.Depth, vis.Depth)
	transformer.First(&q.Vision.MLPRatio, vis.MLPRatio)
	transformer.First(&q.Vision.Heads, vis.Heads)
	transformer.First(&q.Vision.Channels, vis.InChannels, vis.InChans)
	transformer.First(&q.Vision.PatchSize, vis.PatchSize)
	transformer.First(&q.Vision.TemporalPatchSize, vis.TemporalPatchSize)
	transformer.First(&q.Vision.MergeSize, vis.MergeSize)

	act, sliding := "silu", false
	transformer.First(&act, text.HiddenAct, flat.HiddenAct)
	transformer.First(&visAct, vis.HiddenAct)
	transformer.First(&sliding, text.UseSlidingWindow, flat.UseSlidingWindow)
	switch {
	case act != "silu":
		return fmt.Errorf("hidden_act is %q, only silu is supported", act)
	case visAct != wantAct:
		return fmt.Errorf("vision_config.hidden_act is %q, only %s is supported", visAct, wantAct)
	case sliding:
		return errors.New("use_sliding_window is true, only full attention is supported")
	case outWidth != nil && *outWidth != q.HiddenSize:
		return fmt.Errorf("vision_config.%s is %d, want the decoder's hidden_size %d", outName, *outWidth, q.HiddenSize)
	}
	if err := q.Validate(); err != nil {
		return err
	}
	*c = q
	return nil
}

// MarshalJSON writes the flat form of the hub, which transformers loads.
func (c *Config) MarshalJSON() ([]byte, error) {
	silu, quick, no, zero := "silu", "quick_gelu", false, 0.0
	v := &c.Vision
	w := wireConfig{
		Architectures: []string{"Qwen2VLForConditionalGeneration"}, ModelType: typeQwen2,
		wireText: wireText{
			VocabSize: &c.VocabSize, HiddenSize: &c.HiddenSize, IntermediateSize: &c.IntermediateSize, Layers: &c.Layers,
			Heads: &c.Heads, KVHeads: &c.KVHeads, HiddenAct: &silu, MaxPositions: &c.MaxPositions, MaxWindowLayers: &c.Layers,
			RMSNormEps: &c.RMSNormEps, RoPETheta: &c.RoPETheta,
			RoPEScaling:      &wireRoPE{Type: "mrope", MRoPESection: c.MRoPESection[:]},
			UseSlidingWindow: &no, SlidingWindow: &c.MaxPositions, InitializerRange: &c.InitializerRange, AttentionDropout: &zero,
			BOSTokenID: &c.BOSTokenID, EOSTokenID: &c.EOSTokenID, PadTokenID: &c.PadTokenID,
		},
		VisionConfig: &wireVision{
			Depth: &v.Depth, EmbedDim: &v.EmbedDim, MLPRatio: &v.MLPRatio, Heads: &v.Heads, InChans: &v.Channels, InChannels: &v.Channels,
			HiddenSize: &c.HiddenSize, PatchSize: &v.PatchSize, MergeSize: &v.MergeSize, SpatialPatchSize: &v.PatchSize,
			TemporalPatchSize: &v.TemporalPatchSize, HiddenAct: &quick,
		},
		TieWordEmbeddings: ptr(true), // the saved tensors hold no lm_head: embeddings need none
		ImageTokenID:      &c.ImageTokenID, VideoTokenID: &c.VideoTokenID,
		VisionStartTokenID: &c.VisionStartTokenID, VisionEndTokenID: &c.VisionEndTokenID,
		TorchDType: "float32",
	}
	if v.Gated() {
		w.Architectures, w.ModelType = []string{"Qwen2_5_VLForConditionalGeneration"}, typeQwen25
		w.VisionConfig.EmbedDim, w.VisionConfig.MLPRatio = nil, nil
		w.VisionConfig.HiddenSize, w.VisionConfig.OutHiddenSize, w.VisionConfig.HiddenAct = &v.EmbedDim, &c.HiddenSize, &silu
		w.VisionConfig.IntermediateSize, w.VisionConfig.WindowSize, w.VisionConfig.FullBlocks = &v.Intermediate, &v.WindowSize, v.FullBlocks
	}
	if c.GraphTokenID != 0 {
		w.GraphTokenID = &c.GraphTokenID
	}
	return json.Marshal(w)
}

func ptr[T any](v T) *T { return &v }

// LoadConfig reads path, which is a config.json or a model folder that holds one.
func LoadConfig(path string) (*Config, error) {
	c := new(Config)
	if err := transformer.ReadConfig("qwen2vl", path, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Save writes the configuration to path, or into a model folder, as config.json, replacing the file in one step.
func (c *Config) Save(path string) error { return transformer.WriteConfig("qwen2vl", path, c) }
