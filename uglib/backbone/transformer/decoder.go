package transformer

import (
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// Decoder is the stack of layers that Llama, Mistral, Qwen2 and Phi-3 share: RMS norm before each half, grouped-query
// attention with rotary positions, a gated MLP.
type Decoder struct {
	Layers, Hidden, Intermediate int
	Heads, KVHeads               int // heads of queries, and of keys and values
	Eps                          float64
	Bias                         bool // of queries, keys and values (Qwen2)
	Fused                        bool // queries, keys and values are one layer, qkv_proj, gate and up another, gate_up_proj (Phi-3)
}

// HeadDim gives the width of a head.
func (d *Decoder) HeadDim() int { return d.Hidden / d.Heads }

// Shapes adds the dimensions of the decoder's tensors by their keys on the hub, model.layers.* and model.norm.
func (d *Decoder) Shapes(m map[string][]int) {
	linear := func(key string, out, in int, bias bool) {
		m[key+".weight"] = []int{out, in}
		if bias {
			m[key+".bias"] = []int{out}
		}
	}
	h, kv := d.Hidden, d.KVHeads*d.HeadDim()
	for i := range d.Layers {
		layer := fmt.Sprintf("model.layers.%d.", i)
		m[layer+"input_layernorm.weight"] = []int{h}
		m[layer+"post_attention_layernorm.weight"] = []int{h}
		if d.Fused {
			linear(layer+"self_attn.qkv_proj", h+2*kv, h, d.Bias)
			linear(layer+"mlp.gate_up_proj", 2*d.Intermediate, h, false)
		} else {
			linear(layer+"self_attn.q_proj", h, h, d.Bias)
			linear(layer+"self_attn.k_proj", kv, h, d.Bias)
			linear(layer+"self_attn.v_proj", kv, h, d.Bias)
			linear(layer+"mlp.gate_proj", d.Intermediate, h, false)
			linear(layer+"mlp.up_proj", d.Intermediate, h, false)
		}
		linear(layer+"self_attn.o_proj", h, h, false)
		linear(layer+"mlp.down_proj", h, d.Intermediate, false)
	}
	m["model.norm.weight"] = []int{h}
}

// All gives the hidden states of every token after the last norm, [B, S, H], from input embeddings h [B, S, H]; mask
// [B, S] is one where a token is. What stands in the padding is meaningless. s is the scope that holds model.
func (d *Decoder) All(s *model.Scope, h, mask *graph.Node, r Rotary, o *Options) *graph.Node {
	bias := CausalBias(mask)
	for i := range d.Layers {
		h = d.layer(s, i, o.Begin(h), nil, r, bias, o)
	}
	return atLeastFloat32(o.Kernels(h.Graph()).RMSNorm(s.At("model").At("norm"), o.End(h), d.Eps))
}

// Last gives the hidden state after the last norm of one token a row, [B, H]; last [B] indexes [B·S]. It equals the rows
// of [Decoder.All] there; the last layer computes them alone, which with few layers saves a large part of the time.
func (d *Decoder) Last(s *model.Scope, h, mask, last *graph.Node, r Rotary, o *Options) *graph.Node {
	bias := CausalBias(mask)
	for i := range d.Layers - 1 {
		h = d.layer(s, i, o.Begin(h), nil, r, bias, o)
	}
	h = d.layer(s, d.Layers-1, o.Begin(h), last, r, KeyBias(mask, 1), o)
	h = o.Kernels(h.Graph()).RMSNorm(s.At("model").At("norm"), o.End(h), d.Eps)
	return graph.Reshape(atLeastFloat32(h), -1, d.Hidden)
}

// layer is layer i on h [B, S, H]. With last [B] only those rows of it are computed: [B, 1, H]; bias is [B, S, S] or,
// with last, [B, 1, S].
func (d *Decoder) layer(s *model.Scope, i int, h, last *graph.Node, r Rotary, bias *graph.Node, o *Options) *graph.Node {
	kn := o.Kernels(h.Graph())
	layer := s.At("model").At("layers").At("%d", i)
	x := kn.RMSNorm(layer.At("input_layernorm"), h, d.Eps)
	xq, rq := x, r
	if last != nil {
		h, xq = Pick(h, last), Pick(x, last)
		rq = Rotary{Pick(r.Cos, last), Pick(r.Sin, last)}
	}
	h = graph.Add(h, d.attention(layer.At("self_attn"), xq, x, rq, r, bias, o))
	x = kn.RMSNorm(layer.At("post_attention_layernorm"), h, d.Eps)
	h = graph.Add(h, d.mlp(layer.At("mlp"), x, o))
	if last == nil {
		o.Show(fmt.Sprintf("llm.layer%d", i), h)
	}
	return h
}

// attention is that of queries from xq and of keys and values from x.
func (d *Decoder) attention(s *model.Scope, xq, x *graph.Node, rq, r Rotary, bias *graph.Node, o *Options) *graph.Node {
	kv := d.KVHeads * d.HeadDim()
	a := Attention{Queries: d.Heads, Keys: d.KVHeads, Dim: d.HeadDim(), RotaryQ: rq, RotaryK: r, Bias: bias}
	if d.Fused {
		all := o.Project(s.At("qkv_proj"), x, d.Hidden+2*kv, d.Bias)
		a.Q, a.K, a.V = Part{all, 0}, Part{all, d.Hidden}, Part{all, d.Hidden + kv}
		if xq != x {
			a.Q.Projection = o.Project(s.At("qkv_proj"), xq, d.Hidden+2*kv, d.Bias)
		}
	} else {
		a.Q = Part{o.Project(s.At("q_proj"), xq, d.Hidden, d.Bias), 0}
		a.K = Part{o.Project(s.At("k_proj"), x, kv, d.Bias), 0}
		a.V = Part{o.Project(s.At("v_proj"), x, kv, d.Bias), 0}
	}
	return o.Linear(s.At("o_proj"), a.Attend(o.Kernels(x.Graph())), d.Hidden, false)
}

func (d *Decoder) mlp(s *model.Scope, x *graph.Node, o *Options) *graph.Node {
	var gate, up *graph.Node
	if d.Fused {
		both := o.Project(s.At("gate_up_proj"), x, 2*d.Intermediate, false)
		gate, up = both.Rows(0, d.Intermediate), both.Rows(d.Intermediate, d.Intermediate)
	} else {
		gate = o.Linear(s.At("gate_proj"), x, d.Intermediate, false)
		up = o.Linear(s.At("up_proj"), x, d.Intermediate, false)
	}
	return o.Linear(s.At("down_proj"), graph.Mul(o.Kernels(x.Graph()).SiLU(gate), up), d.Hidden, false)
}

// Validate says what is wrong with the sizes, or nil.
func (d *Decoder) Validate() error {
	const most = 1 << 24
	var errs []error
	for _, f := range []struct {
		name string
		v    int
	}{
		{"hidden_size", d.Hidden}, {"intermediate_size", d.Intermediate}, {"num_hidden_layers", d.Layers},
		{"num_attention_heads", d.Heads}, {"num_key_value_heads", d.KVHeads},
	} {
		if f.v < 1 || f.v > most {
			errs = append(errs, fmt.Errorf("%s is %d, want 1 to %d", f.name, f.v, most))
		}
	}
	switch {
	case len(errs) > 0:
	case d.Layers > 1024:
		errs = append(errs, fmt.Errorf("num_hidden_layers is %d, more than any such model has", d.Layers))
	case d.Hidden%d.Heads != 0 || d.HeadDim()%2 != 0:
		errs = append(errs, fmt.Errorf("hidden_size %d in num_attention_heads %d heads: want heads of a whole, even dimension", d.Hidden, d.Heads))
	case d.Heads%d.KVHeads != 0:
		errs = append(errs, fmt.Errorf("num_attention_heads is %d and num_key_value_heads %d, want a multiple of it", d.Heads, d.KVHeads))
	case !(d.Eps >= 0 && d.Eps <= 1):
		errs = append(errs, fmt.Errorf("rms_norm_eps is %g, want 0 to 1", d.Eps))
	}
	return errors.Join(errs...)
}
