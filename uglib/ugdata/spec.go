package ugdata

import (
	"context"
	"fmt"
	"math"
	"os"

	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/city"
	"urbangraph/uglib/store"
	"urbangraph/uglib/streetview"
)

// Spec says of which views a dataset is made. It is a [store.Spec] of kind
// "dataset" whose artefact holds the tables of [Write].
type Spec struct {
	Train   []streetview.Spec // views of the training cities
	HeldOut []streetview.Spec // views of cities that training never sees
	Seed    uint64            // of splits, destinations and instructions
	Options Options

	// Captions names the model that captions the views; nil for captions from
	// templates, which also stand in where the model gave none.
	Captions *endpoint.Config `json:",omitempty"`
}

// How many views of each built-in city the default dataset has. With
// UG_FAST=1 in the environment it is one small training city and few held-out
// views, for a look at everything in a minute.
var (
	defaultTrain   = []count{{"wilmington", 1600}, {"newark", 1200}, {"dover", 900}}
	defaultHeldOut = []count{{"andorra", 400}}
	fastTrain      = []count{{"wilmington", 300}}
	fastHeldOut    = []count{{"andorra", 60}}
)

type count struct {
	city  string
	views int
}

// Default returns the spec of the default dataset: drawn views of Wilmington,
// Newark and Dover, with Andorra held out. If UG_FAST is set to anything but
// "0" it is a small one, of Wilmington with Andorra held out. The error is one
// of the built-in extracts.
//
// Subgraphs have 24 nodes at most: each becomes a token of the small default
// model, and captions tell of what is nearest.
func Default() (Spec, error) {
	train, held := defaultTrain, defaultHeldOut
	if Fast() {
		train, held = fastTrain, fastHeldOut
	}
	s := Spec{Seed: 1, Options: Options{Nodes: 24}}
	for _, part := range []struct {
		counts []count
		to     *[]streetview.Spec
	}{{train, &s.Train}, {held, &s.HeldOut}} {
		for _, x := range part.counts {
			c, err := city.Builtin(x.city)
			if err != nil {
				return Spec{}, err
			}
			*part.to = append(*part.to, streetview.Render(c, x.views))
		}
	}
	return s, nil
}

// Fast reports whether the environment variable UG_FAST asks for defaults, of
// datasets and of training, so small that everything runs in a minute or two and
// a model learns next to nothing, which is enough to see that it works.
func Fast() bool {
	v := os.Getenv("UG_FAST")
	return v != "" && v != "0"
}

// layoutVersion is raised when the tables or the rules that fill them change.
const layoutVersion = 9

// Kind implements [store.Spec].
func (Spec) Kind() string { return "dataset" }

// Schema implements [store.Spec].
func (Spec) Schema() int { return layoutVersion }

// Inputs implements [store.Spec]: the views, training cities first, then their
// captions where a model gives them.
func (s Spec) Inputs() []store.Spec {
	var in []store.Spec
	for _, v := range s.views() {
		in = append(in, v)
	}
	for _, c := range s.captions() {
		in = append(in, c)
	}
	return in
}

// views are those of all cities, training cities first.
func (s Spec) views() []streetview.Spec {
	return append(append([]streetview.Spec(nil), s.Train...), s.HeldOut...)
}

// captions are the specs of the captions of the views, in their order; none
// where templates give them. One that is wrong says so when it is opened.
func (s Spec) captions() []endpoint.Spec {
	if s.Captions == nil {
		return nil
	}
	var all []endpoint.Spec
	for _, v := range s.views() {
		c, err := endpoint.New(v, *s.Captions)
		if err != nil {
			c = endpoint.Spec{Views: v, Config: *s.Captions}
		}
		all = append(all, c)
	}
	return all
}

// partsDir holds the parts of a build that is under way.
const partsDir = "parts"

// Build implements [store.Spec]. It works through one city after the other,
// with a few hundred places in memory, and goes on where it was after an
// interruption. Images are written by their file names in the sets of views.
func (s Spec) Build(ctx context.Context, b *store.Build) error {
	builder, err := s.Builder()
	if err != nil {
		return err
	}
	b.Keep(partsDir)
	built, err := builder.Run(ctx, b.Dir, Parts(b.Path(partsDir)), About{Spec: &s})
	if err != nil {
		return err
	}
	built.summarise(b.Summary)
	return nil
}

// described is the same artefact as its spec, made of parts that are there
// already.
type described struct {
	Spec
	parts Parts
}

// FromParts returns the spec of the same artefact, which takes the parts of its
// build, and their outline, from a folder instead of describing the views. It
// leaves the folder as it is.
func (s Spec) FromParts(parts Parts) store.Spec { return described{s, parts} }

// Build implements [store.Spec].
func (d described) Build(ctx context.Context, b *store.Build) error {
	builder, err := d.Builder()
	if err != nil {
		return err
	}
	built, err := builder.join(ctx, b.Dir, d.parts, About{Spec: &d.Spec})
	if err != nil {
		return err
	}
	built.summarise(b.Summary)
	return nil
}

// summarise says what was built in few facts.
func (x *Built) summarise(note func(key string, value any)) {
	for _, split := range Splits {
		note(string(split), x.Audit.Places[split])
	}
	note("samples", x.Samples)
	for reason, n := range x.Skipped {
		note("views skipped: "+string(reason), n)
	}
	if x.CaptionsBy[ByModel] > 0 {
		for by, n := range x.CaptionsBy {
			note("captions by "+by, n)
		}
	}
	note("paths that led to another split", x.Cleared)
	if !math.IsInf(float64(x.Audit.MinDistance), 1) {
		note("metres between splits", float64(x.Audit.MinDistance))
	}
	note("metres a subgraph reaches", float64(x.Audit.MaxReach))
}

// Builder returns the steps of the build, for those who run them one by one or
// on several machines.
func (s Spec) Builder() (*Builder, error) {
	if len(s.Train) == 0 {
		return nil, fmt.Errorf("ugdata: a dataset needs views to train on; fill in Spec.Train, or try Default")
	}
	views, captions := s.views(), s.captions()
	o := s.Options
	if captions != nil && o.CaptionText == "" {
		o.CaptionText = textBoth
	}
	b, err := newBuilder(o, s.Seed, len(views))
	if err != nil {
		return nil, err
	}
	b.images = true
	for i := range views {
		b.heldOut[i] = i >= len(s.Train)
	}
	b.open = func(ctx context.Context, i int) (Source, error) {
		c, set, err := streetview.Open(ctx, views[i])
		if err != nil {
			return Source{}, err
		}
		source := Source{City: c, Views: set, HeldOut: b.heldOut[i]}
		if captions != nil {
			if source.Captions, err = endpoint.Open(ctx, captions[i]); err != nil {
				return Source{}, err
			}
		}
		return source, nil
	}
	return b, nil
}

// Open returns the dataset of a spec with its cities, built once and read from
// the store ever after.
func Open(ctx context.Context, s Spec) (*Dataset, error) {
	a, err := store.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	d, err := Read(a.Dir)
	if err != nil {
		return nil, err
	}
	var sources []Source
	for _, v := range s.views() {
		c, set, err := streetview.Open(ctx, v)
		if err != nil {
			return nil, err
		}
		sources = append(sources, Source{City: c, Views: set})
	}
	if err := d.locate(sources); err != nil {
		return nil, fmt.Errorf("%w; remove the artefact (ug rm %s) and open it again", err, a.Ref())
	}
	return d, nil
}
