package train

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"urbangraph/uglib/store"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// Size is the size of a model that starts from random weights.
type Size struct {
	Vocabulary   int // tokens, special ones included
	Hidden       int // width of the language model and of the vectors
	VisionLayers int
	Layers       int
	MaxPixels    int // of an image after the resize
	MaxTokens    int // of a row, image and graph tokens included
}

// Spec says what a training run is; equal specs are the same run.
type Spec struct {
	Data  ugdata.Spec
	Stage int   // 1 or 2
	Init  *Spec // the run that this one goes on from; nil starts from random weights (stage 1 only)
	Size  Size  // of a model that starts from random weights

	Steps        int
	Batch        int     // pairs; the others' texts are a query's negatives
	Near         float64 // share of the batches drawn from one neighbourhood
	LearningRate float64
	BaseScale    float64 // stage 2: the low-rank terms learn at LearningRate times this (image_text_lr_scale)
	Warmup       float64 // share of the steps
	WeightDecay  float64
	Temperature  float64
	Rank         int      // of the low-rank terms
	Target       string   // module paths with low-rank terms, a regular expression; empty for the reference's q and v projections
	Alpha        float64  `json:",omitempty"` // of the low-rank terms, which count Alpha/Rank times; 0 is twice the rank
	Dropout      *float64 `json:",omitempty"` // of what goes into the low-rank terms; nil is 0.1
	RSLoRA       bool     `json:",omitempty"` // low-rank terms count Alpha/sqrt(Rank) times
	DoRA         bool     `json:",omitempty"` // magnitude and direction of a weight learn apart
	Validate     int      // every so many steps; the best checkpoint is kept
	Seed         uint64
}

// Stage1 is the default first stage on a dataset: a small model from random
// weights.
func Stage1(data ugdata.Spec) Spec {
	s := Spec{
		Data: data, Stage: 1,
		Size:  Size{Vocabulary: 2048, Hidden: 96, VisionLayers: 2, Layers: 2, MaxPixels: 112 * 84, MaxTokens: 160},
		Steps: 600, Batch: 48, Near: 0.5, LearningRate: 1e-3, Warmup: 0.05, WeightDecay: 0.1, Temperature: 0.05,
		Validate: 100, Seed: 42,
	}
	if ugdata.Fast() {
		s.Steps, s.Batch, s.Validate, s.Size.Hidden, s.Size.Vocabulary = 60, 16, 30, 64, 1024
	}
	return s
}

// Stage2 is the default second stage, which goes on from [Stage1].
func Stage2(data ugdata.Spec) Spec {
	first := Stage1(data)
	s := Spec{
		Data: data, Stage: 2, Init: &first,
		Steps: 350, Batch: 48, Near: 0.5, LearningRate: 1e-3, BaseScale: 1, Warmup: 0.05, WeightDecay: 0.1, Temperature: 0.05,
		Rank: 16, Target: everyLinear, Validate: 50, Seed: 42,
	}
	if ugdata.Fast() {
		s.Steps, s.Batch, s.Validate = 40, 16, 20
	}
	return s
}

// everyLinear are all linear layers of the language model. The small default
// model has two layers, and q and v alone leave it too little to learn with.
const everyLinear = `^model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)$`

// Kind implements [store.Spec].
func (Spec) Kind() string { return "run" }

// Schema implements [store.Spec].
func (Spec) Schema() int { return 2 }

// Inputs implements [store.Spec]: the dataset, and the tokenizer or the run
// that this one starts from.
func (s Spec) Inputs() []store.Spec {
	if s.Init != nil {
		return []store.Spec{s.Data, *s.Init}
	}
	return []store.Spec{s.Data, TokenizerSpec{Data: s.Data, Vocabulary: s.Size.Vocabulary}}
}

// check says what is wrong with the spec.
func (s Spec) check() error {
	switch {
	case s.Stage != 1 && s.Stage != 2:
		return fmt.Errorf("train: stage %d; there are stages 1 and 2", s.Stage)
	case s.Stage == 2 && s.Init == nil:
		return fmt.Errorf("train: stage 2 needs a stage 1 run to start from; set Init")
	case s.Init != nil && s.Init.Stage != 1:
		return fmt.Errorf("train: Init is a run of stage %d; both stages start from one of stage 1", s.Init.Stage)
	case s.Init == nil && (s.Size.Vocabulary < 1 || s.Size.Hidden < 1 || s.Size.VisionLayers < 1 || s.Size.Layers < 1 || s.Size.MaxPixels < 1 || s.Size.MaxTokens < 1):
		return fmt.Errorf("train: a model of size %+v; every part must be positive, as Stage1 sets them", s.Size)
	case s.Steps < 1 || s.Batch < 2 || s.Validate < 1:
		return fmt.Errorf("train: %d steps of %d pairs, validated every %d: want at least 1, 2 and 1", s.Steps, s.Batch, s.Validate)
	case !(s.LearningRate > 0) || !(s.Temperature > 0):
		return fmt.Errorf("train: learning rate %g and temperature %g must be positive", s.LearningRate, s.Temperature)
	case s.Stage == 2 && (s.Rank < 1 || s.BaseScale < 0):
		return fmt.Errorf("train: low-rank terms of Rank %d at BaseScale %g: want at least 1 and 0", s.Rank, s.BaseScale)
	case !(s.Alpha >= 0) || s.Dropout != nil && !(*s.Dropout >= 0 && *s.Dropout < 1):
		return fmt.Errorf("train: low-rank terms of Alpha %g and Dropout %g: want a positive number, or 0 for twice the rank, and a share from 0 to below 1", s.Alpha, *cmp.Or(s.Dropout, new(float64)))
	case !validPattern(s.Target):
		return fmt.Errorf("train: Target %q is no regular expression; try %q", s.Target, everyLinear)
	case s.WeightDecay < 0:
		return fmt.Errorf("train: WeightDecay %g is negative", s.WeightDecay)
	case s.Near < 0 || s.Near > 1 || s.Warmup < 0 || s.Warmup > 1:
		return fmt.Errorf("train: Near %g and Warmup %g are shares from 0 to 1", s.Near, s.Warmup)
	case s.Init != nil:
		return s.Init.check()
	}
	return nil
}

func validPattern(pattern string) bool {
	_, err := regexp.Compile(pattern)
	return err == nil
}

// Run is a finished training run.
type Run struct {
	Dir string // artefact folder
	Log []Entry
}

// Model loads the run's model, that of its best checkpoint.
func (r *Run) Model() (*uge.Model, error) { return uge.Load(r.ModelDir()) }

// ModelDir is the folder of the trained model within the run's.
func (r *Run) ModelDir() string { return filepath.Join(r.Dir, modelFolder) }

// Open trains the run if the store does not have it, and opens it.
func Open(ctx context.Context, s Spec) (*Run, error) {
	if err := s.check(); err != nil { // before the dataset is made
		return nil, err
	}
	artefact, err := store.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	log, err := readLog(artefact.Path(logFile))
	if err != nil {
		return nil, err
	}
	return &Run{Dir: artefact.Dir, Log: log}, nil
}
