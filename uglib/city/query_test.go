package city

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// somewhere returns a random place in the city's box.
func (c *City) somewhere(r *rand.Rand) orb.Point {
	return orb.Point{
		c.Bound.Min[0] + r.Float64()*(c.Bound.Max[0]-c.Bound.Min[0]),
		c.Bound.Min[1] + r.Float64()*(c.Bound.Max[1]-c.Bound.Min[1]),
	}
}

// TestNearestStreetAgainstAll compares the index with a look at every street.
func TestNearestStreetAgainstAll(t *testing.T) {
	c := builtin(t, "dover")
	named := func(n *Node) bool { return n.Name != "" }
	r := rand.New(rand.NewPCG(5, 5))
	for range 60 {
		p := c.somewhere(r)
		for _, accept := range []func(*Node) bool{nil, named} {
			least := geo.Metres(math.Inf(1))
			for i := range c.Nodes {
				if n := &c.Nodes[i]; n.Kind == Street && (accept == nil || accept(n)) {
					_, d := c.DistanceTo(NodeID(i), p)
					least = min(least, d)
				}
			}
			hit, ok := c.NearestStreet(p, 300, accept)
			if ok != (least <= 300) {
				t.Fatalf("%v: found %v, the nearest is %v away", p, ok, least)
			}
			if !ok {
				continue
			}
			if math.Abs(float64(hit.Distance-least)) > 1e-6 || accept != nil && !accept(&c.Nodes[hit.Street]) {
				t.Fatalf("%v: found %q at %v, the nearest is %v away", p, c.DisplayName(hit.Street), hit.Distance, least)
			}
			if d := geo.Distance(p, hit.Foot); math.Abs(float64(d-hit.Distance)) > 0.01+0.002*float64(d) {
				t.Fatalf("%v: foot point %v away by the sphere, %v by the frame", p, d, hit.Distance)
			}
			if _, off := c.DistanceTo(hit.Street, hit.Foot); off > 1e-3 {
				t.Fatalf("%v: the foot point is %v off its street", p, off)
			}
			if turn := geo.BearingTo(p, hit.Foot).Diff(hit.Bearing); math.Abs(turn) > 1e-9 {
				t.Fatalf("%v: bearing %v", p, hit.Bearing)
			}
		}
	}
}

func TestWithinAgainstAll(t *testing.T) {
	c := builtin(t, "dover")
	r := rand.New(rand.NewPCG(6, 6))
	for range 40 {
		p, radius := c.somewhere(r), geo.Metres(r.Float64()*400)
		got := c.Within(p, radius)
		last := geo.Metres(0)
		for _, id := range got {
			_, d := c.DistanceTo(id, p)
			if d < last || d > radius {
				t.Fatalf("%v within %v: node %d at %v after %v", p, radius, id, d, last)
			}
			last = d
		}
		in := map[NodeID]bool{}
		for _, id := range got {
			in[id] = true
		}
		for i := range c.Nodes {
			if _, d := c.DistanceTo(NodeID(i), p); d <= radius && !in[NodeID(i)] {
				t.Fatalf("%v within %v: node %d at %v is missing", p, radius, i, d)
			}
		}
	}
}

func TestDistanceTo(t *testing.T) {
	square := orb.Polygon{
		{{0, 0}, {0.004, 0}, {0.004, 0.004}, {0, 0.004}, {0, 0}},
		{{0.001, 0.001}, {0.001, 0.003}, {0.003, 0.003}, {0.003, 0.001}, {0.001, 0.001}},
	}
	c := &City{Nodes: []Node{
		{Kind: POI, Geometry: orb.Point{0.001, 0}},
		{Kind: Street, Geometry: orb.LineString{{0, 0}, {0.002, 0}, {0.002, 0.002}}},
		{Kind: Area, Geometry: square},
		{Kind: Area, Geometry: orb.MultiPolygon{square, {{{0.01, 0}, {0.011, 0}, {0.011, 0.001}, {0.01, 0}}}}},
	}}
	for _, q := range []struct {
		id   NodeID
		p    orb.Point
		foot orb.Point
		want float64 // in thousandths of a degree
	}{
		{0, orb.Point{0.001, 0.001}, orb.Point{0.001, 0}, 1},
		{1, orb.Point{0.001, 0.0005}, orb.Point{0.001, 0}, 0.5},
		{1, orb.Point{0.003, 0.003}, orb.Point{0.002, 0.002}, math.Sqrt2},
		{1, orb.Point{-0.001, 0}, orb.Point{0, 0}, 1},
		{2, orb.Point{0.0005, 0.0005}, orb.Point{0.0005, 0.0005}, 0},
		{2, orb.Point{0.0015, 0.002}, orb.Point{0.001, 0.002}, 0.5}, // in the hole
		{2, orb.Point{0.005, 0.002}, orb.Point{0.004, 0.002}, 1},
		{3, orb.Point{0.0108, 0.0001}, orb.Point{0.0108, 0.0001}, 0},
	} {
		foot, d := c.DistanceTo(q.id, q.p)
		if geo.Distance(foot, q.foot) > 0.01 || math.Abs(float64(d)-q.want*milli) > 0.01 {
			t.Errorf("node %d from %v: %v at %v, want %v at %.2f m", q.id, q.p, foot, d, q.foot, q.want*milli)
		}
	}
	for id, want := range map[NodeID]orb.Point{0: {0.001, 0}, 1: {0.002, 0}, 2: {0.002, 0.002}} {
		if got := c.Centroid(id); geo.Distance(got, want) > 0.01 {
			t.Errorf("middle of node %d: %v, want %v", id, got, want)
		}
	}
}

// chain returns a city of n streets in a row, with a chord from 0 to 3.
func chain(n int) *City {
	c := &City{Nodes: make([]Node, n)}
	for i := range n {
		c.Nodes[i] = Node{Kind: Street, Geometry: orb.LineString{{float64(i), 0}, {float64(i + 1), 0}}}
		if i > 0 {
			c.Edges = append(c.Edges, Edge{From: NodeID(i - 1), To: NodeID(i), Type: Crosses, Via: None, Distance: 1})
		}
	}
	c.Edges = append(c.Edges, Edge{From: 3, To: 0, Type: Continues, Via: None, Distance: 10})
	return c
}

func TestHops(t *testing.T) {
	c := chain(6)
	for _, q := range []struct {
		from        []NodeID
		hops, limit int
		nodes       []NodeID
		depth       []int
	}{
		{[]NodeID{0}, 0, 0, []NodeID{0}, []int{0}},
		{[]NodeID{0}, 1, 0, []NodeID{0, 1, 3}, []int{0, 1, 1}},
		{[]NodeID{0}, 2, 0, []NodeID{0, 1, 3, 2, 4}, []int{0, 1, 1, 2, 2}},
		{[]NodeID{0}, 9, 0, []NodeID{0, 1, 3, 2, 4, 5}, []int{0, 1, 1, 2, 2, 3}},
		{[]NodeID{0}, 9, 4, []NodeID{0, 1, 3, 2}, []int{0, 1, 1, 2}},
		{[]NodeID{5, 0, 5}, 1, 0, []NodeID{5, 0, 4, 1, 3}, []int{0, 0, 1, 1, 1}},
		{nil, 3, 0, nil, nil},
	} {
		nodes, depth := c.Hops(q.from, q.hops, q.limit)
		if !slices.Equal(nodes, q.nodes) || !slices.Equal(depth, q.depth) {
			t.Errorf("%d hops from %v, at most %d: %v %v, want %v %v", q.hops, q.from, q.limit, nodes, depth, q.nodes, q.depth)
		}
	}
	if c.Degree(3) != 3 || c.Degree(5) != 1 {
		t.Errorf("degrees %d and %d", c.Degree(3), c.Degree(5))
	}
	for n, e := range c.Neighbours(3) {
		if n == 0 && e.Type != Continues {
			t.Errorf("edge %v", e)
		}
		break // an iterator may be left early
	}
}

func TestShortestPath(t *testing.T) {
	c := chain(6)
	length := func(e *Edge) float64 { return float64(e.Distance) }
	closed := func(e *Edge) float64 {
		if e.Type == Continues || e.From == 4 {
			return math.NaN()
		}
		return 1
	}
	for _, q := range []struct {
		to     NodeID
		weight func(*Edge) float64
		path   []NodeID
		cost   float64
		ok     bool
	}{
		{0, nil, []NodeID{0}, 0, true},
		{4, nil, []NodeID{0, 3, 4}, 2, true},
		{4, length, []NodeID{0, 1, 2, 3, 4}, 4, true},
		{4, closed, []NodeID{0, 1, 2, 3, 4}, 4, true},
		{5, closed, nil, 0, false},
	} {
		path, cost, ok := c.ShortestPath(0, q.to, q.weight)
		if !slices.Equal(path, q.path) || cost != q.cost || ok != q.ok {
			t.Errorf("to %d: %v %v %v, want %v %v %v", q.to, path, cost, ok, q.path, q.cost, q.ok)
		}
	}
}

// TestShortestPathAgainstHops checks paths by hops against the depths of a
// breadth-first search, and that each step of a path is an edge.
func TestShortestPathAgainstHops(t *testing.T) {
	c := builtin(t, "dover")
	r := rand.New(rand.NewPCG(7, 7))
	for range 20 {
		from := NodeID(r.IntN(len(c.Nodes)))
		nodes, depth := c.Hops([]NodeID{from}, 8, 0)
		i := r.IntN(len(nodes))
		path, cost, ok := c.ShortestPath(from, nodes[i], nil)
		if !ok || int(cost) != depth[i] || len(path) != depth[i]+1 || path[0] != from || path[len(path)-1] != nodes[i] {
			t.Fatalf("from %d to %d, %d hops: %v %v %v", from, nodes[i], depth[i], path, cost, ok)
		}
		for k := 1; k < len(path); k++ {
			if len(c.joined(path[k-1], path[k])) == 0 {
				t.Fatalf("no edge from %d to %d", path[k-1], path[k])
			}
		}
	}
}

func TestNames(t *testing.T) {
	for k := range kinds {
		if got, err := ParseKind(Kind(k).String()); err != nil || got != Kind(k) {
			t.Errorf("%v: %v, %v", Kind(k), got, err)
		}
	}
	for e := range edgeTypes {
		if got, err := ParseEdgeType(EdgeType(e).String()); err != nil || got != EdgeType(e) {
			t.Errorf("%v: %v, %v", EdgeType(e), got, err)
		}
	}
	if _, err := ParseKind("lake"); err == nil {
		t.Error("lake is a kind")
	}
	if Kind(9).String() != "Kind(9)" || EdgeType(9).String() != "EdgeType(9)" {
		t.Error("unknown values print wrong")
	}
}

func TestEmptyCity(t *testing.T) {
	c := &City{}
	if _, ok := c.NearestStreet(orb.Point{1, 1}, 100, nil); ok || len(c.Within(orb.Point{}, 1e6)) > 0 || len(c.SceneryWithin(orb.Point{}, 1e6)) > 0 {
		t.Error("an empty city holds something")
	}
}
