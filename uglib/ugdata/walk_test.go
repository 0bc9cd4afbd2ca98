package ugdata

import (
	"math"
	"math/rand/v2"
	"testing"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview"
)

// naiveWalks finds by exhaustion the fewest hops to each node and the fewest
// metres of a walk of so many hops.
func naiveWalks(c *city.City, v streetview.View, hops int, reach geo.Metres) (fewest map[city.NodeID]int, metres map[city.NodeID]float64) {
	here := newAround(v.Pos)
	fewest, metres = map[city.NodeID]int{}, map[city.NodeID]float64{}
	var visit func(h hop, depth int, so float64, from hop)
	visit = func(h hop, depth int, so float64, from hop) {
		at := h.record(c)
		if depth > 1 {
			if x, y := here.offset(at); x*x+y*y > float64(reach)*float64(reach) {
				return
			}
			so += here.apart(from.record(c), at)
		}
		so += float64(h.own())
		switch old, ok := fewest[h.to]; {
		case !ok || depth < old:
			fewest[h.to], metres[h.to] = depth, so
		case depth == old:
			metres[h.to] = min(metres[h.to], so)
		default:
			return
		}
		if depth == hops {
			return
		}
		for next, e := range c.Neighbours(h.to) {
			if next != h.to && !sameStreet(c, e) {
				visit(hop{h.to, next, e}, depth+1, so, h)
			}
		}
	}
	visit(hop{city.None, v.Street, anchored(v)}, 1, 0, hop{})
	return fewest, metres
}

// Walks have the fewest hops, and of these the fewest metres.
func TestWalksAsDefined(t *testing.T) {
	const hops = 5
	for seed := range uint64(150) {
		c, v := wildCity(seed)
		if len(c.Edges) > 90 {
			continue // too many walks to try all
		}
		reach := geo.Metres(300 + seed%5*100)
		fewest, metres := naiveWalks(c, v, hops, reach)
		tree := explore(c, v, hops, reach)
		for id := range c.Nodes {
			n := city.NodeID(id)
			want, ok := fewest[n]
			if got := tree.depth(int32(id)); ok != (got >= 0) || ok && got != want {
				t.Fatalf("seed %d: node %d is %d hops away, want %d (%v)", seed, id, got, want, ok)
			}
			if !ok {
				continue
			}
			walk := tree.walk(n)
			if len(walk) != want || walk[0].to != v.Street || walk[len(walk)-1].to != n {
				t.Fatalf("seed %d: walk to %d through %v", seed, id, walk)
			}
			var sum float64
			for i, h := range walk {
				if i > 0 {
					if h.from != walk[i-1].to {
						t.Fatalf("seed %d: the walk to %d jumps", seed, id)
					}
					sum += tree.here.apart(walk[i-1].record(c), h.record(c))
				}
				sum += float64(h.own())
			}
			if math.Abs(sum-metres[n]) > 1e-6 {
				t.Fatalf("seed %d: the walk to %d has %v m, the best %v", seed, id, sum, metres[n])
			}
		}
		tree.close()
	}
}

// Paths keep to the options, whatever the city.
func TestPathsKeepToTheOptions(t *testing.T) {
	for seed := range uint64(400) {
		c, v := wildCity(seed)
		o := Options{MinHops: 2 + int(seed%2), MaxHops: 4 + int(seed%3), MinDistance: geo.Metres(seed % 3 * 50), MaxDistance: 400, Paths: 1 + int(seed%5), Destinations: "all"}
		if seed%4 == 0 {
			o.MinPaths = o.Paths
		}
		names := map[string]bool{}
		paths := Paths(c, v, o, rand.New(rand.NewPCG(seed, 1)))
		if len(paths) > o.Paths || len(paths) < o.MinPaths && len(paths) > 0 {
			t.Fatalf("seed %d: %d paths, want %d to %d", seed, len(paths), o.MinPaths, o.Paths)
		}
		for _, p := range paths {
			d := geo.Distance(v.Pos, c.Centroid(p.Destination))
			if p.Hops < o.MinHops || p.Hops > o.MaxHops || d < o.MinDistance*0.999 || d > o.MaxDistance*1.001 || len(p.Nodes) != p.Hops {
				t.Fatalf("seed %d: %d hops, %v", seed, p.Hops, d)
			}
			name := c.Nodes[p.Destination].Name
			if names[name] {
				t.Fatalf("seed %d: two paths to places called %q", seed, name)
			}
			names[name] = true
			if p.Text == "" || p.Plain == "" || p.Summary == "" || p.Entities != "" {
				t.Fatalf("seed %d: texts %+v", seed, p)
			}
		}
		again := Paths(c, v, o, rand.New(rand.NewPCG(seed, 1)))
		for i := range again {
			if again[i].Text != paths[i].Text || again[i].Plain != paths[i].Plain {
				t.Fatalf("seed %d: the same seed gives other paths", seed)
			}
		}
	}
}
