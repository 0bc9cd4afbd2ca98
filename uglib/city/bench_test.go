package city

import (
	"context"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/osm"
)

func BenchmarkBuild(b *testing.B) {
	for _, name := range []string{"wilmington", "andorra"} {
		b.Run(name, func(b *testing.B) {
			s, err := Builtin(name)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Build(context.Background(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// delaware is the whole extract, not only a city of it.
func delaware(tb testing.TB) Spec {
	src, err := osm.Builtin("delaware")
	if err != nil {
		tb.Fatal(err)
	}
	return Spec{Name: "delaware", Title: "Delaware", Source: src}
}

// BenchmarkDelaware builds the graph of the whole extract with all relations
// and reports the memory that the process took at most.
func BenchmarkDelaware(b *testing.B) {
	s := delaware(b)
	for b.Loop() {
		c, err := Build(context.Background(), s)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(c.Nodes)), "nodes")
		b.ReportMetric(float64(len(c.Edges)), "edges")
	}
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err == nil {
		b.ReportMetric(float64(use.Maxrss)/1024, "peak-MB")
	}
}

// BenchmarkNearestStreets anchors points anywhere in the box, on all cores.
func BenchmarkNearestStreets(b *testing.B) {
	c := builtin(b, "wilmington")
	r := rand.New(rand.NewPCG(1, 0))
	points := make([]orb.Point, 100000)
	for i := range points {
		points[i] = c.somewhere(r)
	}
	c.index()
	for b.Loop() {
		c.NearestStreets(points, Reach)
	}
	b.ReportMetric(float64(len(points))*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

func BenchmarkNearestStreet(b *testing.B) {
	c := builtin(b, "wilmington")
	r := rand.New(rand.NewPCG(1, 0))
	c.index()
	for b.Loop() {
		c.NearestStreet(c.somewhere(r), 100, nil)
	}
}

func BenchmarkWithin(b *testing.B) {
	c := builtin(b, "wilmington")
	r := rand.New(rand.NewPCG(1, 0))
	c.index()
	for b.Loop() {
		c.Within(c.somewhere(r), 300)
	}
}

func BenchmarkHops(b *testing.B) {
	c := builtin(b, "wilmington")
	r := rand.New(rand.NewPCG(1, 0))
	c.index()
	for b.Loop() {
		c.Hops([]NodeID{NodeID(r.IntN(len(c.Nodes)))}, 4, 0)
	}
}

func BenchmarkShortestPath(b *testing.B) {
	c := builtin(b, "wilmington")
	r := rand.New(rand.NewPCG(1, 0))
	c.index()
	for b.Loop() {
		c.ShortestPath(NodeID(r.IntN(len(c.Nodes))), NodeID(r.IntN(len(c.Nodes))), nil)
	}
}
