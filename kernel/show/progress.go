package show

import (
	"iter"
	"os"
	"strconv"
	"sync"
	"time"

	"urbangraph/kernel/internal/shown"
)

// pace is the least time between two pictures of a bar.
const pace = 100 * time.Millisecond

// Progress is a task whose progress is shown. Its methods may be called from several goroutines.
type Progress struct {
	mu      sync.Mutex
	label   string
	note    string
	done    int
	total   int
	start   time.Time
	id      string
	out     screen
	last    time.Time   // when it was drawn
	pending *time.Timer // draws what has changed since
	over    bool
}

// screen is where progress is shown.
type screen int

const (
	nowhere  screen = iota // only that it has ended is told
	terminal               // a line that is written over
	notebook               // an output that is updated
)

// Bar begins to show a task of so many steps; 0 or less when that is not known. In a notebook it is a bar
// that is updated in place, at most ten times a second; on a terminal a line; elsewhere only the end is
// told, on one line of standard error.
func Bar(total int, label string) *Progress {
	p := &Progress{label: label, total: total, start: time.Now(), out: where()}
	if p.out == notebook {
		p.id = NewID()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draw(shown.Display)
	return p
}

// Steps counts from 0 up to n and shows how far it is:
//
//	for epoch := range show.Steps(100, "epochs") { ... }
func Steps(n int, label string) iter.Seq[int] {
	return func(yield func(int) bool) {
		p := Bar(n, label)
		defer p.Done()
		for i := range n {
			if !yield(i) {
				return
			}
			p.Add(1)
		}
	}
}

// Each goes through a slice and shows how far it is.
func Each[T any](items []T, label string) iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i := range Steps(len(items), label) {
			if !yield(i, items[i]) {
				return
			}
		}
	}
}

// Add says that n more steps are done.
func (p *Progress) Add(n int) { p.change(func() { p.done += n }) }

// Set says how many steps are done.
func (p *Progress) Set(done int) { p.change(func() { p.done = done }) }

// Note shows a remark beside the bar, for example the loss.
func (p *Progress) Note(s string) { p.change(func() { p.note = s }) }

// Done ends the task: one line stays. Later calls do nothing.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.over = true
	if p.pending != nil {
		p.pending.Stop()
	}
	p.draw(shown.Update)
}

// change applies a change and draws it, at once or when the time has come.
func (p *Progress) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	f()
	if p.out == nowhere || p.pending != nil {
		return
	}
	wait := pace - time.Since(p.last)
	if wait <= 0 {
		p.draw(shown.Update)
		return
	}
	p.pending = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pending = nil
		if !p.over {
			p.draw(shown.Update)
		}
	})
}

// draw shows the task as it is; p.mu is held.
func (p *Progress) draw(kind shown.Kind) {
	p.last = time.Now()
	text := p.text(p.last)
	switch {
	case p.out == notebook:
		b := Bundle{plain: text, html: p.html(text)}
		kernel.send(shown.Frame{Kind: kind, ID: p.id, Data: b.parts()})
	case p.out == terminal && p.over:
		os.Stderr.WriteString("\r\x1b[K" + text + "\n")
	case p.out == terminal:
		os.Stderr.WriteString("\r\x1b[K" + cut(text, 79))
	case p.over:
		os.Stderr.WriteString(text + "\n")
	}
}

// share is how much is done, in percent; -1 when that is not known.
func (p *Progress) share() int {
	if p.total <= 0 {
		return -1
	}
	return min(max(int(float64(p.done)/float64(p.total)*100), 0), 100)
}

// text says on one line how far the task is: "epochs: 120 of 500, 24/s, 16s left".
func (p *Progress) text(now time.Time) string {
	var s string
	if p.label != "" {
		s = p.label + ": "
	}
	s += strconv.Itoa(p.done)
	if p.total > 0 {
		s += " of " + strconv.Itoa(p.total)
	}
	took := now.Sub(p.start)
	if p.over {
		if p.total > 0 && p.done < p.total {
			s += ", stopped after "
		} else {
			s += " in "
		}
		s += duration(took)
	}
	if rate := float64(p.done) / took.Seconds(); p.done > 0 && took > pace/2 {
		s += ", " + speed(rate)
		if left := p.total - p.done; left > 0 && !p.over {
			s += ", " + duration(time.Duration(float64(left)/rate*float64(time.Second))) + " left"
		}
	}
	if p.note != "" {
		s += ", " + p.note
	}
	return flat(s)
}

// html is a bar with the text in it; at the end, the text.
func (p *Progress) html(text string) string {
	if p.over {
		return `<div>` + escape(text) + `</div>`
	}
	width := "100%;background:repeating-linear-gradient(45deg,#c9dcef,#c9dcef 8px,#e4eef8 8px,#e4eef8 16px)"
	if n := p.share(); n >= 0 {
		width = strconv.Itoa(n) + "%;background:#9cc2e8"
	}
	return `<div style="position:relative;max-width:560px;border:1px solid #8a8f98;border-radius:3px;background:#f4f6f8">` +
		`<div style="width:` + width + `;position:absolute;top:0;bottom:0;left:0"></div>` +
		`<div style="position:relative;padding:1px 6px;white-space:nowrap;overflow:hidden;color:#1a1d21">` + escape(text) + `</div></div>`
}

// speed writes a rate: "24/s", or "3.2 s each" where it is less than one.
func speed(rate float64) string {
	if rate >= 1 {
		return brief(rate) + "/s"
	}
	return brief(1/rate) + " s each"
}

// brief writes a positive number with two or three digits that count.
func brief(x float64) string {
	if x < 9.95 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}

// duration writes a duration: "0.4s", "12s", "3m05s", "2h07m".
func duration(d time.Duration) string {
	pad := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	switch {
	case d < 9950*time.Millisecond:
		return brief(max(d.Seconds(), 0)) + "s"
	case d < 59500*time.Millisecond:
		return brief(d.Seconds()) + "s"
	case d < time.Hour:
		s := int(d.Round(time.Second).Seconds())
		return strconv.Itoa(s/60) + "m" + pad(s%60) + "s"
	}
	m := int(d.Round(time.Minute).Minutes())
	return strconv.Itoa(m/60) + "h" + pad(m%60) + "m"
}

// where tells where progress can be shown.
func where() screen {
	if kernel.there() {
		return notebook
	}
	s, err := os.Stderr.Stat()
	if err != nil || s.Mode()&os.ModeCharDevice == 0 {
		return nowhere
	}
	if null, err := os.Stat(os.DevNull); err == nil && os.SameFile(s, null) {
		return nowhere
	}
	return terminal
}
