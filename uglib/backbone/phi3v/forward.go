package phi3v

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// The two separators, in the order in which their features stand behind those of the tiles.
const (
	rowEnd  = -1 // sub_GN, behind each row of features
	between = -2 // glb_GN, between the parts and the whole
)

// features gives the number of features of a tile: one for each 2 by 2 patches.
func (c *Config) features() int { return c.Vision.Grid() * c.Vision.Grid() / 4 }

// Layout lays rows out as a batch; see [clip.Rules.Layout].
func (c *Config) Layout(rows []clip.Row, sizes clip.Sizes) (*clip.Batch, error) {
	rules := clip.Rules{
		Name: "phi3v", Tower: &c.Vision, VocabSize: c.VocabSize, MaxPositions: c.MaxPositions,
		Image: c.ImageTokenID, Graph: c.GraphTokenID, Pad: c.PadTokenID, HeadDim: c.Text.HeadDim(),
		FeaturesOfTile: c.features(), Features: 2, Order: c.Order, Angle: c.Angle,
	}
	return rules.Layout(rows, sizes)
}

// Angle gives the rotary frequencies of a row of n tokens and the factor of their cosines and sines: each frequency is
// divided by its short or its long factor (the reference's "su" scaling).
func (c *Config) Angle(n int) ([]float32, float32) {
	factors := c.ShortFactor
	if n > c.OriginalPositions {
		factors = c.LongFactor
	}
	dim := c.Text.HeadDim()
	frequencies := make([]float32, dim/2)
	for i := range frequencies {
		power := float32(math.Pow(c.RoPETheta, float64(float32(2*i)/float32(dim))))
		frequencies[i] = 1 / (float32(factors[i]) * power)
	}
	stretch := float64(c.MaxPositions) / float64(c.OriginalPositions)
	if stretch <= 1 {
		return frequencies, 1
	}
	return frequencies, float32(math.Sqrt(1 + math.Log(stretch)/math.Log(float64(c.OriginalPositions))))
}

// Order gives which feature each image token of a picture is, as [clip.Rules] says: those of its parts, row by row over
// all of them, and those of the whole, each row with its end, and a separator between the two.
func (c *Config) Order(img vision.Tiles) ([]int, error) {
	side := c.Vision.Side
	rows, columns := img.Height/side, img.Width/side
	if rows < 1 || columns < 1 || img.Count != 1+rows*columns || img.Height%side != 0 || img.Width%side != 0 {
		return nil, fmt.Errorf("an enlarged picture of %dx%d pixels does not make the %d tiles that there are", img.Width, img.Height, img.Count)
	}
	parts, whole := c.lines(1, rows, columns), c.lines(0, 1, 1)
	if c.WholeFirst {
		parts, whole = whole, parts
	}
	return append(append(parts, between), whole...), nil
}

// lines gives the features of rows by columns tiles, line by line over all of them.
func (c *Config) lines(first, rows, columns int) []int {
	n := c.Vision.Grid() / 2
	var order []int
	for y := range rows * n {
		for x := range columns * n {
			order = append(order, (first+y/n*columns+x/n)*n*n+y%n*n+x%n)
		}
		order = append(order, rowEnd)
	}
	return order
}

// Forward gives the hidden states after the last norm, float32 [B, S, H]. What stands in the padding is meaningless.
func (c *Config) Forward(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	return c.Text.All(s, c.Embeddings(s, in, o), in.Mask, in.Rotary(), &o)
}

// LastHidden gives the hidden state, after the last norm, of each row's last token, float32 [B, H], not normalised.
func (c *Config) LastHidden(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	return c.Text.Last(s, c.Embeddings(s, in, o), in.Mask, in.Last, in.Rotary(), &o)
}

// Embeddings gives the input embeddings [B, S, H]: text embeddings with the image features and graph vectors in place.
func (c *Config) Embeddings(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	h := transformer.Lookup(s.At("model").At("embed_tokens"), in.IDs, c.VocabSize, c.Text.Hidden)
	h = o.Join(h, c.ImageFeatures(s, in, o), in.Index)
	o.Show("inputs_embeds", h)
	return h
}

// ImageFeatures runs the vision tower on the tiles, if there are any, and the projection on their features and on the two
// separators: [T·F + 2, H].
func (c *Config) ImageFeatures(s *model.Scope, in clip.Inputs, o transformer.Options) *Node {
	s = s.At("model").At("vision_embed_tokens")
	g, e := in.IDs.Graph(), c.Vision.Hidden
	separator := func(name string, dims ...int) *Node {
		return Reshape(transformer.Variable(s, g, name, dims...), 1, 4*e)
	}
	x := Concatenate([]*Node{separator("sub_GN", 1, 1, 1, 4*e), separator("glb_GN", 1, 1, 4*e)}, 0)
	if in.Pixels != nil {
		y := c.Vision.Forward(s.At("img_processor").At("vision_model"), in.Pixels, c.Vision.Layers-1, &o)
		y = Slice(y, AxisRange(), AxisRange(1)) // the class token is no feature
		n := c.Vision.Grid() / 2
		y = Transpose(Reshape(y, -1, n, 2, n, 2, e), 2, 3)
		x = Concatenate([]*Node{Reshape(y, -1, 4*e), x}, 0)
	}
	p := s.At("img_projection")
	x = activation.Gelu(o.Linear(p.At("0"), x, c.Text.Hidden, true))
	x = o.Linear(p.At("2"), x, c.Text.Hidden, true)
	o.Show("image_features", x)
	return x
}
