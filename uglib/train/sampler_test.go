package train

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/ugdata"
)

func toyDataset(places, perPlace int) *ugdata.Dataset {
	ds := &ugdata.Dataset{}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range places {
		city, lon := "a", -75.5
		if i%3 == 0 {
			city, lon = "b", 1.5
		}
		ds.Places = append(ds.Places, ugdata.Place{ID: int64(i), City: city,
			Pos: orb.Point{lon + 0.02*rng.Float64(), 42 + 0.02*rng.Float64()}})
		for range perPlace {
			ds.Samples = append(ds.Samples, ugdata.Sample{Place: i})
		}
	}
	return ds
}

func every(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestSamplerDealsEachSampleOnce(t *testing.T) {
	ds := toyDataset(100, 2)
	for _, near := range []float64{0, 0.5, 1} {
		s := &sampler{ds: ds, samples: every(200), batch: 16, near: near, seed: 7}
		for epoch := range 3 {
			seen := map[int]bool{}
			for step := range s.perEpoch() {
				for _, i := range s.at(epoch*s.perEpoch() + step) {
					if seen[i] {
						t.Fatalf("near %v, epoch %d: sample %d dealt twice", near, epoch, i)
					}
					seen[i] = true
				}
			}
			if want := 200 / 16 * 16; len(seen) != want {
				t.Errorf("near %v, epoch %d: %d samples dealt, want %d", near, epoch, len(seen), want)
			}
		}
	}
}

func TestSamplerDependsOnSeedAndStepAlone(t *testing.T) {
	ds := toyDataset(100, 1)
	deck := func(seed uint64) *sampler {
		return &sampler{ds: ds, samples: every(100), batch: 8, near: 0.5, seed: seed}
	}
	a, b := deck(3), deck(3)
	for step := range 30 {
		a.at(step)
	}
	if got, want := b.at(29), a.at(29); !reflect.DeepEqual(got, want) {
		t.Errorf("batch of step 29 without the steps before it: %v, want %v", got, want)
	}
	if reflect.DeepEqual(deck(4).at(0), deck(3).at(0)) {
		t.Error("two seeds give the same first batch")
	}
	if reflect.DeepEqual(a.at(0), a.at(a.perEpoch())) {
		t.Error("two epochs begin with the same batch")
	}
}

// TestNeighbourhoodIsNear checks that a neighbourhood batch holds one city and
// spreads less than a random one.
func TestNeighbourhoodIsNear(t *testing.T) {
	ds := toyDataset(300, 1)
	spread := func(near float64) (worst geo.Metres) {
		s := &sampler{ds: ds, samples: every(300), batch: 10, near: near, seed: 5}
		batch := s.at(0)
		for _, i := range batch {
			if near == 1 && s.place(i).City != s.place(batch[0]).City {
				t.Fatalf("neighbourhood batch holds two cities: %v", batch)
			}
			for _, j := range batch {
				worst = max(worst, geo.Distance(s.place(i).Pos, s.place(j).Pos))
			}
		}
		return worst
	}
	if near, far := spread(1), spread(0); near > 1200 || far < 3*near {
		t.Errorf("neighbourhood spreads %v, random batch %v", near, far)
	}
}

func TestNeighbourhoodTakesEachPlaceOnce(t *testing.T) {
	ds := toyDataset(60, 3)
	s := &sampler{ds: ds, samples: every(180), batch: 12, near: 1, seed: 5}
	var places []int
	for _, i := range s.at(0) {
		places = append(places, ds.Samples[i].Place)
	}
	slices.Sort(places)
	if n := len(slices.Compact(places)); n != 12 {
		t.Errorf("first neighbourhood batch holds %d places, want 12", n)
	}
}
