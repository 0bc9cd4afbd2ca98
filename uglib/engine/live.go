package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Live embeds what many callers ask for at the same time: their inputs are
// computed together. Its methods may be called from several goroutines.
type Live struct {
	e       *Engine
	o       LiveOptions
	workers chan struct{} // taken by who prepares an input

	submit chan *liveRow
	stop   context.CancelCauseFunc
	ended  chan struct{}

	mu    sync.Mutex
	rows  int // that wait or are computed
	bytes int // of those that are prepared
	stats LiveStats
}

// LiveOptions say how requests are joined.
type LiveOptions struct {
	// Wait is how long the first input of a batch waits for others, where the
	// model is idle; 0 is 5 ms, less than 0 is not at all.
	Wait time.Duration
	// Queue is the most inputs that wait or are computed; 0 is 4096, but at least
	// 16 batches.
	Queue int
	// Memory bounds, in bytes, what those of them take that are prepared, images
	// above all; 0 is 2 GiB.
	Memory int
	// MaxPixels is the most pixels of an image, which a small file can have many of;
	// 0 is 64 million.
	MaxPixels int
}

// LiveStats count what was done so far.
type LiveStats struct {
	Inputs  int // that were asked for
	Encoded int // vectors computed: equal inputs of one time share one
	Batches int
}

// Answer is the vector of an input, or why there is none.
type Answer struct {
	Vector []float32
	Tokens int   // that the model read for it
	Err    error // of this input alone
}

// Reasons why a request gets no answers.
var (
	ErrBusy   = errors.New("too many inputs wait; try again later")
	ErrLarge  = errors.New("the inputs are too large together; send fewer images at a time")
	ErrClosed = errors.New("the engine is closed")
)

// NewLive starts joining requests; Close ends it. The engine must stay open as
// long.
func NewLive(e *Engine, o LiveOptions) *Live {
	if o.Wait == 0 {
		o.Wait = 5 * time.Millisecond
	}
	if o.Queue <= 0 {
		o.Queue = max(16*e.o.Batch, 4096)
	}
	if o.Memory <= 0 {
		o.Memory = 2 << 30
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = 64e6
	}
	ctx, stop := context.WithCancelCause(context.Background())
	l := &Live{
		e: e, o: o, workers: make(chan struct{}, e.o.Workers),
		submit: make(chan *liveRow), stop: stop, ended: make(chan struct{}),
	}
	go l.serve(ctx)
	return l
}

// Queue is the most inputs of a request that can be answered.
func (l *Live) Queue() int { return l.o.Queue }

// Stats returns the counts so far.
func (l *Live) Stats() LiveStats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Close ends the work and waits until the model rests. Callers that wait get
// [ErrClosed].
func (l *Live) Close() {
	l.stop(ErrClosed)
	<-l.ended
}

// liveRow is an input that waits to be computed.
type liveRow struct {
	waiting
	ctx  context.Context // of the caller, who may have gone
	done chan<- Encoded  // has room for it
}

// Embed embeds items and returns their answers in order. The error says why there
// are none at all: [ErrBusy], [ErrLarge], [ErrClosed], the end of ctx, or a
// failure of the model.
func (l *Live) Embed(ctx context.Context, items []Item) ([]Answer, error) {
	if err := l.admit(len(items)); err != nil {
		return nil, err
	}
	taken := 0 // bytes
	defer func() { l.leave(len(items), taken) }()
	answers := make([]Answer, len(items))
	rows := make([]*liveRow, len(items))
	done := make([]chan Encoded, len(items))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(l.workers))
	for i := range items {
		group.Go(func() error {
			if !send(gctx, l.workers, struct{}{}) {
				return context.Cause(gctx)
			}
			defer func() { <-l.workers }()
			r, sum, err := items[i].read(l.e.o.Instruction)
			if err == nil {
				err = l.small(r.image)
			}
			if err == nil {
				var w waiting
				if w.row, err = r.row(l.e.model); err == nil {
					w.sum = sum
					if err := l.hold(w.bytes(), &taken); err != nil {
						return err
					}
					done[i] = make(chan Encoded, 1)
					rows[i] = &liveRow{w, ctx, done[i]}
					answers[i].Tokens = w.row.Size.Row.Tokens
				}
			}
			answers[i].Err = err
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row == nil {
			continue
		}
		select {
		case l.submit <- row:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-l.ended:
			return nil, ErrClosed
		}
	}
	for i, c := range done {
		if c == nil {
			continue
		}
		select {
		case x := <-c:
			if errors.As(x.Err, new(modelError)) {
				return nil, x.Err
			}
			answers[i].Vector, answers[i].Err = x.Vector, x.Err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-l.ended:
			return nil, ErrClosed
		}
	}
	return answers, nil
}

// small refuses an image that would take much memory to decode. What cannot be
// decoded at all is found out later.
func (l *Live) small(data []byte) error {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err == nil && float64(config.Width)*float64(config.Height) > float64(l.o.MaxPixels) {
		return fmt.Errorf("the image has %d by %d pixels, at most %d are taken; make it smaller", config.Width, config.Height, l.o.MaxPixels)
	}
	return nil
}

// modelError is a failure of the model, not of an input.
type modelError struct{ error }

func (e modelError) Unwrap() error { return e.error }

func (l *Live) admit(n int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows+n > l.o.Queue {
		return fmt.Errorf("%w (%d of at most %d wait)", ErrBusy, l.rows, l.o.Queue)
	}
	l.rows += n
	l.stats.Inputs += n
	return nil
}

// hold counts the bytes of a prepared input to those of its request.
func (l *Live) hold(bytes int, request *int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case *request+bytes > l.o.Memory:
		return fmt.Errorf("%w (they take more than %d MB)", ErrLarge, l.o.Memory/1e6)
	case l.bytes+bytes > l.o.Memory:
		return fmt.Errorf("%w (those that are prepared take %d MB of at most %d)", ErrBusy, l.bytes/1e6, l.o.Memory/1e6)
	}
	*request += bytes
	l.bytes += bytes
	return nil
}

// leave takes the inputs of a request, and what they held, out of the counts.
func (l *Live) leave(n, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows -= n
	l.bytes -= bytes
}

// serve gathers rows into batches until ctx ends.
func (l *Live) serve(ctx context.Context) {
	defer close(l.ended)
	idle := make(chan struct{}, 1) // holds a token while the model rests
	idle <- struct{}{}
	var held []*liveRow
	var timer <-chan time.Time
	late := false // the oldest row has waited long enough
	for {
		var start <-chan struct{}
		if len(held) > 0 && (late || len(held) >= l.e.o.Batch) {
			start = idle
		}
		select {
		case <-ctx.Done():
			<-idle // the batch under way ends first
			return
		case row := <-l.submit:
			if len(held) == 0 {
				late = l.o.Wait < 0
				if !late {
					timer = time.After(l.o.Wait)
				}
			}
			held = append(held, row)
		case <-timer:
			late, timer = true, nil
		case <-start:
			held = slices.DeleteFunc(held, func(r *liveRow) bool { return r.ctx.Err() != nil })
			if len(held) == 0 {
				idle <- struct{}{}
				continue
			}
			var b batch
			var takers map[Sum][]*liveRow
			b, takers, held = l.cut(held)
			late, timer = true, nil // what is left has waited already
			go func() {
				l.compute(b, takers)
				idle <- struct{}{}
			}()
		}
	}
}

// cut takes the next batch. The oldest row decides what goes with it, so that
// none waits for ever; equal rows are computed once.
func (l *Live) cut(held []*liveRow) (batch, map[Sum][]*liveRow, []*liveRow) {
	form := held[0].row.Size.Form
	takers := map[Sum][]*liveRow{}
	var rows []waiting
	for _, r := range held {
		if r.row.Size.Form != form {
			continue
		}
		if takers[r.sum] == nil {
			rows = append(rows, r.waiting)
		}
		takers[r.sum] = append(takers[r.sum], r)
	}
	l.e.mu.Lock()
	taken, left, s := l.e.plan.cut(rows)
	l.e.mu.Unlock()
	for _, w := range left {
		delete(takers, w.sum)
	}
	held = slices.DeleteFunc(held, func(r *liveRow) bool { return r.row.Size.Form == form && takers[r.sum] != nil })
	return batch{taken, s}, takers, held
}

// compute answers the takers of a batch.
func (l *Live) compute(b batch, takers map[Sum][]*liveRow) {
	var list []Encoded
	laid, err := l.e.layout(b)
	if err == nil {
		list, err = l.e.compute(laid)
	}
	if err != nil {
		list = nil
		for _, w := range b.rows {
			list = append(list, Encoded{Sum: w.sum, Err: modelError{err}})
		}
	}
	l.mu.Lock()
	l.stats.Batches++
	l.stats.Encoded += len(list)
	l.mu.Unlock()
	for _, x := range list {
		for _, r := range takers[x.Sum] {
			r.done <- x
		}
	}
}
