package show

import (
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 0: "0.0s", 440 * time.Millisecond: "0.4s", 9949 * time.Millisecond: "9.9s", 9950 * time.Millisecond: "10s",
		59499 * time.Millisecond: "59s", 59500 * time.Millisecond: "1m00s", 185 * time.Second: "3m05s", 3599 * time.Second: "59m59s",
		2*time.Hour + 7*time.Minute: "2h07m", 100 * time.Hour: "100h00m",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestProgressText(t *testing.T) {
	start := time.Unix(0, 0)
	for _, c := range []struct {
		p    *Progress
		took time.Duration
		want string
	}{
		{&Progress{}, 0, "0"},
		{&Progress{label: "a", total: 10}, time.Second, "a: 0 of 10"},
		{&Progress{total: 500, done: 120}, 5 * time.Second, "120 of 500, 24/s, 16s left"},
		{&Progress{total: 10, done: 2}, 8 * time.Second, "2 of 10, 4.0 s each, 32s left"},
		{&Progress{done: 2, note: "n"}, time.Second, "2, 2.0/s, n"},
		{&Progress{total: 2, done: 3}, time.Second, "3 of 2, 3.0/s"},
		{&Progress{total: 2, done: 2, over: true}, time.Second, "2 of 2 in 1.0s, 2.0/s"},
		{&Progress{total: 2, done: 1, over: true}, time.Second, "1 of 2, stopped after 1.0s, 1.0/s"},
		{&Progress{done: 1, over: true}, 0, "1 in 0.0s"},
	} {
		c.p.start = start
		if got := c.p.text(start.Add(c.took)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestProgressHTML(t *testing.T) {
	for _, c := range []struct {
		p    *Progress
		want string
	}{
		{&Progress{total: 4, done: 1}, "width:25%;"},
		{&Progress{total: 4, done: 9}, "width:100%;background:#9cc2e8"},
		{&Progress{total: 4, done: -9}, "width:0%;"},
		{&Progress{}, "repeating-linear-gradient"},
	} {
		if got := c.p.html("<t>"); !strings.Contains(got, c.want) || !strings.Contains(got, "&lt;t&gt;") {
			t.Errorf("%s lacks %s", got, c.want)
		}
	}
}
