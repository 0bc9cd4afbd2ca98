package plots

import (
	"context"
	"os"

	"github.com/mattn/go-isatty"

	"urbangraph/uglib/progress"
)

// Context returns a context whose tasks are shown: in a notebook as bars with
// rate and time left that update in place, with live curves of what the task
// plots; in a terminal as lines of plain text on the standard error; otherwise
// not at all.
func Context() context.Context {
	ctx := context.Background()
	output.Lock()
	s := output.screen
	output.Unlock()
	switch {
	case s != nil:
		return progress.With(ctx, newBars(s))
	case isatty.IsTerminal(os.Stderr.Fd()):
		return progress.With(ctx, &lineReporter{out: os.Stderr})
	}
	return ctx
}
