package uge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/transformer"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/vision"
)

// Files of a model folder besides those of Hugging Face.
const (
	ConfigName    = "uge_config.json"
	TokenizerName = "tokenizer.json"
)

// Files whose presence says that a folder's model has that part.
const (
	graphName   = "graph_encoder_config.json"
	adapterName = adapterFolder + "/adapter_config.json"
)

// adapterFolder holds the PEFT adapter: beside config.json, transformers would
// take the base model for an adapter of some other one.
const adapterFolder = "adapter"

// graphScope is where the graph encoder's variables live in the store.
const graphScope = "/graph_encoder"

// Config is uge_config.json: what the model is besides its backbone.
type Config struct {
	System    string `json:"system"`     // system message of the prompt; empty for none
	MaxTokens int    `json:"max_tokens"` // of a whole row; longer texts are cut at their end
}

// DefaultLoRA is the reference's setting for a backbone: rank 16, alpha 32,
// dropout 0.1 on the query and value projections of the language model, named
// by their whole path so that no vision tower is hit.
func DefaultLoRA(b backbone.Model) *nn.LoRA {
	return &nn.LoRA{Rank: 16, Alpha: 32, Dropout: 0.1, Target: regexp.MustCompile(b.DefaultTarget())}
}

// SuffixLoRA is [DefaultLoRA] by the reference's own rule, which takes each
// layer whose path ends in q_proj or v_proj. On Qwen2-VL and Qwen2.5-VL it
// means the same layers; on LLaVA it takes the vision tower's too, and on
// Phi-3-Vision the vision tower's alone, none of the language model: see
// [nn.Suffixes].
func SuffixLoRA() *nn.LoRA {
	return &nn.LoRA{Rank: 16, Alpha: 32, Dropout: 0.1, Target: nn.Suffixes("q_proj", "v_proj")}
}

// Model is a UGE model with its weights.
type Model struct {
	Config    Config
	Backbone  backbone.Model
	Graph     *graphenc.Config // nil without a graph encoder
	LoRA      *nn.LoRA         // nil without low-rank terms
	Tokenizer *tokenizer.Tokenizer
	Processor vision.ImageProcessor
	Vars      *model.Store // weights under Hugging Face's names, the graph encoder's under graph_encoder

	template template
	special  special
	origin   *origin // nil if it lies in no folder
}

// New returns a model of random weights, a function of the seed alone.
func New(config Config, b backbone.Model, tok *tokenizer.Tokenizer, proc vision.ImageProcessor, seed uint64) (*Model, error) {
	m := &Model{Config: config, Backbone: b, Tokenizer: tok, Processor: proc, Vars: model.NewStore()}
	if err := m.complete(); err != nil {
		return nil, err
	}
	if err := b.Init(m.Vars, seed); err != nil {
		return nil, err
	}
	return m, m.Vars.SetRNGStateFromSeed(int64(seed))
}

// complete derives what follows from the parts and checks that they fit.
func (m *Model) complete() error {
	var err error
	m.template = templates[m.Backbone.Family()]
	if m.special, err = m.template.special(m.Tokenizer); err != nil {
		return err
	}
	if n := m.Tokenizer.VocabSize(); n > m.Backbone.VocabSize() {
		return fmt.Errorf("uge: the tokenizer has %d tokens, the model embeddings for %d; use the %s that belongs to the model", n, m.Backbone.VocabSize(), TokenizerName)
	}
	if _, err := m.tokens("", nil, 0); err != nil { // max_tokens and the system message
		return err
	}
	m.Backbone.SetTokens(int(m.special.imagePad), int(m.special.graphPad))
	if g, h := m.Graph, m.Backbone.HiddenSize(); g != nil && (g.HiddenDim != h || g.OutputDim != h) {
		return fmt.Errorf("uge: the graph encoder is %d wide inside and %d outside, the language model %d", g.HiddenDim, g.OutputDim, h)
	}
	return nil
}

// AddGraph gives the model a graph encoder of random weights, whose tokens
// start as long as the language model's own embeddings, and low-rank terms if
// lora is not nil: the start of stage 2.
func (m *Model) AddGraph(config graphenc.Config, lora *nn.LoRA) error {
	v := m.Vars.GetVariable(nn.Path(m.Backbone.Embeddings()))
	if v == nil {
		return fmt.Errorf("uge: the model has no input embeddings yet; load or initialise it first")
	}
	table, err := v.Value()
	if err != nil {
		return err
	}
	if config.TokenNorm, err = graphenc.MeanNorm(table); err != nil {
		return err
	}
	if err := config.Validate(); err != nil {
		return err
	}
	m.Graph, m.LoRA = &config, lora
	return m.complete()
}

// IsTrained reports whether a tensor learns: everything in stage 1, the graph
// encoder and the low-rank terms in stage 2.
func (m *Model) IsTrained(key string) bool {
	return m.Graph == nil || strings.Contains(key, ".lora_") || strings.HasPrefix(key, nn.Key(graphScope)+".")
}

// Save writes the model folder, which is made if it is not there. Low-rank
// terms become a PEFT adapter beside the base weights. A folder with an
// adapter or a graph encoder that the model lacks is an error, since [Load]
// would take them for the model's.
func (m *Model) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("uge: save model: %w", err)
	}
	for name, has := range map[string]bool{adapterName: m.LoRA != nil, graphName: m.Graph != nil} {
		if !has && exists(dir, name) {
			return fmt.Errorf("uge: save model: %s holds %s of another model; give an empty folder", dir, name)
		}
	}
	text, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		return err
	}
	err = errors.Join(
		renameio.WriteFile(filepath.Join(dir, ConfigName), append(text, '\n'), 0o644),
		m.Backbone.Save(dir),
		m.Tokenizer.Save(filepath.Join(dir, TokenizerName)),
		m.Processor.Save(dir),
		m.Backbone.SaveWeights(m.Vars, dir),
	)
	if err != nil {
		return fmt.Errorf("uge: save model: %w", err)
	}
	if m.LoRA != nil {
		if err := nn.SaveAdapter(filepath.Join(dir, adapterFolder), m.Vars, m.LoRA, m.adapterOptions()); err != nil {
			return fmt.Errorf("uge: %w", err)
		}
	}
	if m.Graph != nil {
		if err := graphenc.Save(dir, m.Vars, graphScope, *m.Graph); err != nil {
			return fmt.Errorf("uge: %w", err)
		}
	}
	return m.remember(dir)
}

// Load reads a model folder: one written by [Model.Save], or a snapshot of a
// backbone from a hub, whose tokenizer gets the graph tokens after its own: the
// tables of embeddings have room for them.
func Load(dir string) (*Model, error) { return LoadOn(nil, dir) }

// LoadOn is [Load] for a model that only this backend is to compute: the
// backbone's weights go straight to its memory. On the pure Go backend those of
// float32 are the mapped file, which takes no time to load and no memory of
// the process's own; see [nn.TensorFile.ReadOn].
func LoadOn(backend compute.Backend, dir string) (*Model, error) {
	return LoadWith(dir, transformer.LoadOptions{Backend: backend})
}

// LoadWith is [Load] with the backbone's weights as the options say. In
// bfloat16 they take half the memory and the backbone is computed in it; graph
// encoder and low-rank terms stay float32, and so do the vectors.
func LoadWith(dir string, o transformer.LoadOptions) (*Model, error) {
	m := &Model{Vars: model.NewStore()}
	var err error
	fail := func(err error) (*Model, error) {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w; give a folder with all files of a model", err)
		}
		return nil, fmt.Errorf("uge: load model %s: %w", dir, err)
	}
	if m.Backbone, m.Processor, err = backbone.Load(dir); err != nil {
		return fail(err)
	}
	m.Config = Config{System: templates[m.Backbone.Family()].system, MaxTokens: 32768}
	text, err := os.ReadFile(filepath.Join(dir, ConfigName))
	if err == nil {
		if err = json.Unmarshal(text, &m.Config); err != nil {
			err = fmt.Errorf("%s: %w", ConfigName, err)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	if m.Tokenizer, err = tokenizer.Load(filepath.Join(dir, TokenizerName)); err != nil {
		return fail(err)
	}
	if m.Tokenizer, err = m.Tokenizer.WithAdded(templates[m.Backbone.Family()].added...); err != nil {
		return fail(err)
	}
	if err := m.Backbone.LoadWith(m.Vars, dir, o); err != nil {
		return fail(err)
	}
	if exists(dir, graphName) {
		config, err := graphenc.Load(dir, m.Vars, graphScope, dtypes.Float32)
		if err != nil {
			return fail(err)
		}
		m.Graph = &config
	}
	if exists(dir, adapterName) {
		if m.LoRA, err = nn.LoadAdapter(filepath.Join(dir, adapterFolder), m.Vars, m.adapterOptions()); err != nil {
			return fail(err)
		}
	}
	if err := errors.Join(m.complete(), m.remember(dir)); err != nil {
		return fail(err)
	}
	return m, nil
}

// adapterOptions say how PEFT names the layers.
func (m *Model) adapterOptions() nn.AdapterOptions {
	return nn.AdapterOptions{ToAdapter: m.Backbone.AdapterPath, ToStore: m.Backbone.ModulePath}
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}
