package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// The kill test starts the test binary again as a process of its own, which
// captions the views at the URL in this variable.
const childVariable = "UG_CAPTION_TEST_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(childVariable); url != "" {
		spec, err := drawnSpec(url)
		if err == nil {
			_, err = Open(context.Background(), spec)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// drawn are twelve small views of a made-up town.
func drawn() (streetview.Spec, error) {
	c, err := city.FromFile("../../city/testdata/town.osm", "Little Town", nil)
	if err != nil {
		return streetview.Spec{}, err
	}
	v := streetview.Render(c, 12)
	v.Width, v.Height = 64, 48
	return v, nil
}

func drawnSpec(url string) (Spec, error) {
	v, err := drawn()
	if err != nil {
		return Spec{}, err
	}
	return New(v, Config{URL: url, Model: "eye", Concurrency: 2})
}

// real is an endpoint on a socket.
type real struct {
	*httptest.Server
	mu    sync.Mutex
	asked int
}

func newReal(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *real {
	e := &real{}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.asked++
		n := e.asked
		e.mu.Unlock()
		answer(n, w, r)
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *real) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

func inStore(t *testing.T) (context.Context, *store.Store) {
	s := store.At(t.TempDir())
	return store.With(t.Context(), s), s
}

func TestSpec(t *testing.T) {
	t.Setenv(KeyVariables[0], secret)
	e := newReal(t, func(_ int, w http.ResponseWriter, _ *http.Request) { good(w) })
	ctx, s := inStore(t)
	spec, err := drawnSpec(e.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	spec.Config.Budget = &Budget{Prices: Prices{10, 50}}
	before, err := Estimates(ctx, spec.Config, spec.Views)
	if err != nil {
		t.Fatal(err)
	}
	if e.count() != 0 || before.Views == 0 || before.Requests != before.Views || before.Done != 0 || before.Most != 1300*before.Views || before.Completion != before.Most || before.PromptTokens < 500*before.Views || !(before.Money > 0) {
		t.Errorf("estimate %+v", before)
	}
	c, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	n := len(c.All())
	if n != before.Views || e.count() != n || len(c.Failed()) != 0 {
		t.Errorf("%d captions of %d views after %d requests", n, before.Views, e.count())
	}
	if again, err := Open(ctx, spec); err != nil || e.count() != n || again.All()[0] != c.All()[0] {
		t.Errorf("%d requests after the second opening, %v", e.count(), err)
	}
	after, err := Estimates(ctx, spec.Config, spec.Views)
	if err != nil || after.Done != n || after.Requests != 0 || after.Completion != 0 {
		t.Errorf("estimate %+v, %v", after, err)
	}
	// Another configuration has another artefact; what was answered is answered.
	other := spec
	other.Config.URL = "http://127.0.0.1:1/elsewhere"
	if _, err := Open(ctx, other); err != nil || e.count() != n {
		t.Errorf("%d requests, %v", e.count(), err)
	}
	a, err := s.Lookup(spec)
	if err != nil || a.Manifest.Summary["captions"] != float64(n) || a.Manifest.Summary["prompt tokens"] != float64(1000*n) {
		t.Errorf("summary %v, %v", a.Manifest.Summary, err)
	}
	if names := kept(t, s.Root(), secret); len(names) > 0 {
		t.Errorf("the key is in %v", names)
	}
	var back Spec // a spec that is read back from its artefact is the same
	if err := json.Unmarshal(a.Manifest.Spec, &back); err != nil {
		t.Fatal(err)
	}
	k1, _ := store.Key(spec)
	if k2, err := store.Key(back); k1 != k2 || err != nil {
		t.Errorf("keys %s and %s, %v", k1, k2, err)
	}
}

func TestRounds(t *testing.T) {
	bad := true
	e := newReal(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch {
		case bad && n%4 == 0:
			say(w, "I'm sorry, I can't.", "stop")
		case bad && n%4 == 1:
			refuse(w, 400, "", "bad request")
		default:
			good(w)
		}
	})
	ctx, _ := inStore(t)
	spec, err := drawnSpec(e.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Retry(ctx, spec.Config, spec.Views); err == nil || !strings.Contains(err.Error(), "not all captioned yet") {
		t.Errorf("error %v", err)
	}
	first, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	n, failed := e.count(), len(first.Failed())
	if failed < 3 {
		t.Fatalf("%d failed of %d", failed, n)
	}
	bad = false
	cfg, left, err := Retry(ctx, spec.Config, spec.Views)
	if err != nil || left != failed || cfg.Round != 1 {
		t.Fatalf("round %d, %d failed, %v", cfg.Round, left, err)
	}
	if est, err := Estimates(ctx, cfg, spec.Views); err != nil || est.Requests != failed || est.Done != n-failed || est.Completion != 200*failed {
		t.Errorf("estimate %+v, %v", est, err)
	}
	other := spec.Views // a set that is new in this round begins with the one before
	other.Count = 6
	if est, err := Estimates(ctx, cfg, other); err != nil || est.Requests == 0 || est.Requests > 6 {
		t.Errorf("estimate %+v, %v", est, err)
	}
	second, err := New(spec.Views, cfg)
	if err != nil {
		t.Fatal(err)
	}
	mended, err := Open(ctx, second)
	if err != nil || len(mended.Failed()) != 0 || e.count() != n+failed {
		t.Fatalf("%d failed, %d requests, %v", len(mended.Failed()), e.count(), err)
	}
	for _, x := range first.All() {
		if y, _ := mended.Of(x.View); x.Status == OK && x != y {
			t.Errorf("view %d has another caption: %+v", x.View, y)
		}
	}
	if latest, err := Latest(ctx, spec.Config, spec.Views); err != nil || latest.Round != 1 {
		t.Errorf("latest round %d, %v", latest.Round, err)
	}
	if _, left, err := Retry(ctx, spec.Config, spec.Views); err != nil || left != 0 {
		t.Errorf("%d left, %v", left, err)
	}
}

// A process that is killed loses no answer that it had.
func TestKilled(t *testing.T) {
	block := make(chan struct{})
	reached := make(chan struct{})
	e := newReal(t, func(n int, w http.ResponseWriter, r *http.Request) {
		if n > 5 {
			if n == 7 { // both workers wait; the five answers before are kept
				close(reached)
			}
			select {
			case <-block:
			case <-r.Context().Done():
				return
			}
		}
		good(w)
	})
	ctx, s := inStore(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), exe)
	child.Env = append(os.Environ(), childVariable+"="+e.URL+"/v1", store.HomeVariable+"="+s.Root())
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-reached:
	case <-time.After(time.Minute):
		t.Fatal("the process asks nothing")
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	close(block)
	spec, err := drawnSpec(e.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	asked := e.count()
	c, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	if more := e.count() - asked; more != len(c.All())-5 || len(c.Failed()) > 0 {
		t.Errorf("%d requests for %d views of which 5 had their answer", more, len(c.All()))
	}
}

func TestBudgetOfSpec(t *testing.T) {
	e := newReal(t, func(_ int, w http.ResponseWriter, _ *http.Request) { good(w) })
	ctx, s := inStore(t)
	spec, err := drawnSpec(e.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	spec.Config.Budget = &Budget{Requests: 4}
	_, err = Open(ctx, spec)
	if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "4 of ") {
		t.Fatalf("error %v", err)
	}
	if _, err := s.Lookup(spec); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("an artefact stands half done: %v", err)
	}
	spec.Config.Budget = nil
	if c, err := Open(ctx, spec); err != nil || e.count() != len(c.All()) {
		t.Errorf("%d requests, %v", e.count(), err)
	}
}

func TestDamagedTable(t *testing.T) {
	list := []Caption{{View: 2, Text: "b", Summary: "s", Status: OK}, {View: 1, Status: Unmarked, Error: "e", Answer: "a"}}
	c, err := newCaptions(list)
	if err != nil || c.All()[0].View != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	dir := t.TempDir()
	if err := writeCaptions(dir, c); err != nil {
		t.Fatal(err)
	}
	back, err := ReadCaptions(dir)
	if err != nil || len(back.All()) != 2 || back.All()[1] != c.All()[1] {
		t.Fatalf("%+v, %v", back, err)
	}
	if _, err := c.KeptAs(); err == nil || !strings.Contains(err.Error(), "were not read from a folder") {
		t.Errorf("captions in memory: %v", err)
	}
	var again Captions
	ref, err := back.KeptAs()
	if err == nil {
		err = again.Reopen(ref)
	}
	if err != nil || !slices.Equal(again.All(), back.All()) {
		t.Errorf("opened again %+v, %v", again, err)
	}
	if _, err := ReadCaptions(t.TempDir()); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("error %v", err)
	}
	for _, bad := range [][]Caption{{{View: 1, Status: OK}, {View: 1, Status: OK}}, {{View: 1, Status: "fine"}}} {
		if _, err := newCaptions(bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
	var none *Captions
	if _, ok := none.Of(1); ok {
		t.Error("no captions hold one")
	}
}

func FuzzDecodeCaptions(f *testing.F) {
	c, err := newCaptions([]Caption{{View: 2, Text: "b", Summary: "s", Status: OK, PromptTokens: 7}, {View: 1, Status: Unmarked, Error: "e", Answer: "a"}})
	dir := f.TempDir()
	if err == nil {
		err = writeCaptions(dir, c)
	}
	if err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(dir + "/" + tableFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PAR1"))
	f.Add([]byte("PAR1\x15\x06\x15 \x15PAR\xd6"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := decodeCaptions(data)
		if err != nil {
			return
		}
		for i, x := range c.All() {
			if i > 0 && x.View <= c.All()[i-1].View {
				t.Fatal("views out of order")
			}
		}
	})
}
