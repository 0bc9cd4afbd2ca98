package ugdata

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/osm"
	"urbangraph/uglib/streetview"
)

// benchNames are cities of growing size, built once from the extracts that come
// with the modules: two towns, a country, a state, and that state four times
// over side by side.
var benchNames = []string{"dover", "wilmington", "andorra", "delaware", "delaware4"}

func openBenchCity(name string) (*city.City, error) {
	if name == "delaware4" {
		c, err := benchCity("delaware")
		if err != nil {
			return nil, err
		}
		return tiled(c, 4), nil
	}
	if spec, err := city.Builtin(name); err == nil && name != "andorra" {
		return city.Build(context.Background(), spec)
	}
	src, err := osm.Builtin(name)
	if err != nil {
		return nil, err
	}
	return city.Build(context.Background(), city.Spec{Name: name, Title: name, Source: src})
}

var built sync.Map

func benchCity(name string) (*city.City, error) {
	f, _ := built.LoadOrStore(name, sync.OnceValues(func() (*city.City, error) { return openBenchCity(name) }))
	return f.(func() (*city.City, error))()
}

// tiled puts so many copies of a city side by side, from west to east.
func tiled(c *city.City, copies int) *city.City {
	out := &city.City{Name: c.Name, Title: c.Title, Country: c.Country, Frame: c.Frame, Bound: c.Bound}
	width := c.Bound.Max[0] - c.Bound.Min[0]
	for k := range copies {
		dx := float64(k) * width
		first := city.NodeID(len(out.Nodes))
		shift := func(p orb.Point) orb.Point { return orb.Point{p[0] + dx, p[1]} }
		for _, n := range c.Nodes {
			n.Geometry = moved(n.Geometry, shift)
			streets := make([]city.NodeID, len(n.Streets))
			for i, s := range n.Streets {
				streets[i] = s + first
			}
			n.Streets = streets
			out.Nodes = append(out.Nodes, n)
		}
		for _, e := range c.Edges {
			e.From, e.To, e.At = e.From+first, e.To+first, shift(e.At)
			if e.Via != city.None {
				e.Via += first
			}
			out.Edges = append(out.Edges, e)
		}
		out.Bound.Max[0] = c.Bound.Max[0] + dx
	}
	return out
}

func moved(g orb.Geometry, shift func(orb.Point) orb.Point) orb.Geometry {
	line := func(l []orb.Point) []orb.Point {
		out := make([]orb.Point, len(l))
		for i, p := range l {
			out[i] = shift(p)
		}
		return out
	}
	switch g := g.(type) {
	case orb.Point:
		return shift(g)
	case orb.LineString:
		return orb.LineString(line(g))
	case orb.Polygon:
		out := make(orb.Polygon, len(g))
		for i, r := range g {
			out[i] = orb.Ring(line(r))
		}
		return out
	case orb.MultiPolygon:
		out := make(orb.MultiPolygon, len(g))
		for i, p := range g {
			out[i] = moved(p, shift).(orb.Polygon)
		}
		return out
	}
	return g
}

// benchViews stand on streets drawn from all of a city, longer ones more often.
func benchViews(c *city.City, n int) []streetview.View {
	r := rand.New(rand.NewPCG(1, 2))
	var views []streetview.View
	for len(views) < n {
		id := city.NodeID(r.IntN(len(c.Nodes)))
		line, ok := c.Nodes[id].Geometry.(orb.LineString)
		if !ok || len(line) < 2 {
			continue
		}
		i := r.IntN(len(line))
		v := streetview.View{ID: 100000000000000 + int64(len(views)), Pos: line[i], Foot: line[i], Street: id, Heading: geo.Bearing(r.Float64() * 360), HasHeading: true}
		v.Pos[1] += 3e-5
		v.Distance, v.Bearing = geo.Distance(v.Pos, v.Foot), geo.BearingTo(v.Pos, v.Foot)
		views = append(views, v)
	}
	return views
}

func eachCity(b *testing.B, run func(b *testing.B, c *city.City, views []streetview.View)) {
	for _, name := range benchNames {
		b.Run(name, func(b *testing.B) {
			c, err := benchCity(name)
			if err != nil {
				b.Fatal(err)
			}
			networkOf(c)
			views := benchViews(c, 4000)
			b.ReportMetric(float64(len(c.Nodes)), "nodes")
			b.ResetTimer()
			run(b, c, views)
		})
	}
}

// BenchmarkNeighbourhood cuts subgraphs of a radius of 700 m, ten hops and at
// most 1000 nodes, on one core.
func BenchmarkNeighbourhood(b *testing.B) {
	o := Options{Radius: 700, Nodes: 1000, Hops: 10}.complete()
	eachCity(b, func(b *testing.B, c *city.City, views []streetview.View) {
		b.ReportAllocs()
		nodes, i := 0, 0
		for b.Loop() {
			nodes += len(o.neighbourhood(c, views[i%len(views)]).Nodes)
			i++
		}
		b.ReportMetric(float64(nodes)/float64(i), "nodes/graph")
	})
}

// BenchmarkPaths makes paths by the default options, with their texts, on all
// cores.
func BenchmarkPaths(b *testing.B) {
	o := Options{}.complete()
	eachCity(b, func(b *testing.B, c *city.City, views []streetview.View) {
		b.ReportAllocs()
		var mu sync.Mutex
		paths, next := 0, 0
		b.RunParallel(func(pb *testing.PB) {
			mu.Lock()
			i := next
			next += 997
			mu.Unlock()
			n := 0
			for pb.Next() {
				v := views[i%len(views)]
				n += len(o.paths(c, v, rand.New(rand.NewPCG(1, uint64(v.ID)))))
				i++
			}
			mu.Lock()
			paths += n
			mu.Unlock()
		})
		b.ReportMetric(float64(paths)/b.Elapsed().Seconds(), "paths/s")
		b.ReportMetric(float64(paths)/float64(b.N), "paths/view")
	})
}

// BenchmarkNetwork lays a city out for the searches.
func BenchmarkNetwork(b *testing.B) {
	eachCity(b, func(b *testing.B, c *city.City, _ []streetview.View) {
		for b.Loop() {
			newNetwork(c)
		}
	})
}
