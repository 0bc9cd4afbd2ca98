package ugdata

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Audit is what was found on how far the splits of a dataset are apart.
type Audit struct {
	Places map[Split]int // how many places each split has
	// MinDistance is the least distance between anchors of different splits
	// (buffer apart) of one city; infinite if there are none.
	MinDistance geo.Metres
	// MaxReach is how far the farthest node of any subgraph is from its image.
	MaxReach geo.Metres
	// Touched counts training anchors that lie within the reach of the subgraph
	// of a val, test or held-out place of the same city. It must be 0.
	Touched int
	// SharedPoints counts crossings and places, SharedAreas areas, SharedStreets
	// streets that are in a training subgraph and in one of val or test. A street
	// or a park may be longer than the buffer is wide; the same street's other
	// end says little about a place.
	SharedPoints, SharedAreas, SharedStreets int
	// SharedImages counts images of a training place that another split uses
	// too. It must be 0.
	SharedImages int
	// SharedTexts counts val, test and held-out captions that a training place
	// has too, word for word: short ones of bare streets.
	SharedTexts int
}

// Audit measures how far the splits are apart. It returns an error, and the
// numbers, if they touch: if a training anchor lies within a subgraph of
// another split, two splits are nearer than a subgraph reaches, an image or a
// city is in two splits that must not share it, or a place has no split.
func (d *Dataset) Audit() (Audit, error) {
	a := Audit{Places: map[Split]int{}, MinDistance: geo.Metres(math.Inf(1))}
	var problems []error
	byCity := map[string][]*Place{}
	images := map[string]Split{}
	captions := map[string]bool{}
	for i := range d.Places {
		p := &d.Places[i]
		a.Places[p.Split]++
		if !slices.Contains([]Split{Train, Val, Test, HeldOut, Buffer}, p.Split) {
			problems = append(problems, fmt.Errorf("place %d has the split %q", p.ID, p.Split))
		}
		byCity[p.City] = append(byCity[p.City], p)
		if p.Split == Train {
			captions[p.Caption] = true
			images[p.Image] = Train
		}
	}
	for i := range d.Places {
		p := &d.Places[i]
		if p.Split == Train || p.Split == Buffer {
			continue
		}
		if captions[p.Caption] {
			a.SharedTexts++
		}
		if images[p.Image] == Train {
			a.SharedImages++
		}
	}
	for name, places := range byCity {
		held := slices.ContainsFunc(places, func(p *Place) bool { return p.Split == HeldOut })
		if held && slices.ContainsFunc(places, func(p *Place) bool { return p.Split == Train }) {
			problems = append(problems, fmt.Errorf("city %s is held out and trained on", name))
		}
		c := d.Cities[name]
		if c == nil {
			problems = append(problems, fmt.Errorf("city %s is not open", name))
			continue
		}
		a.city(c, places)
	}
	if a.Touched > 0 {
		problems = append(problems, fmt.Errorf("%d training anchors lie within the subgraph of another split", a.Touched))
	}
	if a.SharedImages > 0 {
		problems = append(problems, fmt.Errorf("%d images are in train and in another split", a.SharedImages))
	}
	if a.MinDistance <= a.MaxReach {
		problems = append(problems, fmt.Errorf("two splits come as near as %v, but subgraphs reach %v", a.MinDistance, a.MaxReach))
	}
	if err := errors.Join(problems...); err != nil {
		return a, fmt.Errorf("ugdata: the splits are not apart: %w", err)
	}
	return a, nil
}

// city adds what one city shows.
func (a *Audit) city(c *city.City, places []*Place) {
	trained := map[city.NodeID]bool{}
	var train, rest []*Place
	reach := map[*Place]geo.Metres{}
	for _, p := range places {
		reach[p] = p.Graph.Reach(c, p.Pos)
		switch p.Split {
		case Train:
			a.MaxReach = max(a.MaxReach, reach[p])
			train = append(train, p)
			for _, id := range p.Graph.Nodes[1:] {
				trained[id] = true
			}
		case Buffer:
		default:
			a.MaxReach = max(a.MaxReach, reach[p])
			rest = append(rest, p)
		}
	}
	shared := map[city.NodeID]bool{}
	touched := map[*Place]bool{}
	for i, p := range rest {
		for _, t := range train {
			dist := geo.Distance(p.Pos, t.Pos)
			a.MinDistance = min(a.MinDistance, dist)
			if dist <= reach[p] {
				touched[t] = true
			}
		}
		for _, q := range rest[:i] {
			if p.Split != q.Split {
				a.MinDistance = min(a.MinDistance, geo.Distance(p.Pos, q.Pos))
			}
		}
		for _, id := range p.Graph.Nodes[1:] {
			if !trained[id] || shared[id] {
				continue
			}
			shared[id] = true
			switch c.Nodes[id].Kind {
			case city.Street:
				a.SharedStreets++
			case city.Area:
				a.SharedAreas++
			default:
				a.SharedPoints++
			}
		}
	}
	a.Touched += len(touched)
}
