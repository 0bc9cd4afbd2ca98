package llavanext

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// Layout lays rows out as a batch; see [clip.Rules.Layout].
func (c *Config) Layout(rows []clip.Row, sizes clip.Sizes) (*clip.Batch, error) {
	frequencies := transformer.InverseFrequencies(c.RoPETheta, c.Text.HeadDim())
	rules := clip.Rules{
		Name: "llavanext", Tower: &c.Vision, VocabSize: c.VocabSize, MaxPositions: c.MaxPositions,
		Image: c.ImageTokenID, Graph: c.GraphTokenID, Pad: c.PadTokenID, HeadDim: c.Text.HeadDim(),
		FeaturesOfTile: c.Vision.Grid() * c.Vision.Grid(), Features: 1, Order: c.Order,
		Angle: func(int) ([]float32, float32) { return frequencies, 1 },
	}
	return rules.Layout(rows, sizes)
}

// Order gives which feature each image token of a picture is, as [clip.Rules] says: those of the whole picture, then
// those of its parts, row by row over all of them, without the rows or columns that only cover padding, and the separator
// after each row (transformers' pack_image_features and unpad_image).
func (c *Config) Order(img vision.Tiles) ([]int, error) {
	const separator = -1
	grid := c.Vision.Grid()
	tile := grid * grid
	if img.Width < 1 || img.Height < 1 {
		return nil, errors.New("the size of the picture is not known")
	}
	order := make([]int, 0, tile*img.Count)
	for f := range tile {
		order = append(order, f)
	}
	if img.Count == 1 {
		return append(order, separator), nil
	}
	rows, columns := (&vision.LlavaNext{Side: c.Vision.Side, Pinpoints: c.Pinpoints}).Grid(img.Width, img.Height)
	if img.Count != 1+rows*columns {
		return nil, fmt.Errorf("a picture of %dx%d pixels has %d by %d parts and the whole, there are %d tiles", img.Width, img.Height, rows, columns, img.Count)
	}
	high, wide := rows*grid, columns*grid
	top, left := 0, 0
	if float64(img.Width)/float64(img.Height) > float64(wide)/float64(high) {
		top = (high - scaled(img.Height, wide, img.Width)) / 2
	} else {
		left = (wide - scaled(img.Width, high, img.Height)) / 2
	}
	for y := top; y < high-top; y++ {
		for x := left; x < wide-left; x++ {
			order = append(order, (1+y/grid*columns+x/grid)*tile+y%grid*grid+x%grid)
		}
		order = append(order, separator)
	}
	return order, nil
}

// scaled is n·to/from, whole, after the reference's rounding to seven digits.
func scaled(n, to, from int) int {
	return int(math.Round(float64(n)*(float64(to)/float64(from))*1e7) / 1e7)
}

// Forward gives the hidden states after the last norm, float32 [B, S, H]. What stands in the padding is meaningless.
func (c *Config) Forward(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	return c.Text.All(s.At("language_model"), c.Embeddings(s, in, o), in.Mask, in.Rotary(), &o)
}

// LastHidden gives the hidden state, after the last norm, of each row's last token, float32 [B, H], not normalised.
func (c *Config) LastHidden(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	return c.Text.Last(s.At("language_model"), c.Embeddings(s, in, o), in.Mask, in.Last, in.Rotary(), &o)
}

// Embeddings gives the input embeddings [B, S, H]: text embeddings with the image features and graph vectors in place.
func (c *Config) Embeddings(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	h := transformer.Lookup(s.At("language_model").At("model").At("embed_tokens"), in.IDs, c.VocabSize, c.Text.Hidden)
	newline := transformer.Variable(s, in.IDs.Graph(), "image_newline", c.Text.Hidden)
	features := Reshape(newline, 1, c.Text.Hidden)
	if in.Pixels != nil {
		features = Concatenate([]*Node{Reshape(c.ImageFeatures(s, in, o), -1, c.Text.Hidden), features}, 0)
	}
	h = o.Join(h, features, in.Index)
	o.Show("inputs_embeds", h)
	return h
}

// ImageFeatures runs the vision tower and the projector on the tiles: [T, P, H].
func (c *Config) ImageFeatures(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	x := c.Vision.Forward(s.At("vision_tower").At("vision_model"), in.Pixels, c.layers(), &o)
	x = Slice(x, AxisRange(), AxisRange(1)) // the class token is no feature
	p := s.At("multi_modal_projector")
	x = activation.Gelu(o.Linear(p.At("linear_1"), x, c.Text.Hidden, true))
	x = o.Linear(p.At("linear_2"), x, c.Text.Hidden, true)
	o.Show("image_features", x)
	return x
}
