package ugbench

import (
	"context"
	"fmt"
	"time"

	"urbangraph/uglib/backend"
	"urbangraph/uglib/store"
	"urbangraph/uglib/train"
	"urbangraph/uglib/ugdata"
	"urbangraph/uglib/uge"
)

// RunSpec is one trained model on a benchmark: the [store.Spec] of kind
// "result", whose results.json holds a result for each set.
type RunSpec struct {
	Bench Spec
	Run   train.Spec
	// Graph gives the model the street graph around each image as well, as in
	// stage 2 of training. Without it, an image stands alone.
	Graph bool
	Name  string // of the model in tables, such as "stage 2, graph and image"
}

const resultsFile = "results.json"

// Models are the usual ones to compare: stage 1, and stage 2 with and without
// the graph of the image.
func Models(bench Spec, first, second train.Spec) []RunSpec {
	return []RunSpec{
		{Bench: bench, Run: first, Name: "stage 1, image"},
		{Bench: bench, Run: second, Name: "stage 2, image"},
		{Bench: bench, Run: second, Graph: true, Name: "stage 2, graph and image"},
	}
}

// Kind implements [store.Spec].
func (RunSpec) Kind() string { return "result" }

// Schema implements [store.Spec].
func (RunSpec) Schema() int { return 1 }

// Inputs implements [store.Spec].
func (s RunSpec) Inputs() []store.Spec { return []store.Spec{s.Bench, s.Run} }

// Build implements [store.Spec].
func (s RunSpec) Build(ctx context.Context, b *store.Build) error {
	if err := s.check(); err != nil {
		return err
	}
	bench, err := Open(ctx, s.Bench)
	if err != nil {
		return err
	}
	run, err := train.Open(ctx, s.Run)
	if err != nil {
		return err
	}
	be, err := backend.Default()
	if err != nil {
		return err
	}
	model, err := uge.LoadOn(be, run.ModelDir())
	if err != nil {
		return err
	}
	encoder := uge.NewEncoder(model, be)
	defer encoder.Close()
	e := &embedder{encoder: encoder, source: uge.NewSource(model, bench.Data), name: s.Name, vectors: map[embedKey][]float32{}}
	var report Report
	for _, set := range bench.Sets {
		result, err := e.evaluate(ctx, set, s.stage())
		if err != nil {
			return err
		}
		result.Backend = backend.Describe()
		for _, in := range b.Inputs {
			result.Artefacts = append(result.Artefacts, in.Ref())
		}
		if set.Task == Geolocation {
			b.Summary(fmt.Sprintf("%s, %s: %s", set.Task, set.Region, Hit5), interval(result.Metrics, Hit5))
		}
		report.Results = append(report.Results, result)
	}
	return report.Write(b.Path(resultsFile))
}

// check says what is wrong with the spec.
func (s RunSpec) check() error {
	if s.Graph && s.Run.Stage != 2 {
		return fmt.Errorf("ugbench: %q asks for graphs, which a model of stage %d cannot read; give a run of stage 2, or leave Graph out", s.Name, s.Run.Stage)
	}
	return nil
}

// stage is the form of query that the model is given.
func (s RunSpec) stage() int {
	if s.Graph {
		return 2
	}
	return 1
}

// embedder embeds what sets ask for, each thing once.
type embedder struct {
	encoder *uge.Encoder
	source  *uge.Source
	name    string
	vectors map[embedKey][]float32

	seconds float64 // spent on embedding
	count   int     // things embedded
}

// embedKey is a text about a place; a text without tags is the same anywhere.
type embedKey struct {
	place int // -1 for a text without tags
	text  string
}

// evaluate embeds the queries and the gallery of a set and ranks. Images are
// asked about in the words of the query, as training asked about them; a text
// that seeks an image is embedded as the texts of training were, without the
// instruction that the benchmark's rows carry for models that follow it.
func (e *embedder) evaluate(ctx context.Context, set *Set, stage int) (*Result, error) {
	image := func(place int) embedKey { return embedKey{place, ugdata.Query(stage, AskWhere)} }
	queries, gallery := make([]embedKey, len(set.Queries)), make([]embedKey, len(set.Gallery))
	for i, q := range set.Queries {
		queries[i] = image(q.Place)
		if set.Task == Retrieval {
			queries[i] = embedKey{-1, q.Text}
		}
	}
	for i, item := range set.Gallery {
		gallery[i] = embedKey{-1, item.Text}
		if item.Text == "" {
			gallery[i] = image(item.Place)
		}
	}
	q, err := e.embed(ctx, queries)
	if err != nil {
		return nil, err
	}
	g, err := e.embed(ctx, gallery)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	result, err := set.Evaluate(e.name, q, g)
	if err != nil {
		return nil, err
	}
	// What another set embedded already counts at the mean cost of all.
	result.Took(e.seconds/float64(max(1, e.count))*float64(len(queries)+len(gallery)) + time.Since(start).Seconds())
	return result, nil
}

// embed returns the vectors of keys.
func (e *embedder) embed(ctx context.Context, keys []embedKey) ([][]float32, error) {
	var missing []embedKey
	for _, k := range keys {
		if _, ok := e.vectors[k]; !ok {
			e.vectors[k] = nil
			missing = append(missing, k)
		}
	}
	start := time.Now()
	vectors, err := e.encoder.Encode(ctx, "embed: "+e.name, len(missing), func(i int) (uge.Input, error) {
		return e.source.Input(missing[i].place, missing[i].text)
	})
	if err != nil {
		return nil, err
	}
	e.seconds += time.Since(start).Seconds()
	e.count += len(missing)
	for i, k := range missing {
		e.vectors[k] = vectors[i]
	}
	out := make([][]float32, len(keys))
	for i, k := range keys {
		out[i] = e.vectors[k]
	}
	return out, nil
}

// Evaluate runs models on their benchmark, or opens their results, and tests
// each model against every one before it, on every set of queries.
func Evaluate(ctx context.Context, models ...RunSpec) (*Report, error) {
	bench := ""
	for i, m := range models { // before anything is trained
		if err := m.check(); err != nil {
			return nil, err
		}
		key, err := store.Key(m.Bench)
		if err != nil {
			return nil, err
		}
		if i > 0 && key != bench {
			return nil, fmt.Errorf("ugbench: %q and %q are on different benchmarks, %s and %s; compare models on one", models[i-1].Name, m.Name, bench, key)
		}
		bench = key
	}
	report := &Report{}
	var before [][]*Result // of each model so far
	for _, m := range models {
		artefact, err := store.Get(ctx, m)
		if err != nil {
			return nil, err
		}
		one, err := ReadReport(artefact.Path(resultsFile))
		if err != nil {
			return nil, err
		}
		for i, r := range one.Results { // of the same sets in the same order
			for _, other := range before {
				c, err := Compare(r, other[i], r.Seed)
				if err != nil {
					return nil, err
				}
				report.Comparisons = append(report.Comparisons, c)
			}
		}
		before = append(before, one.Results)
		report.Results = append(report.Results, one.Results...)
	}
	return report, nil
}
