package backbone

import (
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/clip"
	"urbangraph/uglib/backbone/llavanext"
	"urbangraph/uglib/backbone/phi3v"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/vision"
)

// tiled are the rows of a model whose pictures come in tiles.
type tiled interface {
	Layout(rows []clip.Row, sizes clip.Sizes) (*clip.Batch, error)
	Order(vision.Tiles) ([]int, error)
	LastHidden(s *model.Scope, in clip.Inputs, o transformer.Options) *graph.Node
	Shapes() map[string][]int
	Init(store *model.Store, seed uint64) error
	Load(store *model.Store, path string) error
	LoadWith(store *model.Store, path string, o transformer.LoadOptions) error
	SaveWeights(store *model.Store, path string) error
}

// tiles adapts such a model.
type tiles struct {
	tiled
	positions int // most tokens of a row
}

func (t tiles) ImageTokens(p vision.Picture) (int, error) {
	img, ok := p.(vision.Tiles)
	if !ok {
		return 0, wrongPicture(p)
	}
	order, err := t.Order(img)
	return len(order), err
}

func (t tiles) Need(row Row) (Size, error) {
	need := Size{Tokens: len(row.IDs)}
	for _, p := range row.Images {
		img, ok := p.(vision.Tiles)
		if !ok {
			return need, wrongPicture(p)
		}
		need.Tiles += img.Count
	}
	return need, nil
}

// Round leaves the tiles as they are: a tile is dear, and pictures have one of few numbers of them.
func (t tiles) Round(s Size) Size {
	s.Tokens = min(nn.Bucket(s.Tokens), max(s.Tokens, t.positions))
	return s
}

func (t tiles) Layout(rows []Row, batch, graphVectors int, size Size) (Batch, error) {
	laid := make([]clip.Row, len(rows))
	longest, count := 0, 0
	for i, row := range rows {
		need, err := t.Need(row)
		if err != nil {
			return nil, err
		}
		longest, count = max(longest, need.Tokens), count+need.Tiles
		laid[i] = clip.Row{IDs: row.IDs, Graph: row.Graph}
		for _, p := range row.Images {
			laid[i].Images = append(laid[i].Images, p.(vision.Tiles))
		}
	}
	sizes := clip.Sizes{Rows: batch, Tokens: size.Tokens, Tiles: batch * size.Tiles, GraphVectors: graphVectors}
	if size == (Size{}) {
		sizes.Tokens = t.Round(Size{Tokens: longest}).Tokens
		if count > 0 {
			sizes.Tiles = nn.Bucket(count)
		}
	}
	return t.tiled.Layout(laid, sizes)
}

func (t tiles) Inputs(pictures bool) int {
	if pictures {
		return clip.ImageInputs
	}
	return clip.TextInputs
}

func (t tiles) LastHidden(s *model.Scope, batch []*graph.Node, o transformer.Options) *graph.Node {
	return t.tiled.LastHidden(s, clip.NewInputs(batch), o)
}

// llava is a LLaVA-NeXT.
type llava struct {
	tiles
	c *llavanext.Config
}

// OfLlavaNext is the model of a configuration of LLaVA-NeXT, which it changes where tokens are set.
func OfLlavaNext(c *llavanext.Config) Model { return llava{tiles{c, c.MaxPositions}, c} }

func (l llava) Family() Family     { return Llava }
func (l llava) HiddenSize() int    { return l.c.Text.Hidden }
func (l llava) VocabSize() int     { return l.c.VocabSize }
func (l llava) Embeddings() string { return "language_model.model.embed_tokens.weight" }
func (l llava) DefaultTarget() string {
	return `^language_model\.model\.layers\.\d+\.self_attn\.(q|v)_proj$`
}

func (l llava) AdapterPath(module string) string {
	if rest, ok := strings.CutPrefix(module, "language_model.model."); ok {
		return "model.language_model." + rest
	}
	return "model." + module
}

func (l llava) ModulePath(adapter string) string { return llavanext.HubKey(adapter) }
func (l llava) SetTokens(image, graph int)       { l.c.ImageTokenID, l.c.GraphTokenID = image, graph }
func (l llava) Save(dir string) error            { return l.c.Save(dir) }

// phi is a Phi-3-Vision.
type phi struct {
	tiles
	c *phi3v.Config
}

// OfPhi3V is the model of a configuration of Phi-3-Vision, which it changes where tokens are set.
func OfPhi3V(c *phi3v.Config) Model { return phi{tiles{c, c.MaxPositions}, c} }

func (p phi) Family() Family                   { return Phi3 }
func (p phi) HiddenSize() int                  { return p.c.Text.Hidden }
func (p phi) VocabSize() int                   { return p.c.VocabSize }
func (p phi) Embeddings() string               { return "model.embed_tokens.weight" }
func (p phi) DefaultTarget() string            { return `^model\.layers\.\d+\.self_attn\.qkv_proj$` }
func (p phi) AdapterPath(module string) string { return module }
func (p phi) ModulePath(adapter string) string { return phi3v.HubKey(adapter) }
func (p phi) SetTokens(image, graph int)       { p.c.ImageTokenID, p.c.GraphTokenID = image, graph }
func (p phi) Save(dir string) error            { return p.c.Save(dir) }
