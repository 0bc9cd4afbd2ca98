// Package backbone is one way to use any of the vision-language models below it: [Load] reads a model folder in the form
// of Hugging Face, whichever of them it holds, and a [Model] turns rows of tokens, pictures and graph vectors into hidden
// states. Rows are laid out on the host, padded to few sizes, and computed in GoMLX.
//
//	qwen2vl      Qwen2-VL and Qwen2.5-VL
//	llavanext    LLaVA-1.6 with Mistral
//	phi3v        Phi-3-Vision
//	clip         the vision tower of the last two, and rows with pictures in tiles
//	transformer  what all share: attention, decoder, weights, options
package backbone

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"urbangraph/uglib/backbone/llavanext"
	"urbangraph/uglib/backbone/phi3v"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/vision"
)

// Family is the kind of a model, which decides how its prompts are written.
type Family string

const (
	Qwen  Family = "qwen"  // Qwen2-VL, Qwen2.5-VL
	Llava Family = "llava" // LLaVA-1.6 with Mistral
	Phi3  Family = "phi3"  // Phi-3-Vision
)

// Row is one input: a sequence of tokens, the pictures and the graph vectors that stand in for some of them.
type Row struct {
	IDs    []int32          // text, image tokens (see [Model].ImageTokens) and graph tokens
	Images []vision.Picture // in the order of their image tokens
	Graph  []int            // for every graph token, the index of its vector among the graph vectors flattened to [G, H]
}

// Size is what a row takes of a batch.
type Size struct {
	Tokens          int
	Images, Patches int // pictures, and patches of each with what separates their windows: where pictures are patches
	Tiles           int // of all pictures together: where they are tiles
}

// Batch is a batch laid out on the host.
type Batch interface{ Tensors() []*tensors.Tensor }

// Model is the architecture of a vision-language model without its output layer.
type Model interface {
	Family() Family
	HiddenSize() int // H
	VocabSize() int
	Embeddings() string                         // key of the input embeddings, [vocabulary, H]
	Shapes() map[string][]int                   // dimensions of every tensor by its key on the hub
	DefaultTarget() string                      // expression over module paths: the query and value projections of the decoder
	AdapterPath(module string) string           // path that transformers has now for a module of the hub's keys
	ModulePath(adapter string) string           // the way back, from old paths too
	SetTokens(image, graph int)                 // ids of the tokens that features of pictures and graph vectors stand in for
	ImageTokens(vision.Picture) (int, error)    // how many image tokens a picture takes
	Init(store *model.Store, seed uint64) error // random weights
	Load(store *model.Store, path string) error // weights of a file, shard index or model folder
	// LoadWith is Load to where the options say.
	LoadWith(store *model.Store, path string, o transformer.LoadOptions) error
	SaveWeights(store *model.Store, path string) error
	Save(dir string) error // config.json

	// Need gives the size that a row takes.
	Need(Row) (Size, error)
	// Round rounds a size up to one of few, within the model's positions.
	Round(Size) Size
	// Layout lays rows out as a batch of so many rows and graph vectors, each row padded to the size; Size{} is what they
	// take together, rounded up to few. Batches with pictures have other tensors than batches without.
	Layout(rows []Row, batch, graphVectors int, size Size) (Batch, error)
	// Inputs gives the number of tensors of a batch.
	Inputs(pictures bool) int
	// LastHidden gives the hidden state, after the last norm, of each row's last token, float32 [B, H].
	LastHidden(s *model.Scope, batch []*graph.Node, o transformer.Options) *graph.Node
}

// Load reads the configuration of a model folder and its image processor, but not the weights.
func Load(dir string) (Model, vision.ImageProcessor, error) {
	path := filepath.Join(dir, transformer.ConfigName)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("backbone: %w", err)
	}
	var head struct {
		Type string `json:"model_type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, nil, fmt.Errorf("backbone: %s: %w", path, err)
	}
	switch head.Type {
	case "qwen2_vl", "qwen2_5_vl":
		c, err := qwen2vl.LoadConfig(dir)
		if err != nil {
			return nil, nil, err
		}
		p, err := vision.Load(dir)
		return OfQwen2VL(c), p, err
	case "llava_next":
		c, err := llavanext.LoadConfig(dir)
		if err != nil {
			return nil, nil, err
		}
		p, err := vision.LoadLlavaNext(dir)
		return OfLlavaNext(c), p, err
	case "phi3_v":
		c, err := phi3v.LoadConfig(dir)
		if err != nil {
			return nil, nil, err
		}
		p, err := vision.LoadPhi3V(dir)
		return OfPhi3V(c), p, err
	}
	return nil, nil, fmt.Errorf("backbone: %s is of the model_type %q; give a folder of Qwen2-VL, Qwen2.5-VL, LLaVA-1.6-Mistral or Phi-3-Vision", path, head.Type)
}

// wrongPicture says that a picture was prepared for another backbone.
func wrongPicture(p vision.Picture) error {
	return fmt.Errorf("backbone: a picture of type %T was prepared for another backbone; use the processor that Load returns", p)
}
