package plots

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// meter keeps what a task has reported. Its methods may be called from several
// goroutines.
type meter struct {
	mu     sync.Mutex
	name   string
	total  int
	start  time.Time
	done   int
	note   string
	curves []Series
	points int // values in all curves
	over   bool
	end    time.Time
	seq    int // changes so far
}

// state is what a meter holds at one moment; curves share their values with
// the meter, which only ever appends.
type state struct {
	name        string
	total, done int
	note        string
	elapsed     time.Duration
	curves      []Series
	points      int
	over        bool
	seq         int
}

func newMeter(name string, total int) *meter {
	return &meter{name: name, total: total, start: time.Now()}
}

func (m *meter) add(n int) {
	m.mu.Lock()
	m.done += n
	m.seq++
	m.mu.Unlock()
}

func (m *meter) remark(s string) {
	m.mu.Lock()
	m.note = s
	m.seq++
	m.mu.Unlock()
}

func (m *meter) plot(series string, step int, value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.curves, func(s Series) bool { return s.Name == series })
	if i < 0 {
		i = len(m.curves)
		m.curves = append(m.curves, Series{Name: series})
	}
	c := &m.curves[i]
	c.X = append(c.X, float64(step))
	c.Y = append(c.Y, value)
	m.points++
	m.seq++
}

// finish ends the task and reports whether it was still running.
func (m *meter) finish() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return false
	}
	m.over, m.end = true, time.Now()
	m.seq++
	return true
}

func (m *meter) state() state {
	m.mu.Lock()
	defer m.mu.Unlock()
	elapsed := time.Since(m.start)
	if m.over {
		elapsed = m.end.Sub(m.start)
	}
	return state{name: m.name, total: m.total, done: m.done, note: m.note, elapsed: elapsed,
		curves: slices.Clone(m.curves), points: m.points, over: m.over, seq: m.seq}
}

// share is how much is done, in [0, 1]; 0 where the total is not known.
func (s state) share() float64 {
	if s.total <= 0 {
		return 0
	}
	return min(max(float64(s.done)/float64(s.total), 0), 1)
}

// words says how far the task is: "120 of 500, 24/s, 16s left".
func (s state) words() string {
	var parts []string
	switch {
	case s.total > 0:
		parts = append(parts, fmt.Sprintf("%s of %s", count(s.done), count(s.total)))
	case s.done > 0:
		parts = append(parts, count(s.done))
	}
	seconds := s.elapsed.Seconds()
	if s.done > 0 && seconds > 0.05 {
		rate := float64(s.done) / seconds
		if rate >= 1 {
			parts = append(parts, brief(rate)+"/s")
		} else {
			parts = append(parts, brief(1/rate)+" s each")
		}
		if !s.over && s.total > s.done {
			left := time.Duration(float64(s.total-s.done) / rate * float64(time.Second))
			parts = append(parts, clock(left)+" left")
		}
	}
	if s.over {
		end := "done in "
		if s.total > 0 && s.done < s.total {
			end = "stopped after "
		}
		parts = append(parts, end+clock(s.elapsed))
	}
	if s.note != "" {
		parts = append(parts, s.note)
	}
	return strings.Join(parts, ", ")
}

// clock prints a duration as one would say it: "0.4s", "12s", "3m05s", "2h07m".
func clock(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
