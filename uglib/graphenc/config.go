package graphenc

import (
	"encoding/json"
	"fmt"
	"math"
)

// Config is graph_encoder_config.json: the fields of the UGE reference under
// their names, and the ones it lacks.
type Config struct {
	HiddenDim          int  `json:"hidden_dim"` // width of the node texts: the language model's
	OutputDim          int  `json:"output_dim"` // width of the tokens: the language model's
	NumLayers          int  `json:"num_layers"`
	EdgeDim            int  `json:"edge_dim"`
	UseSpatialEncoding bool `json:"use_spatial_encoding"`
	UseEdgeFeatures    bool `json:"use_edge_features"`
	UseGAT             bool `json:"use_gat"` // must be true
	// UseSpatialAuxiliary is a field of the reference that has no effect there either.
	UseSpatialAuxiliary bool `json:"use_spatial_auxiliary"`
	SpatialEmbedDim     int  `json:"spatial_embed_dim"`
	SpatialFrequencyNum int  `json:"spatial_frequency_num"` // bands per axis

	GATHeads int     `json:"gat_heads"`
	Dropout  float64 `json:"dropout"` // in the small networks and of the attention weights
	// Bottleneck is the width of the layers; 0 for HiddenDim. A graph layer has
	// 8·width² weights at 4 heads, so wide language models want one of 256 to 512.
	Bottleneck int `json:"bottleneck"`
	// MinScale and MaxScale are the finest and coarsest τ of the spatial bands
	// sin(x/τ), cos(x/τ), in metres.
	MinScale float64 `json:"spatial_min_scale"`
	MaxScale float64 `json:"spatial_max_scale"`
	// TokenNorm is the length of the tokens at the start; see [MeanNorm].
	TokenNorm float64 `json:"token_norm"`
	NodeKinds int     `json:"node_kinds"`
	EdgeTypes int     `json:"edge_types"`
	// Reference reproduces the released code's encodings; see the package comment.
	Reference bool `json:"reference"`
}

// Default returns a configuration for language models of the given width:
// 2 layers of 4 heads, 16 bands from 1 m to 2 km, and the reference's widths
// of 64 for places and edges, all no wider than the model.
func Default(width int) Config {
	return Config{
		HiddenDim: width, OutputDim: width, NumLayers: 2, EdgeDim: min(64, width),
		UseSpatialEncoding: true, UseEdgeFeatures: true, UseGAT: true,
		SpatialEmbedDim: min(64, width), SpatialFrequencyNum: 16,
		GATHeads: 4, Dropout: 0.1, MinScale: 1, MaxScale: 2000, TokenNorm: 1, NodeKinds: 5, EdgeTypes: 6,
	}
}

// The reference's bands, in degrees.
const (
	referenceMinScale = 1e-6
	referenceMaxScale = 360
)

// ParseConfig reads graph_encoder_config.json. Fields that it lacks, as the
// reference's does, are those of [Default].
func ParseConfig(text []byte) (Config, error) {
	var widths Config
	if err := json.Unmarshal(text, &widths); err != nil {
		return Config{}, fmt.Errorf("graph encoder config: %w", err)
	}
	if widths.HiddenDim < 1 || widths.HiddenDim > maxWidth {
		return Config{}, fmt.Errorf("graph encoder config: hidden_dim %d is not in 1 to %d", widths.HiddenDim, maxWidth)
	}
	c := Default(widths.HiddenDim)
	if err := json.Unmarshal(text, &c); err != nil {
		return Config{}, fmt.Errorf("graph encoder config: %w", err)
	}
	return c, c.Validate()
}

const maxWidth = 1 << 16

// Validate reports the first field that cannot be.
func (c Config) Validate() error {
	for _, f := range []struct {
		name      string
		value     int
		low, high int
	}{
		{"hidden_dim", c.HiddenDim, 1, maxWidth}, {"output_dim", c.OutputDim, 1, maxWidth},
		{"num_layers", c.NumLayers, 1, 64}, {"edge_dim", c.EdgeDim, 1, maxWidth},
		{"spatial_embed_dim", c.SpatialEmbedDim, 1, maxWidth}, {"spatial_frequency_num", c.SpatialFrequencyNum, 2, 256},
		{"gat_heads", c.GATHeads, 1, 256}, {"bottleneck", c.Bottleneck, 0, maxWidth},
		{"node_kinds", c.NodeKinds, 1, 1 << 10}, {"edge_types", c.EdgeTypes, 1, 1 << 10},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("graph encoder config: %s %d is not in %d to %d", f.name, f.value, f.low, f.high)
		}
	}
	switch {
	case !c.UseGAT:
		return fmt.Errorf("graph encoder config: use_gat false (graph convolution) is not supported; try a checkpoint with GATv2")
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("graph encoder config: dropout %g is not in [0, 1)", c.Dropout)
	case !(c.MinScale > 0 && c.MaxScale > c.MinScale) || math.IsInf(c.MaxScale, 0):
		return fmt.Errorf("graph encoder config: spatial scales %g to %g m are no range", c.MinScale, c.MaxScale)
	case !(c.TokenNorm > 0) || math.IsInf(c.TokenNorm, 0):
		return fmt.Errorf("graph encoder config: token_norm %g is not positive", c.TokenNorm)
	case c.Reference && c.Bottleneck != 0:
		return fmt.Errorf("graph encoder config: the reference has no bottleneck, not %d", c.Bottleneck)
	}
	return nil
}

// width is that of the graph layers.
func (c Config) width() int {
	if c.Bottleneck > 0 {
		return c.Bottleneck
	}
	return c.HiddenDim
}

// scales returns τ of each band, finest first, in metres (degrees with
// Reference).
func (c Config) scales() []float64 {
	low, high := c.MinScale, c.MaxScale
	if c.Reference {
		low, high = referenceMinScale, referenceMaxScale
	}
	tau := make([]float64, c.SpatialFrequencyNum)
	for i := range tau {
		tau[i] = low * math.Pow(high/low, float64(i)/float64(len(tau)-1))
	}
	return tau
}

// edgeColumns is the width of the edge features: distance 1, bearing 2,
// displacement 2, and, but for Reference, edge type one-hot and way back.
func (c Config) edgeColumns() int {
	if c.Reference {
		return 5
	}
	return 5 + c.EdgeTypes + 1
}
