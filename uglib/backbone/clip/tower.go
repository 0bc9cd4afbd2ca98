package clip

import (
	"errors"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/transformer"
)

// Tower is the architecture of a CLIP vision tower.
type Tower struct {
	Layers       int     `json:"num_hidden_layers"`
	Hidden       int     `json:"hidden_size"`
	Intermediate int     `json:"intermediate_size"`
	Heads        int     `json:"num_attention_heads"`
	Side         int     `json:"image_size"` // pixels, of a tile
	PatchSize    int     `json:"patch_size"` // pixels
	Eps          float64 `json:"layer_norm_eps"`
}

// Validate says what is wrong with the architecture, or nil.
func (t *Tower) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		v, hi int
	}{
		{"num_hidden_layers", t.Layers, 1024}, {"hidden_size", t.Hidden, 1 << 20}, {"intermediate_size", t.Intermediate, 1 << 20},
		{"num_attention_heads", t.Heads, 1 << 12}, {"image_size", t.Side, 1 << 14}, {"patch_size", t.PatchSize, 1 << 12},
	} {
		if f.v < 1 || f.v > f.hi {
			errs = append(errs, fmt.Errorf("%s is %d, want 1 to %d", f.name, f.v, f.hi))
		}
	}
	switch {
	case len(errs) > 0:
	case t.Hidden%t.Heads != 0:
		errs = append(errs, fmt.Errorf("hidden_size %d in num_attention_heads %d heads: want heads of a whole dimension", t.Hidden, t.Heads))
	case t.Side%t.PatchSize != 0:
		errs = append(errs, fmt.Errorf("image_size %d is no multiple of patch_size %d", t.Side, t.PatchSize))
	case !(t.Eps > 0 && t.Eps < 1):
		errs = append(errs, fmt.Errorf("layer_norm_eps is %g, want above 0 and below 1", t.Eps))
	}
	return errors.Join(errs...)
}

// Grid gives the number of patches along a side of a tile.
func (t *Tower) Grid() int { return t.Side / t.PatchSize }

// PatchDim gives the number of values of a patch: 3·patch_size².
func (t *Tower) PatchDim() int { return 3 * t.PatchSize * t.PatchSize }

// Shapes adds the dimensions of the tower's tensors, those of its last layers and of the norm behind them included, whose
// results no backbone here reads.
func (t *Tower) Shapes(m map[string][]int, prefix string) {
	e := t.Hidden
	pair := func(key string, dims ...int) {
		m[prefix+key+".weight"], m[prefix+key+".bias"] = dims, dims[:1]
	}
	m[prefix+"embeddings.class_embedding"] = []int{e}
	m[prefix+"embeddings.patch_embedding.weight"] = []int{e, 3, t.PatchSize, t.PatchSize}
	m[prefix+"embeddings.position_embedding.weight"] = []int{t.Grid()*t.Grid() + 1, e}
	pair("pre_layrnorm", e)
	pair("post_layernorm", e)
	for i := range t.Layers {
		layer := fmt.Sprintf("encoder.layers.%d.", i)
		pair(layer+"layer_norm1", e)
		pair(layer+"layer_norm2", e)
		for _, name := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			pair(layer+"self_attn."+name, e, e)
		}
		pair(layer+"mlp.fc1", t.Intermediate, e)
		pair(layer+"mlp.fc2", e, t.Intermediate)
	}
}

// Forward runs the first layers of the tower on patches [N, P, patch dim]: [N, 1+P, E], the class token first. s is the
// scope vision_model. The tap is shown vis.embeddings, vis.pre_layrnorm and vis.layerN.
func (t *Tower) Forward(s *model.Scope, patches *Node, layers int, o *transformer.Options) *Node {
	kn, g := o.Kernels(patches.Graph()), patches.Graph()
	n, e := patches.Shape().Dim(0), t.Hidden
	variable := func(s *model.Scope, name string, dims ...int) *Node { return transformer.Variable(s, g, name, dims...) }
	emb := s.At("embeddings")
	w := variable(emb.At("patch_embedding"), "weight", e, 3, t.PatchSize, t.PatchSize)
	x := kn.ProductT(ConvertDType(patches, w.DType()), Reshape(w, e, -1), false)
	class := BroadcastToDims(Reshape(variable(emb, "class_embedding", e), 1, 1, e), n, 1, e)
	x = Add(Concatenate([]*Node{class, x}, 1), ExpandAxes(variable(emb.At("position_embedding"), "weight", t.Grid()*t.Grid()+1, e), 0))
	o.Show("vis.embeddings", x)
	x = kn.LayerNorm(s.At("pre_layrnorm"), x, t.Eps)
	o.Show("vis.pre_layrnorm", x)
	for i := range layers {
		x = t.layer(s.At("encoder").At("layers").At("%d", i), o.Begin(x), o)
		o.Show(fmt.Sprintf("vis.layer%d", i), x)
	}
	return o.End(x)
}

// layer is a pre-norm transformer layer.
func (t *Tower) layer(s *model.Scope, x *Node, o *transformer.Options) *Node {
	kn, e := o.Kernels(x.Graph()), t.Hidden
	y := kn.LayerNorm(s.At("layer_norm1"), x, t.Eps)
	part := func(name string) transformer.Part {
		return transformer.Part{Projection: o.Project(s.At("self_attn").At("%s", name), y, e, true)}
	}
	att := transformer.Attention{Queries: t.Heads, Keys: t.Heads, Dim: e / t.Heads, Q: part("q_proj"), K: part("k_proj"), V: part("v_proj")}.Attend(kn)
	x = Add(x, o.Linear(s.At("self_attn").At("out_proj"), att, e, true))
	y = kn.LayerNorm(s.At("layer_norm2"), x, t.Eps)
	y = kn.QuickGELU(o.Linear(s.At("mlp").At("fc1"), y, t.Intermediate, true))
	return Add(x, o.Linear(s.At("mlp").At("fc2"), y, e, true))
}
