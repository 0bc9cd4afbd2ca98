package llavanext

import (
	"encoding/json"
	"errors"
	"fmt"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/transformer"
)

// Config is the architecture: the fields of LLaVA-NeXT's config.json that change the numbers.
type Config struct {
	Text             transformer.Decoder
	VocabSize        int
	RoPETheta        float64
	MaxPositions     int
	InitializerRange float64
	TextType         string // model_type of the decoder: mistral or llama

	Vision       clip.Tower
	FeatureLayer int      // of the tower's hidden states: -2 is the last but one
	Pinpoints    [][2]int // possible heights and widths, in pixels, of what the tiles make up

	ImageTokenID, PadTokenID, BOSTokenID, EOSTokenID int
	// GraphTokenID is the token that graph vectors stand in for, 0 if the model has none. It is an addition of UGE to
	// the file (graph_token_id); transformers carries it along unread.
	GraphTokenID int
}

// layers gives how many layers of the tower are computed.
func (c *Config) layers() int {
	if c.FeatureLayer < 0 {
		return c.Vision.Layers + 1 + c.FeatureLayer
	}
	return c.FeatureLayer
}

// Validate says what is wrong with the configuration, or nil.
func (c *Config) Validate() error {
	errs := []error{c.Text.Validate()}
	if err := c.Vision.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("vision_config: %w", err))
	}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	const most = 1 << 24
	if c.VocabSize < 1 || c.VocabSize > most || c.MaxPositions < 1 || c.MaxPositions > most {
		bad("vocab_size is %d and max_position_embeddings %d, want 1 to %d", c.VocabSize, c.MaxPositions, most)
	}
	if !(c.RoPETheta >= 1 && c.RoPETheta <= 1e12) || !(c.InitializerRange >= 0 && c.InitializerRange <= 100) {
		bad("rope_theta is %g and initializer_range %g", c.RoPETheta, c.InitializerRange)
	}
	if n := c.layers(); n < 1 || n > c.Vision.Layers {
		bad("vision_feature_layer is %d, the tower has %d layers", c.FeatureLayer, c.Vision.Layers)
	}
	if len(c.Pinpoints) == 0 {
		bad("image_grid_pinpoints is empty")
	}
	for _, p := range c.Pinpoints {
		if s := c.Vision.Side; s > 0 && (p[0] < 1 || p[1] < 1 || p[0]%s != 0 || p[1]%s != 0 || p[0] > 1<<16 || p[1] > 1<<16) {
			bad("image_grid_pinpoints has %dx%d, want multiples of the tiles' %d pixels", p[0], p[1], s)
		}
	}
	for _, f := range []struct {
		name string
		id   int
	}{{"image_token_index", c.ImageTokenID}, {"graph_token_id", c.GraphTokenID}} {
		if f.id < 0 || f.id >= c.VocabSize {
			bad("%s is %d, outside the vocabulary of %d", f.name, f.id, c.VocabSize)
		}
	}
	if c.GraphTokenID != 0 && c.GraphTokenID == c.ImageTokenID {
		bad("graph_token_id and image_token_index are both %d", c.GraphTokenID)
	}
	return errors.Join(errs...)
}

type wireText struct {
	ModelType        string   `json:"model_type,omitempty"`
	VocabSize        *int     `json:"vocab_size,omitempty"`
	HiddenSize       *int     `json:"hidden_size,omitempty"`
	IntermediateSize *int     `json:"intermediate_size,omitempty"`
	Layers           *int     `json:"num_hidden_layers,omitempty"`
	Heads            *int     `json:"num_attention_heads,omitempty"`
	KVHeads          *int     `json:"num_key_value_heads,omitempty"`
	HeadDim          *int     `json:"head_dim,omitempty"`
	HiddenAct        *string  `json:"hidden_act,omitempty"`
	MaxPositions     *int     `json:"max_position_embeddings,omitempty"`
	RMSNormEps       *float64 `json:"rms_norm_eps,omitempty"`
	RoPETheta        *float64 `json:"rope_theta,omitempty"`
	RoPEScaling      any      `json:"rope_scaling,omitempty"`
	SlidingWindow    *int     `json:"sliding_window"` // null is none, absent 4096 for a Mistral
	InitializerRange *float64 `json:"initializer_range,omitempty"`
	AttentionBias    *bool    `json:"attention_bias,omitempty"`
	BOSTokenID       *int     `json:"bos_token_id,omitempty"`
	EOSTokenID       *int     `json:"eos_token_id,omitempty"`
	PadTokenID       *int     `json:"pad_token_id,omitempty"`
}

type wireVision struct {
	ModelType        string   `json:"model_type,omitempty"`
	HiddenSize       *int     `json:"hidden_size,omitempty"`
	IntermediateSize *int     `json:"intermediate_size,omitempty"`
	Layers           *int     `json:"num_hidden_layers,omitempty"`
	Heads            *int     `json:"num_attention_heads,omitempty"`
	ImageSize        *int     `json:"image_size,omitempty"`
	PatchSize        *int     `json:"patch_size,omitempty"`
	HiddenAct        *string  `json:"hidden_act,omitempty"`
	Eps              *float64 `json:"layer_norm_eps,omitempty"`
}

type wireConfig struct {
	Architectures  []string        `json:"architectures,omitempty"`
	ModelType      string          `json:"model_type,omitempty"`
	TextConfig     *wireText       `json:"text_config,omitempty"`
	VisionConfig   *wireVision     `json:"vision_config,omitempty"`
	ImageToken     *int            `json:"image_token_index,omitempty"`
	ImageTokenID   *int            `json:"image_token_id,omitempty"`
	PadTokenID     *int            `json:"pad_token_id,omitempty"`
	GraphTokenID   *int            `json:"graph_token_id,omitempty"`
	Pinpoints      [][2]int        `json:"image_grid_pinpoints,omitempty"`
	FeatureLayer   json.RawMessage `json:"vision_feature_layer,omitempty"`
	Strategy       string          `json:"vision_feature_select_strategy,omitempty"`
	ProjectorAct   *string         `json:"projector_hidden_act,omitempty"`
	ProjectorBias  *bool           `json:"multimodal_projector_bias,omitempty"`
	UseNewline     *bool           `json:"use_image_newline_parameter,omitempty"`
	TieEmbeddings  *bool           `json:"tie_word_embeddings,omitempty"`
	TorchDType     string          `json:"torch_dtype,omitempty"`
	ImageSeqLength *int            `json:"image_seq_length,omitempty"`
}

// UnmarshalJSON reads config.json. Fields that are absent take the defaults of transformers. What this model does not
// implement (other positions, activations, decoders) is an error.
func (c *Config) UnmarshalJSON(data []byte) error {
	var w wireConfig
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.ModelType != "" && w.ModelType != "llava_next" {
		return fmt.Errorf("model_type is %q, this package reads llava_next", w.ModelType)
	}
	t, v := w.TextConfig, w.VisionConfig
	if t == nil {
		return errors.New("text_config is missing")
	}
	if v == nil {
		v = new(wireVision)
	}
	q := Config{
		VocabSize: 32000, RoPETheta: 10000, MaxPositions: 131072, InitializerRange: 0.02, TextType: t.ModelType,
		Text:         transformer.Decoder{Layers: 32, Hidden: 4096, Intermediate: 14336, Heads: 32, KVHeads: 8, Eps: 1e-6},
		Vision:       clip.Tower{Layers: 24, Hidden: 1024, Intermediate: 4096, Heads: 16, Side: 336, PatchSize: 14, Eps: 1e-5},
		FeatureLayer: -2, ImageTokenID: 32000, BOSTokenID: 1, EOSTokenID: 2,
		Pinpoints: [][2]int{{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}},
	}
	switch q.TextType {
	case "mistral":
	case "llama":
		q.Text.Intermediate, q.Text.KVHeads, q.MaxPositions = 11008, 32, 2048
	default:
		return fmt.Errorf("text_config.model_type is %q, only mistral and llama are supported", q.TextType)
	}
	if t.KVHeads == nil && t.Heads != nil {
		q.Text.KVHeads = *t.Heads
	}
	transformer.First(&q.VocabSize, t.VocabSize)
	transformer.First(&q.Text.Hidden, t.HiddenSize)
	transformer.First(&q.Text.Intermediate, t.IntermediateSize)
	transformer.First(&q.Text.Layers, t.Layers)
	transformer.First(&q.Text.Heads, t.Heads)
	transformer.First(&q.Text.KVHeads, t.KVHeads)
	transformer.First(&q.Text.Eps, t.RMSNormEps)
	transformer.First(&q.RoPETheta, t.RoPETheta)
	transformer.First(&q.MaxPositions, t.MaxPositions)
	transformer.First(&q.InitializerRange, t.InitializerRange)
	transformer.First(&q.BOSTokenID, t.BOSTokenID)
	transformer.First(&q.EOSTokenID, t.EOSTokenID)
	transformer.First(&q.PadTokenID, w.PadTokenID, t.PadTokenID)
	transformer.First(&q.Vision.Layers, v.Layers)
	transformer.First(&q.Vision.Hidden, v.HiddenSize)
	transformer.First(&q.Vision.Intermediate, v.IntermediateSize)
	transformer.First(&q.Vision.Heads, v.Heads)
	transformer.First(&q.Vision.Side, v.ImageSize)
	transformer.First(&q.Vision.PatchSize, v.PatchSize)
	transformer.First(&q.Vision.Eps, v.Eps)
	transformer.First(&q.ImageTokenID, w.ImageToken, w.ImageTokenID)
	transformer.First(&q.GraphTokenID, w.GraphTokenID)
	if w.Pinpoints != nil {
		q.Pinpoints = w.Pinpoints
	}
	if t.SlidingWindow != nil { // within one window attention is the same as without
		q.MaxPositions = min(q.MaxPositions, *t.SlidingWindow)
	}
	if len(w.FeatureLayer) > 0 && json.Unmarshal(w.FeatureLayer, &q.FeatureLayer) != nil {
		return fmt.Errorf("vision_feature_layer is %s, only one layer is supported", w.FeatureLayer)
	}
	act, visAct, projAct := "silu", "quick_gelu", "gelu"
	transformer.First(&act, t.HiddenAct)
	transformer.First(&visAct, v.HiddenAct)
	transformer.First(&projAct, w.ProjectorAct)
	no := func(b *bool) bool { return b != nil && !*b }
	switch {
	case w.Strategy != "" && w.Strategy != "default":
		return fmt.Errorf("vision_feature_select_strategy is %q, only default is supported", w.Strategy)
	case act != "silu" || visAct != "quick_gelu" || projAct != "gelu":
		return fmt.Errorf("activations are %s, %s and %s; only silu, quick_gelu and gelu (decoder, tower, projector) are supported", act, visAct, projAct)
	case t.RoPEScaling != nil:
		return fmt.Errorf("text_config.rope_scaling is %v, only plain rotary positions are supported", t.RoPEScaling)
	case t.AttentionBias != nil && *t.AttentionBias:
		return errors.New("text_config.attention_bias is true, only decoders without are supported")
	case t.HeadDim != nil && *t.HeadDim*q.Text.Heads != q.Text.Hidden:
		return fmt.Errorf("text_config.head_dim is %d, only hidden_size/num_attention_heads is supported", *t.HeadDim)
	case v.ModelType != "" && v.ModelType != "clip_vision_model":
		return fmt.Errorf("vision_config.model_type is %q, only clip_vision_model is supported", v.ModelType)
	case no(w.UseNewline) || no(w.ProjectorBias):
		return errors.New("use_image_newline_parameter or multimodal_projector_bias is false, only models with both are supported")
	}
	if err := q.Validate(); err != nil {
		return err
	}
	*c = q
	return nil
}

// MarshalJSON writes what transformers loads.
func (c *Config) MarshalJSON() ([]byte, error) {
	silu, quick, gelu, yes, no := "silu", "quick_gelu", "gelu", true, false
	layer, err := json.Marshal(c.FeatureLayer)
	if err != nil {
		return nil, err
	}
	t, v := &c.Text, &c.Vision
	n := v.Grid() * v.Grid()
	w := wireConfig{
		Architectures: []string{"LlavaNextForConditionalGeneration"}, ModelType: "llava_next",
		TextConfig: &wireText{
			ModelType: c.TextType, VocabSize: &c.VocabSize, HiddenSize: &t.Hidden, IntermediateSize: &t.Intermediate, Layers: &t.Layers,
			Heads: &t.Heads, KVHeads: &t.KVHeads, HiddenAct: &silu, MaxPositions: &c.MaxPositions, RMSNormEps: &t.Eps,
			RoPETheta: &c.RoPETheta, InitializerRange: &c.InitializerRange, BOSTokenID: &c.BOSTokenID, EOSTokenID: &c.EOSTokenID,
		},
		VisionConfig: &wireVision{
			ModelType: "clip_vision_model", HiddenSize: &v.Hidden, IntermediateSize: &v.Intermediate, Layers: &v.Layers,
			Heads: &v.Heads, ImageSize: &v.Side, PatchSize: &v.PatchSize, HiddenAct: &quick, Eps: &v.Eps,
		},
		ImageToken: &c.ImageTokenID, PadTokenID: &c.PadTokenID, Pinpoints: c.Pinpoints, FeatureLayer: layer, Strategy: "default",
		ProjectorAct: &gelu, ProjectorBias: &yes, UseNewline: &yes, TieEmbeddings: &no, TorchDType: "float32", ImageSeqLength: &n,
	}
	if c.GraphTokenID != 0 {
		w.GraphTokenID = &c.GraphTokenID
	}
	return json.Marshal(w)
}

// LoadConfig reads path, which is a config.json or a model folder that holds one.
func LoadConfig(path string) (*Config, error) {
	c := new(Config)
	if err := transformer.ReadConfig("llavanext", path, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Save writes the configuration to path, or into a model folder, as config.json, replacing the file in one step.
func (c *Config) Save(path string) error { return transformer.WriteConfig("llavanext", path, c) }
