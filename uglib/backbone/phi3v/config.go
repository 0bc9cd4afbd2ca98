package phi3v

import (
	"encoding/json"
	"errors"
	"fmt"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/transformer"
)

// imageToken is <|image|> in the tokenizer that comes with the model.
const imageToken = 32044

// Config is the architecture: the fields of Phi-3-Vision's config.json that change the numbers.
type Config struct {
	Text              transformer.Decoder
	VocabSize         int
	RoPETheta         float64
	ShortFactor       []float64 // of each frequency, for rows up to OriginalPositions
	LongFactor        []float64 // for longer rows
	MaxPositions      int
	OriginalPositions int
	InitializerRange  float64
	Vision            clip.Tower
	WholeFirst        bool // the whole picture comes before its parts (hd_transform_order "glb_sub")
	BOSTokenID        int
	EOSTokenID        int
	PadTokenID        int
	ImageTokenID      int // the token that image features stand in for; an addition (image_token_id)
	GraphTokenID      int // the token that graph vectors stand in for, 0 if there is none; an addition (graph_token_id)
}

// clipLarge is the tower that the reference is written for, CLIP ViT-L/14 at 336 pixels.
var clipLarge = clip.Tower{Layers: 24, Hidden: 1024, Intermediate: 4096, Heads: 16, Side: 336, PatchSize: 14, Eps: 1e-5}

// Validate says what is wrong with the configuration, or nil.
func (c *Config) Validate() error {
	errs := []error{c.Text.Validate()}
	if err := c.Vision.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("vision_config: %w", err))
	}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	const most = 1 << 24
	if c.VocabSize < 1 || c.VocabSize > most {
		bad("vocab_size is %d, want 1 to %d", c.VocabSize, most)
	}
	if c.MaxPositions < 1 || c.MaxPositions > most || c.OriginalPositions < 2 || c.OriginalPositions > most {
		bad("max_position_embeddings is %d and original_max_position_embeddings %d, want 2 to %d", c.MaxPositions, c.OriginalPositions, most)
	}
	if !(c.RoPETheta >= 1 && c.RoPETheta <= 1e12) || !(c.InitializerRange >= 0 && c.InitializerRange <= 100) {
		bad("rope_theta is %g and initializer_range %g", c.RoPETheta, c.InitializerRange)
	}
	if c.Text.Heads > 0 {
		for name, factors := range map[string][]float64{"short_factor": c.ShortFactor, "long_factor": c.LongFactor} {
			if len(factors) != c.Text.HeadDim()/2 {
				bad("rope_scaling.%s has %d values, want half the head dimension, %d", name, len(factors), c.Text.HeadDim()/2)
			}
			for _, f := range factors {
				if !(f > 0 && f < 1e6) {
					bad("rope_scaling.%s has %g, want positive numbers", name, f)
					break
				}
			}
		}
	}
	if c.Vision.Layers < 2 || c.Vision.PatchSize > 0 && c.Vision.Grid()%2 != 0 {
		bad("vision_config has %d layers and %d patches along a side, want 2 at least and an even number", c.Vision.Layers, c.Vision.Grid())
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

type wireConfig struct {
	Architectures    []string    `json:"architectures,omitempty"`
	ModelType        string      `json:"model_type,omitempty"`
	AutoMap          *wireAuto   `json:"auto_map,omitempty"`
	VocabSize        *int        `json:"vocab_size,omitempty"`
	HiddenSize       *int        `json:"hidden_size,omitempty"`
	IntermediateSize *int        `json:"intermediate_size,omitempty"`
	Layers           *int        `json:"num_hidden_layers,omitempty"`
	Heads            *int        `json:"num_attention_heads,omitempty"`
	KVHeads          *int        `json:"num_key_value_heads,omitempty"`
	HiddenAct        *string     `json:"hidden_act,omitempty"`
	MaxPositions     *int        `json:"max_position_embeddings,omitempty"`
	Original         *int        `json:"original_max_position_embeddings,omitempty"`
	RMSNormEps       *float64    `json:"rms_norm_eps,omitempty"`
	RoPETheta        *float64    `json:"rope_theta,omitempty"`
	RoPEScaling      *wireRoPE   `json:"rope_scaling,omitempty"`
	SlidingWindow    *int        `json:"sliding_window,omitempty"`
	InitializerRange *float64    `json:"initializer_range,omitempty"`
	BOSTokenID       *int        `json:"bos_token_id,omitempty"`
	EOSTokenID       *int        `json:"eos_token_id,omitempty"`
	PadTokenID       *int        `json:"pad_token_id,omitempty"`
	ImageTokenID     *int        `json:"image_token_id,omitempty"`
	GraphTokenID     *int        `json:"graph_token_id,omitempty"`
	Embedding        *wireEmbed  `json:"embd_layer,omitempty"`
	Processor        *wireImage  `json:"img_processor,omitempty"`
	Vision           *clip.Tower `json:"vision_config,omitempty"` // an addition, for towers of other sizes
	TieEmbeddings    *bool       `json:"tie_word_embeddings,omitempty"`
	TorchDType       string      `json:"torch_dtype,omitempty"`
}

type wireAuto struct {
	Config string `json:"AutoConfig"`
	Model  string `json:"AutoModelForCausalLM"`
}

type wireRoPE struct {
	Type  string    `json:"type"`
	Short []float64 `json:"short_factor"`
	Long  []float64 `json:"long_factor"`
}

type wireEmbed struct {
	Class      string `json:"embedding_cls"`
	Order      string `json:"hd_transform_order"`
	Projection string `json:"projection_cls"`
	HD         bool   `json:"use_hd_transform"`
	Separator  bool   `json:"with_learnable_separator"`
}

type wireImage struct {
	Name      string `json:"name"`
	Model     string `json:"model_name"`
	Width     int    `json:"image_dim_out"`
	NumTokens int    `json:"num_img_tokens"`
	Layer     *int   `json:"layer_idx,omitempty"`
	Feature   string `json:"type_feature,omitempty"`
}

// UnmarshalJSON reads config.json. Fields that are absent take the defaults of the reference. What this model does not
// implement is an error.
func (c *Config) UnmarshalJSON(data []byte) error {
	var w wireConfig
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.ModelType != "" && w.ModelType != "phi3_v" {
		return fmt.Errorf("model_type is %q, this package reads phi3_v", w.ModelType)
	}
	q := Config{
		Text:      transformer.Decoder{Layers: 32, Hidden: 3072, Intermediate: 8192, Heads: 32, Eps: 1e-5, Fused: true},
		VocabSize: 32064, RoPETheta: 10000, MaxPositions: 4096, OriginalPositions: 4096, InitializerRange: 0.02,
		Vision: clipLarge, BOSTokenID: 1, EOSTokenID: 32000, PadTokenID: 32000, ImageTokenID: imageToken,
	}
	transformer.First(&q.VocabSize, w.VocabSize)
	transformer.First(&q.Text.Hidden, w.HiddenSize)
	transformer.First(&q.Text.Intermediate, w.IntermediateSize)
	transformer.First(&q.Text.Layers, w.Layers)
	transformer.First(&q.Text.Heads, w.Heads)
	q.Text.KVHeads = q.Text.Heads
	transformer.First(&q.Text.KVHeads, w.KVHeads)
	transformer.First(&q.Text.Eps, w.RMSNormEps)
	transformer.First(&q.RoPETheta, w.RoPETheta)
	transformer.First(&q.MaxPositions, w.MaxPositions)
	transformer.First(&q.OriginalPositions, w.Original)
	transformer.First(&q.InitializerRange, w.InitializerRange)
	transformer.First(&q.BOSTokenID, w.BOSTokenID)
	transformer.First(&q.EOSTokenID, w.EOSTokenID)
	transformer.First(&q.PadTokenID, w.PadTokenID)
	transformer.First(&q.ImageTokenID, w.ImageTokenID)
	transformer.First(&q.GraphTokenID, w.GraphTokenID)
	transformer.First(&q.Vision, w.Vision)
	if w.SlidingWindow != nil && *w.SlidingWindow < q.MaxPositions { // within one window attention is the same as without
		q.MaxPositions = *w.SlidingWindow
	}
	act := "silu"
	transformer.First(&act, w.HiddenAct)
	embed, image := w.Embedding, w.Processor
	if embed == nil || image == nil {
		return errors.New("embd_layer or img_processor is missing: the file is not that of a Phi-3-Vision")
	}
	q.WholeFirst = embed.Order != "sub_glb"
	switch {
	case act != "silu":
		return fmt.Errorf("hidden_act is %q, only silu is supported", act)
	case w.RoPEScaling == nil:
		return errors.New("rope_scaling is missing")
	case w.RoPEScaling.Type != "su" && w.RoPEScaling.Type != "longrope":
		return fmt.Errorf("rope_scaling is of type %q, only su (longrope) is supported", w.RoPEScaling.Type)
	case embed.Class != "image" || embed.Projection != "mlp" || !embed.HD || !embed.Separator:
		return fmt.Errorf("embd_layer is %+v, only images with the HD transform, separators and an mlp are supported", *embed)
	case embed.Order != "" && embed.Order != "sub_glb" && embed.Order != "glb_sub":
		return fmt.Errorf("hd_transform_order is %q, want sub_glb or glb_sub", embed.Order)
	case image.Layer != nil && *image.Layer != -2 || image.Feature != "" && image.Feature != "patch":
		return errors.New("img_processor has layer_idx or type_feature, only -2 and patch are supported")
	case image.Width != q.Vision.Hidden && w.Vision != nil:
		return fmt.Errorf("img_processor.image_dim_out is %d, want the tower's %d", image.Width, q.Vision.Hidden)
	}
	q.ShortFactor, q.LongFactor = w.RoPEScaling.Short, w.RoPEScaling.Long
	if err := q.Validate(); err != nil {
		return err
	}
	*c = q
	return nil
}

// MarshalJSON writes what the reference's code loads.
func (c *Config) MarshalJSON() ([]byte, error) {
	silu, no := "silu", false
	order := "sub_glb"
	if c.WholeFirst {
		order = "glb_sub"
	}
	t := &c.Text
	w := wireConfig{
		Architectures: []string{"Phi3VForCausalLM"}, ModelType: "phi3_v",
		AutoMap:   &wireAuto{"configuration_phi3_v.Phi3VConfig", "modeling_phi3_v.Phi3VForCausalLM"},
		VocabSize: &c.VocabSize, HiddenSize: &t.Hidden, IntermediateSize: &t.Intermediate, Layers: &t.Layers, Heads: &t.Heads,
		KVHeads: &t.KVHeads, HiddenAct: &silu, MaxPositions: &c.MaxPositions, Original: &c.OriginalPositions, RMSNormEps: &t.Eps,
		RoPETheta: &c.RoPETheta, RoPEScaling: &wireRoPE{"su", c.ShortFactor, c.LongFactor}, SlidingWindow: &c.MaxPositions,
		InitializerRange: &c.InitializerRange, BOSTokenID: &c.BOSTokenID, EOSTokenID: &c.EOSTokenID, PadTokenID: &c.PadTokenID,
		ImageTokenID: &c.ImageTokenID,
		Embedding:    &wireEmbed{Class: "image", Order: order, Projection: "mlp", HD: true, Separator: true},
		Processor: &wireImage{Name: "clip_vision_model", Model: "openai/clip-vit-large-patch14-336", Width: c.Vision.Hidden,
			NumTokens: c.features()},
		TieEmbeddings: &no, TorchDType: "float32",
	}
	if c.Vision != clipLarge {
		w.Vision = &c.Vision
	}
	if c.GraphTokenID != 0 {
		w.GraphTokenID = &c.GraphTokenID
	}
	return json.Marshal(w)
}

// LoadConfig reads path, which is a config.json or a model folder that holds one.
func LoadConfig(path string) (*Config, error) {
	c := new(Config)
	if err := transformer.ReadConfig("phi3v", path, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Save writes the configuration to path, or into a model folder, as config.json, replacing the file in one step.
func (c *Config) Save(path string) error { return transformer.WriteConfig("phi3v", path, c) }
