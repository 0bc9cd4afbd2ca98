package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"urbangraph/uglib/caption"
	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
)

// captionFlags say how captions are written: by templates, and how, or by a
// model behind an endpoint.
type captionFlags struct {
	config    endpoint.Config
	budget    endpoint.Budget
	reach     float64
	text      string
	units     string
	things    int
	timeout   time.Duration
	withModel []string // flags that go with a model alone
}

const captionHelp = `Captions come from templates, or with --captions URL --caption-model NAME from a vision model
behind any OpenAI-compatible endpoint; "ug data captions --help" tells more.`

func (f *captionFlags) register(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.text, "caption-text", "", "what caption samples say: the short `caption` (default), summary (the long text), or both (default of a model's captions)")
	flags.StringVar(&f.units, "caption-units", "", "units of template captions: `metric` (default) or imperial")
	flags.IntVar(&f.things, "caption-things", 0, "things that a template caption tells of at most (default 4 in the caption, 8 in the summary)")

	c, b := &f.config, &f.budget
	flags.StringVar(&c.URL, "captions", "", "base `URL` of an OpenAI-compatible endpoint that captions the images, such as https://HOST/v1")
	model := func(name string) string {
		f.withModel = append(f.withModel, name)
		return name
	}
	flags.StringVar(&c.Model, model("caption-model"), "", "`NAME` of its model")
	flags.StringVar(&c.KeyFile, model("caption-key-file"), "", "`FILE` with its API key (default $"+endpoint.KeyVariables[0]+", else $"+endpoint.KeyVariables[1]+")")
	flags.Float64Var(&c.Temperature, model("caption-temperature"), 0, "temperature (default 0.2; below 0 leaves it to the endpoint)")
	flags.IntVar(&c.MaxTokens, model("caption-max-tokens"), 0, "most tokens of an answer (default 1300)")
	flags.IntVar(&c.Side, model("caption-side"), 0, "`PIXELS` of the longer side of an image as sent (default 1024)")
	flags.IntVar(&c.Quality, model("caption-quality"), 0, "JPEG quality of an image as sent (default 85)")
	flags.StringVar(&c.Detail, model("caption-detail"), "", "image detail: `low`, high or auto, where the endpoint knows it")
	flags.Float64Var(&f.reach, model("caption-reach"), 0, "`METRES` around a view that its prompt tells of (default 200)")
	flags.IntVar(&c.Places, model("caption-places"), 0, "nearby places in the prompt at most (default 10)")
	flags.IntVar(&c.Lines, model("caption-lines"), 0, "connections in the prompt at most (default 17)")
	flags.IntVar(&c.Concurrency, model("caption-concurrency"), 0, "requests under way at a time (default 4)")
	flags.IntVar(&c.RequestsPerMinute, model("caption-rpm"), 0, "most requests a minute (default no limit)")
	flags.IntVar(&c.TokensPerMinute, model("caption-tpm"), 0, "most tokens a minute, of prompts and answers (default no limit)")
	flags.DurationVar(&f.timeout, model("caption-timeout"), 0, "longest wait for one answer (default 2m)")
	flags.Lookup("caption-timeout").DefValue = "" // help says nothing of 0s
	flags.IntVar(&c.Attempts, model("caption-attempts"), 0, "attempts for each image (default 5)")
	flags.IntVar(&b.Requests, model("caption-budget-requests"), 0, "most requests of this run")
	flags.IntVar(&b.Tokens, model("caption-budget-tokens"), 0, "most tokens of this run")
	flags.Float64Var(&b.Money, model("caption-budget-money"), 0, "most `MONEY` of this run, by the prices")
	flags.Float64Var(&b.Prices.Prompt, model("caption-price-prompt"), 0, "`PRICE` of a million tokens of prompts")
	flags.Float64Var(&b.Prices.Completion, model("caption-price-answer"), 0, "`PRICE` of a million tokens of answers")
}

// apply puts the captions of the flags into a dataset; those of a model in the
// latest round that the store holds.
func (f *captionFlags) apply(cmd *cobra.Command, spec *ugdata.Spec) error {
	spec.Options.CaptionText = f.text
	spec.Options.CaptionStyle = caption.Options{Units: caption.Units(f.units), Things: f.things}
	if err := spec.Options.CaptionStyle.Check(); err != nil {
		return usageError{err}
	}
	if f.config.URL == "" {
		for _, name := range f.withModel {
			if cmd.Flags().Changed(name) {
				return usagef("--%s goes with a model's captions: give --captions URL", name)
			}
		}
		return nil
	}
	if cmd.Flags().Changed("caption-temperature") && f.config.Temperature == 0 {
		f.config.Temperature = endpoint.Greedy
	}
	c, err := f.given(spec)
	if err != nil {
		return err
	}
	if c, err = endpoint.Latest(cmd.Context(), c, viewsOf(spec)...); err != nil {
		return err
	}
	spec.Captions = &c
	return nil
}

// given returns the endpoint of the flags.
func (f *captionFlags) given(spec *ugdata.Spec) (endpoint.Config, error) {
	c := f.config
	c.Reach, c.Timeout, c.Budget = geo.Metres(f.reach), f.timeout, &f.budget
	if err := f.budget.Check(); err != nil {
		return c, usageError{err}
	}
	for _, v := range viewsOf(spec) {
		if _, err := endpoint.New(v, c); err != nil {
			return c, usageError{err}
		}
	}
	return c, nil
}

// viewsOf are the views of a dataset.
func viewsOf(spec *ugdata.Spec) []streetview.Spec { return slices.Concat(spec.Train, spec.HeldOut) }

// newDataCaptions is "ug data captions".
func newDataCaptions(a *app, flags *dataFlags) *cobra.Command {
	var dry, again bool
	cmd := &cobra.Command{
		Use:   "captions",
		Short: "Caption the images of a dataset by a vision model",
		Long: `Caption the street views of a dataset by a vision model behind an OpenAI-compatible endpoint
(a server of your own, or a service). The prompt holds the image and the map around it; the
answer a caption and a summary. "ug data build" with the same flags then takes these, and a
template's where the model gave none.

Answers are kept as they come: a run that is interrupted, or stopped by its budget, goes on
where it was. Faults that may pass are tried again with growing pauses; what fails in the end
is listed with the reason, and --retry-failed asks about that again.

The API key comes from $` + endpoint.KeyVariables[0] + `, from $` + endpoint.KeyVariables[1] + ` or from --caption-key-file, and is written
nowhere. --dry-run counts and estimates without asking.

` + dataHelp,
		Example: `  ug data captions --captions http://127.0.0.1:8000/v1 --caption-model qwen2-vl-7b --dry-run
  ug data captions --captions https://HOST/v1 --caption-model NAME --caption-rpm 60 \
      --caption-price-prompt 0.8 --caption-price-answer 3.2 --caption-budget-money 5
  ug data captions --captions https://HOST/v1 --caption-model NAME --retry-failed
  ug data build --captions https://HOST/v1 --caption-model NAME`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.captions.config.URL == "" {
				return usagef("whose captions? Give --captions URL and --caption-model NAME")
			}
			spec, err := flags.spec(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			views := viewsOf(&spec)
			c := *spec.Captions
			r := &captionsResult{Model: c.Model, Endpoint: c.URL, Round: c.Round}
			if again {
				c.Round = 0
				next, failed, err := endpoint.Retry(ctx, c, views...)
				if err != nil {
					return err
				}
				c, r.Round, r.Again = next, next.Round, failed
			}
			if dry {
				if r.Estimate, err = estimate(ctx, c, views); err != nil {
					return err
				}
				return a.print(r, r.write)
			}
			runErr := r.run(ctx, c, views)
			r.Spent = c.Budget.Spent()
			if errors.Is(runErr, endpoint.ErrBudget) { // what is left
				if r.Estimate, err = estimate(ctx, c, views); err != nil {
					return err
				}
			}
			if runErr != nil && r.Estimate == nil {
				return runErr
			}
			if err := a.print(r, r.write); err != nil {
				return err
			}
			return runErr
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "count and estimate, ask nothing")
	cmd.Flags().BoolVar(&again, "retry-failed", false, "ask again about the images whose captions failed")
	return cmd
}

func estimate(ctx context.Context, c endpoint.Config, views []streetview.Spec) (*endpoint.Estimate, error) {
	e, err := endpoint.Estimates(ctx, c, views...)
	return &e, err
}

// captionsResult is what "ug data captions" says.
type captionsResult struct {
	Model    string             `json:"model"`
	Endpoint string             `json:"endpoint"`
	Round    int                `json:"round"`
	Again    int                `json:"asked_again,omitempty"` // of the round before
	Estimate *endpoint.Estimate `json:"estimate,omitempty"`    // of what is left
	Captions int                `json:"captions"`
	Statuses map[string]int     `json:"failed"`
	Failures []captionFailure   `json:"failures"`
	Spent    endpoint.Spending  `json:"spent"`
	Folders  []string           `json:"folders"` // of the artefacts
}

// captionFailure is an image without a caption.
type captionFailure struct {
	City   string `json:"city"`
	View   int64  `json:"view"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	Answer string `json:"answer,omitempty"`
}

// run captions one set of views after the other.
func (r *captionsResult) run(ctx context.Context, c endpoint.Config, views []streetview.Spec) error {
	r.Statuses, r.Failures = map[string]int{}, []captionFailure{}
	for _, v := range views {
		spec, err := endpoint.New(v, c)
		if err != nil {
			return err
		}
		art, err := store.Get(ctx, spec)
		if err != nil {
			return err
		}
		captions, err := endpoint.ReadCaptions(art.Dir)
		if err != nil {
			return err
		}
		r.Folders = append(r.Folders, art.Dir)
		for _, x := range captions.All() {
			if x.Status == endpoint.OK {
				r.Captions++
				continue
			}
			r.Statuses[string(x.Status)]++
			r.Failures = append(r.Failures, captionFailure{v.City.Name, x.View, string(x.Status), x.Error, x.Answer})
		}
	}
	return nil
}

func (r *captionsResult) write(w io.Writer) error {
	var f facts
	f.add("model", "%s at %s", r.Model, r.Endpoint)
	if r.Round > 0 {
		f.add("round", "%d, %d images asked about again", r.Round, r.Again)
	}
	if e := r.Estimate; e != nil {
		f.add("images", "%d, of which %d have their answer", e.Views, e.Done)
		f.add("left", "%d requests, about %d tokens of prompts and %d of answers (at most %d)", e.Requests, e.PromptTokens, e.Completion, e.Most)
		if e.Money > 0 {
			f.add("cost", "about %.2f, at most %.2f, without repeats", e.Money, e.MostMoney)
		}
	}
	if len(r.Folders) > 0 {
		f.add("captions", "%d", r.Captions)
	}
	if s := r.Spent; s.Requests > 0 {
		f.add("asked", "%d requests, %d tokens of prompts and %d of answers", s.Requests, s.PromptTokens, s.CompletionTokens)
		if s.Money > 0 {
			f.add("spent", "%.4f", s.Money)
		}
	}
	if len(r.Statuses) > 0 {
		var parts []string
		for _, status := range byCount(r.Statuses) {
			parts = append(parts, fmt.Sprintf("%d %s", r.Statuses[status], status))
		}
		f.add("failed", "%s", strings.Join(parts, ", "))
		const most = 20
		for _, x := range r.Failures[:min(most, len(r.Failures))] {
			f.add("", "%s %d: %s: %s", x.City, x.View, x.Status, x.Reason)
		}
		if n := len(r.Failures) - most; n > 0 {
			f.add("", "and %d more (--json lists all, with the answers)", n)
		}
		f.add("", "--retry-failed asks about these again")
	}
	for _, dir := range r.Folders {
		f.add("folder", "%s", dir)
	}
	return f.write(w)
}
