package engine

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/progress"
	"urbangraph/uglib/uge"
)

// Sink takes what [Engine.Run] makes. An error of its functions ends the work.
type Sink struct {
	// Total is the number of items for the progress display; 0 if it is not known.
	Total int
	// Has says whether the vector of a sum is there already, from earlier work; nil
	// if none is. It may be called while Vectors and Item are.
	Has func(Sum) bool
	// Vectors takes the vectors of a batch as soon as it is done, each sum once. It
	// and Item are called from one goroutine at a time.
	Vectors func([]Encoded) error
	// Item takes what became of an item, once that is known: items come in the
	// order of the batches, not of the stream. Nil if that is of no interest.
	Item func(Result) error
}

// Result is what became of an item.
type Result struct {
	Index        int // of the item in the stream
	ID           string
	Kind, Source string // see [Item]
	Sum          Sum
	Err          error // why it has no vector
}

// Problem is an item that was left out.
type Problem struct {
	Index  int    `json:"index"`
	ID     string `json:"id"`
	Source string `json:"source"`
	Reason string `json:"reason"`
}

// Summary says what was done.
type Summary struct {
	Items   int           // of the stream
	Encoded int           // vectors that the model computed
	Known   int           // distinct vectors that were there from earlier work
	Same    int           // items whose content an earlier item has
	Skipped []Problem     // items that were left out, by index
	Batches int           // that were computed
	Graphs  int           // compiled for them
	Filled  float64       // share of their cost that was no padding; 0 without batches
	Elapsed time.Duration // from start to end
}

// job is an item on its way.
type job struct {
	Result
	item    Item
	request request
	fresh   bool // the first of its sum, which has no vector yet
	row     uge.Row
}

// run is the state of one [Engine.Run]; one goroutine touches it.
type run struct {
	e              *Engine
	sink           Sink
	task           progress.Task
	summary        Summary
	useful, padded float64                // cost of what is computed, without and with padding
	held           map[uge.Form][]waiting // rows that wait to be computed
	bytes          int                    // of them
	window         int                    // rows of one form that wait before some are computed
	todo           []batch                // cut, not yet computed
	items          map[Sum][]Result       // that wait for a vector
	settled        map[Sum]error          // sums that are done, nil where they have a vector
}

// Run embeds a stream of items, with bounded memory. The stream is read from
// one goroutine, which ends with the stream or at its next item once the work
// has ended. An error of the stream, of the sink, or of the model ends the work,
// and so does ctx; what was given to the sink by then stays good.
func (e *Engine) Run(ctx context.Context, stream iter.Seq2[Item, error], sink Sink) (Summary, error) {
	start, graphs := time.Now(), e.Graphs()
	r := &run{
		e: e, sink: sink, task: progress.Start(ctx, "embed", sink.Total), window: 2 * e.o.Batch,
		held: map[uge.Form][]waiting{}, items: map[Sum][]Result{}, settled: map[Sum]error{},
	}
	defer r.task.Done()
	outer := ctx
	group, ctx := errgroup.WithContext(ctx)
	jobs, failed := produce(ctx, stream)
	read := ordered(ctx, group, jobs, e.o.Workers, e.read)
	marked := make(chan job)
	group.Go(func() error { return mark(ctx, read, marked, sink.Has) })
	ready := ordered(ctx, group, marked, e.o.Workers, e.prepare)
	batches, results := e.device(ctx, group)
	group.Go(func() error {
		defer close(batches)
		return r.collect(ctx, ready, batches, results, failed)
	})
	err := group.Wait()
	if cause := context.Cause(outer); cause != nil {
		err = cause
	}
	s := &r.summary
	s.Graphs, s.Elapsed = e.Graphs()-graphs, time.Since(start)
	if r.padded > 0 {
		s.Filled = r.useful / r.padded
	}
	slices.SortFunc(s.Skipped, func(a, b Problem) int { return cmp.Compare(a.Index, b.Index) })
	return *s, err
}

// produce numbers the items of a stream. The second channel takes the stream's
// error before the first one closes.
func produce(ctx context.Context, stream iter.Seq2[Item, error]) (<-chan job, <-chan error) {
	jobs, failed := make(chan job), make(chan error, 1)
	go func() {
		defer close(jobs)
		i := 0
		for it, err := range stream {
			if err != nil {
				failed <- err
				return
			}
			if !send(ctx, jobs, job{Result: Result{Index: i, ID: it.ID, Kind: it.Kind(), Source: it.Source()}, item: it}) {
				return
			}
			i++
		}
	}()
	return jobs, failed
}

// read gets a job's bytes and their sum.
func (e *Engine) read(j job) job {
	j.request, j.Sum, j.Err = j.item.read(e.o.Instruction)
	j.item = Item{}
	return j
}

// mark finds the first job of each sum; the others need no preparing.
func mark(ctx context.Context, in <-chan job, out chan<- job, has func(Sum) bool) error {
	defer close(out)
	seen := map[Sum]bool{}
	for j := range receive(ctx, in) {
		if j.Err == nil {
			j.fresh = !seen[j.Sum] && (has == nil || !has(j.Sum))
			seen[j.Sum] = true
		}
		if !j.fresh {
			j.request = request{}
		}
		if !send(ctx, out, j) {
			break
		}
	}
	return nil
}

// prepare makes the row of a fresh job.
func (e *Engine) prepare(j job) job {
	if j.fresh {
		j.row, j.Err = j.request.row(e.model)
		j.request = request{}
	}
	return j
}

// device computes batches in the order in which they come, laying out the next
// one meanwhile.
func (e *Engine) device(ctx context.Context, group *errgroup.Group) (chan<- batch, <-chan []Encoded) {
	batches, laid, results := make(chan batch), make(chan laidBatch), make(chan []Encoded)
	group.Go(func() error {
		defer close(laid)
		for b := range batches {
			l, err := e.layout(b)
			if err != nil {
				return err
			}
			if !send(ctx, laid, l) {
				break
			}
		}
		return nil
	})
	group.Go(func() error {
		for l := range laid {
			out, err := e.compute(l)
			if err != nil {
				return err
			}
			if !send(ctx, results, out) {
				break
			}
		}
		return nil
	})
	return batches, results
}

// collect gathers ready jobs into batches and hands results on.
func (r *run) collect(ctx context.Context, ready <-chan job, batches chan<- batch, results <-chan []Encoded, failed <-chan error) error {
	computing := 0
	for ended := false; !ended || len(r.todo) > 0 || computing > 0; {
		in := ready
		if ended || len(r.todo) > 1 {
			in = nil
		}
		var out chan<- batch
		var next batch
		if len(r.todo) > 0 {
			out, next = batches, r.todo[0]
		}
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case j, ok := <-in:
			if ok {
				err = r.take(j)
				break
			}
			ended = true
			select {
			case err = <-failed:
			default:
				r.cut(true)
			}
		case out <- next:
			r.todo = r.todo[1:]
			computing++
		case list := <-results:
			computing--
			err = r.settle(list)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take is what is done with a job that is ready.
func (r *run) take(j job) error {
	s := &r.summary
	s.Items++
	if j.Err != nil {
		if j.fresh { // later ones of this sum fail alike
			r.settled[j.Sum] = j.Err
		}
		return r.report(j.Result)
	}
	if j.fresh {
		r.items[j.Sum] = []Result{j.Result}
		w := waiting{j.Sum, j.row}
		form := w.row.Size.Form
		r.held[form] = append(r.held[form], w)
		r.bytes += w.bytes()
		r.cut(false)
		return nil
	}
	if list, ok := r.items[j.Sum]; ok {
		s.Same++
		r.items[j.Sum] = append(list, j.Result)
		return nil
	}
	if err, ok := r.settled[j.Sum]; ok {
		s.Same++
		j.Err = err
	} else {
		s.Known++
		r.settled[j.Sum] = nil
	}
	return r.report(j.Result)
}

// cut makes batches of the rows that wait, where enough of them do or all is
// left. Some stay behind to be sorted with those that come: what is computed
// together then is of similar size.
func (r *run) cut(all bool) {
	forms := []uge.Form{{}, {Image: true}, {Graph: true}, {Image: true, Graph: true}}
	for _, form := range forms {
		least := -1
		switch rows := r.held[form]; {
		case all:
			least = 0
		case len(rows) >= r.window:
			least = r.window / 2
			r.window = min(2*r.window, 32*r.e.o.Batch)
		case r.bytes > r.e.o.Memory:
			least = len(rows) / 2
		}
		for least >= 0 && len(r.held[form]) > least {
			b, rest := r.e.cut(r.held[form])
			r.held[form] = rest
			r.todo = append(r.todo, b)
			for _, w := range b.rows {
				r.bytes -= w.bytes()
				r.useful += cost(w.row.Size)
			}
			r.padded += float64(b.shape.rows) * cost(b.shape.size)
		}
	}
}

// settle hands on the vectors of a batch, and the items that waited for them.
func (r *run) settle(list []Encoded) error {
	r.summary.Batches++
	good := slices.DeleteFunc(slices.Clone(list), func(x Encoded) bool { return x.Err != nil })
	r.summary.Encoded += len(good)
	if len(good) > 0 {
		if err := r.sink.Vectors(good); err != nil {
			return err
		}
	}
	for _, x := range list {
		r.settled[x.Sum] = x.Err
		for _, item := range r.items[x.Sum] {
			item.Err = x.Err
			if err := r.report(item); err != nil {
				return err
			}
		}
		delete(r.items, x.Sum)
	}
	return nil
}

// report hands on an item that is done.
func (r *run) report(item Result) error {
	if item.Err != nil {
		r.summary.Skipped = append(r.summary.Skipped, Problem{item.Index, item.ID, item.Source, item.Err.Error()})
	}
	r.task.Add(1)
	if r.sink.Item == nil {
		return nil
	}
	return r.sink.Item(item)
}

// ordered applies f on several goroutines and keeps the order; a few results are
// made ahead.
func ordered(ctx context.Context, group *errgroup.Group, in <-chan job, workers int, f func(job) job) <-chan job {
	type task struct {
		job  job
		done chan<- job
	}
	tasks, queue, out := make(chan task), make(chan (<-chan job), workers), make(chan job)
	for range workers {
		group.Go(func() error {
			for t := range tasks {
				t.done <- f(t.job)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(tasks)
		defer close(queue)
		for j := range receive(ctx, in) {
			done := make(chan job, 1)
			if !send(ctx, queue, (<-chan job)(done)) || !send(ctx, tasks, task{j, done}) {
				return nil
			}
		}
		return nil
	})
	group.Go(func() error {
		defer close(out)
		for done := range queue {
			select {
			case j := <-done:
				if !send(ctx, out, j) {
					return nil
				}
			case <-ctx.Done():
				return nil
			}
		}
		return nil
	})
	return out
}

// send reports whether a value was taken before ctx ended.
func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// receive yields what comes until the channel is closed or ctx ends.
func receive[T any](ctx context.Context, from <-chan T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			select {
			case v, ok := <-from:
				if !ok || !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}
