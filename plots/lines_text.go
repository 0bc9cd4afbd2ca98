package plots

import (
	"fmt"
	"io"
	"sync"
	"time"

	"urbangraph/uglib/progress"
)

// lineReporter writes a line of text now and then, and one at the end of each
// task.
type lineReporter struct {
	mu    sync.Mutex
	out   io.Writer
	pause time.Duration // between the lines of a task; 0 is 2 s
}

var _ progress.Reporter = (*lineReporter)(nil)

// Start begins a task.
func (r *lineReporter) Start(name string, total int) progress.Task {
	return &lineTask{meter: newMeter(name, total), reporter: r, last: time.Now()}
}

type lineTask struct {
	meter    *meter
	reporter *lineReporter
	last     time.Time // guarded by reporter.mu
}

func (t *lineTask) Add(n int) {
	t.meter.add(n)
	t.line(false)
}

func (t *lineTask) Note(s string)                           { t.meter.remark(s) }
func (t *lineTask) Plot(series string, step int, v float64) { t.meter.plot(series, step, v) }

func (t *lineTask) Done() {
	if t.meter.finish() {
		t.line(true)
	}
}

func (t *lineTask) line(last bool) {
	r := t.reporter
	r.mu.Lock()
	defer r.mu.Unlock()
	pause := r.pause
	if pause == 0 {
		pause = 2 * time.Second
	}
	if !last && time.Since(t.last) < pause {
		return
	}
	t.last = time.Now()
	s := t.meter.state()
	fmt.Fprintf(r.out, "%s: %s\n", s.name, s.words())
}
