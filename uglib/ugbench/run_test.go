package ugbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// townRuns are two stages of a run of seconds over the made-up town.
func townRuns(data ugdata.Spec) (first, second train.Spec) {
	first = train.Stage1(data)
	first.Size = train.Size{Vocabulary: 400, Hidden: 32, VisionLayers: 1, Layers: 1, MaxPixels: 56 * 56, MaxTokens: 64}
	first.Steps, first.Batch, first.Validate = 6, 4, 3
	second = train.Stage2(data)
	second.Init = &first
	second.Steps, second.Batch, second.Validate, second.Rank = 3, 4, 3, 4
	return first, second
}

// townModels are the usual models over views of the town.
func townModels(t *testing.T) []RunSpec {
	t.Helper()
	spec := townSpec(t)
	spec.Data.Options = ugdata.Options{BlockLevel: 15, Radius: 60, Nodes: 8, ValShare: 0.1}
	first, second := townRuns(spec.Data)
	return Models(spec, first, second)
}

func TestEvaluateRuns(t *testing.T) {
	s := store.At(t.TempDir())
	ctx := store.With(t.Context(), s)
	models := townModels(t)
	report, err := Evaluate(ctx, models...)
	if err != nil {
		t.Fatal(err)
	}
	bench, err := Open(ctx, models[0].Bench)
	if err != nil {
		t.Fatal(err)
	}
	sets := len(bench.Sets)
	if sets != 6 {
		t.Fatalf("%d sets, want those of 3 tasks in 2 regions", sets)
	}
	if len(report.Results) != 3*sets {
		t.Fatalf("%d results of %d models on %d sets", len(report.Results), len(models), sets)
	}
	for i, r := range report.Results {
		m, set := models[i/sets], bench.Sets[i%sets]
		if r.Model != m.Name || r.Task != set.Task || r.Region != set.Region || r.N != len(set.Queries) || r.Images != "rendered" || r.Backend == "" || r.Seconds <= 0 {
			t.Errorf("result %d is of %q on %s, %s: %d queries, images %s, backend %q, %g s", i, r.Model, r.Task, r.Region, r.N, r.Images, r.Backend, r.Seconds)
		}
		sum, err := set.Checksum()
		if err != nil || r.Checksum != sum {
			t.Errorf("result %d is over queries %s, want %s; %v", i, r.Checksum, sum, err)
		}
		var kinds []string
		for _, a := range r.Artefacts {
			kinds = append(kinds, a.Kind)
		}
		if !slices.Equal(kinds, []string{"bench", "run"}) {
			t.Errorf("result %d comes from %v", i, r.Artefacts)
		}
	}
	// Each model is compared with every one before it, on every set.
	want := map[[2]string]int{
		{models[1].Name, models[0].Name}: sets,
		{models[2].Name, models[0].Name}: sets,
		{models[2].Name, models[1].Name}: sets,
	}
	got := map[[2]string]int{}
	for _, c := range report.Comparisons {
		got[[2]string{c.A, c.B}]++
	}
	for pair, n := range want {
		if got[pair] != n {
			t.Errorf("%d comparisons of %v, want %d", got[pair], pair, n)
		}
	}
	if len(report.Comparisons) != 3*sets {
		t.Errorf("%d comparisons in all, want %d", len(report.Comparisons), 3*sets)
	}

	// results.json is the same report, and a second look builds nothing.
	a, err := s.Lookup(models[2])
	if err != nil {
		t.Fatal(err)
	}
	one, err := ReadReport(a.Path("results.json"))
	if err != nil || len(one.Results) != sets {
		t.Fatalf("results.json holds %+v, %v", one, err)
	}
	if len(a.Manifest.Summary) == 0 {
		t.Error("the manifest says nothing of the results")
	}
	again, err := Evaluate(ctx, models...)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range again.Results {
		if !slices.Equal(r.Ranks, report.Results[i].Ranks) || r.Seconds != report.Results[i].Seconds {
			t.Errorf("result %d changed on the second look", i)
		}
	}

	t.Run("graphs matter", func(t *testing.T) {
		same := true
		for i := range sets {
			same = same && slices.Equal(report.Results[sets+i].Margins, report.Results[2*sets+i].Margins)
		}
		if same {
			t.Error("the model with graphs gives the margins of that without")
		}
	})
	t.Run("each thing is embedded once", func(t *testing.T) { checkEmbeddedOnce(t, ctx, bench, models[2], report.Results[2*sets:]) })
}

// counted counts the inputs that are embedded.
type counted struct{ n *int }

func (c counted) Start(name string, total int) progress.Task {
	if name == "embed: m" {
		*c.n += total
	}
	return quiet{}
}

type quiet struct{}

func (quiet) Add(int)                   {}
func (quiet) Note(string)               {}
func (quiet) Plot(string, int, float64) {}
func (quiet) Done()                     {}

// checkEmbeddedOnce evaluates all sets by hand: no place's image and no text
// goes through the model twice, and the ranks are those of the artefact.
func checkEmbeddedOnce(t *testing.T, ctx context.Context, bench *Bench, spec RunSpec, want []*Result) {
	run, err := train.Open(ctx, spec.Run)
	if err != nil {
		t.Fatal(err)
	}
	m, err := run.Model()
	if err != nil {
		t.Fatal(err)
	}
	be, err := backend.Default()
	if err != nil {
		t.Fatal(err)
	}
	encoder := uge.NewEncoder(m, be)
	defer encoder.Close()
	e := &embedder{encoder: encoder, source: uge.NewSource(m, bench.Data), name: "m", vectors: map[embedKey][]float32{}}
	n := 0
	ctx = progress.With(ctx, counted{&n})
	images, texts := map[int]bool{}, map[string]bool{}
	for i, set := range bench.Sets {
		result, err := e.evaluate(ctx, set, spec.stage())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(result.Ranks, want[i].Ranks) {
			t.Errorf("%s, %s: other ranks than those of the artefact", set.Task, set.Region)
		}
		for _, q := range set.Queries {
			if set.Task == Retrieval {
				texts[q.Text] = true
			} else {
				images[q.Place] = true
			}
		}
		for _, item := range set.Gallery {
			if item.Text == "" {
				images[item.Place] = true
			} else {
				texts[item.Text] = true
			}
		}
	}
	if distinct := len(images) + len(texts); n != distinct || e.count != distinct || len(e.vectors) != distinct {
		t.Errorf("%d inputs were embedded (%d counted) for %d vectors of %d images and %d texts", n, e.count, len(e.vectors), len(images), len(texts))
	}
	before := n
	if _, err := e.evaluate(ctx, bench.Sets[0], spec.stage()); err != nil || n != before {
		t.Errorf("the same set again embedded %d more, %v", n-before, err)
	}
}

// TestEvaluateRefusesModels: wrong models are refused before anything is made.
func TestEvaluateRefusesModels(t *testing.T) {
	root := filepath.Join(t.TempDir(), "store")
	ctx := store.With(t.Context(), store.At(root))
	models := townModels(t)
	graphless := models[0]
	graphless.Graph = true
	_, err := Evaluate(ctx, models[0], graphless)
	wantError(t, err, graphless.Name, "stage 1", "leave Graph out")
	if err := graphless.Build(ctx, &store.Build{}); err == nil {
		t.Error("an artefact of it can be built")
	}
	other := models[1]
	other.Bench.Candidates++
	_, err = Evaluate(ctx, models[0], other)
	wantError(t, err, models[0].Name, other.Name, "different benchmarks")
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Error("something was made")
	}
	if r, err := Evaluate(ctx); err != nil || len(r.Results) != 0 {
		t.Errorf("no models: %+v, %v", r, err)
	}
}

func TestEvaluateStops(t *testing.T) {
	s := store.At(t.TempDir())
	ctx, cancel := context.WithCancel(store.With(t.Context(), s))
	cancel()
	models := townModels(t)
	if _, err := Evaluate(ctx, models...); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := s.Lookup(models[0]); !errors.Is(err, store.ErrAbsent) {
		t.Errorf("a result is there: %v", err)
	}
}

func wantError(t *testing.T, err error, parts ...string) {
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
