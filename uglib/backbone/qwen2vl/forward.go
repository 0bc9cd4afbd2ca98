package qwen2vl

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	. "github.com/gomlx/gomlx/support/exceptions"

	"urbangraph/uglib/nn"
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

// Options change what a forward pass does besides the plain model.
type Options struct {
	// LoRA adds low-rank terms to the linear layers that it targets by their dotted path; nil adds none.
	LoRA *nn.LoRA
	// Graph holds the graph vectors [..., H] that graph tokens stand for, G of them when flattened, in the order that
	// [Row].Graph counts. Nil when the batch has none.
	Graph *Node
	// Tap, if set, is shown intermediate results: vis.patch_embed and vis.blockN [I, P, E], image_features
	// [I, P/merge², H], inputs_embeds and llm.layerN [B, S, H].
	Tap func(name string, x *Node)
	// Checkpoint recomputes each layer during the backward pass instead of keeping its results: less memory, more time.
	Checkpoint bool
}

func (o *Options) tap(name string, x *Node) {
	if o.Tap != nil {
		o.Tap(name, x)
	}
}

// checkpoint begins a layer whose insides are recomputed in the backward pass, if so asked.
func (o *Options) checkpoint(x *Node) *Node {
	if o.Checkpoint {
		return x.Checkpoint()
	}
	return x
}

// stop ends the recomputed part.
func (o *Options) stop(x *Node) *Node {
	if o.Checkpoint {
		return x.StopCheckpoint()
	}
	return x
}

// Forward gives the hidden states after the last norm, float32 [B, S, H]. What stands in the padding is meaningless.
// s is the scope that holds visual and model: the root, for the names of the hub.
func (c *Config) Forward(s *model.Scope, in Inputs, o Options) *Node {
	kn := o.kernels(in.IDs.Graph())
	h := c.Embeddings(s, in, o)
	bias := causalBias(in.Mask)
	r := rotary{in.Cos, in.Sin}
	for i := range c.Layers {
		h = c.decoderLayer(s, i, o.checkpoint(h), nil, r, bias, &o)
		o.tap(fmt.Sprintf("llm.layer%d", i), h)
	}
	return kn.RMSNorm(s.At("model").At("norm"), o.stop(h), c.RMSNormEps)
}

// LastHidden gives the hidden state, after the last norm, of each row's last token, float32 [B, H], not normalised. It
// equals the rows of [Config.Forward] at Last; the last layer computes them alone.
func (c *Config) LastHidden(s *model.Scope, in Inputs, o Options) *Node {
	kn := o.kernels(in.IDs.Graph())
	h := c.Embeddings(s, in, o)
	bias := causalBias(in.Mask)
	r := rotary{in.Cos, in.Sin}
	for i := range c.Layers - 1 {
		h = c.decoderLayer(s, i, o.checkpoint(h), nil, r, bias, &o)
		o.tap(fmt.Sprintf("llm.layer%d", i), h)
	}
	h = c.decoderLayer(s, c.Layers-1, o.checkpoint(h), in.Last, r, keyBias(in.Mask, 1), &o)
	h = kn.RMSNorm(s.At("model").At("norm"), o.stop(h), c.RMSNormEps)
	return Reshape(h, -1, c.HiddenSize)
}

// pick takes rows index [B] of x [B, S, d] flattened to [B·S, d]: [B, 1, d].
func pick(x, index *Node) *Node {
	flat := Reshape(x, -1, x.Shape().Dim(-1))
	return ExpandAxes(Gather(flat, ExpandAxes(index, -1)), 1)
}

// Embeddings gives the input embeddings [B, S, H]: text embeddings with the image features and graph vectors in place.
func (c *Config) Embeddings(s *model.Scope, in Inputs, o Options) *Node {
	table := nn.EmbeddingTable(s.At("model").At("embed_tokens"), in.IDs.Graph(), dtypes.Float32, c.VocabSize, c.HiddenSize)
	h := Gather(table, ExpandAxes(in.IDs, -1))
	if in.Pixels != nil || o.Graph != nil {
		parts := []*Node{Reshape(h, -1, c.HiddenSize)}
		if in.Pixels != nil {
			parts = append(parts, Reshape(c.ImageFeatures(s, in, o), -1, c.HiddenSize))
		}
		if o.Graph != nil {
			parts = append(parts, Reshape(o.Graph, -1, c.HiddenSize))
		}
		h = Gather(Concatenate(parts, 0), ExpandAxes(in.Index, -1))
	}
	o.tap("inputs_embeds", h)
	return h
}

// decoderLayer is layer i on h [B, S, H]. With last [B] only those rows of it are computed: [B, 1, H]; bias is
// [B, S, S] or, with last, [B, 1, S].
func (c *Config) decoderLayer(s *model.Scope, i int, h, last *Node, r rotary, bias *Node, o *Options) *Node {
	kn := o.kernels(h.Graph())
	layer := s.At("model").At("layers").At("%d", i)
	x := kn.RMSNorm(layer.At("input_layernorm"), h, c.RMSNormEps)
	xq, rq := x, r
	if last != nil {
		h, xq = pick(h, last), pick(x, last)
		rq = rotary{pick(r.cos, last), pick(r.sin, last)}
	}
	h = Add(h, c.selfAttention(layer.At("self_attn"), xq, x, rq, r, bias, o))
	x = kn.RMSNorm(layer.At("post_attention_layernorm"), h, c.RMSNormEps)
	mlp := layer.At("mlp")
	gate := activation.Swish(o.linear(mlp.At("gate_proj"), x, c.IntermediateSize, false))
	up := o.linear(mlp.At("up_proj"), x, c.IntermediateSize, false)
	return Add(h, o.linear(mlp.At("down_proj"), Mul(gate, up), c.HiddenSize, false))
}

// selfAttention is grouped-query attention of queries from xq and keys and values from x.
func (c *Config) selfAttention(s *model.Scope, xq, x *Node, rq, r rotary, bias *Node, o *Options) *Node {
	kn, d := o.kernels(x.Graph()), c.HeadDim()
	q := o.project(s.At("q_proj"), xq, c.Heads*d, true)
	k := o.project(s.At("k_proj"), x, c.KVHeads*d, true)
	v := o.project(s.At("v_proj"), x, c.KVHeads*d, true)
	out := heads{c.Heads, c.KVHeads, d, part{q, 0}, part{k, 0}, part{v, 0}, rq, r, bias}.attend(kn)
	return o.linear(s.At("o_proj"), out, c.HiddenSize, false)
}

// ImageFeatures runs the vision tower and the merger on the pictures: [I, P/merge², H].
func (c *Config) ImageFeatures(s *model.Scope, in Inputs, o Options) *Node {
	s = s.At("visual")
	v := &c.Vision
	x := c.patchEmbed(s, in.Pixels, &o)
	o.tap("vis.patch_embed", x)
	bias := keyBias(in.PatchMask, x.Shape().Dim(1))
	r := rotary{in.VisionCos, in.VisionSin}
	for i := range v.Depth {
		x = c.visionBlock(s.At("blocks").At("%d", i), o.checkpoint(x), r, bias, &o)
		o.tap(fmt.Sprintf("vis.block%d", i), x)
	}
	x = c.merge(s.At("merger"), o.stop(x), &o)
	o.tap("image_features", x)
	return x
}

// patchEmbed is the reference's 3-D convolution, whose stride is its kernel, as a product: [I, P, patch dim] to
// [I, P, E]. For stills the frames' weights are added first.
func (c *Config) patchEmbed(s *model.Scope, pixels *Node, o *Options) *Node {
	v := &c.Vision
	shape := shapes.Make(dtypes.Float32, v.EmbedDim, v.Channels, v.TemporalPatchSize, v.PatchSize, v.PatchSize)
	w := s.At("patch_embed").At("proj").VariableWithShape("weight", shape).NodeValue(pixels.Graph())
	if pixels.Shape().Dim(-1) != v.PatchDim() {
		w = ReduceSum(w, 2)
	}
	return o.kernels(pixels.Graph()).ProductT(pixels, Reshape(w, v.EmbedDim, -1), false)
}

// visionBlock is a pre-norm transformer block with full attention within each picture.
func (c *Config) visionBlock(s *model.Scope, x *Node, r rotary, bias *Node, o *Options) *Node {
	kn, v := o.kernels(x.Graph()), &c.Vision
	e, d := v.EmbedDim, v.HeadDim()
	y := kn.LayerNorm(s.At("norm1"), x, visionEps)
	qkv := o.project(s.At("attn").At("qkv"), y, 3*e, true)
	att := heads{v.Heads, v.Heads, d, part{qkv, 0}, part{qkv, e}, part{qkv, 2 * e}, r, r, bias}.attend(kn)
	x = Add(x, o.linear(s.At("attn").At("proj"), att, e, true))
	y = kn.LayerNorm(s.At("norm2"), x, visionEps)
	y = nn.QuickGELU(o.linear(s.At("mlp").At("fc1"), y, v.mlpDim(), true))
	return Add(x, o.linear(s.At("mlp").At("fc2"), y, e, true))
}

// visionEps is the epsilon of the vision tower's layer norms, a constant of the reference.
const visionEps = 1e-6

// merge joins each block of merge² patches, which stand next to each other, into one token: [I, P, E] to
// [I, P/merge², H].
func (c *Config) merge(s *model.Scope, x *Node, o *Options) *Node {
	kn, v := o.kernels(x.Graph()), &c.Vision
	wide := v.EmbedDim * v.MergeUnit()
	x = kn.LayerNorm(s.At("ln_q"), x, visionEps)
	x = Reshape(x, x.Shape().Dim(0), x.Shape().Dim(1)/v.MergeUnit(), wide)
	x = activation.Gelu(o.linear(s.At("mlp").At("0"), x, wide, true))
	return o.linear(s.At("mlp").At("2"), x, c.HiddenSize, true)
}
