// Package progress lets long work say how far it is, wherever it runs.
//
// The library reports to whatever [Reporter] the context carries: bars in a
// terminal, an HTML bar that updates in place in a notebook, nothing at all in
// a test. Library code never prints.
//
//	t := progress.Start(ctx, "render street views", len(views))
//	defer t.Done()
//	for range views {
//		t.Add(1)
//	}
package progress

import "context"

// Reporter shows the progress of tasks. Implementations must accept tasks
// that run at the same time.
type Reporter interface {
	// Start announces a task of total steps; total is 0 when it is not known.
	Start(name string, total int) Task
}

// Task is one piece of long work. Its methods may be called from several
// goroutines.
type Task interface {
	// Add says that n more steps are done.
	Add(n int)
	// Note shows a short remark beside the bar, such as "loss 0.31".
	Note(remark string)
	// Plot hands on one measured value of the named series at a step, so that a
	// reporter that can draw shows a live curve.
	Plot(series string, step int, value float64)
	// Done ends the task, whether or not all its steps were done.
	Done()
}

type key struct{}

// With returns a context whose tasks are shown by r.
func With(ctx context.Context, r Reporter) context.Context {
	return context.WithValue(ctx, key{}, r)
}

// Start begins a task on the reporter that ctx carries, or a silent one.
func Start(ctx context.Context, name string, total int) Task {
	if r, ok := ctx.Value(key{}).(Reporter); ok && r != nil {
		return r.Start(name, total)
	}
	return silent{}
}

type silent struct{}

func (silent) Add(int)                   {}
func (silent) Note(string)               {}
func (silent) Plot(string, int, float64) {}
func (silent) Done()                     {}
