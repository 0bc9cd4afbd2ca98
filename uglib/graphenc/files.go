package graphenc

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"

	"urbangraph/uglib/nn"
)

const (
	configFile  = "graph_encoder_config.json"
	weightsFile = "graph_encoder.safetensors"
)

// Shapes returns the dimensions of every variable that [Forward] uses, by its
// key relative to the encoder's scope.
func (c Config) Shapes() map[string][]int {
	h, w := c.HiddenDim, c.width()
	all := map[string][]int{}
	linear := func(name string, out, in int) {
		all[name+".weight"] = []int{out, in}
		all[name+".bias"] = []int{out}
	}
	norm := func(name string, dim int) {
		all[name+".weight"] = []int{dim}
		all[name+".bias"] = []int{dim}
	}
	mlp := func(name string, in, hidden, out int, withNorm bool) {
		linear(name+".0", hidden, in)
		linear(name+".3", out, hidden)
		if withNorm {
			norm(name+".4", out)
		}
	}
	in := h
	if c.UseSpatialEncoding {
		mlp("spatial_encoder.projection", 4*c.SpatialFrequencyNum, 2*c.SpatialEmbedDim, c.SpatialEmbedDim, true)
		in += c.SpatialEmbedDim
	}
	if c.UseSpatialEncoding || !c.Reference {
		linear("node_projection", w, in)
	}
	parts := 3
	if !c.Reference {
		linear("node_encoder.node_head.0", h, h)
		norm("node_encoder.node_head.1", h)
		linear("node_encoder.node_head.4", h, h)
		all["kind_embedding.weight"] = []int{c.NodeKinds, w}
		all["image_marker"] = []int{1, w}
		all["output_scale"] = []int{}
		parts = 4
	}
	if c.UseEdgeFeatures {
		for name, columns := range map[string]int{"distance": 1, "direction": 2, "displacement": 2} {
			mlp("edge_encoder."+name+"_encoder", columns, c.EdgeDim, c.EdgeDim, false)
		}
		if !c.Reference {
			mlp("edge_encoder.type_encoder", c.edgeColumns()-5, c.EdgeDim, c.EdgeDim, false)
		}
		mlp("edge_encoder.edge_combiner", parts*c.EdgeDim, 2*c.EdgeDim, c.EdgeDim, true)
	}
	for i := range c.NumLayers {
		conv := fmt.Sprintf("convs.%d", i)
		all[conv+".att"] = []int{1, c.GATHeads, w}
		all[conv+".bias"] = []int{w}
		linear(conv+".lin_l", c.GATHeads*w, w)
		linear(conv+".lin_r", c.GATHeads*w, w)
		if c.UseEdgeFeatures {
			all[conv+".lin_edge.weight"] = []int{c.GATHeads * w, c.EdgeDim}
		}
		norm(fmt.Sprintf("layer_norms.%d", i), w)
	}
	mlp("output_proj", w, 2*w, c.OutputDim, true)
	return all
}

// Save writes the encoder whose variables are under the scope path, such as
// /graph_encoder, into a folder: graph_encoder_config.json and
// graph_encoder.safetensors, with keys relative to the scope.
func Save(dir string, store *model.Store, scope string, c Config) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save graph encoder: %w", err)
	}
	view, err := relative(store, scope, c)
	if err != nil {
		return fmt.Errorf("save graph encoder to %s: %w", dir, err)
	}
	if err := nn.SaveStore(filepath.Join(dir, weightsFile), view, nil, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("save graph encoder to %s: %w", dir, err)
	}
	if err := renameio.WriteFile(filepath.Join(dir, configFile), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("save graph encoder: %w", err)
	}
	return nil
}

// Load reads the folder that [Save] wrote into variables of dtype under the
// scope path. A tensor that is missing, surplus or misshapen is an error, but
// for node_head of a Reference encoder, which is never used.
func Load(dir string, store *model.Store, scope string, dtype dtypes.DType) (Config, error) {
	path := filepath.Join(dir, configFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("load graph encoder: %w", err)
	}
	c, err := ParseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("load graph encoder: %s: %w", path, err)
	}
	prefix := nn.Key(scope) + "."
	if prefix == "." {
		prefix = ""
	}
	expect := map[string][]int{}
	for key, dims := range c.Shapes() {
		expect[prefix+key] = dims
	}
	err = nn.LoadStore(store, filepath.Join(dir, weightsFile), nn.LoadOptions{
		Expect: expect, DType: dtype,
		Rename: func(name string) string {
			if c.Reference && strings.HasPrefix(name, "node_encoder.node_head.") {
				return ""
			}
			return prefix + name
		},
	})
	return c, err
}

// relative is a store that shares the values of the encoder's variables, under
// paths relative to the scope.
func relative(store *model.Store, scope string, c Config) (*model.Store, error) {
	view := model.NewStore()
	var missing []error
	for _, key := range slices.Sorted(maps.Keys(c.Shapes())) {
		v := store.GetVariable(model.JoinPath(scope, nn.Path(key)))
		if v == nil {
			missing = append(missing, fmt.Errorf("the scope %s has no variable %s", scope, key))
			continue
		}
		value, err := v.Value()
		if err == nil {
			_, err = view.CreateVariable(nn.Path(key), value)
		}
		if err != nil {
			return nil, err
		}
	}
	return view, errors.Join(missing...)
}
