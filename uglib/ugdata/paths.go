package ugdata

import (
	"math/rand/v2"
	"strconv"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// Paths returns at most o.Paths spatial reasoning paths of a view: shortest
// walks through its street to places and areas at o.MinHops to o.MaxHops hops
// and within o.MaxDistance, which the walk does not leave either, no two names on the way the same. Destinations
// differ in kind and in how many hops away they are as far as the map allows;
// the seed chooses among them. None is returned where nothing can be reached.
func Paths(c *city.City, v streetview.View, o Options, r *rand.Rand) []Path {
	if v.Street == city.None {
		return nil
	}
	t := explore(c, v, o.MaxHops, o.MaxDistance)
	var paths []Path
	kinds := map[string]bool{}
	for _, to := range t.destinations(v.Pos, o, r) {
		if len(paths) == o.Paths {
			break
		}
		n := &c.Nodes[to]
		if kind := n.Category + "/" + n.Type; !kinds[kind] {
			kinds[kind] = true
			paths = append(paths, NewPath(c, v, t.walk(to)))
		}
	}
	return paths
}

// nearest destinations of each number of hops that the seed chooses among.
const choice = 12

// destinations lists the places that a path may lead to: in rounds, from the
// hop counts in random order, one random place of the nearest few each.
func (t *tree) destinations(pos orb.Point, o Options, r *rand.Rand) []city.NodeID {
	byHops := make([][]city.NodeID, o.MaxHops+1)
	for _, at := range t.nodes {
		id, n := at.to, &t.city.Nodes[at.to]
		if at.hops < o.MinHops || n.Kind != city.POI && n.Kind != city.Area || n.Name == "" {
			continue
		}
		if len(byHops[at.hops]) == choice || geo.Distance(pos, t.city.Centroid(id)) > o.MaxDistance || !distinct(t.city, t.walk(id)) {
			continue
		}
		byHops[at.hops] = append(byHops[at.hops], id)
	}
	var out []city.NodeID
	order := r.Perm(len(byHops))
	for _, h := range order {
		r.Shuffle(len(byHops[h]), func(i, j int) { byHops[h][i], byHops[h][j] = byHops[h][j], byHops[h][i] })
	}
	for round := range choice {
		for _, h := range order {
			if round < len(byHops[h]) {
				out = append(out, byHops[h][round])
			}
		}
	}
	return out
}

// NewPath writes a walk, which must start with the image's own hop.
func NewPath(c *city.City, v streetview.View, walk []hop) Path {
	image := strconv.FormatInt(v.ID, 10)
	triples := make([]triple, len(walk))
	p := Path{Hops: len(walk), Line: orb.LineString{v.Pos}}
	for i, h := range walk {
		triples[i] = newTriple(c, image, h)
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
	p.Plain = plainWalk(c, walk)
	p.Summary = summary(c.DisplayName(p.Destination), v.ID, v.Pos)
	return p
}
