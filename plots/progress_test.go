package plots

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"urbangraph/uglib/progress"
)

func TestBarUpdatesInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tape{}
		ctx := progress.With(context.Background(), newBars(s))
		task := progress.Start(ctx, "render <views>", 100)
		for i := range 100 {
			time.Sleep(100 * time.Millisecond)
			task.Add(1)
			if i == 49 {
				task.Note("half way")
			}
		}
		task.Done()
		task.Done() // again does nothing

		// 10 s at one update in 200 ms, and the last.
		if n := len(s.sent); n < 45 || n > 52 {
			t.Errorf("%d updates in 10 s, want about 50", n)
		}
		for _, b := range s.sent {
			if b.id == "" || b.id != s.sent[0].id {
				t.Fatalf("update has id %q after %q", b.id, s.sent[0].id)
			}
			if strings.Contains(b.html, "<views>") || b.text == "" {
				t.Fatalf("update %+v", b)
			}
		}
		middle := s.sent[len(s.sent)/2].text
		for _, want := range []string{"render <views>: 5", "of 100", "/s, ", "s left"} {
			if !strings.Contains(middle, want) {
				t.Errorf("middle says %q, want %q in it", middle, want)
			}
		}
		if last := s.sent[len(s.sent)-1].text; last != "render <views>: 100 of 100, 10/s, done in 10s, half way" {
			t.Errorf("last says %q", last)
		}
		if s.syncs != 1 {
			t.Errorf("%d syncs, want 1", s.syncs)
		}
	})
}

func TestShortTasksAreNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tape{}
		task := newBars(s).Start("open", 0)
		time.Sleep(50 * time.Millisecond)
		task.Done()
		if len(s.sent) != 0 {
			t.Errorf("shown: %+v", s.sent)
		}
	})
}

func TestIdleBarKeepsItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tape{}
		task := newBars(s).Start("slow", 3)
		time.Sleep(5 * time.Second)
		s.mu.Lock()
		n := len(s.sent)
		s.mu.Unlock()
		if n < 4 || n > 7 {
			t.Errorf("%d updates in 5 idle seconds, want one a second", n)
		}
		task.Add(1)
		task.Done()
		if last := s.sent[len(s.sent)-1]; !strings.Contains(last.text, "stopped after 5.0s") {
			t.Errorf("last says %q", last.text)
		}
	})
}

func TestLiveCurves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &tape{}
		task := newBars(s).Start("train", 50)
		for i := range 50 {
			time.Sleep(100 * time.Millisecond)
			task.Plot("loss", i, 1/float64(i+1))
			task.Add(1)
		}
		task.Done()
		pictures := map[string]bool{}
		for _, b := range s.sent {
			if _, p, ok := strings.Cut(b.html, "<img"); ok {
				pictures[p] = true
			}
		}
		if n := len(pictures); n < 4 || n > 7 {
			t.Errorf("%d different pictures in 5 s, want one a second", n)
		}
		if !strings.Contains(s.sent[len(s.sent)-1].html, "<img") {
			t.Error("the last update has no curves")
		}
	})
}

func TestTasksFromManyGoroutines(t *testing.T) {
	s := &tape{}
	r := newBars(s)
	r.tick, r.patience, r.redraw = time.Millisecond, 0, time.Millisecond
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			task := r.Start("t", 1000)
			var adders sync.WaitGroup
			for range 4 {
				adders.Go(func() {
					for i := range 50 {
						task.Add(5)
						task.Plot("loss", i, float64(i))
						task.Note("n")
					}
				})
			}
			adders.Wait()
			task.Done()
		})
	}
	all.Wait()
	ids := map[string]string{}
	for _, b := range s.sent {
		ids[b.id] = b.text
	}
	if len(ids) != 4 {
		t.Errorf("%d outputs for 4 tasks", len(ids))
	}
	for id, text := range ids {
		if !strings.Contains(text, "1,000 of 1,000") {
			t.Errorf("%s ends with %q", id, text)
		}
	}
}

func TestLinesOfText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		task := (&lineReporter{out: &out}).Start("read", 10)
		for range 10 {
			time.Sleep(time.Second)
			task.Add(1)
		}
		task.Note("ok")
		task.Plot("loss", 1, 2)
		task.Done()
		task.Done()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 6 || lines[0] != "read: 2 of 10, 1/s, 8.0s left" || lines[5] != "read: 10 of 10, 1/s, done in 10s, ok" {
			t.Errorf("lines: %q", lines)
		}
	})
}

func TestContextOutsideANotebookIsQuiet(t *testing.T) {
	out := on(nil, func() {
		task := progress.Start(Context(), "t", 1)
		task.Add(1)
		task.Done()
	})
	if out != "" {
		t.Errorf("standard error: %q", out)
	}
	s := &tape{}
	on(s, func() {
		task := progress.Start(Context(), "t", 1)
		task.Plot("loss", 0, 1)
		task.Done()
	})
	if len(s.sent) == 0 {
		t.Error("nothing was shown in the notebook")
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{-1: "0s", 400 * time.Millisecond: "0.4s", 12 * time.Second: "12s", 185 * time.Second: "3m05s", 127 * time.Minute: "2h07m", 59600 * time.Millisecond: "60s"} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestMeasure(t *testing.T) {
	for name, want := range map[string]string{"train loss": "loss", "val/loss": "loss", "loss": "loss", "": "", "/": "/"} {
		if got := measure(name); got != want {
			t.Errorf("measure(%q) = %q, want %q", name, got, want)
		}
	}
}
