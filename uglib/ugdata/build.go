package ugdata

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/caption"
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
// street its subgraph, caption and paths, then the splits, then the samples.
// The result depends on the sources, the options and the seed alone.
func Make(ctx context.Context, sources []Source, o Options, seed uint64) (*Dataset, error) {
	d, err := compose(ctx, sources, o, seed)
	if err != nil {
		return nil, err
	}
	return d, d.locate(sources)
}

// compose is Make with images by their names in the sets of views.
func compose(ctx context.Context, sources []Source, o Options, seed uint64) (*Dataset, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	d := &Dataset{Cities: map[string]*city.City{}}
	for i, s := range sources {
		if d.Cities[s.City.Name] != nil {
			return nil, fmt.Errorf("ugdata: the city %s comes twice", s.City.Name)
		}
		d.Cities[s.City.Name] = s.City
		places, err := makePlaces(ctx, s, o, seed)
		if err != nil {
			return nil, err
		}
		if len(places) == 0 {
			return nil, fmt.Errorf("ugdata: none of the %d views of %s stands on a street; check their positions against the city's bound", len(s.Views.Views), s.City.Name)
		}
		if s.HeldOut {
			for i := range places {
				places[i].Split, places[i].Block = HeldOut, block(places[i].Pos, o.BlockLevel)
			}
		} else {
			ptrs := make([]*Place, len(places))
			for i := range places {
				ptrs[i] = &places[i]
			}
			splitCity(ptrs, o, rand.New(rand.NewPCG(seed, uint64(i)+1)))
		}
		d.Places = append(d.Places, places...)
	}
	d.Samples = makeSamples(d.Places, o, rand.New(rand.NewPCG(seed, 0)))
	if len(d.Samples) == 0 {
		return nil, fmt.Errorf("ugdata: no place is left for training; give more views, or lower Buffer (now %v) or TestShare", o.Buffer)
	}
	return d, nil
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

// makePlaces describes the views of one city, many at a time.
func makePlaces(ctx context.Context, s Source, o Options, seed uint64) ([]Place, error) {
	views := slices.DeleteFunc(slices.Clone(s.Views.Views), func(v streetview.View) bool { return v.Street == city.None })
	slices.SortStableFunc(views, func(a, b streetview.View) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	for i := 1; i < len(views); i++ {
		if views[i].ID == views[i-1].ID {
			return nil, fmt.Errorf("ugdata: two views of %s have the id %d", s.City.Name, views[i].ID)
		}
	}
	task := progress.Start(ctx, "describe the views of "+s.City.Name, len(views))
	defer task.Done()
	places := make([]Place, len(views))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, v := range views {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			places[i] = makePlace(s, v, o, seed)
			task.Add(1)
			return nil
		})
	}
	return places, g.Wait()
}

func makePlace(s Source, v streetview.View, o Options, seed uint64) Place {
	about := caption.Describe(s.City, v)
	p := Place{
		ID: v.ID, City: s.City.Name, Pos: v.Pos, Heading: v.Heading, Image: v.File, Origin: v.Origin,
		Graph:     Neighbourhood(s.City, v, o),
		Caption:   about.Text(),
		CaptionBy: ByTemplate,
		NamesOnly: about.NamesOnly(),
		Paths:     Paths(s.City, v, o, rand.New(rand.NewPCG(seed, uint64(v.ID)))),
	}
	if x, ok := s.Captions.Of(v.ID); ok && x.Status == endpoint.OK {
		p.Caption, p.Summary, p.CaptionBy = x.Text, x.Summary, ByModel
	}
	return p
}
