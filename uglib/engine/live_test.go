package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// Requests that come together are computed together, and get the vectors that
// they would get alone.
func TestLive(t *testing.T) {
	m := tiny(t)
	e := newEngine(t, m, Options{Batch: 8})
	l := NewLive(e, LiveOptions{Wait: 200 * time.Millisecond})
	defer l.Close()
	items := mixed(24, 11)
	items = append(items, items[:6]...) // twice at one time
	answers := make([]Answer, len(items))
	var group sync.WaitGroup
	for i := range items {
		group.Go(func() {
			got, err := l.Embed(t.Context(), items[i:i+1])
			if err != nil {
				t.Error(err)
				return
			}
			answers[i] = got[0]
		})
	}
	group.Wait()
	s := l.Stats()
	if s.Inputs != len(items) || s.Batches > len(items)/2 || s.Encoded > len(items) {
		t.Errorf("stats %+v", s)
	}
	t.Logf("%+v, %d graphs", s, e.Graphs())
	for i, a := range answers {
		if a.Err != nil || a.Tokens < 5 {
			t.Errorf("item %d: %+v", i, a)
		}
		if d := distance(a.Vector, alone(t, e, items[i])); d > 1e-5 {
			t.Errorf("item %d differs by %g", i, d)
		}
	}
	// One request of many, some of them bad.
	got, err := l.Embed(t.Context(), []Item{{Text: "Elm"}, {}, {Data: []byte("none")}, {Text: "Elm"}})
	if err != nil || got[0].Err != nil || got[1].Err == nil || got[2].Err == nil || got[3].Err != nil || distance(got[0].Vector, got[3].Vector) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := l.Embed(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

// Equal inputs of one time are computed once.
func TestLiveOnce(t *testing.T) {
	e := newEngine(t, tiny(t), Options{})
	l := NewLive(e, LiveOptions{Wait: 50 * time.Millisecond})
	defer l.Close()
	if _, err := l.Embed(t.Context(), []Item{{Text: "Elm"}, {Text: "Elm"}, {Text: "Oak"}, {Text: "Elm"}}); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s != (LiveStats{Inputs: 4, Encoded: 2, Batches: 1}) {
		t.Errorf("stats %+v", s)
	}
}

// What is prepared takes bounded memory, in one request and in all.
func TestLiveMemory(t *testing.T) {
	e := newEngine(t, tiny(t), Options{Batch: 4})
	rng := rand.New(rand.NewPCG(1, 1))
	one, more := picture(rng, 112, 112), picture(rng, 140, 112)
	l := NewLive(e, LiveOptions{Wait: time.Hour, Memory: 400_000})
	defer l.Close()
	if _, err := l.Embed(t.Context(), []Item{{Data: one}, {Data: more}, {Data: one}}); !errors.Is(err, ErrLarge) {
		t.Errorf("three images: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.Embed(ctx, []Item{{Data: one}})
		ended <- err
	}()
	held := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.bytes
	}
	for held() == 0 {
		time.Sleep(time.Millisecond)
	}
	if _, err := l.Embed(t.Context(), []Item{{Data: more}}); !errors.Is(err, ErrBusy) {
		t.Errorf("while another waits: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := held(); n != 0 {
		t.Errorf("%d bytes are held for nobody", n)
	}
	alone := NewLive(e, LiveOptions{Wait: -1, Memory: 400_000})
	defer alone.Close()
	if got, err := alone.Embed(t.Context(), []Item{{Data: more}}); err != nil || got[0].Vector == nil {
		t.Errorf("alone: %v, %v", got, err)
	}
}

func TestLiveEnds(t *testing.T) {
	e := newEngine(t, tiny(t), Options{Batch: 4})
	l := NewLive(e, LiveOptions{Wait: time.Hour, Queue: 3})
	if _, err := l.Embed(t.Context(), make([]Item, 4)); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Embed(ctx, []Item{{Text: "Elm"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	failed := make(chan error, 1)
	go func() {
		_, err := l.Embed(context.WithoutCancel(t.Context()), []Item{{Text: "Oak"}})
		failed <- err
	}()
	time.Sleep(20 * time.Millisecond)
	l.Close()
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if _, err := l.Embed(t.Context(), []Item{{Text: "Oak"}}); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
	if l.rows != 0 {
		t.Errorf("%d rows are left", l.rows)
	}
	// Without waiting.
	l = NewLive(e, LiveOptions{Wait: -1, MaxPixels: 1000})
	defer l.Close()
	if got, err := l.Embed(t.Context(), []Item{{Text: "Oak"}}); err != nil || got[0].Vector == nil {
		t.Errorf("%v, %v", got, err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	got, err := l.Embed(t.Context(), []Item{{Data: picture(rng, 30, 30)}, {Data: picture(rng, 40, 30)}})
	if err != nil || got[0].Vector == nil {
		t.Fatalf("%v, %v", got, err)
	}
	wantError(t, got[1].Err, "40 by 30 pixels, at most 1000")
}
