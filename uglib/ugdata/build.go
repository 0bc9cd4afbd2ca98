package ugdata

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/caption/endpoint"
	"urbangraph/uglib/city"
	"urbangraph/uglib/progress"
	"urbangraph/uglib/streetview"
)

// Source is a city with its views.
type Source struct {
	City    *city.City
	Views   *streetview.Set
	HeldOut bool // training never sees the city

	// Captions are those of a model; nil, or without a view's, the view gets a
	// caption from templates.
	Captions *endpoint.Captions
}

// Make builds a dataset without the store: for every view that stands on a
// street its split, subgraph, caption, paths and samples. A view that cannot be
// described is listed in Skipped. The result depends on the sources, the
// options and the seed alone.
func Make(ctx context.Context, sources []Source, o Options, seed uint64) (*Dataset, error) {
	b, err := newBuilder(o, seed, len(sources))
	if err != nil {
		return nil, err
	}
	b.open = func(_ context.Context, i int) (Source, error) { return sources[i], nil }
	for i, s := range sources {
		b.heldOut[i] = s.HeldOut
	}
	d, err := b.compose(ctx)
	if err != nil {
		return nil, err
	}
	return d, d.locate(sources)
}

// compose takes all steps, in memory. Images have their names in the sets of
// views.
func (b *Builder) compose(ctx context.Context) (*Dataset, error) {
	d := &Dataset{Cities: map[string]*city.City{}}
	surveys := make([]*Survey, b.Cities())
	for i := range surveys {
		var err error
		if surveys[i], err = b.Survey(ctx, i); err != nil {
			return nil, err
		}
		s, err := b.at(ctx, i)
		if err != nil {
			return nil, err
		}
		d.Cities[s.City.Name] = s.City
	}
	jobs, err := b.Jobs(surveys)
	if err != nil {
		return nil, err
	}
	parts := inMemory(make([]*Part, len(jobs)))
	if err := b.describeAll(ctx, jobs, parts); err != nil {
		return nil, err
	}
	next := 0
	for _, s := range surveys {
		d.Skipped = append(d.Skipped, s.Skipped...)
		for ; next < len(parts) && parts[next].City == s.City; next++ {
			d.add(parts[next])
		}
	}
	return d, enough(len(d.Samples), b.o)
}

// add appends a part of the same dataset.
func (d *Dataset) add(p *Part) {
	first := len(d.Places)
	d.Places = append(d.Places, p.Places...)
	for _, s := range p.Samples {
		s.Place += first
		d.Samples = append(d.Samples, s)
	}
	d.Skipped = append(d.Skipped, p.Skipped...)
}

func enough(samples int, o Options) error {
	if samples == 0 {
		return fmt.Errorf("ugdata: no place is left for training; give more views, or lower Buffer (now %v) or TestShare", o.Buffer)
	}
	return nil
}

// partStore is where described jobs go.
type partStore interface {
	Has(j *Job) bool
	Write(p *Part) error
}

// inMemory holds the parts of all jobs by number.
type inMemory []*Part

func (m inMemory) Has(j *Job) bool { return m[j.Number] != nil }

func (m inMemory) Write(p *Part) error {
	m[p.Number] = p
	return nil
}

// describeAll describes the views of jobs that have no part yet, on all cores.
func (b *Builder) describeAll(ctx context.Context, jobs []Job, to partStore) error {
	views := 0
	for i := range jobs {
		views += len(jobs[i].Views)
	}
	if views == 0 {
		return nil
	}
	task := progress.Start(ctx, "describe views", views)
	defer task.Done()
	g, running := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range jobs {
		if running.Err() != nil {
			break
		}
		g.Go(func() error {
			if !to.Has(&jobs[i]) {
				p, err := b.Describe(running, &jobs[i])
				if err != nil {
					return err
				}
				if err := to.Write(p); err != nil {
					return err
				}
			}
			task.Add(len(jobs[i].Views))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// locate attaches the cities and turns the names of images into paths.
func (d *Dataset) locate(sources []Source) error {
	sets := map[string]*streetview.Set{}
	for _, s := range sources {
		d.Cities[s.City.Name], sets[s.City.Name] = s.City, s.Views
	}
	for i := range d.Places {
		p := &d.Places[i]
		set, c := sets[p.City], d.Cities[p.City]
		if set == nil {
			return fmt.Errorf("ugdata: place %d is of %s, which is no city of this dataset", p.ID, p.City)
		}
		for _, id := range p.Graph.Nodes[1:] {
			if id < 0 || int(id) >= len(c.Nodes) {
				return fmt.Errorf("ugdata: place %d names node %d of a city of %d nodes", p.ID, id, len(c.Nodes))
			}
		}
		p.Image = set.Path(streetview.View{File: p.Image})
	}
	return nil
}
