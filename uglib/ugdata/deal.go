package ugdata

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// Deal gives the places of a dataset that was made elsewhere their splits, as
// [Make] does: spatial blocks with a buffer between them, whole cities that are
// held out. It keeps the samples of train and val places, drops the others', and
// makes those of places that have none from their caption and paths. The result
// depends on the dataset, the options and the seed alone. Splits that the
// subgraphs show to touch are for [Dataset.Audit] to find.
func (d *Dataset) Deal(o Options, seed uint64, heldOut ...string) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	byCity := map[string][]Anchor{}
	index := map[string]map[int64]int{}
	for i := range d.Places {
		p := &d.Places[i]
		if index[p.City] == nil {
			index[p.City] = map[int64]int{}
		}
		if _, twice := index[p.City][p.ID]; twice {
			return fmt.Errorf("ugdata: place %d of %s comes twice", p.ID, p.City)
		}
		index[p.City][p.ID] = i
		byCity[p.City] = append(byCity[p.City], Anchor{ID: p.ID, Pos: p.Pos, Image: p.ImageSHA256})
	}
	for _, name := range heldOut {
		if byCity[name] == nil {
			return fmt.Errorf("ugdata: no place is of the city %q that is to be held out; there are %v", name, slices.Sorted(maps.Keys(byCity)))
		}
	}
	names := slices.Sorted(maps.Keys(byCity))
	cities := make([][]Anchor, len(names))
	for i, name := range names {
		slices.SortFunc(byCity[name], func(a, b Anchor) int { return cmp.Compare(a.ID, b.ID) })
		dealCity(name, slices.Contains(heldOut, name), byCity[name], o, rand.New(rand.NewPCG(seed, uint64(i)+1)))
		cities[i] = byCity[name]
	}
	settle(cities, o.Buffer)
	for i, name := range names {
		for _, a := range cities[i] {
			p := &d.Places[index[name][a.ID]]
			p.Split, p.Block = a.Split, a.Block
		}
	}
	d.pair(o, seed)
	return nil
}

// pair keeps the samples of train and val places and makes those of places that
// have none, in the order of the places.
func (d *Dataset) pair(o Options, seed uint64) {
	given := make(map[int][]Sample, len(d.Places))
	for _, s := range d.Samples {
		given[s.Place] = append(given[s.Place], s)
	}
	d.Samples = nil
	for i := range d.Places {
		p := &d.Places[i]
		samples, ok := given[i]
		if !ok {
			samples = slices.DeleteFunc(makeSamples(p, i, o, seed), func(s Sample) bool { return s.Positive == "" })
		}
		if p.Split == Train || p.Split == Val {
			d.Samples = append(d.Samples, samples...)
		}
	}
}
