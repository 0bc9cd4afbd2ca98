package backbone

import (
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// qwen is a Qwen2-VL or Qwen2.5-VL.
type qwen struct{ c *qwen2vl.Config }

// OfQwen2VL is the model of a configuration of Qwen2-VL or Qwen2.5-VL, which it changes where tokens are set.
func OfQwen2VL(c *qwen2vl.Config) Model { return qwen{c} }

func (q qwen) Family() Family           { return Qwen }
func (q qwen) HiddenSize() int          { return q.c.HiddenSize }
func (q qwen) VocabSize() int           { return q.c.VocabSize }
func (q qwen) Embeddings() string       { return "model.embed_tokens.weight" }
func (q qwen) Shapes() map[string][]int { return q.c.Shapes() }
func (q qwen) DefaultTarget() string    { return `^model\.layers\.\d+\.self_attn\.(q|v)_proj$` }

func (q qwen) AdapterPath(module string) string {
	switch {
	case strings.HasPrefix(module, "visual."):
		return "model." + module
	case strings.HasPrefix(module, "model."):
		return "model.language_model." + strings.TrimPrefix(module, "model.")
	}
	return module
}

func (q qwen) ModulePath(adapter string) string { return qwen2vl.HubKey(adapter) }

func (q qwen) SetTokens(image, graph int) { q.c.ImageTokenID, q.c.GraphTokenID = image, graph }

func (q qwen) ImageTokens(p vision.Picture) (int, error) {
	patches, ok := p.(vision.Patches)
	if !ok {
		return 0, wrongPicture(p)
	}
	return patches.Count() / q.c.Vision.MergeUnit(), nil
}

func (q qwen) Init(store *model.Store, seed uint64) error { return q.c.Init(store, seed) }
func (q qwen) Load(store *model.Store, path string) error { return q.c.Load(store, path) }
func (q qwen) LoadWith(store *model.Store, path string, o transformer.LoadOptions) error {
	return q.c.LoadWith(store, path, o)
}
func (q qwen) SaveWeights(store *model.Store, path string) error { return q.c.SaveWeights(store, path) }
func (q qwen) Save(dir string) error                             { return q.c.Save(dir) }

func (q qwen) Need(row Row) (Size, error) {
	need := Size{Tokens: len(row.IDs), Images: len(row.Images)}
	for _, p := range row.Images {
		img, ok := p.(vision.Patches)
		if !ok {
			return need, wrongPicture(p)
		}
		need.Patches = max(need.Patches, q.c.Vision.Places(img.Grid))
	}
	return need, nil
}

func (q qwen) Round(s Size) Size {
	s.Tokens = min(nn.Bucket(s.Tokens), max(s.Tokens, q.c.MaxPositions))
	if s.Images > 0 {
		unit := q.c.Vision.PatchUnit()
		s.Patches = nn.Bucket((s.Patches+unit-1)/unit) * unit
	}
	return s
}

func (q qwen) Layout(rows []Row, batch, graphVectors int, size Size) (Batch, error) {
	laid := make([]qwen2vl.Row, len(rows))
	images := 0
	var most Size
	for i, row := range rows {
		need, err := q.Need(row)
		if err != nil {
			return nil, err
		}
		most = Size{Tokens: max(most.Tokens, need.Tokens), Images: 1, Patches: max(most.Patches, need.Patches)}
		laid[i] = qwen2vl.Row{IDs: row.IDs, Graph: row.Graph}
		for _, p := range row.Images {
			laid[i].Images = append(laid[i].Images, p.(vision.Patches))
		}
		images += len(row.Images)
	}
	if size == (Size{}) {
		size = q.Round(most)
	}
	sizes := qwen2vl.Sizes{Rows: batch, Tokens: size.Tokens, GraphVectors: graphVectors}
	if images > 0 {
		sizes.Images, sizes.Patches = max(batch*size.Images, images), size.Patches
	}
	return q.c.Layout(laid, sizes)
}

func (q qwen) Inputs(pictures bool) int {
	if pictures {
		return qwen2vl.ImageInputs
	}
	return qwen2vl.TextInputs
}

func (q qwen) LastHidden(s *model.Scope, batch []*graph.Node, o transformer.Options) *graph.Node {
	return q.c.LastHidden(s, qwen2vl.NewInputs(batch), o)
}
