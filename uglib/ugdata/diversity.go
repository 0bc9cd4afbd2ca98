package ugdata

import (
	"fmt"
	"math"
	"slices"

	"urbangraph/uglib/geo"
)

// Diversity says how much the destinations of paths differ. The effective
// number of classes is the exponential of the Shannon entropy of their shares
// (Hill number of order 1): with all classes equally frequent it is their
// number, with one alone it is 1.
type Diversity struct {
	Views int // that have paths
	Paths int

	Places    int     // destinations, each counted once
	Kinds     float64 // effective number of kinds: category and type
	Winds     float64 // of the eight directions from the image
	Distances float64 // of bands of distance from the image: below 100 m, 200 m, 400 m, ...
	Hops      float64 // of numbers of hops

	// Unlike is how much two destinations of one view differ on average, from 0
	// to 1: in kind, in direction and in distance, a third each; NaN where no
	// view has two paths.
	Unlike float64
}

// PathDiversity measures the paths of a dataset whose cities are open.
func (d *Dataset) PathDiversity() (Diversity, error) {
	x := Diversity{Unlike: math.NaN()}
	type place struct {
		city string
		node int32
	}
	places := map[place]int{}
	kinds, winds, distances, hops := map[string]int{}, map[int]int{}, map[int]int{}, map[int]int{}
	var sum float64
	pairs := 0
	for i := range d.Places {
		p := &d.Places[i]
		if len(p.Paths) == 0 {
			continue
		}
		c := d.Cities[p.City]
		if c == nil {
			return x, fmt.Errorf("ugdata: the city %s of place %d is not open", p.City, p.ID)
		}
		x.Views++
		here := newAround(p.Pos)
		ends := make([]destination, len(p.Paths))
		for j, path := range p.Paths {
			id := path.Destination
			if id < 0 || int(id) >= len(c.Nodes) {
				return x, fmt.Errorf("ugdata: a path of place %d leads to node %d of a city of %d nodes", p.ID, id, len(c.Nodes))
			}
			e := &ends[j]
			e.id, e.hops = int32(id), path.Hops
			e.x, e.y = here.offset(c.Centroid(id))
			e.metre = math.Hypot(e.x, e.y)
			places[place{p.City, e.id}]++
			kinds[c.Nodes[id].Category+"/"+c.Nodes[id].Type]++
			winds[octant(e.x, e.y)]++
			distances[band(geo.Metres(e.metre))]++
			hops[e.hops]++
			x.Paths++
			for k := range j {
				sum += unlike(c, e, &ends[k])
				pairs++
			}
		}
	}
	x.Places = len(places)
	x.Kinds, x.Winds, x.Distances, x.Hops = effective(kinds), effective(winds), effective(distances), effective(hops)
	if pairs > 0 {
		x.Unlike = sum / float64(pairs)
	}
	return x, nil
}

// band numbers the bands of distance, each twice as wide as the one before.
func band(d geo.Metres) int {
	if d < 100 {
		return 0
	}
	return int(math.Log2(float64(d)/100)) + 1
}

// effective returns the effective number of classes; 0 of none.
func effective[K comparable](counts map[K]int) float64 {
	total := 0
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return 0
	}
	// Summed in order of size, so that the result does not depend on that of
	// the map.
	sizes := make([]int, 0, len(counts))
	for _, n := range counts {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	var h float64
	for _, n := range sizes {
		p := float64(n) / float64(total)
		h -= p * math.Log(p)
	}
	return math.Exp(h)
}
