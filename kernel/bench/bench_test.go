package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		d    []time.Duration
		want time.Duration
	}{
		{[]time.Duration{7}, 7},
		{[]time.Duration{9, 1, 5}, 5},
		{[]time.Duration{1, 9, 3, 5}, 4},
	} {
		if got := median(c.d); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.d, got, c.want)
		}
	}
}

func TestRow(t *testing.T) {
	r := row("fmt", "changed", []time.Duration{400 * time.Millisecond, 600 * time.Millisecond, 500 * time.Millisecond},
		[]time.Duration{9 * time.Millisecond, 125 * time.Millisecond, 300 * time.Millisecond})
	if r.Runs != 3 || r.Plain != 500*time.Millisecond || r.Ratio() != 0.25 {
		t.Errorf("%+v, ratio %v", r, r.Ratio())
	}
	var table bytes.Buffer
	if err := Print(&table, []Row{r}); err != nil || !strings.Contains(table.String(), "500 (400 to 600)  125 (9.00 to 300)   0.25") {
		t.Errorf("table\n%s", table.String())
	}
}
