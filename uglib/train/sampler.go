package train

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"urbangraph/uglib/geo"
	"urbangraph/uglib/ugdata"
)

// sampler deals samples out in batches. The batches of an epoch depend on the
// seed and the epoch alone, so a resumed run sees what it would have seen.
type sampler struct {
	ds      *ugdata.Dataset
	samples []int // indices into ds.Samples
	batch   int
	near    float64 // share of the batches drawn from one neighbourhood
	seed    uint64

	epoch   int
	batches [][]int
}

// perEpoch is the number of whole batches in an epoch.
func (s *sampler) perEpoch() int { return len(s.samples) / s.batch }

// at returns the samples of the batch of a step, counted from zero.
func (s *sampler) at(step int) []int {
	epoch := step / s.perEpoch()
	if s.batches == nil || epoch != s.epoch {
		s.epoch, s.batches = epoch, s.deal(epoch)
	}
	return s.batches[step%s.perEpoch()]
}

// deal makes the batches of an epoch. A neighbourhood batch is the first
// sample left of a random order with those nearest to it in its city; the
// others are filled in random order from what remains.
func (s *sampler) deal(epoch int) [][]int {
	rng := rand.New(rand.NewPCG(s.seed, uint64(epoch)))
	left := slices.Clone(s.samples)
	rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })

	n := s.perEpoch()
	batches := make([][]int, 0, n)
	for range int(s.near * float64(n)) {
		batch := s.neighbourhood(left)
		if batch == nil { // the first sample's city has too few left
			break
		}
		batches = append(batches, batch)
		taken := make(map[int]bool, len(batch))
		for _, i := range batch {
			taken[i] = true
		}
		left = slices.DeleteFunc(left, func(i int) bool { return taken[i] })
	}
	for len(batches) < n {
		batches = append(batches, slices.Clone(left[:s.batch]))
		left = left[s.batch:]
	}
	rng.Shuffle(n, func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches
}

// neighbourhood returns the first of the samples left with the nearest others
// of its city, each place once while there are enough places.
func (s *sampler) neighbourhood(left []int) []int {
	type candidate struct {
		sample int
		d      geo.Metres
	}
	anchor := s.place(left[0])
	var near []candidate
	var again []candidate // further samples of a place that is there already
	seen := map[int]bool{}
	for _, i := range left {
		p := s.place(i)
		if p.City != anchor.City {
			continue
		}
		c := candidate{i, geo.Distance(p.Pos, anchor.Pos)}
		if at := s.ds.Samples[i].Place; seen[at] {
			again = append(again, c)
		} else {
			seen[at] = true
			near = append(near, c)
		}
	}
	byDistance := func(a, b candidate) int { return cmp.Or(cmp.Compare(a.d, b.d), cmp.Compare(a.sample, b.sample)) }
	slices.SortFunc(near, byDistance)
	slices.SortFunc(again, byDistance)
	near = append(near, again...)
	if len(near) < s.batch {
		return nil
	}
	batch := make([]int, s.batch)
	for i := range batch {
		batch[i] = near[i].sample
	}
	return batch
}

func (s *sampler) place(sample int) *ugdata.Place {
	return &s.ds.Places[s.ds.Samples[sample].Place]
}
