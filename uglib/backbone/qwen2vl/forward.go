package qwen2vl

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	. "github.com/gomlx/gomlx/support/exceptions"

	"urbangraph/uglib/backbone/transformer"
)

// Counts of the tensors of a batch, in the order of [Batch.Tensors].
const (
	TextInputs  = 6  // tensors of a batch without pictures
	ImageInputs = 10 // tensors of a batch with pictures
)

// Inputs are the nodes of a batch's tensors; see [Batch] for their meaning.
type Inputs struct {
	IDs, Index           *Node // int32 [B, S]
	Mask                 *Node // float32 [B, S]
	Cos, Sin             *Node // float32 [B, S, d]
	Last                 *Node // int32 [B]
	Pixels               *Node // float32 [I, P, patch dim or, of stills, patch dim/frames], nil without pictures
	PatchMask            *Node // float32 [I, P]
	VisionCos, VisionSin *Node // float32 [I, P, e]
}

// NewInputs names the nodes of [Batch.Tensors]. It panics unless there are [TextInputs] or [ImageInputs] of them.
func NewInputs(n []*Node) Inputs {
	if len(n) != TextInputs && len(n) != ImageInputs {
		Panicf("qwen2vl: a batch has %d tensors, or %d with pictures, not %d", TextInputs, ImageInputs, len(n))
	}
	in := Inputs{IDs: n[0], Index: n[1], Mask: n[2], Cos: n[3], Sin: n[4], Last: n[5]}
	if len(n) == ImageInputs {
		in.Pixels, in.PatchMask, in.VisionCos, in.VisionSin = n[6], n[7], n[8], n[9]
	}
	return in
}

// Options change what a forward pass does besides the plain model. The tap is shown vis.patch_embed and vis.blockN
// [I, P, E], image_features [I, P/merge², H], inputs_embeds and llm.layerN [B, S, H].
type Options = transformer.Options

// decoder is the language model.
func (c *Config) decoder() *transformer.Decoder {
	return &transformer.Decoder{
		Layers: c.Layers, Hidden: c.HiddenSize, Intermediate: c.IntermediateSize, Heads: c.Heads, KVHeads: c.KVHeads,
		Eps: c.RMSNormEps, Bias: true,
	}
}

// Forward gives the hidden states after the last norm, float32 [B, S, H]. What stands in the padding is meaningless.
// s is the scope that holds visual and model: the root, for the names of the hub.
func (c *Config) Forward(s *model.Scope, in Inputs, o Options) *Node {
	return c.decoder().All(s, c.Embeddings(s, in, o), in.Mask, transformer.Rotary{Cos: in.Cos, Sin: in.Sin}, &o)
}

// LastHidden gives the hidden state, after the last norm, of each row's last token, float32 [B, H], not normalised. It
// equals the rows of [Config.Forward] at Last; the last layer computes them alone.
func (c *Config) LastHidden(s *model.Scope, in Inputs, o Options) *Node {
	return c.decoder().Last(s, c.Embeddings(s, in, o), in.Mask, in.Last, transformer.Rotary{Cos: in.Cos, Sin: in.Sin}, &o)
}

// Embeddings gives the input embeddings [B, S, H]: text embeddings with the image features and graph vectors in place.
func (c *Config) Embeddings(s *model.Scope, in Inputs, o Options) *Node {
	h := transformer.Lookup(s.At("model").At("embed_tokens"), in.IDs, c.VocabSize, c.HiddenSize)
	var features *Node
	if in.Pixels != nil {
		features = c.ImageFeatures(s, in, o)
	}
	h = o.Join(h, features, in.Index)
	o.Show("inputs_embeds", h)
	return h
}

// ImageFeatures runs the vision tower and the merger on the pictures: [I, P/merge², H].
func (c *Config) ImageFeatures(s *model.Scope, in Inputs, o Options) *Node {
	s = s.At("visual")
	v := &c.Vision
	x := c.patchEmbed(s, in.Pixels, &o)
	o.Show("vis.patch_embed", x)
	whole := span{patches: x.Shape().Dim(1), rotary: transformer.Rotary{Cos: in.VisionCos, Sin: in.VisionSin}}
	window := whole
	if v.Gated() {
		window.patches = v.PatchUnit()
		window.rotary = transformer.Rotary{Cos: window.cut(in.VisionCos), Sin: window.cut(in.VisionSin)}
	}
	window.bias = transformer.KeyBias(Reshape(in.PatchMask, -1, window.patches), window.patches)
	if !v.Gated() || len(v.FullBlocks) > 0 {
		whole.bias = transformer.KeyBias(in.PatchMask, whole.patches)
	}
	for i := range v.Depth {
		sp := whole
		if v.Gated() && !slices.Contains(v.FullBlocks, i) {
			sp = window
		}
		x = c.visionBlock(s.At("blocks").At("%d", i), o.Begin(x), sp, &o)
		o.Show(fmt.Sprintf("vis.block%d", i), x)
	}
	x = c.merge(s.At("merger"), o.End(x), &o)
	o.Show("image_features", x)
	return x
}

// patchEmbed is the reference's 3-D convolution, whose stride is its kernel, as a product: [I, P, patch dim] to
// [I, P, E]. For stills the frames' weights are added first.
func (c *Config) patchEmbed(s *model.Scope, pixels *Node, o *Options) *Node {
	v := &c.Vision
	w := transformer.Variable(s.At("patch_embed").At("proj"), pixels.Graph(), "weight", v.EmbedDim, v.Channels, v.TemporalPatchSize, v.PatchSize, v.PatchSize)
	pixels = ConvertDType(pixels, w.DType())
	if pixels.Shape().Dim(-1) != v.PatchDim() {
		w = ReduceSum(w, 2)
	}
	return o.Kernels(pixels.Graph()).ProductT(pixels, Reshape(w, v.EmbedDim, -1), false)
}

// span is what the patches of a block attend to: all of a picture, or a window of it.
type span struct {
	patches int
	rotary  transformer.Rotary // [N, patches, e]
	bias    *Node              // [N, patches, patches]
}

// cut gives x [I, P, w] as [N, patches, w].
func (sp span) cut(x *Node) *Node { return Reshape(x, -1, sp.patches, x.Shape().Dim(-1)) }

// visionBlock is a pre-norm transformer block with full attention within each span.
func (c *Config) visionBlock(s *model.Scope, x *Node, sp span, o *Options) *Node {
	v := &c.Vision
	e := v.EmbedDim
	y := sp.cut(c.visionNorm(s.At("norm1"), x, o))
	qkv := o.Project(s.At("attn").At("qkv"), y, 3*e, true)
	att := transformer.Attention{
		Queries: v.Heads, Keys: v.Heads, Dim: v.HeadDim(), RotaryQ: sp.rotary, RotaryK: sp.rotary, Bias: sp.bias,
		Q: transformer.Part{Projection: qkv}, K: transformer.Part{Projection: qkv, From: e}, V: transformer.Part{Projection: qkv, From: 2 * e},
	}.Attend(o.Kernels(x.Graph()))
	x = Add(x, Reshape(o.Linear(s.At("attn").At("proj"), att, e, true), x.Shape().Dimensions...))
	return Add(x, c.visionMLP(s.At("mlp"), c.visionNorm(s.At("norm2"), x, o), o))
}

// visionNorm is the norm of the vision tower: RMS in Qwen2.5-VL.
func (c *Config) visionNorm(s *model.Scope, x *Node, o *Options) *Node {
	if c.Vision.Gated() {
		return o.Kernels(x.Graph()).RMSNorm(s, x, visionEps)
	}
	return o.Kernels(x.Graph()).LayerNorm(s, x, visionEps)
}

func (c *Config) visionMLP(s *model.Scope, x *Node, o *Options) *Node {
	v, kn := &c.Vision, o.Kernels(x.Graph())
	if v.Gated() {
		gate := kn.SiLU(o.Linear(s.At("gate_proj"), x, v.Intermediate, true))
		return o.Linear(s.At("down_proj"), Mul(gate, o.Linear(s.At("up_proj"), x, v.Intermediate, true)), v.EmbedDim, true)
	}
	return o.Linear(s.At("fc2"), kn.QuickGELU(o.Linear(s.At("fc1"), x, v.mlpDim(), true)), v.EmbedDim, true)
}

// visionEps is the epsilon of the vision tower's norms, a constant of the reference.
const visionEps = 1e-6

// merge joins each block of merge² patches, which stand next to each other, into one token: [I, P, E] to
// [I, P/merge², H].
func (c *Config) merge(s *model.Scope, x *Node, o *Options) *Node {
	v := &c.Vision
	wide := v.EmbedDim * v.MergeUnit()
	x = c.visionNorm(s.At("ln_q"), x, o)
	x = Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1)/v.MergeUnit(), wide)
	x = activation.Gelu(o.Linear(s.At("mlp").At("0"), x, wide, true))
	return o.Linear(s.At("mlp").At("2"), x, c.HiddenSize, true)
}
