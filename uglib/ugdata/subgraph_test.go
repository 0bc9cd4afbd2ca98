package ugdata

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// wildCity is a city of random streets, places and areas with random edges.
func wildCity(seed uint64) (*city.City, streetview.View) {
	r := rand.New(rand.NewPCG(seed, 7))
	frame := geo.Frame{Origin: orb.Point{-75.5, 39.7}}
	c := &city.City{Name: "wild", Frame: frame}
	at := func() orb.Point { return frame.LonLat(orb.Point{r.Float64()*800 - 400, r.Float64()*800 - 400}) }
	n := 5 + r.IntN(40)
	for i := range n {
		x := city.Node{OSM: int64(i), Kind: city.Kind(r.IntN(4)), Name: string(rune('a' + r.IntN(26)))}
		p := at()
		switch x.Kind {
		case city.Street:
			x.Geometry = orb.LineString{p, at(), at()}
		case city.Area:
			x.Geometry = orb.Polygon{{p, {p[0] + 1e-3, p[1]}, {p[0] + 1e-3, p[1] + 1e-3}, p}}
		default:
			x.Geometry = p
		}
		c.Nodes = append(c.Nodes, x)
	}
	c.Nodes[0].Kind, c.Nodes[0].Geometry = city.Street, orb.LineString{at(), at()}
	for range r.IntN(4 * n) {
		a, b := city.NodeID(r.IntN(n)), city.NodeID(r.IntN(n))
		e := city.Edge{From: a, To: b, Type: city.EdgeType(r.IntN(city.NumEdgeTypes)), Via: city.None, At: at(), Distance: geo.Metres(r.IntN(3) * 20), Bearing: geo.Bearing(r.Float64() * 360)}
		c.Edges = append(c.Edges, e)
	}
	v := streetview.View{ID: 100000000000000, Pos: at(), Street: 0}
	v.Foot = middleOf(c.Nodes[0].Geometry)
	v.Distance, v.Bearing = geo.Distance(v.Pos, v.Foot), geo.BearingTo(v.Pos, v.Foot)
	return c, v
}

// naiveNearest grows a subgraph as RecipeNearest says, by looking at all nodes
// in each step.
func naiveNearest(c *city.City, v streetview.View, o Options) []city.NodeID {
	here := newAround(v.Pos)
	distance := func(id city.NodeID) float64 {
		_, _, d2 := here.nearest(c.Nodes[id].Geometry)
		return math.Sqrt(d2)
	}
	taken := []city.NodeID{v.Street}
	for len(taken) < o.Nodes-1 {
		hops := map[city.NodeID]int{v.Street: 1}
		for changed := true; changed; {
			changed = false
			for _, id := range taken {
				d, ok := hops[id]
				if !ok || d == o.Hops {
					continue
				}
				for next := range c.Neighbours(id) {
					if old, ok := hops[next]; !ok || old > d+1 {
						hops[next], changed = d+1, true
					}
				}
			}
		}
		best := city.None
		for id := range hops {
			if slices.Contains(taken, id) || distance(id) > float64(o.Radius) {
				continue
			}
			if best == city.None || cmp.Or(cmp.Compare(distance(id), distance(best)), cmp.Compare(id, best)) < 0 {
				best = id
			}
		}
		if best == city.None {
			break
		}
		taken = append(taken, best)
	}
	return taken
}

func TestNeighbourhoodAsDefined(t *testing.T) {
	for seed := range uint64(400) {
		c, v := wildCity(seed)
		o := Options{Nodes: 4 + int(seed%20), Hops: 1 + int(seed%5), Radius: 60 + geo.Metres(seed%7)*60}.complete()
		g := Neighbourhood(c, v, o)
		want := naiveNearest(c, v, o)
		if !slices.Equal(g.Nodes[1:], want) {
			t.Fatalf("seed %d: nodes %v, want %v", seed, g.Nodes[1:], want)
		}
		checkEdges(t, c, g)
	}
}

// checkEdges checks that a subgraph has the edges of the city among its nodes,
// loops apart, each once and with what the city says of it.
func checkEdges(t *testing.T, c *city.City, g Subgraph) {
	t.Helper()
	type ends struct {
		from, to city.NodeID
		kind     city.EdgeType
		metres   geo.Metres
		bearing  geo.Bearing
	}
	count := map[ends]int{}
	for _, e := range c.Edges {
		if e.From != e.To && g.Has(e.From) && g.Has(e.To) {
			count[ends{e.From, e.To, e.Type, e.Distance, e.Bearing}]++
		}
	}
	for _, e := range g.Edges[1:] {
		count[ends{g.Nodes[e.From], g.Nodes[e.To], e.Type, e.Distance, e.Bearing}]--
	}
	for e, n := range count {
		if n != 0 {
			t.Fatalf("edge %+v is %d times too rare", e, n)
		}
	}
	if e := g.Edges[0]; e.From != 0 || e.To != 1 || e.Type != city.Nearest {
		t.Fatalf("the first edge is %+v, want the image's own", e)
	}
}

func TestRecipes(t *testing.T) {
	for seed := range uint64(200) {
		c, v := wildCity(seed)
		here := newAround(v.Pos)
		for _, recipe := range []Recipe{RecipeHops, RecipeRadius, RecipePoints} {
			o := Options{Recipe: recipe, Nodes: 5 + int(seed%40), Hops: 3, Radius: 250}.complete()
			g := Neighbourhood(c, v, o)
			checkEdges(t, c, g)
			if len(g.Nodes) > o.Nodes || g.Nodes[1] != v.Street {
				t.Fatalf("seed %d, %s: nodes %v", seed, recipe, g.Nodes)
			}
			if d := g.Reach(c, v.Pos); d > o.Radius && len(g.Nodes) > 2 {
				if _, _, d2 := here.nearest(c.Nodes[v.Street].Geometry); math.Sqrt(d2) < float64(o.Radius) {
					t.Fatalf("seed %d, %s: reaches %v", seed, recipe, d)
				}
			}
			hops, depth := c.Hops([]city.NodeID{v.Street}, 1, 0)
			for _, id := range g.Nodes[2:] {
				_, point := c.Nodes[id].Geometry.(orb.Point)
				if recipe == RecipePoints && !point && !slices.Contains(hops, id) {
					t.Fatalf("seed %d: node %d is no point and %v hops away", seed, id, depth)
				}
			}
			if recipe == RecipeRadius && o.Nodes > len(c.Nodes) {
				for id := range c.Nodes {
					_, _, d2 := here.nearest(c.Nodes[id].Geometry)
					if math.Sqrt(d2) < float64(o.Radius)-1 && !g.Has(city.NodeID(id)) {
						t.Fatalf("seed %d: node %d within %v is missing", seed, id, math.Sqrt(d2))
					}
				}
			}
		}
	}
}

// A subgraph with its paths holds their nodes and all edges among them.
func TestSubgraphWithPaths(t *testing.T) {
	for seed := range uint64(300) {
		c, v := wildCity(seed)
		o := Options{Nodes: 4, Hops: 2, Radius: 100, WithPaths: true, Paths: 3, Destinations: "all", MinHops: 2}.complete()
		g, paths := o.surroundings(c, v, rand.New(rand.NewPCG(seed, 1)))
		for _, p := range paths {
			for _, id := range p.Nodes {
				if !g.Has(id) {
					t.Fatalf("seed %d: node %d of a path is missing in %v", seed, id, g.Nodes)
				}
			}
		}
		checkEdges(t, c, g)
	}
}

// Views that use the same scratch space one after the other, or at the same
// time, do not see each other.
func TestSearchesAtOnce(t *testing.T) {
	c := gridTown("alpha", 6, gridOrigin)
	views := gridViews(c, 1000).Views
	o := Options{}.complete()
	want := make([]Subgraph, len(views))
	for i, v := range views {
		want[i] = Neighbourhood(gridTown("alpha", 6, gridOrigin), v, o) // a city of its own, so fresh scratch space
	}
	done := make(chan bool)
	for range 4 {
		go func() {
			defer func() { done <- true }()
			for i, v := range views {
				if g := Neighbourhood(c, v, o); !slices.Equal(g.Nodes, want[i].Nodes) || !slices.Equal(g.Edges, want[i].Edges) {
					t.Errorf("view %d: nodes %v, want %v", v.ID, g.Nodes, want[i].Nodes)
					return
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// The epochs of scratch space start again after the last one.
func TestEpochs(t *testing.T) {
	c, v := wildCity(3)
	n := networkOf(c)
	s := newScratch(len(c.Nodes))
	n.pool.New = func() any { return s }
	want := Neighbourhood(c, v, Options{})
	s.epoch = 1<<(32-depthBits) - 2
	for range 4 {
		if g := Neighbourhood(c, v, Options{}); !slices.Equal(g.Nodes, want.Nodes) {
			t.Fatalf("epoch %d: nodes %v, want %v", s.epoch, g.Nodes, want.Nodes)
		}
	}
	if s.epoch > 10 && s.epoch < 1<<20 {
		t.Errorf("epoch %d", s.epoch)
	}
}

func TestNeighbourhoodRefuses(t *testing.T) {
	c, v := wildCity(1)
	v.Street = city.None
	if g := Neighbourhood(c, v, Options{}); len(g.Nodes) != 1 || len(g.Edges) != 0 {
		t.Errorf("a view without a street has the subgraph %+v", g)
	}
	defer func() {
		if recover() == nil {
			t.Error("a recipe that is none is used")
		}
	}()
	Neighbourhood(c, v, Options{Recipe: "soup"})
}
