package ugdata

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// Views that cannot be places are listed with their reasons, and the others are
// built.
func TestPartialFailure(t *testing.T) {
	src := gridSources()
	views := src[0].Views.Views
	n := len(views)
	views[0].Street = city.None
	views[1].Pos = orb.Point{math.NaN(), 50}
	views[2].Pos = orb.Point{10, 91}
	views[3].Street = 1 << 30
	views[4].Street = 2 // a crossing
	src[0].City.Nodes[views[5].Street] = city.Node{Kind: city.Street, Name: "without a line", Geometry: orb.LineString{}}
	lost := 0
	for _, v := range views[6:] {
		if v.Street == views[5].Street {
			lost++
		}
	}
	views[n-1].ID = views[n-2].ID
	d, err := Make(t.Context(), src, gridOptions, 7)
	if err != nil {
		t.Fatal(err)
	}
	count := map[SkipReason]int{}
	for _, s := range d.Skipped {
		count[s.Reason]++
		if s.City != "alpha" || s.View == 0 || s.Image == "" {
			t.Errorf("skipped %+v", s)
		}
	}
	if count[NoStreet] != 1 || count[BadPosition] != 2 || count[SameID] != 1 || count[BadStreet] < 2 {
		t.Errorf("skipped %v (%d views of the street without a line)", count, lost)
	}
	all := 0
	for _, p := range d.Places {
		if p.City == "alpha" {
			all++
		}
	}
	if all+len(d.Skipped) != n {
		t.Errorf("%d places and %d skipped of %d views", all, len(d.Skipped), n)
	}
	dir := t.TempDir()
	if err := Write(dir, d); err != nil {
		t.Fatal(err)
	}
	if back, err := Read(dir); err != nil || !reflect.DeepEqual(back.Skipped, d.Skipped) {
		t.Errorf("skipped come back as %v, %v", back.Skipped, err)
	}
	if !strings.Contains(string(Card(d, About{})), "| no street | 1 |") {
		t.Error("the card does not say how many views were skipped")
	}
	if err := os.WriteFile(filepath.Join(dir, skippedFile), []byte("{\"view\":\"1\"}\nx\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "skipped.jsonl, line 2") {
		t.Errorf("a damaged list gives %v", err)
	}
}

// A mistake of the library at one view is that view's.
func TestDescribeRecovers(t *testing.T) {
	b, err := newBuilder(Options{}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.describe(Source{}, streetview.View{ID: 5}); err == nil || !strings.Contains(err.Error(), "cannot be described") {
		t.Errorf("no city gives %v", err)
	}
}

func TestPart(t *testing.T) {
	d := gridData(t)
	p := &Part{Number: 3, City: 1, Places: d.Places[:20], Samples: []Sample{{Place: 19}}, Skipped: []Skipped{{City: "x", Reason: Failed}}, Cleared: 2}
	var buf bytes.Buffer
	if err := EncodePart(&buf, p); err != nil {
		t.Fatal(err)
	}
	whole := buf.Bytes()
	got, err := DecodePart(bytes.NewReader(whole))
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("a part changes, %v", err)
	}
	for cut := 0; cut < len(whole); cut += 37 {
		if _, err := DecodePart(bytes.NewReader(whole[:cut])); err == nil {
			t.Fatalf("a part of %d bytes of %d is taken", cut, len(whole))
		}
	}
	for at := 0; at < len(whole); at += 101 {
		bad := slices.Clone(whole)
		bad[at] ^= 0x55
		if got, err := DecodePart(bytes.NewReader(bad)); err == nil && !reflect.DeepEqual(got, p) {
			t.Fatalf("a part with byte %d changed is taken", at)
		}
	}
	p.Samples[0].Place = 20
	buf.Reset()
	if err := EncodePart(&buf, p); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodePart(&buf); err == nil || !strings.Contains(err.Error(), "sample 0 is of place 20") {
		t.Errorf("a sample of no place gives %v", err)
	}
}

func FuzzDecodePart(f *testing.F) {
	small := gridTown("alpha", 2, gridOrigin)
	d, err := Make(context.Background(), []Source{{City: small, Views: gridViews(small, 1)}}, Options{TestShare: 0.001, ValShare: 0.001}, 1)
	if err != nil {
		f.Fatal(err)
	}
	var buf bytes.Buffer
	if err := EncodePart(&buf, &Part{Places: d.Places[:3], Samples: d.Samples[:2]}); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := DecodePart(bytes.NewReader(data))
		if err != nil {
			return
		}
		if err := EncodePart(&bytes.Buffer{}, p); err != nil {
			t.Fatal(err)
		}
	})
}

// stopper is a reporter that stops the build after so many steps of a task.
type stopper struct {
	task  string
	after int64
	stop  func()
	steps atomic.Int64
}

func (s *stopper) Start(name string, _ int) progress.Task {
	if name == s.task {
		return s
	}
	return quiet{}
}

func (s *stopper) Add(n int) {
	if s.steps.Add(int64(n)) >= s.after {
		s.stop()
	}
}
func (s *stopper) Note(string)               {}
func (s *stopper) Plot(string, int, float64) {}
func (s *stopper) Done()                     {}

type quiet struct{}

func (quiet) Add(int)                   {}
func (quiet) Note(string)               {}
func (quiet) Plot(string, int, float64) {}
func (quiet) Done()                     {}

// A build that is interrupted goes on where it was, and ends with the same
// bytes; a view whose picture is gone is left out.
func TestBuildGoesOn(t *testing.T) {
	town, err := city.Builtin("dover")
	if err != nil {
		t.Fatal(err)
	}
	views := streetview.Render(town, 600)
	views.Width, views.Height = 32, 24
	spec := Spec{Train: []streetview.Spec{views}, Seed: 3, Options: Options{TestShare: 0.2, Nodes: 12, MaxDistance: 400}}
	s := store.At(t.TempDir())
	ctx := store.With(t.Context(), s)
	if _, err := store.Get(ctx, views); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(ctx)
	_, err = store.Get(progress.With(stopped, &stopper{task: "describe views", after: 1, stop: stop}), spec)
	stop()
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the build that was stopped says %v", err)
	}
	key, err := store.Key(spec)
	if err != nil {
		t.Fatal(err)
	}
	parts := Parts(filepath.Join(s.Root(), "dataset", ".building-"+key, partsDir))
	done := parts.Done()
	if done < 1 || done > 2 {
		t.Fatalf("%d parts are kept of 3", done)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(string(parts)), "*"))
	if len(left) != 1 {
		t.Errorf("more than the parts is kept: %v", left)
	}
	files, _ := filepath.Glob(filepath.Join(string(parts), "*.part"))
	before, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var kept []os.FileInfo
	watch := &watcher{path: files[0], seen: func(i os.FileInfo) { kept = append(kept, i) }}
	if _, err := store.Get(progress.With(ctx, watch), spec); err != nil {
		t.Fatal(err)
	}
	if len(kept) == 0 || !os.SameFile(kept[len(kept)-1], before) {
		t.Error("a part that was there was made again")
	}
	one, err := s.Lookup(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range one.Manifest.Files {
		if strings.Contains(f.Name, partsDir) {
			t.Errorf("%s stays in the artefact", f.Name)
		}
	}
	fresh := store.At(t.TempDir())
	if err := copyInputs(s, fresh); err != nil {
		t.Fatal(err)
	}
	other, err := fresh.Get(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one.Manifest.Files, other.Manifest.Files) {
		t.Errorf("files %v, built at once %v", one.Manifest.Files, other.Manifest.Files)
	}
	names := map[string]bool{}
	for _, f := range one.Manifest.Files {
		names[f.Name] = true
	}
	for _, want := range []string{placesTable, pathsTable, samplesTable, skippedFile, auditFile, cardFile, sumsFile} {
		if !names[want] {
			t.Errorf("%s is not in the dataset", want)
		}
	}
	// A picture goes missing after the views were made.
	c, set, err := streetview.Open(ctx, views)
	if err != nil {
		t.Fatal(err)
	}
	builder, err := spec.Builder()
	if err != nil {
		t.Fatal(err)
	}
	builder.open = func(context.Context, int) (Source, error) { return Source{City: c, Views: set}, nil }
	if err := os.Remove(set.Path(set.Views[7])); err != nil {
		t.Fatal(err)
	}
	survey, err := builder.Survey(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(survey.Skipped, func(x Skipped) bool { return x.View == set.Views[7].ID && x.Reason == NoImage }) {
		t.Errorf("skipped %v, want the view %d", survey.Skipped, set.Views[7].ID)
	}
}

// watcher looks at a file whenever work goes on.
type watcher struct {
	path string
	seen func(os.FileInfo)
}

func (w *watcher) Start(string, int) progress.Task { return w }
func (w *watcher) Add(int) {
	if info, err := os.Stat(w.path); err == nil {
		w.seen(info)
	}
}
func (w *watcher) Note(string)               {}
func (w *watcher) Plot(string, int, float64) {}
func (w *watcher) Done()                     {}

// copyInputs copies city and views to another store.
func copyInputs(from, to *store.Store) error {
	for _, kind := range []string{"city", "views"} {
		if err := os.CopyFS(filepath.Join(to.Root(), kind), os.DirFS(filepath.Join(from.Root(), kind))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
