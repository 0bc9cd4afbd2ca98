package city

import (
	"context"
	"math/rand/v2"
	"testing"
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
