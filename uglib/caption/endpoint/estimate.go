package endpoint

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// Estimate is what captioning would take.
type Estimate struct {
	Views        int     `json:"views"`             // that stand on a street
	Done         int     `json:"done"`              // of these, whose answer is there already
	Requests     int     `json:"requests"`          // without repeats
	PromptTokens int     `json:"prompt_tokens"`     // about, image included
	Completion   int     `json:"completion_tokens"` // about: as long as the answers that are there, else the most
	Most         int     `json:"completion_most"`   // if all answers are as long as they may be
	Money        float64 `json:"money"`             // of about so many tokens, by the prices of the budget
	MostMoney    float64 `json:"money_most"`        // if all answers are as long as they may be
}

func (e Estimate) plus(o Estimate) Estimate {
	return Estimate{
		e.Views + o.Views, e.Done + o.Done, e.Requests + o.Requests, e.PromptTokens + o.PromptTokens,
		e.Completion + o.Completion, e.Most + o.Most, e.Money + o.Money, e.MostMoney + o.MostMoney,
	}
}

// Estimates returns what captioning some views would take, without asking the
// endpoint; the views are made if they are absent. Tokens are estimated: one for
// four letters of ASCII, one for 28 by 28 pixels.
func Estimates(ctx context.Context, cfg Config, views ...streetview.Spec) (Estimate, error) {
	var sum Estimate
	for _, v := range views {
		s, err := New(v, cfg)
		if err != nil {
			return sum, err
		}
		e, err := s.estimate(ctx)
		if err != nil {
			return sum, err
		}
		sum = sum.plus(e)
	}
	return sum, nil
}

func (s Spec) estimate(ctx context.Context) (Estimate, error) {
	home, err := store.From(ctx)
	if err != nil {
		return Estimate{}, err
	}
	c, set, err := streetview.Open(ctx, s.Views)
	if err != nil {
		return Estimate{}, err
	}
	var before *Captions
	if s.Config.Round > 0 {
		last := s
		last.Config.Round--
		a, err := home.Lookup(last)
		if errors.Is(err, store.ErrAbsent) { // that round comes first
			return last.estimate(ctx)
		}
		if err != nil {
			return Estimate{}, err
		}
		if before, err = ReadCaptions(a.Dir); err != nil {
			return Estimate{}, err
		}
	}
	r := &run{cfg: s.Config, cache: cache{home.Cache("captions")}, city: c, set: set}
	views := anchored(set)
	e := Estimate{Views: len(views)}
	var mu sync.Mutex
	answers := mean{first: s.Config.MaxTokens}
	task := progress.Start(ctx, "estimate captions of "+c.Name, len(views))
	defer task.Done()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, v := range views {
		g.Go(func() error {
			defer task.Add(1)
			if err := ctx.Err(); err != nil {
				return err
			}
			prompt, completion := 0, 0
			done := false
			if old, ok := before.Of(v.ID); ok && old.Status == OK {
				done, completion = true, old.CompletionTokens
			} else if q, err := r.question(v); err != nil {
				done = true // its image cannot be read: it is not asked about
			} else if old, ok := r.cache.get(q.key()); ok {
				done, completion = true, old.CompletionTokens
			} else {
				prompt = textTokens(q.System) + textTokens(q.Prompt) + pictureTokens(set.Path(v), s.Config.Side)
			}
			mu.Lock()
			defer mu.Unlock()
			if done {
				e.Done++
				if completion > 0 {
					answers.add(completion)
				}
				return nil
			}
			e.Requests++
			e.PromptTokens += prompt
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return Estimate{}, err
	}
	e.Completion, e.Most = e.Requests*answers.value(), e.Requests*s.Config.MaxTokens
	if b := s.Config.Budget; b != nil {
		e.Money, e.MostMoney = b.Prices.cost(e.PromptTokens, e.Completion), b.Prices.cost(e.PromptTokens, e.Most)
	}
	return e, nil
}
