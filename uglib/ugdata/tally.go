package ugdata

import (
	"fmt"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

// tally counts what a dataset holds, place by place.
type tally struct {
	places     map[string]map[Split]int // by city
	origins    map[streetview.Origin]int
	captionsBy map[string]int
	pairs      map[string]int // by stage, kind and split
	credits    map[string]bool
	skipped    map[SkipReason]int
	all        int // places
	samples    int
	paths      int
	nodes      int // of all subgraphs
	edges      int
}

func newTally() *tally {
	return &tally{
		places: map[string]map[Split]int{}, origins: map[streetview.Origin]int{}, captionsBy: map[string]int{},
		pairs: map[string]int{}, credits: map[string]bool{}, skipped: map[SkipReason]int{},
	}
}

// tallyOf counts a dataset.
func tallyOf(d *Dataset) *tally {
	t := newTally()
	for _, c := range d.Cities {
		t.city(c)
	}
	for i := range d.Places {
		t.place(&d.Places[i])
	}
	for i := range d.Samples {
		s := &d.Samples[i]
		t.sample(s, &d.Places[s.Place])
	}
	t.skip(d.Skipped)
	return t
}

func (t *tally) city(c *city.City) {
	if c != nil && c.Credit != "" {
		t.credits[c.Credit] = true
	}
}

func (t *tally) place(p *Place) {
	if t.places[p.City] == nil {
		t.places[p.City] = map[Split]int{}
	}
	t.places[p.City][p.Split]++
	t.origins[p.Origin]++
	t.captionsBy[p.CaptionBy]++
	t.all++
	t.paths += len(p.Paths)
	t.nodes += len(p.Graph.Nodes)
	t.edges += len(p.Graph.Edges)
}

func (t *tally) sample(s *Sample, p *Place) {
	t.samples++
	t.pairs[fmt.Sprintf("stage %d, %s, %s", s.Stage, s.Kind, p.Split)]++
}

func (t *tally) skip(all []Skipped) {
	for i := range all {
		t.skipped[all[i].Reason]++
	}
}
