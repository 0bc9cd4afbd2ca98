package endpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// Spec says which views are captioned and by what. It is a [store.Spec] of kind
// "captions" whose artefact holds captions.parquet, a row of [Caption] for each
// view that stands on a street. Make one with [New].
type Spec struct {
	Views  streetview.Spec
	Config Config
}

// layoutVersion is raised when the table, the prompt or the reading of answers
// changes.
const layoutVersion = 1

// New returns the spec of the captions of some views. The error is one of the
// configuration.
func New(v streetview.Spec, c Config) (Spec, error) {
	c, err := c.withDefaults()
	return Spec{v, c}, err
}

// Kind implements [store.Spec].
func (Spec) Kind() string { return "captions" }

// Schema implements [store.Spec].
func (Spec) Schema() int { return layoutVersion }

// Inputs implements [store.Spec]: the views, and the round before.
func (s Spec) Inputs() []store.Spec {
	in := []store.Spec{s.Views}
	if s.Config.Round > 0 {
		s.Config.Round--
		in = append(in, s)
	}
	return in
}

// Open returns the captions of a spec, made once and read from the store ever
// after. Where a run ends before all views are captioned, by the budget, by an
// interruption or because the endpoint cannot be used, nothing that was answered
// is lost: the same spec goes on there.
func Open(ctx context.Context, s Spec) (*Captions, error) {
	a, err := store.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	return ReadCaptions(a.Dir)
}

// Latest returns the configuration in the last round that the store holds for any
// of some views; that of c if it holds none. Datasets made with it have what
// [Retry] mended.
func Latest(ctx context.Context, c Config, views ...streetview.Spec) (Config, error) {
	s, err := store.From(ctx)
	if err != nil {
		return c, err
	}
	for _, v := range views {
		for n := c.Round + 1; ; n++ {
			next := c
			next.Round = n
			spec, err := New(v, next)
			if err != nil {
				return c, err
			}
			if _, err := s.Lookup(spec); errors.Is(err, store.ErrAbsent) {
				break
			} else if err != nil {
				return c, err
			}
			c = next
		}
	}
	return c, nil
}

// Retry returns the configuration that asks again about the views whose captions
// failed in the latest round, and how many these are; 0 if there is nothing to
// mend. It is an error where some of the views were not captioned yet.
func Retry(ctx context.Context, c Config, views ...streetview.Spec) (Config, int, error) {
	c, err := Latest(ctx, c, views...)
	if err != nil {
		return c, 0, err
	}
	s, err := store.From(ctx)
	if err != nil {
		return c, 0, err
	}
	failed := 0
	for _, v := range views {
		spec, err := New(v, c)
		if err != nil {
			return c, 0, err
		}
		a, err := s.Lookup(spec)
		if errors.Is(err, store.ErrAbsent) {
			return c, 0, fmt.Errorf("endpoint: the views of %s are not all captioned yet in round %d; finish that round first", v.City.Name, c.Round)
		}
		if err != nil {
			return c, 0, err
		}
		captions, err := ReadCaptions(a.Dir)
		if err != nil {
			return c, 0, err
		}
		failed += len(captions.Failed())
	}
	if failed > 0 {
		c.Round++
	}
	return c, failed, nil
}

// Build implements [store.Spec].
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	cfg, err := s.Config.withDefaults()
	if err != nil {
		return err
	}
	home, err := store.From(ctx)
	if err != nil {
		return err
	}
	var before *Captions
	if cfg.Round > 0 {
		if before, err = ReadCaptions(b.Inputs[1].Dir); err != nil {
			return err
		}
	}
	c, set, err := streetview.Open(ctx, s.Views)
	if err != nil {
		return err
	}
	captions, err := captionAll(ctx, cfg, cache{home.Cache("captions")}, c, set, before)
	if err != nil {
		return err
	}
	count := map[Status]int{}
	var prompt, completion int
	for _, x := range captions.All() {
		count[x.Status]++
		prompt, completion = prompt+x.PromptTokens, completion+x.CompletionTokens
	}
	b.Summary("model", cfg.Model)
	b.Summary("captions", count[OK])
	for _, status := range Statuses {
		if count[status] > 0 {
			b.Summary(string(status), count[status])
		}
	}
	b.Summary("prompt tokens", prompt)
	b.Summary("completion tokens", completion)
	return writeCaptions(b.Dir, captions)
}

// anchored returns the views that stand on a street, in the order of their ids.
func anchored(set *streetview.Set) []streetview.View {
	views := slices.DeleteFunc(slices.Clone(set.Views), func(v streetview.View) bool { return v.Street == city.None })
	slices.SortStableFunc(views, func(a, b streetview.View) int {
		switch {
		case a.ID < b.ID:
			return -1
		case a.ID > b.ID:
			return 1
		}
		return 0
	})
	return views
}
