package plots

import (
	"fmt"
	"html"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

	"urbangraph/uglib/progress"
)

// bars shows tasks in a notebook, each as an output of its own that updates in
// place.
type bars struct {
	screen screen
	sends  sync.Mutex // keeps outputs in order
	tick   time.Duration
	patience,
	redraw time.Duration
}

func newBars(s screen) *bars {
	return &bars{screen: s, tick: 200 * time.Millisecond, patience: 150 * time.Millisecond, redraw: time.Second}
}

var _ progress.Reporter = (*bars)(nil)

var barNumber atomic.Int64

// Start shows a task after a moment: one that is over by then, such as the
// opening of an artefact that exists, is not shown at all.
func (r *bars) Start(name string, total int) progress.Task {
	t := &barTask{meter: newMeter(name, total), bars: r, stop: make(chan struct{}), stopped: make(chan struct{}),
		id: fmt.Sprintf("ug-progress-%s-%d", gonbui.UniqueId(), barNumber.Add(1))}
	go t.run()
	return t
}

type barTask struct {
	meter         *meter
	bars          *bars
	id            string
	stop, stopped chan struct{}

	// Of the goroutine that draws, and of Done after it has ended.
	shown     bool
	picture   string // the curves as last drawn
	drawn     int    // values in picture
	drawnAt   time.Time
	lastState int
	lastSend  time.Time
}

func (t *barTask) Add(n int)                               { t.meter.add(n) }
func (t *barTask) Note(s string)                           { t.meter.remark(s) }
func (t *barTask) Plot(series string, step int, v float64) { t.meter.plot(series, step, v) }

// Done shows the final state and waits until it has arrived.
func (t *barTask) Done() {
	if !t.meter.finish() {
		return
	}
	close(t.stop)
	<-t.stopped
	s := t.meter.state()
	if !t.shown && s.elapsed < t.bars.patience && s.points == 0 {
		return
	}
	t.show(s, true)
	t.bars.sends.Lock()
	defer t.bars.sends.Unlock()
	// A kernel that has gone takes the output with it: nothing is left to tell.
	_ = t.bars.screen.sync()
}

func (t *barTask) run() {
	defer close(t.stopped)
	select {
	case <-t.stop:
		return
	case <-time.After(t.bars.patience):
	}
	tick := time.NewTicker(t.bars.tick)
	defer tick.Stop()
	for {
		// Without news the clock still goes on, once a second.
		if s := t.meter.state(); s.seq != t.lastState || time.Since(t.lastSend) >= time.Second {
			t.show(s, false)
		}
		select {
		case <-t.stop:
			return
		case <-tick.C:
		}
	}
}

func (t *barTask) show(s state, last bool) {
	// Curves take some milliseconds to draw, so they are drawn less often.
	if s.points != t.drawn && (last || time.Since(t.drawnAt) >= t.bars.redraw) {
		if p, err := liveCurves(s.curves); err == nil {
			t.picture, t.drawn, t.drawnAt = p, s.points, time.Now()
		}
	}
	t.bars.sends.Lock()
	defer t.bars.sends.Unlock()
	// An output that is lost is replaced by the next one.
	_ = t.bars.screen.send(bundle{html: barHTML(s) + t.picture, text: strings.TrimSpace(s.name + ": " + s.words()), id: t.id})
	t.shown, t.lastState, t.lastSend = true, s.seq, time.Now()
}

func barHTML(s state) string {
	colour, width := "#0072b2", 100*s.share()
	switch {
	case s.over && s.total > 0 && s.done < s.total:
		colour = "#8a8f98"
	case s.over:
		colour, width = "#009e73", 100
	}
	var b strings.Builder
	b.WriteString(`<div class="ug-progress" style="display:flex;align-items:center;gap:10px;flex-wrap:wrap;font:13px/1.5 'Liberation Sans',Arial,Helvetica,sans-serif">`)
	fmt.Fprintf(&b, `<span style="min-width:170px">%s</span>`, html.EscapeString(s.name))
	fmt.Fprintf(&b, `<span style="display:inline-block;width:220px;height:9px;border-radius:4px;background:#e1e4e8;overflow:hidden"><span style="display:block;height:9px;width:%.1f%%;background:%s"></span></span>`, width, colour)
	fmt.Fprintf(&b, `<span style="color:#636b76;font-variant-numeric:tabular-nums">%s</span></div>`, html.EscapeString(s.words()))
	return b.String()
}
