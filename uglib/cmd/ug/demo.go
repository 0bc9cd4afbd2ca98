package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugbench"
	"urbangraph/uglib/ugdata"
)

// newDemo is "ug demo".
func newDemo(a *app) *cobra.Command {
	var runs runFlags
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Go the whole way from map extract to benchmark, ending in a report",
		Long: `Go the whole way: cities, street views, dataset, tokenizer, both stages of training, and the
benchmark, with the seconds of each step, ending in a folder with report.html, figures and
results.json. What the store has already is opened, so that a second run takes seconds and
one that was interrupted goes on. UG_FAST=1 makes it small: a minute, and a model that has
learnt next to nothing.

` + runHelp + "\n\n" + dataHelp,
		Example: `  ug demo
  UG_FAST=1 ug demo --out quick
  ug demo --pbf my.osm.pbf --bbox 9.95,53.53,10.05,53.58 --count 1000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spec, first, second, err := runs.specs(cmd)
			if err != nil {
				return err
			}
			if err := a.computes(); err != nil {
				return err
			}
			if out, err = filepath.Abs(out); err != nil {
				return err
			}
			d := &demo{app: a, out: out, data: spec, first: first, second: second, bench: ugbench.For(spec)}
			return d.run(cmd.Context(), force)
		},
	}
	runs.register(cmd)
	cmd.Flags().StringVar(&out, "out", "ug-demo", "folder `DIR` of the report; an earlier demo there is replaced")
	cmd.Flags().BoolVar(&force, "force", false, "write into --out even if it holds something else")
	return cmd
}

// demo is one walk from the extracts to the report.
type demo struct {
	app           *app
	out           string
	data          ugdata.Spec
	first, second train.Spec
	bench         ugbench.Spec

	result demoResult
}

// demoResult is what results.json holds, and what "ug demo --json" says.
type demoResult struct {
	Report      string               `json:"report"`  // file
	Figures     []string             `json:"figures"` // files, relative to the report's folder
	Fast        bool                 `json:"fast"`    // UG_FAST was set: the model has learnt next to nothing
	Backend     string               `json:"backend"`
	Code        string               `json:"code"` // version of the code
	Seconds     float64              `json:"seconds"`
	PeakMemory  int64                `json:"peak_memory_bytes"`
	Steps       []demoStep           `json:"steps"`
	Training    []*trainResult       `json:"training"`
	Findings    []finding            `json:"findings"`
	Results     []*ugbench.Result    `json:"results"`
	Comparisons []ugbench.Comparison `json:"comparisons"`
}

// demoStep is one step of the walk.
type demoStep struct {
	Name         string      `json:"name"`
	Seconds      float64     `json:"seconds"`       // of this run
	Built        int         `json:"built"`         // artefacts that were not there yet
	BuildSeconds float64     `json:"build_seconds"` // of all artefacts, whenever they were built
	Artefacts    []store.Ref `json:"artefacts"`
	Remark       string      `json:"remark"`
}

func (d *demo) run(ctx context.Context, force bool) error {
	start := time.Now()
	s, err := store.From(ctx)
	if err != nil {
		return err
	}
	if err := claim(d.out, force); err != nil {
		return err
	}
	d.result.Backend, d.result.Code, d.result.Fast = backend.Describe(), store.CodeVersion(), ugdata.Fast()
	d.say("Everything is kept in %s\nand opens at once when it is there; the report goes to %s.\nComputing by %s.\n", s.Root(), d.out, d.result.Backend)
	if d.result.Fast {
		d.say("UG_FAST is set: the model is so small and so briefly trained that it learns next to nothing.\n")
	}
	d.say("\n")
	if err := d.walk(ctx); err != nil {
		return err
	}
	d.result.Seconds, d.result.PeakMemory = time.Since(start).Seconds(), peakMemory()
	if err := d.writeResults(); err != nil {
		return err
	}
	return d.app.print(d.result, d.writeText)
}

// walk makes the steps in their order.
func (d *demo) walk(ctx context.Context) error {
	var cities, views, results []store.Spec
	for _, v := range slices.Concat(d.data.Train, d.data.HeldOut) {
		cities, views = append(cities, v.City), append(views, v)
	}
	models := ugbench.Models(d.bench, d.first, d.second)
	results = append(results, d.bench)
	for _, m := range models {
		results = append(results, m)
	}
	tokens := train.TokenizerSpec{Data: d.data, Vocabulary: d.first.Size.Vocabulary}
	for _, x := range []struct {
		name  string
		specs []store.Spec
		facts []string // of the summaries, said beside the time
	}{
		{"city", cities, []string{"title"}}, {"views", views, []string{"views"}}, {"dataset", []store.Spec{d.data}, []string{"train", "val", "test", "heldout", "buffer"}},
		{"tokenizer", []store.Spec{tokens}, []string{"tokens"}},
		{"stage 1", []store.Spec{d.first}, []string{"steps", "val_mrr"}}, {"stage 2", []store.Spec{d.second}, []string{"steps", "val_mrr"}},
		{"bench", results, nil},
	} {
		if err := d.step(ctx, x.name, func(ctx context.Context, step *demoStep) error { return step.get(ctx, x.specs, x.facts) }); err != nil {
			return err
		}
	}
	return d.step(ctx, "report", func(ctx context.Context, _ *demoStep) error {
		report, err := evaluate(ctx, models)
		if err != nil {
			return err
		}
		d.result.Results, d.result.Comparisons, d.result.Findings = report.Results, report.Comparisons, findings(report)
		return d.writeReport(ctx, report)
	})
}

// step makes one step and says how long it took. Each has a progress display
// of its own, so that what is said stands between them.
func (d *demo) step(ctx context.Context, name string, do func(context.Context, *demoStep) error) error {
	d.app.close()
	ctx = d.app.report(ctx)
	step := demoStep{Name: name, Artefacts: []store.Ref{}}
	start := time.Now()
	err := do(ctx, &step)
	d.app.close()
	if err != nil {
		return err
	}
	step.Seconds = time.Since(start).Seconds()
	d.result.Steps = append(d.result.Steps, step)
	line := fmt.Sprintf("%-9s  %10s  %s", step.Name, seconds(step.Seconds), strings.Join(slices.DeleteFunc([]string{step.how(), step.Remark}, func(s string) bool { return s == "" }), ": "))
	d.say("%s\n", strings.TrimRight(line, " "))
	return nil
}

// get opens the artefacts of a step, or has them built.
func (step *demoStep) get(ctx context.Context, specs []store.Spec, names []string) error {
	s, err := store.From(ctx)
	if err != nil {
		return err
	}
	seen := map[store.Ref]bool{}
	words, sums := map[string][]string{}, map[string]float64{}
	for _, spec := range specs {
		if _, err := s.Lookup(spec); errors.Is(err, store.ErrAbsent) {
			step.Built++
		} else if err != nil {
			return err
		}
		art, err := s.Get(ctx, spec)
		if err != nil {
			return err
		}
		if seen[art.Ref()] {
			continue
		}
		seen[art.Ref()] = true
		step.Artefacts = append(step.Artefacts, art.Ref())
		step.BuildSeconds += art.Manifest.Seconds
		for _, name := range names {
			switch v := art.Manifest.Summary[name].(type) {
			case string:
				words[name] = append(words[name], v)
			case float64:
				sums[name] += v
			}
		}
	}
	var remarks []string
	for _, name := range names {
		if v, ok := sums[name]; ok {
			remarks = append(remarks, fmt.Sprintf("%s %.6g", name, v))
		}
		if v := words[name]; len(v) > 0 {
			remarks = append(remarks, strings.Join(v, "; "))
		}
	}
	step.Remark = strings.Join(remarks, ", ")
	return nil
}

// how says what was done in a step.
func (step *demoStep) how() string {
	n := len(step.Artefacts)
	switch {
	case n == 0:
		return ""
	case step.Built == 0:
		return "opened (built in " + seconds(step.BuildSeconds) + ")"
	case step.Built < n:
		return fmt.Sprintf("%d of %d built", step.Built, n)
	}
	return "built"
}

// say writes to the standard output, unless that is for JSON.
func (d *demo) say(format string, args ...any) {
	if !d.app.json {
		// The end, which is checked, tells of an output that cannot be written.
		_, _ = fmt.Fprintf(d.app.out, format, args...)
	}
}

// writeText writes the end of the walk.
func (d *demo) writeText(w io.Writer) error {
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	report := &ugbench.Report{Results: d.result.Results, Comparisons: d.result.Comparisons}
	if err := writeReport(w, report, nil); err != nil {
		return err
	}
	var f facts
	f.add("", "")
	f.add("images", "%s", imageKinds(d.result.Results))
	f.add("time", "%s", seconds(d.result.Seconds))
	if d.result.PeakMemory > 0 {
		f.add("peak memory", "%s", bytes(d.result.PeakMemory))
	}
	f.add("report", "%s", filepath.Join(d.out, reportName))
	f.add("results", "%s", filepath.Join(d.out, resultsName))
	return f.write(w)
}
