package resources

import (
	"testing"
	"time"
)

func TestUsageString(t *testing.T) {
	for _, c := range []struct {
		u    Usage
		want string
	}{
		{Usage{}, "0 µs wall"},
		{Usage{Wall: 1230 * time.Millisecond, User: 3 * time.Second, System: 400 * time.Millisecond, PeakRSS: 210e6, Build: 95 * time.Millisecond},
			"1.2 s wall, 3.4 s CPU, 210 MB peak; built in 95 ms"},
		{Usage{Wall: 2300 * time.Microsecond, PeakRSS: 1536e6, Printed: 12_345, Cached: true, Build: time.Second},
			"2.3 ms wall, 1.5 GB peak, 12 kB printed; built before"},
	} {
		if got := c.u.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		999 * time.Microsecond: "999 µs", 9949 * time.Microsecond: "9.9 ms", 9950 * time.Microsecond: "10 ms",
		999499 * time.Microsecond: "999 ms", 999500 * time.Microsecond: "1.0 s", 9960 * time.Millisecond: "10 s",
		59499 * time.Millisecond: "59 s", 59500 * time.Millisecond: "1 min 0 s", 185 * time.Second: "3 min 5 s",
		time.Hour - time.Second: "59 min 59 s", time.Hour - time.Millisecond: "1 h 0 min", 127 * time.Minute: "2 h 7 min",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 9949: "9.9 kB", 9950: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		5e15: "5000 TB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}
