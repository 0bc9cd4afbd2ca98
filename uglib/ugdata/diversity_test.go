package ugdata

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

func TestOctant(t *testing.T) {
	for i := range 3600 {
		deg := float64(i)/10 + 0.05
		if math.Mod(deg, 45) > 22.4 && math.Mod(deg, 45) < 22.6 {
			continue
		}
		want := int(math.Round(deg/45)) % 8
		if got := octant(math.Sin(deg*math.Pi/180), math.Cos(deg*math.Pi/180)); got != want {
			t.Fatalf("octant of %v° is %d, want %d", deg, got, want)
		}
	}
}

func TestEffective(t *testing.T) {
	for _, x := range []struct {
		counts map[string]int
		want   float64
	}{{nil, 0}, {map[string]int{"a": 7}, 1}, {map[string]int{"a": 2, "b": 2, "c": 2}, 3}, {map[string]int{"a": 3, "b": 1}, math.Exp(0.75*math.Log(4./3) + 0.25*math.Log(4))}} {
		if got := effective(x.counts); math.Abs(got-x.want) > 1e-9 {
			t.Errorf("%v is effectively %v, want %v", x.counts, got, x.want)
		}
	}
}

func TestUnlike(t *testing.T) {
	c := &city.City{Nodes: []city.Node{
		{Kind: city.POI, Category: "food", Type: "bar"}, {Kind: city.POI, Category: "food", Type: "cafe"}, {Kind: city.Area, Category: "leisure", Type: "park"},
	}}
	for _, x := range []struct {
		a, b destination
		want float64
	}{
		{destination{id: 0, x: 100, metre: 100}, destination{id: 0, x: 100, metre: 100}, 0},
		{destination{id: 0, x: 100, metre: 100}, destination{id: 1, x: 100, metre: 100}, 0.5 / 3},
		{destination{id: 0, x: 100, metre: 100}, destination{id: 2, x: -400, metre: 400}, 1},
		{destination{id: 0, x: 100, metre: 100}, destination{id: 2, y: 200, metre: 200}, (1 + 0.5 + 0.5) / 3},
	} {
		if got := unlike(c, &x.a, &x.b); math.Abs(got-x.want) > 1e-9 || math.Abs(unlike(c, &x.b, &x.a)-x.want) > 1e-9 {
			t.Errorf("%+v and %+v differ by %v, want %v", x.a, x.b, got, x.want)
		}
	}
}

// pathsOf makes paths of each view of a town.
func pathsOf(c *city.City, paths int, pick func(o *Options, r *rand.Rand, all []Path) []Path) *Dataset {
	d := &Dataset{Cities: map[string]*city.City{c.Name: c}}
	o := Options{Paths: 100}.complete()
	for _, v := range gridViews(c, 1000).Views {
		r := rand.New(rand.NewPCG(1, uint64(v.ID)))
		p := Place{ID: v.ID, City: c.Name, Pos: v.Pos}
		if pick == nil {
			few := o
			few.Paths = paths
			p.Paths = few.paths(c, v, r)
		} else {
			p.Paths = pick(&o, r, o.paths(c, v, r))
		}
		d.Places = append(d.Places, p)
	}
	return d
}

// Destinations that are chosen to differ do differ more than those that are
// drawn, and than the nearest, which the reference's order comes down to.
func TestDestinationsDiffer(t *testing.T) {
	c := gridTown("alpha", 10, gridOrigin)
	measure := func(pick func(o *Options, r *rand.Rand, all []Path) []Path) Diversity {
		x, err := pathsOf(c, 3, pick).PathDiversity()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	chosen := measure(nil)
	random := measure(func(_ *Options, r *rand.Rand, all []Path) []Path {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:min(3, len(all))]
	})
	if chosen.Paths < 3*chosen.Views*9/10 || chosen.Unlike < random.Unlike+0.05 {
		t.Errorf("chosen %+v\nrandom %+v", chosen, random)
	}
	if chosen.Winds < 7 || chosen.Kinds < 4.5 || chosen.Hops < 1.9 || chosen.Distances < 3 {
		t.Errorf("chosen %+v", chosen)
	}
}

func TestPathDiversityRefuses(t *testing.T) {
	d := &Dataset{Places: []Place{{ID: 1, City: "gone", Paths: []Path{{}}}}}
	if _, err := d.PathDiversity(); err == nil {
		t.Error("a city that is not open is measured")
	}
	d.Cities = map[string]*city.City{"gone": {Nodes: []city.Node{{Geometry: orb.Point{1, 1}}}}}
	d.Places[0].Paths[0].Destination = 7
	if _, err := d.PathDiversity(); err == nil {
		t.Error("a node that is none is measured")
	}
	d.Places[0].Paths = nil
	x, err := d.PathDiversity()
	if err != nil || x.Paths != 0 || !math.IsNaN(x.Unlike) {
		t.Errorf("a dataset without paths: %+v, %v", x, err)
	}
	if b := band(geo.Metres(99)); b != 0 || band(100) != 1 || band(399) != 2 || band(400) != 3 {
		t.Errorf("bands are wrong: %d %d %d %d", b, band(100), band(399), band(400))
	}
}
