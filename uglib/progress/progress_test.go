package progress_test

import (
	"context"
	"fmt"
	"testing"

	"urbangraph/uglib/progress"
)

// printer is a reporter that prints what it is told.
type printer struct{}

func (printer) Start(name string, total int) progress.Task {
	fmt.Println("start", name, total)
	return printed{name}
}

type printed struct{ name string }

func (p printed) Add(n int)                            { fmt.Println(p.name, "+", n) }
func (p printed) Note(remark string)                   { fmt.Println(p.name, remark) }
func (p printed) Plot(series string, i int, v float64) { fmt.Println(p.name, series, i, v) }
func (p printed) Done()                                { fmt.Println(p.name, "done") }

func Example() {
	ctx := progress.With(context.Background(), printer{})
	t := progress.Start(ctx, "train", 2)
	defer t.Done()
	t.Add(1)
	t.Note("loss 0.31")
	t.Plot("loss", 1, 0.31)
	// Output:
	// start train 2
	// train + 1
	// train loss 0.31
	// train loss 1 0.31
	// train done
}

func TestSilent(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), progress.With(t.Context(), nil)} {
		task := progress.Start(ctx, "x", 1) // must not fail
		task.Add(1)
		task.Note("y")
		task.Plot("z", 0, 0)
		task.Done()
	}
}
