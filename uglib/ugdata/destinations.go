package ugdata

import (
	"math"
	"math/rand/v2"

	"urbangraph/uglib/city"
)

// destination is a node that a path may lead to.
type destination struct {
	id    int32
	hops  int
	x, y  float64 // metres east and north of the image
	metre float64 // from the image
}

// Destinations are drawn from strata, so that far ones and those of the busy
// side of the town, which are many, do not crowd out the others: of each number
// of hops, each of the eight winds and each of three bands of distance.
const (
	winds      = 8
	bands      = 3
	perStratum = 4
)

// nearBand and middleBand bound the bands of distance, in metres.
const nearBand, middleBand = 200, 600

// deck holds the destinations among which a view's paths are chosen, by number
// of hops.
type deck [][]destination

// deal draws destinations among the nodes that were reached: of the selected
// classes, with a name, in the range of hops and of distance. It draws a few of
// each stratum, all as likely.
func (t *tree) deal(o *Options, r *rand.Rand) deck {
	kinds, _ := o.Destinations.kinds() // checked with the options
	d := make(deck, o.MaxHops+1)
	least, most := float64(o.MinDistance), float64(o.MaxDistance)
	for hops := o.MinHops; hops <= o.MaxHops; hops++ {
		var hand [winds * bands][perStratum]destination
		var seen [winds * bands]int
		for _, id := range t.at(hops) {
			if k := t.net.class[id]; k&hasName == 0 || !kinds.has(k.kind()) {
				continue
			}
			x, y := t.here.offset(t.net.middle[id])
			m := math.Hypot(x, y)
			if m < least || m > most {
				continue
			}
			w := octant(x, y) * bands
			if m > middleBand {
				w += 2
			} else if m > nearBand {
				w++
			}
			i := seen[w]
			if seen[w]++; i >= perStratum {
				if i = r.IntN(i + 1); i >= perStratum {
					continue
				}
			}
			hand[w][i] = destination{id, hops, x, y, m}
		}
		for w := range hand {
			d[hops] = append(d[hops], hand[w][:min(seen[w], perStratum)]...)
		}
	}
	return d
}

// octant returns the one of eight equal sectors that a direction lies in.
func octant(x, y float64) int {
	const slope = 0.41421356237309503 // tan 22.5°
	ax, ay := math.Abs(x), math.Abs(y)
	s := 1 // between the axes
	switch {
	case ax <= ay*slope:
		s = 0
	case ay <= ax*slope:
		s = 2
	}
	switch {
	case x >= 0 && y >= 0:
		return s
	case x >= 0:
		return 4 - s
	case y < 0:
		return 4 + s
	}
	return (8 - s) % 8
}

// pick takes from a deck the destination of so many hops that differs most
// from those taken already; of equal ones, and for the first, the seed's. It
// returns false when none is left.
func (d deck) pick(c *city.City, hops int, taken []destination, r *rand.Rand) (destination, bool) {
	hand := d[hops]
	if len(hand) == 0 {
		return destination{}, false
	}
	best := 0
	if len(taken) == 0 {
		best = r.IntN(len(hand))
	} else {
		most := -1.0
		for i := range hand {
			least := math.Inf(1)
			for j := range taken {
				least = min(least, unlike(c, &hand[i], &taken[j]))
			}
			if least > most {
				best, most = i, least
			}
		}
	}
	x := hand[best]
	hand[best] = hand[len(hand)-1]
	d[hops] = hand[:len(hand)-1]
	return x, true
}

// unlike says how much two destinations differ, from 0 to 1: in kind, in
// direction and in distance, a third each.
func unlike(c *city.City, a, b *destination) float64 {
	return (unlikeKind(&c.Nodes[a.id], &c.Nodes[b.id]) + unlikeDirection(a, b) + unlikeDistance(a.metre, b.metre)) / 3
}

// unlikeKind is 1 for places of different categories, half for those of
// different types of one category.
func unlikeKind(a, b *city.Node) float64 {
	switch {
	case a.Kind != b.Kind && a.Category != b.Category, a.Category != b.Category:
		return 1
	case a.Type != b.Type:
		return 0.5
	}
	return 0
}

// unlikeDirection is the angle between two directions, as a share of half a
// turn.
func unlikeDirection(a, b *destination) float64 {
	angle := math.Atan2(a.x*b.y-a.y*b.x, a.x*b.x+a.y*b.y)
	return math.Abs(angle) / math.Pi
}

// unlikeDistance is 1 for distances of which one is four times the other or
// more, and falls to 0 with the logarithm of their ratio.
func unlikeDistance(a, b float64) float64 {
	ratio := max(a, 1) / max(b, 1)
	return min(1, math.Abs(math.Log2(ratio))/2)
}
