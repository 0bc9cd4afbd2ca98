package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
)

// newTrain is "ug train".
func newTrain(a *app) *cobra.Command {
	var runs runFlags
	var stage string
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train the model in two stages (UGE)",
		Long: `Train a model on a dataset: stage 1 learns from image and instruction to text, stage 2 from
graph, image and instruction to text, with LoRA and the graph encoder. A run that was
interrupted goes on from its last checkpoint; one that is finished opens at once.

` + runHelp + "\n\n" + dataHelp,
		Example: `  ug train
  ug train --stage 1 --steps 400
  ug train --train wilmington=400 --steps 300,100 --batch 32`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if stage != "1" && stage != "2" && stage != "both" {
				return usagef("--stage %q; there are 1, 2 (after 1) and both", stage)
			}
			_, first, second, err := runs.specs(cmd)
			if err != nil {
				return err
			}
			if err := a.computes(); err != nil {
				return err
			}
			results := []*trainResult{}
			for _, s := range []train.Spec{first, second} {
				if stage != "both" && stage != fmt.Sprint(s.Stage) {
					continue
				}
				r, err := trainOne(cmd.Context(), s)
				if err != nil {
					return err
				}
				results = append(results, r)
			}
			return a.print(results, func(w io.Writer) error { return writeTrained(w, results) })
		},
	}
	runs.register(cmd)
	cmd.Flags().StringVar(&stage, "stage", "both", "1, 2 (which trains or opens 1 first) or both")
	return cmd
}

// trainResult is what "ug train" says of a run.
type trainResult struct {
	Stage     int               `json:"stage"`
	Steps     int               `json:"steps"`
	Window    int               `json:"window"`     // steps that the next four are means of
	LossFirst float64           `json:"loss_first"` // of the first steps
	LossLast  float64           `json:"loss_last"`  // of the last steps
	MarginOne float64           `json:"margin_first"`
	MarginEnd float64           `json:"margin_last"`
	BestStep  int               `json:"best_step"` // whose weights are kept
	Best      *train.Validation `json:"best"`
	Backend   string            `json:"backend"` // that trained it
	Seconds   float64           `json:"seconds"` // of the training, its last attempt if it was resumed
	Opened    bool              `json:"opened"`  // it was there already
	Artefact  store.Ref         `json:"artefact"`
	Dir       string            `json:"dir"`
}

// trainOne trains or opens a run.
func trainOne(ctx context.Context, spec train.Spec) (*trainResult, error) {
	s, err := store.From(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.Lookup(spec)
	if err != nil && !errors.Is(err, store.ErrAbsent) {
		return nil, err
	}
	opened := err == nil
	art, err := s.Get(ctx, spec)
	if err != nil {
		return nil, err
	}
	run, err := train.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	r := describeRun(run.Log)
	r.Stage, r.Opened, r.Artefact, r.Dir, r.Seconds = spec.Stage, opened, art.Ref(), art.Dir, art.Manifest.Seconds
	r.Backend, _ = art.Manifest.Summary["backend"].(string)
	return r, nil
}

// describeRun sums up a run's log.
func describeRun(log []train.Entry) *trainResult {
	r := &trainResult{}
	var steps []train.Entry
	for _, e := range log {
		switch {
		case e.Validation == nil:
			steps = append(steps, e)
		case r.Best == nil || e.Validation.MRR > r.Best.MRR:
			r.Best, r.BestStep = e.Validation, e.Step
		}
	}
	r.Steps = len(steps)
	if r.Steps == 0 {
		return r
	}
	r.Window = max(1, min(20, r.Steps/4))
	mean := func(part []train.Entry) (loss, margin float64) {
		for _, e := range part {
			loss += e.Loss / float64(len(part))
			margin += e.Margin / float64(len(part))
		}
		return loss, margin
	}
	r.LossFirst, r.MarginOne = mean(steps[:r.Window])
	r.LossLast, r.MarginEnd = mean(steps[r.Steps-r.Window:])
	return r
}

func writeTrained(w io.Writer, results []*trainResult) error {
	var f facts
	for i, r := range results {
		if i > 0 {
			f.add("", "")
		}
		f.add(fmt.Sprintf("stage %d", r.Stage), "%d steps, by %s", r.Steps, r.Backend)
		f.add("loss", "%.3f at first, %.3f at last (means of %d steps)", r.LossFirst, r.LossLast, r.Window)
		f.add("margin", "%.3f at first, %.3f at last", r.MarginOne, r.MarginEnd)
		if v := r.Best; v != nil && v.Places > 1 {
			f.add("validation", "MRR %.3f, Hit@5 %.1f%%, margin %.3f over %d places, best at step %d", v.MRR, 100*v.Hit5, v.Margin, v.Places, r.BestStep)
		} else {
			f.add("validation", "none: the dataset has too few validation places; the last weights count")
		}
		how := "trained in"
		if r.Opened {
			how = "was there, trained in"
		}
		f.add("time", "%s %s", how, seconds(r.Seconds))
		f.add("run", "%s (ug embed --model %s)", r.Artefact, r.Artefact)
		f.add("folder", "%s", r.Dir)
	}
	return f.write(w)
}
