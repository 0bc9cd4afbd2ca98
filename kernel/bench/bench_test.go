package bench

import (
	"bytes"
	"fmt"
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

func TestSummary(t *testing.T) {
	var in, progress bytes.Buffer
	for _, c := range cells {
		for i := range 3 {
			for _, kind := range []string{"changed", "unchanged"} {
				fmt.Fprintf(&in, "{\"cell\": %q, \"kernel\": %q, \"kind\": %q, \"seconds\": %v}\n", c.name, plain, kind, 0.4+float64(i)/10)
				fmt.Fprintf(&in, "{\"cell\": %q, \"kernel\": \"urbangraph\", \"kind\": %q, \"seconds\": %v}\n", c.name, kind, 0.1+float64(i)/10)
			}
		}
	}
	times, err := readTimes(&in, &progress)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := summarise(times)
	if err != nil || len(rows) != 2*len(cells) {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	r := rows[0]
	if r.Runs != 3 || r.Plain.Round(time.Millisecond) != 500*time.Millisecond || r.OursMin.Round(time.Millisecond) != 100*time.Millisecond || r.Ratio() < 2.49 || r.Ratio() > 2.51 {
		t.Errorf("row %+v, ratio %v", r, r.Ratio())
	}
	var table bytes.Buffer
	if err := Print(&table, rows); err != nil || !strings.Contains(table.String(), "2.5") || !strings.Contains(table.String(), "500 (min 400)") {
		t.Errorf("table\n%s", table.String())
	}
	if strings.Count(progress.String(), "timing the") != len(cells) {
		t.Errorf("progress\n%s", progress.String())
	}
	delete(times, run{cells[0].name, "changed", plain})
	if _, err := summarise(times); err == nil {
		t.Error("a missing series was not noticed")
	}
	if _, err := readTimes(strings.NewReader("Traceback\n"), &progress); err == nil {
		t.Error("output that is no JSON was not noticed")
	}
}
