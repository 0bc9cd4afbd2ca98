package train

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/city"
	"urbangraph/uglib/nn"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// townData is a dataset of small views of a made-up town.
func townData(t testing.TB) ugdata.Spec {
	t.Helper()
	town, err := city.FromFile("../ugbench/testdata/grid.osm", "here", nil)
	if err != nil {
		t.Fatal(err)
	}
	views := streetview.Render(town, 90)
	views.Width, views.Height = 64, 48
	return ugdata.Spec{Train: []streetview.Spec{views}, Seed: 1,
		Options: ugdata.Options{BlockLevel: 15, Radius: 60, Nodes: 8, TestShare: 0.1, ValShare: 0.15}}
}

// first is a stage 1 run of seconds.
func first(t testing.TB) Spec {
	t.Helper()
	s := Stage1(townData(t))
	s.Size = Size{Vocabulary: 400, Hidden: 32, VisionLayers: 1, Layers: 1, MaxPixels: 56 * 56, MaxTokens: 64}
	s.Steps, s.Batch, s.Validate, s.LearningRate, s.Near = 12, 8, 4, 3e-3, 0.5
	return s
}

// second is a stage 2 run of seconds that goes on from first.
func second(t testing.TB) Spec {
	t.Helper()
	one := first(t)
	one.Steps = 4
	s := Stage2(townData(t))
	s.Init = &one
	s.Steps, s.Batch, s.Validate, s.Rank, s.LearningRate = 12, 8, 4, 4, 3e-3
	return s
}

// shared is a folder with the artefacts that all tests need; see TestMain.
var shared string

// tempStore is a store of this test alone that starts with the shared
// artefacts.
func tempStore(t testing.TB) (context.Context, *store.Store) {
	t.Helper()
	s := store.At(t.TempDir())
	if err := os.CopyFS(s.Root(), os.DirFS(shared)); err != nil {
		t.Fatal(err)
	}
	return store.With(context.Background(), s), s
}

// sharedContext is for tests that write nothing but what all need.
func sharedContext() context.Context {
	return store.With(context.Background(), store.At(shared))
}

// begin is a run before its first step, made outside the store.
func begin(t testing.TB, ctx context.Context, s Spec) *run {
	t.Helper()
	from, err := store.Get(ctx, s.Inputs()[1])
	if err != nil {
		t.Fatal(err)
	}
	r := &run{spec: s}
	if r.ds, err = ugdata.Open(ctx, s.Data); err != nil {
		t.Fatal(err)
	}
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	if r.model, err = s.start(be, from); err != nil {
		t.Fatal(err)
	}
	r.sampler = s.sampler(r.ds)
	r.source = uge.NewSource(r.model, r.ds)
	if r.stepper, err = newStepper(r.model, be, s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.stepper.exec.Finalize)
	r.encoder = uge.NewEncoder(r.model, be)
	t.Cleanup(r.encoder.Close)
	return r
}

// do makes one step of a run.
func (r *run) do(t testing.TB, rate float64) measures {
	t.Helper()
	p, err := r.pairs(r.step)
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.stepper.do(p, rate)
	if err != nil {
		t.Fatal(err)
	}
	r.step++
	return m
}

// weights are the values of the model's variables.
func (r *run) weights(t testing.TB) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{}
	for v := range r.model.Vars.IterVariables() {
		if key := nn.Key(v.Path()); nn.IsWeight(key) {
			value, err := v.Value()
			if err != nil {
				t.Fatal(err)
			}
			all[key] = tensors.MustCopyFlatData[float32](value)
		}
	}
	return all
}

// watch is a reporter that calls back at each measured loss.
type watch func(step int)

func (w watch) Start(name string, _ int) progress.Task { return watched{w} }

type watched struct{ f watch }

func (watched) Add(int)     {}
func (watched) Note(string) {}
func (watched) Done()       {}
func (w watched) Plot(series string, step int, _ float64) {
	if series == "loss" {
		w.f(step)
	}
}

// contents are the files of a run's folder but the manifest, which tells the
// time.
func contents(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "manifest.json" {
			return err
		}
		data, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		all[rel] = string(data)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}
