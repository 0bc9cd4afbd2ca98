package ugdata

import (
	"math/rand/v2"
	"strconv"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/streetview"
)

// Paths returns spatial reasoning paths of a view, o.Paths where the map has
// so many: walks of fewest hops through its street to nodes of o.Destinations
// that are o.MinHops to o.MaxHops hops and o.MinDistance to o.MaxDistance away,
// and that have a name; no walk leaves MaxDistance, and no two names on one are
// the same. Destinations differ in hops, kind, direction and distance as far as
// the map allows, and no two paths of a view lead to places of one name; the
// seed chooses among them. None is returned where fewer than o.MinPaths are
// found. Fields of o that are zero mean their defaults; Paths panics on options
// that [Options.Check] refuses.
//
// The first call for a city lays out its graph for the searches, which takes
// about a tenth of the time that building it did; the city must not change
// after that. Calls may run at the same time.
func Paths(c *city.City, v streetview.View, o Options, r *rand.Rand) []Path {
	o = o.complete()
	return o.paths(c, v, r)
}

// paths is Paths with options that are complete.
func (o *Options) paths(c *city.City, v streetview.View, r *rand.Rand) []Path {
	if v.Street == city.None {
		return nil
	}
	t := explore(c, v, o.MaxHops, o.MaxDistance)
	defer t.close()
	d := t.deal(o, r)
	var paths []Path
	var taken []destination
	names := map[string]bool{}
	hops := r.Perm(o.MaxHops + 1)
	for left := len(hops); left > 0 && len(paths) < o.Paths; {
		left = 0
		for _, h := range hops {
			if len(paths) == o.Paths {
				break
			}
			for {
				x, ok := d.pick(c, h, taken, r)
				if !ok {
					break
				}
				name := c.Nodes[x.id].Name
				if names[name] {
					continue
				}
				walk := t.walk(city.NodeID(x.id))
				if !distinct(c, walk) {
					continue
				}
				names[name] = true
				taken = append(taken, x)
				paths = append(paths, o.newPath(c, v, walk, o.voice(r)))
				left++
				break
			}
		}
	}
	if len(paths) < o.MinPaths {
		return nil
	}
	return paths
}

// surroundings returns the subgraph and the paths of a view, by options that
// are complete.
func (o *Options) surroundings(c *city.City, v streetview.View, r *rand.Rand) (Subgraph, []Path) {
	g, paths := o.neighbourhood(c, v), o.paths(c, v, r)
	if o.WithPaths {
		g = g.with(c, paths)
	}
	return g, paths
}

// newPath writes a walk, which must start with the image's own hop.
func (o *Options) newPath(c *city.City, v streetview.View, walk []hop, speak *voice) Path {
	triples := triplesOf(c, v.ID, walk)
	p := Path{Hops: len(walk), Line: orb.LineString{v.Pos}}
	for i, h := range walk {
		p.Nodes = append(p.Nodes, h.to)
		if at := triples[i].record; at != p.Line[len(p.Line)-1] {
			p.Line = append(p.Line, at)
		}
	}
	p.Destination = p.Nodes[len(p.Nodes)-1]
	if end := c.Centroid(p.Destination); end != p.Line[len(p.Line)-1] {
		p.Line = append(p.Line, end)
	}
	p.Text, p.Length = grammar(triples)
	p.Plain = speak.say(c, v, walk)
	p.Summary = summary(c.DisplayName(p.Destination), v.ID, v.Pos)
	if o.PathText == textComposed {
		facing := ""
		if v.HasHeading {
			facing = v.Heading.Word8()
		}
		p.Summary, p.Entities = composedSummary(p.Summary, v.ID, v.Pos, facing), entities(c, walk)
	}
	return p
}

// triplesOf names and measures the hops of a walk.
func triplesOf(c *city.City, image int64, walk []hop) []triple {
	id := strconv.FormatInt(image, 10)
	triples := make([]triple, len(walk))
	for i, h := range walk {
		triples[i] = newTriple(c, id, h, i+1 == len(walk))
	}
	return triples
}
