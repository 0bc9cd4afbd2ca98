package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/renameio/v2"

	"urbangraph/uglib/backbone"
	"urbangraph/uglib/backbone/qwen2vl"
	"urbangraph/uglib/backend"
	"urbangraph/uglib/graphenc"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/tokenizer"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
	"urbangraph/uglib/vision"
)

// Files of a run's folder.
const (
	modelFolder    = "model"
	logFile        = "log.jsonl"
	checkpointFile = "checkpoint.safetensors" // all variables, while the run lasts
	bestFile       = "best.safetensors"       // the weights of the best validation so far
)

// run is a training run under way.
type run struct {
	spec    Spec
	build   *store.Build
	ds      *ugdata.Dataset
	model   *uge.Model
	source  *uge.Source
	sampler *sampler
	stepper *stepper
	encoder *uge.Encoder
	log     []Entry
	step    int     // steps done
	best    float64 // largest validation MRR so far
}

// Build implements [store.Spec]: it trains.
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	if err := s.check(); err != nil {
		return err
	}
	for _, name := range []string{checkpointFile, bestFile, logFile} {
		b.Keep(name)
	}
	r := &run{spec: s, build: b, best: math.Inf(-1)}
	var err error
	if r.ds, err = ugdata.Open(ctx, s.Data); err != nil {
		return err
	}
	be, err := backend.Default()
	if err != nil {
		return err
	}
	if r.model, err = s.start(be, b.Inputs[1]); err != nil {
		return err
	}
	if b.Resumed {
		if err := r.resume(); err != nil {
			return err
		}
	}
	r.sampler = s.sampler(r.ds)
	if r.sampler.perEpoch() < 1 {
		return fmt.Errorf("train: %d training samples of stage %d do not fill a batch of %d; give more views or a smaller Batch", len(r.sampler.samples), s.Stage, s.Batch)
	}
	r.source = uge.NewSource(r.model, r.ds)
	if err := r.source.Prepare(ctx, r.imagePlaces()); err != nil {
		return err
	}
	if r.stepper, err = newStepper(r.model, be, s); err != nil {
		return err
	}
	defer r.stepper.exec.Finalize()
	r.encoder = uge.NewEncoder(r.model, be)
	defer r.encoder.Close()
	if err := r.train(ctx); err != nil {
		return err
	}
	return r.finish()
}

// sampler deals the training samples of the spec's stage.
func (s Spec) sampler(ds *ugdata.Dataset) *sampler {
	deck := &sampler{ds: ds, batch: s.Batch, near: s.Near, seed: s.Seed}
	for i, sample := range ds.Samples {
		if sample.Stage == s.Stage && ds.Places[sample.Place].Split == ugdata.Train {
			deck.samples = append(deck.samples, i)
		}
	}
	return deck
}

// start makes the model that the run begins with. One that is read goes straight
// to the backend. On pure Go that is the mapped file, of which the base of stage
// 2, which does not learn, then takes no memory of the process's own; what stage
// 1 writes to it goes to the process's copy of a page, never to the file.
func (s Spec) start(be compute.Backend, from *store.Artefact) (*uge.Model, error) {
	if s.Init != nil {
		m, err := uge.LoadOn(be, from.Path(modelFolder))
		if err != nil {
			return nil, err
		}
		if s.Stage == 1 {
			return m, nil
		}
		lora := uge.DefaultLoRA(m.Backbone)
		lora.Rank, lora.Alpha = s.Rank, cmp.Or(s.Alpha, 2*float64(s.Rank))
		lora.RS, lora.DoRA = s.RSLoRA, s.DoRA
		if s.Dropout != nil {
			lora.Dropout = *s.Dropout
		}
		if s.Target != "" {
			if lora.Target, err = regexp.Compile(s.Target); err != nil {
				return nil, fmt.Errorf("train: Target: %w", err)
			}
			if !hits(lora, m.Backbone) { // else the run would end without an adapter to save
				return nil, fmt.Errorf("train: Target %q matches no layer of the model; try %q", s.Target, everyLinear)
			}
		}
		if err := m.AddGraph(graphenc.Default(m.Backbone.HiddenSize()), lora); err != nil {
			return nil, err
		}
		return m, m.Vars.SetRNGStateFromSeed(int64(s.Seed))
	}
	tok, err := tokenizer.Load(from.Path(uge.TokenizerName))
	if err != nil {
		return nil, err
	}
	tiny := qwen2vl.Tiny(tok.VocabSize(), s.Size.Hidden, s.Size.VisionLayers, s.Size.Layers)
	for content, id := range map[string]*int{
		"<|vision_start|>": &tiny.VisionStartTokenID, "<|vision_end|>": &tiny.VisionEndTokenID,
		"<|video_pad|>": &tiny.VideoTokenID, "<|endoftext|>": &tiny.PadTokenID, "<|im_end|>": &tiny.EOSTokenID,
	} {
		v, ok := tok.TokenID(content)
		if !ok {
			return nil, fmt.Errorf("train: the tokenizer has no token %q", content)
		}
		*id = int(v)
	}
	proc := vision.Default()
	proc.MaxPixels = s.Size.MaxPixels
	proc.MinPixels = min(proc.MinPixels, proc.MaxPixels)
	return uge.New(uge.Config{MaxTokens: s.Size.MaxTokens}, backbone.OfQwen2VL(tiny), tok, proc, s.Seed)
}

// hits reports whether low-rank terms go to any layer of the backbone.
func hits(lora *nn.LoRA, b backbone.Model) bool {
	for key := range b.Shapes() {
		if lora.Matches(strings.TrimSuffix(key, ".weight")) {
			return true
		}
	}
	return false
}

// imagePlaces are the places whose images the run needs.
func (r *run) imagePlaces() (places []int) {
	for i, p := range r.ds.Places {
		if p.Split == ugdata.Train || p.Split == ugdata.Val {
			places = append(places, i)
		}
	}
	return places
}

// train makes the steps that are left. The next batch is laid out while the
// backend computes the one before it.
func (r *run) train(ctx context.Context) error {
	task := progress.Start(ctx, fmt.Sprintf("train stage %d", r.spec.Stage), r.spec.Steps)
	defer task.Done()
	task.Add(r.step)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type prepared struct {
		pairs *pairs
		err   error
	}
	next := make(chan prepared, 1)
	go func() {
		defer close(next)
		for step := r.step; step < r.spec.Steps; step++ {
			p, err := r.pairs(step)
			select {
			case next <- prepared{p, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	last := time.Now()
	warmup := int(r.spec.Warmup * float64(r.spec.Steps))
	for p := range next {
		if p.err != nil {
			return p.err
		}
		rate := r.spec.LearningRate * nn.CosineWarmup(r.step, r.spec.Steps, warmup)
		m, err := r.stepper.do(p.pairs, rate)
		if err != nil {
			return err
		}
		if math.IsNaN(m.loss) || math.IsInf(m.loss, 0) {
			return fmt.Errorf("train: the loss is %g at step %d; try a smaller LearningRate than %g", m.loss, r.step+1, r.spec.LearningRate)
		}
		r.step++
		r.log = append(r.log, Entry{Step: r.step, Loss: m.loss, Margin: m.margin, GradNorm: m.gradNorm, LearningRate: rate})
		task.Add(1)
		task.Plot("loss", r.step, m.loss)
		task.Plot("margin", r.step, m.margin)
		if r.step%r.spec.Validate == 0 || r.step == r.spec.Steps {
			v, err := r.validate(ctx)
			if err != nil {
				return err
			}
			r.log = append(r.log, Entry{Step: r.step, Validation: v})
			task.Plot("validation MRR", r.step, v.MRR)
			task.Note(fmt.Sprintf("loss %.3f, validation MRR %.3f", m.loss, v.MRR))
			if r.isBest(v) {
				if err := r.saveBest(v.MRR); err != nil {
					return err
				}
			}
		}
		if time.Since(last) > checkpointEvery || r.step%r.spec.Validate == 0 {
			if err := r.checkpoint(); err != nil {
				return err
			}
			last = time.Now()
		}
	}
	return ctx.Err()
}

// isBest reports whether the weights just validated are the ones to keep so
// far. Without places to choose by, the last ones are.
func (r *run) isBest(v *Validation) bool { return v.MRR > r.best || v.Places < 2 }

// checkpointEvery is how much work a killed run loses at most.
const checkpointEvery = 20 * time.Second

// pairs lays out the batch of a step.
func (r *run) pairs(step int) (*pairs, error) {
	samples := r.sampler.at(step)
	n := len(samples)
	queries, positives := make([]uge.Input, n), make([]uge.Input, n)
	p := &pairs{falseNegatives: make([]bool, n*n), size: n}
	for i, at := range samples {
		s := &r.ds.Samples[at]
		var err error
		if queries[i], err = r.source.Input(s.Place, s.Query); err != nil {
			return nil, err
		}
		positives[i] = uge.Input{Text: s.Positive}
		for j, other := range samples {
			o := &r.ds.Samples[other]
			p.falseNegatives[i*n+j] = i != j && (s.PlaceKey == o.PlaceKey || s.TextKey == o.TextKey)
		}
	}
	var err error
	if p.queries, err = r.model.Batch(queries, n); err != nil {
		return nil, err
	}
	p.positives, err = r.model.Batch(positives, n)
	return p, err
}

// checkpoint writes all variables with the step, and the log. The log is
// written first: what it has beyond the checkpoint's step is cut on resuming.
func (r *run) checkpoint() error {
	text, err := encodeLog(r.log)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(r.build.Path(logFile), text, 0o644); err != nil {
		return fmt.Errorf("train: write log: %w", err)
	}
	return nn.SaveStore(r.build.Path(checkpointFile), r.model.Vars, nil, map[string]string{
		"step": strconv.Itoa(r.step), "best": strconv.FormatFloat(r.best, 'g', -1, 64),
	})
}

func (r *run) saveBest(score float64) error {
	r.best = score
	return nn.SaveStore(r.build.Path(bestFile), r.model.Vars, nn.IsWeight, map[string]string{"step": strconv.Itoa(r.step)})
}

// resume goes back to the checkpoint of an interrupted run, if it got so far.
func (r *run) resume() error {
	path := r.build.Path(checkpointFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	file, err := nn.OpenTensors(path)
	if err != nil {
		return fmt.Errorf("train: resume: %w", err)
	}
	meta := file.Metadata
	file.Close()
	if r.step, err = strconv.Atoi(meta["step"]); err != nil {
		return fmt.Errorf("train: resume: %s says no step: %w", path, err)
	}
	if r.best, err = strconv.ParseFloat(meta["best"], 64); err != nil {
		return fmt.Errorf("train: resume: %s says no best score: %w", path, err)
	}
	r.model.Vars = model.NewStore() // an empty store takes the moments and the random state too
	if err := nn.LoadStore(r.model.Vars, path, nn.LoadOptions{}); err != nil {
		return fmt.Errorf("train: resume: %w", err)
	}
	log, err := readLog(r.build.Path(logFile))
	if err != nil {
		return err
	}
	for _, e := range log {
		if e.Step <= r.step {
			r.log = append(r.log, e)
		}
	}
	return nil
}

// finish writes the model of the best checkpoint and drops the working files.
func (r *run) finish() error {
	if err := nn.LoadStore(r.model.Vars, r.build.Path(bestFile), nn.LoadOptions{}); err != nil {
		return fmt.Errorf("train: best checkpoint: %w", err)
	}
	if err := r.model.Save(r.build.Path(modelFolder)); err != nil {
		return err
	}
	text, err := encodeLog(r.log)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(r.build.Path(logFile), text, 0o644); err != nil {
		return fmt.Errorf("train: write log: %w", err)
	}
	r.build.Summary("stage", r.spec.Stage)
	r.build.Summary("steps", r.step)
	r.build.Summary("val_mrr", math.Round(r.best*1000)/1000)
	r.build.Summary("backend", backend.Describe())
	for _, name := range []string{checkpointFile, bestFile} { // a short run has no checkpoint
		if err := os.Remove(r.build.Path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}
