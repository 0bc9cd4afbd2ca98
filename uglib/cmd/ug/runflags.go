package main

import (
	"regexp"

	"github.com/spf13/cobra"

	"urbangraph/uglib/nn"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugdata"
)

// runFlags say how the two stages are trained, and on which dataset. A value that differs between the
// stages is given as one number for both or as two, of stage 1 and stage 2.
type runFlags struct {
	data         dataFlags
	steps, batch []int
	rate         []float64
	validate     int
	seed         uint64

	vocabulary, hidden, visionLayers, layers, maxPixels, maxTokens int
	near, temperature                                              float64
	rank                                                           int
	alpha, dropout                                                 float64
	target                                                         string
	suffixes                                                       []string
	rslora, dora                                                   bool
}

const runHelp = `Without flags they are the default runs. --steps, --batch and --lr take one value for both
stages or two, of stage 1 and stage 2.`

func (f *runFlags) register(cmd *cobra.Command) {
	f.data.register(cmd)
	flags := cmd.PersistentFlags()
	flags.IntSliceVar(&f.steps, "steps", nil, "training steps, `N` or N,M")
	flags.IntSliceVar(&f.batch, "batch", nil, "pairs of a batch, `N` or N,M")
	flags.Float64SliceVar(&f.rate, "lr", nil, "peak learning `RATE`, or RATE,RATE")
	flags.Lookup("lr").DefValue = "" // help says nothing of an empty list
	flags.IntVar(&f.validate, "validate", 0, "steps from one validation to the next")
	flags.Float64Var(&f.near, "near", 0, "share of the batches that are drawn from one neighbourhood, 0 to 1")
	flags.Float64Var(&f.temperature, "temperature", 0, "temperature of InfoNCE")
	flags.Uint64Var(&f.seed, "run-seed", 0, "seed of weights and batches")
	flags.IntVar(&f.rank, "rank", 0, "rank of the low-rank terms (LoRA, stage 2)")
	flags.Float64Var(&f.alpha, "alpha", 0, "low-rank terms count `ALPHA`/rank times; twice the rank if not given")
	flags.Float64Var(&f.dropout, "dropout", 0.1, "share of a low-rank term's input that is dropped in training")
	flags.BoolVar(&f.rslora, "rslora", false, "low-rank terms count alpha/sqrt(rank) times")
	flags.BoolVar(&f.dora, "dora", false, "low-rank terms turn a weight, its length learns apart (DoRA)")
	flags.StringVar(&f.target, "target", "", "`REGEX` over the paths of the layers that get low-rank terms")
	flags.StringSliceVar(&f.suffixes, "target-suffix", nil, "last `NAMES` of these layers' paths instead, wherever they are (PEFT's rule: q_proj,v_proj)")
	cmd.MarkFlagsMutuallyExclusive("target", "target-suffix")
	flags.IntVar(&f.hidden, "hidden", 0, "width of the model and of its vectors")
	flags.IntVar(&f.layers, "layers", 0, "layers of the language model")
	flags.IntVar(&f.visionLayers, "vision-layers", 0, "layers of the vision tower")
	flags.IntVar(&f.vocabulary, "vocabulary", 0, "tokens of the tokenizer")
	flags.IntVar(&f.maxPixels, "max-pixels", 0, "pixels of an image after the resize")
	flags.IntVar(&f.maxTokens, "max-tokens", 0, "tokens of a row, those of image and graph included")
}

// specs returns the dataset and the runs of both stages on it.
func (f *runFlags) specs(cmd *cobra.Command) (data ugdata.Spec, first, second train.Spec, err error) {
	if data, err = f.data.spec(cmd); err != nil {
		return data, first, second, err
	}
	first, second = train.Stage1(data), train.Stage2(data)
	stages := []*train.Spec{&first, &second}
	changed := cmd.Flags().Changed
	for i, s := range stages {
		if err := perStage("steps", f.steps, i, &s.Steps); err != nil {
			return data, first, second, err
		}
		if err := perStage("batch", f.batch, i, &s.Batch); err != nil {
			return data, first, second, err
		}
		if err := perStage("lr", f.rate, i, &s.LearningRate); err != nil {
			return data, first, second, err
		}
		set(changed("validate"), &s.Validate, f.validate)
		set(changed("near"), &s.Near, f.near)
		set(changed("temperature"), &s.Temperature, f.temperature)
		set(changed("run-seed"), &s.Seed, f.seed)
		if s.Steps < 1 || s.Batch < 2 || s.Validate < 1 || !(s.LearningRate > 0) || !(s.Temperature > 0) || !(s.Near >= 0 && s.Near <= 1) {
			return data, first, second, usagef("stage %d: --steps %d, --batch %d, --validate %d, --lr %g, --temperature %g, --near %g: want at least 1 step, 2 pairs and 1 step between validations, positive rates, and a share from 0 to 1",
				s.Stage, s.Steps, s.Batch, s.Validate, s.LearningRate, s.Temperature, s.Near)
		}
	}
	for _, x := range []struct {
		name string
		to   *int
		v    int
	}{
		{"vocabulary", &first.Size.Vocabulary, f.vocabulary}, {"hidden", &first.Size.Hidden, f.hidden},
		{"layers", &first.Size.Layers, f.layers}, {"vision-layers", &first.Size.VisionLayers, f.visionLayers},
		{"max-pixels", &first.Size.MaxPixels, f.maxPixels}, {"max-tokens", &first.Size.MaxTokens, f.maxTokens},
		{"rank", &second.Rank, f.rank},
	} {
		if set(changed(x.name), x.to, x.v); *x.to < 1 {
			return data, first, second, usagef("--%s %d is not positive", x.name, *x.to)
		}
	}
	if changed("alpha") && !(f.alpha > 0) || !(f.dropout >= 0 && f.dropout < 1) {
		return data, first, second, usagef("--alpha %g and --dropout %g: want a positive number and a share from 0 to below 1", f.alpha, f.dropout)
	}
	second.Alpha, second.RSLoRA, second.DoRA = f.alpha, f.rslora, f.dora
	if changed("dropout") {
		second.Dropout = &f.dropout
	}
	set(changed("target"), &second.Target, f.target)
	if len(f.suffixes) > 0 {
		second.Target = nn.Suffixes(f.suffixes...).String()
	}
	if _, err := regexp.Compile(second.Target); err != nil {
		return data, first, second, usagef("--target: %v", err)
	}
	second.Init = &first
	return data, first, second, nil
}

// set gives a field the value of a flag that was given.
func set[T any](given bool, field *T, v T) {
	if given {
		*field = v
	}
}

// perStage gives a field the value of its stage, if there is one.
func perStage[T any](name string, values []T, stage int, field *T) error {
	switch len(values) {
	case 0:
	case 1:
		*field = values[0]
	case 2:
		*field = values[stage]
	default:
		return usagef("--%s has %d values; give one for both stages, or two", name, len(values))
	}
	return nil
}
