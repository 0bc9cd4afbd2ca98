package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
)

// mostInARow is how many views may fail one after the other, none answered
// between them, before a run stops: the endpoint is down, or wants something else.
const mostInARow = 10

// run captions the views of one set.
type run struct {
	cfg    Config
	cache  cache
	city   *city.City
	set    *streetview.Set
	client *client
	task   progress.Task
	start  time.Time

	all int // views

	mu                            sync.Mutex
	done, asked, failed, inARow   int
	promptTokens, completionCount int
}

// captionAll captions the views of a set that stand on a street, but for those
// that the round before did.
func captionAll(ctx context.Context, cfg Config, files cache, c *city.City, set *streetview.Set, before *Captions) (*Captions, error) {
	views := anchored(set)
	client, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	r := &run{
		cfg: cfg, cache: files, city: c, set: set, client: client, start: time.Now(), all: len(views),
		task: progress.Start(ctx, "caption the views of "+c.Name+" by "+cfg.Model, len(views)),
	}
	defer r.task.Done()
	defer client.http.CloseIdleConnections()
	captions := make([]Caption, len(views))
	g, stop := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Concurrency)
	for i, v := range views {
		if old, ok := before.Of(v.ID); ok && old.Status == OK {
			captions[i] = old
			r.finish(old, false)
			continue
		}
		if stop.Err() != nil {
			break
		}
		g.Go(func() error {
			x, asked, err := r.view(stop, v)
			if err != nil {
				return err
			}
			captions[i] = x
			return r.finish(x, asked)
		})
	}
	if err := g.Wait(); err != nil {
		return nil, r.stopped(err)
	}
	if err := ctx.Err(); err != nil {
		return nil, r.stopped(err)
	}
	return newCaptions(captions)
}

// stopped says why a run ended early and what is left.
func (r *run) stopped(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	what := fmt.Sprintf("%d of %d views of %s have their answer, %d are left", r.done, r.all, r.city.Name, r.all-r.done)
	if errors.Is(err, ErrBudget) {
		return fmt.Errorf("endpoint: %w (%v): %s; run the same again to go on there", err, r.cfg.Budget, what)
	}
	return fmt.Errorf("endpoint: %w; %s; the same command goes on there", err, what)
}

// view captions one view. asked is false if the answer was in the cache.
func (r *run) view(ctx context.Context, v streetview.View) (x Caption, asked bool, err error) {
	q, err := r.question(v)
	if err != nil {
		return failed(v.ID, BadImage, err), false, nil
	}
	key := q.key()
	if old, ok := r.cache.get(key); ok {
		return old.caption(v.ID), false, nil
	}
	image, err := dataURL(r.set.Path(v), r.cfg.Side, r.cfg.Quality)
	if err != nil {
		return failed(v.ID, BadImage, err), false, nil
	}
	tokens := textTokens(q.System) + textTokens(q.Prompt) + pictureTokens(r.set.Path(v), r.cfg.Side)
	answer, err := r.client.ask(ctx, q.System, q.Prompt, image, tokens)
	var own viewError
	switch {
	case errors.As(err, &own):
		return failed(v.ID, own.status, own.error), true, nil
	case err != nil:
		return Caption{}, true, err
	}
	return answer.caption(v.ID), true, r.cache.put(key, answer)
}

func failed(view int64, status Status, err error) Caption {
	return Caption{View: view, Status: status, Error: err.Error()}
}

// question returns what is asked about a view. The error is one of its image file.
func (r *run) question(v streetview.View) (question, error) {
	data, err := os.ReadFile(r.set.Path(v))
	if err != nil {
		return question{}, err
	}
	sum := sha256.Sum256(data)
	return question{
		Model: r.cfg.Model, Temperature: r.cfg.Temperature, MaxTokens: r.cfg.MaxTokens, Detail: r.cfg.Detail,
		System: systemPrompt, Prompt: writePrompt(r.city, v, r.cfg),
		Image: hex.EncodeToString(sum[:]), Side: r.cfg.Side, Quality: r.cfg.Quality, Round: r.cfg.Round,
	}, nil
}

// finish counts a view and says how far the run is. It is an error if too many
// views fail in a row.
func (r *run) finish(x Caption, asked bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.promptTokens, r.completionCount = r.promptTokens+x.PromptTokens, r.completionCount+x.CompletionTokens
	if asked {
		r.asked++
	}
	switch x.Status {
	case OK:
		r.inARow = 0
	case Unavailable, Rejected:
		r.failed++
		r.inARow++
	default: // the endpoint works
		r.failed++
		r.inARow = 0
	}
	r.task.Add(1)
	r.task.Note(r.note())
	if r.inARow >= mostInARow {
		return stopError{fmt.Errorf("%d views in a row failed, the last because: %s", r.inARow, x.Error)}
	}
	return nil
}

// note is a remark such as "31 a minute, 4m left, 12400 tokens, 2 failed, 0.14
// spent". The time left is that of as many requests as there are views left.
func (r *run) note() string {
	s := fmt.Sprintf("%d tokens", r.promptTokens+r.completionCount)
	if took := time.Since(r.start); r.asked > 0 && took > 0 {
		left := time.Duration(float64(took) / float64(r.asked) * float64(r.all-r.done)).Round(time.Second)
		s = fmt.Sprintf("%.0f a minute, %v left, %s", float64(r.asked)/took.Minutes(), left, s)
	}
	if r.failed > 0 {
		s += fmt.Sprintf(", %d failed", r.failed)
	}
	if b := r.cfg.Budget; b != nil && b.Prices != (Prices{}) {
		s += fmt.Sprintf(", %.2f spent", b.Spent().Money)
	}
	return s
}
