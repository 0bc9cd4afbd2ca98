// Package terminal shows progress on standard error: bars with rate and time
// left where that is a terminal, and plain lines, few of them, where it is a
// file or a pipe.
//
//	r := terminal.New(os.Stderr)
//	defer r.Close()
//	ctx = progress.With(ctx, r)
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"urbangraph/uglib/progress"
)

const (
	// quick tasks that end before this are not shown at all.
	quick = 300 * time.Millisecond
	// linePause is the least time between two lines of a task that runs.
	linePause = 5 * time.Second
	barWidth  = 24
)

// Reporter shows tasks on a terminal or in a log. Close it at the end.
type Reporter struct {
	now       func() time.Time
	quick     time.Duration
	container *mpb.Progress // nil for plain lines
	write     sync.Mutex    // one line at a time
	out       io.Writer

	mu     sync.Mutex
	open   map[*task]bool
	closed bool
}

// New returns a reporter that draws bars if out is a terminal (that knows its
// width and is not "dumb") and else writes plain lines: for each task at most one line every 5 seconds, and one when it
// ends. Tasks that end within 0.3 seconds are not shown.
func New(out *os.File) *Reporter {
	if isatty.IsTerminal(out.Fd()) && os.Getenv("TERM") != "dumb" {
		if size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
			return newBars(out)
		}
	}
	return newLines(out)
}

func newLines(out io.Writer) *Reporter {
	return &Reporter{out: out, now: time.Now, quick: quick, open: map[*task]bool{}}
}

func newBars(out io.Writer) *Reporter {
	r := newLines(out)
	r.container = mpb.New(mpb.WithOutput(out), mpb.WithAutoRefresh(), mpb.PopCompletedMode())
	return r
}

// Start implements [progress.Reporter].
func (r *Reporter) Start(name string, total int) progress.Task {
	t := &task{r: r, name: name, total: max(total, 0), start: r.now()}
	t.said = t.start
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		t.ended = true
		return t
	}
	r.open[t] = true
	if r.container != nil {
		t.timer = time.AfterFunc(r.quick, t.show)
	}
	return t
}

// Close ends the tasks that still run, and returns when the last picture of all
// is drawn. Tasks that start later are not shown.
func (r *Reporter) Close() {
	r.mu.Lock()
	r.closed = true
	var left []*task
	for t := range r.open {
		left = append(left, t)
	}
	r.mu.Unlock()
	for _, t := range left {
		t.Done()
	}
	if r.container != nil {
		r.container.Wait()
	}
}

func (r *Reporter) line(text string) {
	r.write.Lock()
	defer r.write.Unlock()
	// Nothing can be done about a log that cannot be written.
	_, _ = fmt.Fprintln(r.out, text)
}

type task struct {
	r     *Reporter
	name  string
	start time.Time
	timer *time.Timer // shows the bar

	mu    sync.Mutex
	done  int
	total int
	note  string
	said  time.Time // time of the last line
	ended bool
	end   time.Time
	bar   *mpb.Bar
}

// show puts the bar of a task that is still running on the screen.
func (t *task) show() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	var style mpb.BarFillerBuilder = mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
	if t.total == 0 {
		style = mpb.SpinnerStyle().PositionLeft()
	}
	// A total of 0 keeps the bar from ending by itself before Done.
	bar, err := t.r.container.Add(0, style.Build(), mpb.BarWidth(barWidth),
		mpb.PrependDecorators(decor.Name(t.name)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return t.status() })))
	if err != nil {
		return // closed meanwhile
	}
	if t.total > 0 {
		bar.SetTotal(int64(t.total), false)
	}
	bar.SetCurrent(int64(t.done))
	t.bar = bar
}

func (t *task) status() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.statusLocked()
}

// statusLocked says how far the task is: "120/400 30% 33.1/s 9s left loss 0.31".
func (t *task) statusLocked() string {
	now := t.end
	if !t.ended {
		now = t.r.now()
	}
	elapsed := now.Sub(t.start)
	var parts []string
	if t.total > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d %d%%", t.done, t.total, 100*t.done/t.total))
	} else if t.done > 0 {
		parts = append(parts, fmt.Sprint(t.done))
	}
	if t.done > 0 && elapsed > 0 {
		parts = append(parts, rate(float64(t.done)/elapsed.Seconds()))
	}
	switch left := t.total - t.done; {
	case t.ended:
		parts = append(parts, "in "+short(elapsed))
	case left > 0 && t.done > 0:
		parts = append(parts, short(time.Duration(float64(elapsed)/float64(t.done)*float64(left)))+" left")
	default:
		parts = append(parts, short(elapsed))
	}
	if t.note != "" {
		parts = append(parts, t.note)
	}
	return strings.Join(parts, " ")
}

func (t *task) Add(n int) {
	t.mu.Lock()
	t.done += n
	t.changed()
}

func (t *task) Note(remark string) {
	t.mu.Lock()
	t.note = strings.Join(strings.Fields(remark), " ")
	t.changed()
}

// Plot implements [progress.Task]; a terminal shows no curves, and notes say
// the values that matter.
func (t *task) Plot(string, int, float64) {}

// changed shows the new state and unlocks mu.
func (t *task) changed() {
	if t.bar != nil {
		bar, done := t.bar, t.done
		t.mu.Unlock() // the bar's goroutine asks for the status
		bar.SetCurrent(int64(done))
		return
	}
	line := ""
	if now := t.r.now(); t.r.container == nil && !t.ended && now.Sub(t.said) >= linePause {
		t.said = now
		line = t.name + ": " + t.statusLocked()
	}
	t.mu.Unlock()
	if line != "" {
		t.r.line(line)
	}
}

func (t *task) Done() {
	t.r.mu.Lock()
	delete(t.r.open, t)
	t.r.mu.Unlock()
	t.mu.Lock()
	if t.ended {
		t.mu.Unlock()
		return
	}
	t.ended, t.end = true, t.r.now()
	if t.timer != nil {
		t.timer.Stop()
	}
	line := ""
	if t.r.container == nil && t.end.Sub(t.start) >= t.r.quick {
		line = t.name + ": " + t.statusLocked()
	}
	bar, whole, done := t.bar, t.total == 0 || t.done >= t.total, t.done
	t.mu.Unlock()
	switch {
	case line != "":
		t.r.line(line)
	case bar != nil && whole:
		bar.SetTotal(int64(max(done, 1)), true)
	case bar != nil:
		bar.Abort(false)
	}
}

// rate writes steps per second, or per minute where they are slow.
func rate(perSecond float64) string {
	switch {
	case perSecond >= 100:
		return fmt.Sprintf("%.0f/s", perSecond)
	case perSecond >= 1:
		return fmt.Sprintf("%.1f/s", perSecond)
	default:
		return fmt.Sprintf("%.1f/min", 60*perSecond)
	}
}

// short writes a time to the second, to the tenth below ten seconds.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
