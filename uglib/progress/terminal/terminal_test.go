package terminal

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/uglib/progress"
)

// clock is a time that the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) sleep(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	c := &clock{t: time.Unix(0, 0)}
	r := newLines(&out)
	r.now = c.now
	ctx := progress.With(t.Context(), r)

	progress.Start(ctx, "quick", 0).Done()
	views := progress.Start(ctx, "views", 100)
	for i := range 100 {
		c.sleep(150 * time.Millisecond)
		if i == 50 {
			views.Note("two\nlines")
		}
		views.Plot("loss", i, 1)
		views.Add(1)
	}
	views.Done()
	views.Done()
	views.Add(1) // after the end: nothing
	city := progress.Start(ctx, "city", 0)
	c.sleep(time.Second)
	city.Add(7)
	c.sleep(99 * time.Second)
	city.Note("reading")
	r.Close()
	progress.Start(ctx, "late", 0).Done()

	const want = `views: 34/100 34% 6.7/s 9.9s left
views: 68/100 68% 6.7/s 4.8s left two lines
views: 100/100 100% 6.7/s in 15s two lines
city: 7 4.2/min 1m40s reading
city: 7 4.2/min in 1m40s reading
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
}

func TestBars(t *testing.T) {
	var out bytes.Buffer
	r := newBars(&out)
	r.quick = 0
	ctx := progress.With(context.Background(), r)
	var wg sync.WaitGroup
	for _, total := range []int{0, 20} {
		for _, share := range []int{1, 2} { // of the steps that are done
			wg.Go(func() {
				task := progress.Start(ctx, "work", total)
				for i := range 20 / share {
					time.Sleep(10 * time.Millisecond)
					task.Add(1)
					task.Note("step " + string(rune('a'+i)))
				}
				task.Done()
			})
		}
	}
	wg.Wait()
	progress.Start(ctx, "never ended", 5).Add(2)
	time.Sleep(50 * time.Millisecond)
	r.Close()
	text := regexp.MustCompile("\x1b\\[[0-9]*[A-Za-z]").ReplaceAllString(out.String(), "")
	for _, want := range []string{"work [", "20/20 100%", "10/20 50%", "step t", "never ended"} {
		if !strings.Contains(text, want) {
			t.Errorf("bars show no %q:\n%s", want, text)
		}
	}
}

func TestNewWritesLinesToAFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := New(f)
	if r.container != nil {
		t.Error("bars in a file")
	}
	r.Close()
}
