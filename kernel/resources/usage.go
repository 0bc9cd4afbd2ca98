package resources

import (
	"fmt"
	"strings"
	"time"
)

// Usage is what a cell has used. The last three are not measured by a [Watcher] but filled in by whoever
// built the program and read its output.
type Usage struct {
	Wall    time.Duration
	User    time.Duration // of the program and the processes that it has waited for
	System  time.Duration // the same
	PeakRSS int64         // bytes of memory that the program held at most; 0 where not known
	Printed int64         // bytes of output
	Build   time.Duration // time until the program was built; 0 where none was
	Cached  bool          // the program was there already
}

// CPU is the time of all processors together.
func (u Usage) CPU() time.Duration { return u.User + u.System }

// String tells the usage on one line: "1.2 s wall, 3.4 s CPU, 210 MB peak, 12 kB printed; built in 95 ms".
// What is not known is left out.
func (u Usage) String() string {
	parts := []string{duration(u.Wall) + " wall"}
	if u.CPU() > 0 {
		parts = append(parts, duration(u.CPU())+" CPU")
	}
	if u.PeakRSS > 0 {
		parts = append(parts, size(u.PeakRSS)+" peak")
	}
	if u.Printed > 0 {
		parts = append(parts, size(u.Printed)+" printed")
	}
	s := strings.Join(parts, ", ")
	switch {
	case u.Cached:
		s += "; built before"
	case u.Build > 0:
		s += "; built in " + duration(u.Build)
	}
	return s
}

// duration writes a duration with two or three digits: "95 ms", "1.2 s", "3 min 5 s", "2 h 7 min".
func duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 9950*time.Microsecond:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 59500*time.Millisecond:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		s := int(d.Round(time.Second) / time.Second)
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	m := int(d.Round(time.Minute) / time.Minute)
	return fmt.Sprintf("%d h %d min", m/60, m%60)
}

// size writes a number of bytes, in powers of 1,000: "820 bytes", "12 kB", "210 MB", "1.5 GB".
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	x := float64(n)
	unit := ""
	for _, unit = range []string{"kB", "MB", "GB", "TB"} {
		if x /= 1000; x < 999.5 {
			break
		}
	}
	if x < 9.95 {
		return fmt.Sprintf("%.1f %s", x, unit)
	}
	return fmt.Sprintf("%.0f %s", x, unit)
}
