package city

import (
	"context"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/progress"
)

// Reach is how far a point of interest may be from a street to be joined to
// it (UGE reference: point to nearest street).
const Reach geo.Metres = 100

// Build reads the extract of s and builds the city, without the store. The
// same extract and box always give the same city.
func Build(ctx context.Context, s Spec) (*City, error) {
	var box *orb.Bound
	if s.Bound != (orb.Bound{}) {
		box = &s.Bound
	}
	m, err := osm.Read(ctx, s.Source, box)
	if err != nil {
		return nil, err
	}
	t := progress.Start(ctx, "build the graph of "+s.Title, 6)
	defer t.Done()
	b := builder{
		city: &City{
			Name: s.Name, Title: s.Title, Credit: osm.Credit,
			Bound: m.Bound, Frame: geo.Frame{Origin: m.Bound.Center()}, Faults: m.Faults,
		},
		at: map[int64][]meeting{},
	}
	b.x.frame = b.city.Frame.Projection()
	for _, step := range []func(*osm.Map){b.streets, b.crossings, b.places, b.boundaries, b.scenery, b.regions} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step(m)
		t.Add(1)
	}
	return b.city, nil
}

// builder holds a city while it grows.
type builder struct {
	city     *City
	x        index               // frame and R-tree of the streets
	ways     []osm.Way           // of the streets, by NodeID
	at       map[int64][]meeting // streets at each OSM node
	order    []int64             // keys of at, as the streets run through them
	crossing map[int64]NodeID    // crossing at an OSM node
}

// meeting is a vertex of a street.
type meeting struct {
	street NodeID
	vertex int
}

func (b *builder) node(n Node) NodeID {
	b.city.Nodes = append(b.city.Nodes, n)
	return NodeID(len(b.city.Nodes) - 1)
}

func (b *builder) edge(e Edge) { b.city.Edges = append(b.city.Edges, e) }

// DisplayName returns how a text calls a node: its name, else its address,
// street, type, category or, last, its id (UGE reference, path grammar).
func (c *City) DisplayName(id NodeID) string {
	n := &c.Nodes[id]
	for _, s := range []string{n.Name, n.Address, n.Tags["addr:street"], n.Type, n.Category} {
		if s = strings.TrimSpace(s); s != "" {
			return s
		}
	}
	return strconv.Itoa(int(id))
}
