package ugdata

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/golang/geo/s2"
	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// SplitPlan says how places get their splits where shares of spatial blocks
// (Options.TestShare, ValShare) are not what is wanted. What is given goes in
// this order: held-out cities, Cities, Areas, Folds; the places that are left
// are dealt out by blocks, and in each case places nearer than Options.Buffer
// to one of another split are left out.
type SplitPlan struct {
	// Cities puts all places of a city into train, val or test.
	Cities map[string]Split `json:",omitempty"`
	// Areas are parts of the map with a split of their own, the first that
	// holds a place counts. A place in none is left out where some area is for
	// train, and is for train otherwise. A split that no area is for is dealt
	// out by blocks from the places for train.
	Areas []SplitArea `json:",omitempty"`
	// Folds deals the blocks into so many parts of about as many places each,
	// of which part Fold, counted from 1, is for test: cross-validation by
	// spatial blocks. With the same seed each place is a test place in one fold.
	// TestShare does not count.
	Folds int `json:",omitempty"`
	Fold  int `json:",omitempty"`
}

// IsZero reports whether nothing is given.
func (p SplitPlan) IsZero() bool {
	return len(p.Cities) == 0 && len(p.Areas) == 0 && p.Folds == 0 && p.Fold == 0
}

// dealtSplits are those that a plan may name: a held-out city is one of its
// own.
var dealtSplits = []Split{Train, Val, Test, Buffer}

func (p SplitPlan) check() error {
	for name, s := range p.Cities {
		if !slices.Contains(dealtSplits[:3], s) {
			return fmt.Errorf("ugdata: the plan of splits puts the city %s into %q; try train, val or test, or hold the city out (Spec.HeldOut)", name, s)
		}
	}
	for i := range p.Areas {
		if err := p.Areas[i].check(); err != nil {
			return fmt.Errorf("ugdata: area %d of the plan of splits: %w", i, err)
		}
	}
	switch {
	case p.Folds == 0 && p.Fold == 0:
		return nil
	case p.Folds < 2 || p.Folds > 100:
		return fmt.Errorf("ugdata: %d folds cannot be made, try 2 to 100, such as 5", p.Folds)
	case p.Fold < 1 || p.Fold > p.Folds:
		return fmt.Errorf("ugdata: there is no fold %d of %d; count from 1", p.Fold, p.Folds)
	}
	return nil
}

// rank says which split a place keeps where two come too near: the one of
// higher rank stays, the other is left out. It is the order of the splits in
// tables as well.
func (s Split) rank() int { return slices.Index(splits, s) }

// splits are those that a dataset is used by, lowest rank first.
var splits = []Split{Train, Val, Test, HeldOut}

// Splits are all splits in the order of tables.
var Splits = []Split{Train, Val, Test, HeldOut, Buffer}

// Anchor is what a view's split depends on: where it stands, and which picture
// it is.
type Anchor struct {
	ID    int64
	Pos   orb.Point
	Image string // SHA-256 of the image file; empty if unknown
	Block uint64 // S2 cell of the spatial block
	Split Split
}

// block returns the S2 cell of a place at a level.
func block(p orb.Point, level int) uint64 { return geo.Cell(p, level) }

// dealCity gives the anchors of one city their splits, the buffer apart.
func dealCity(name string, heldOut bool, anchors []Anchor, o Options, r *rand.Rand) {
	d := dealer{blocks: map[uint64][]*Anchor{}, taken: map[uint64]bool{}}
	for i := range anchors {
		a := &anchors[i]
		a.Block = block(a.Pos, o.BlockLevel)
		a.Split = Train
	}
	testShare, valShare := o.TestShare, o.ValShare
	switch whole, ok := o.Splits.Cities[name]; {
	case heldOut:
		whole = HeldOut
		fallthrough
	case ok:
		for i := range anchors {
			anchors[i].Split = whole
		}
		return
	case len(o.Splits.Areas) > 0:
		areas := newAreaIndex(o.Splits.Areas)
		for i := range anchors {
			anchors[i].Split = areas.at(anchors[i].Pos)
		}
		if areas.has[Test] {
			testShare = 0
		}
		if areas.has[Val] {
			valShare = 0
		}
	}
	for i := range anchors {
		if a := &anchors[i]; a.Split == Train {
			if d.blocks[a.Block] == nil {
				d.order = append(d.order, a.Block)
			}
			d.blocks[a.Block] = append(d.blocks[a.Block], a)
			d.places++
		}
	}
	slices.Sort(d.order)
	r.Shuffle(len(d.order), func(i, j int) { d.order[i], d.order[j] = d.order[j], d.order[i] })
	if o.Splits.Folds > 0 {
		d.fold(o.Splits.Folds, o.Splits.Fold)
	} else {
		d.deal(Test, testShare)
	}
	d.deal(Val, valShare)
}

// dealer deals out spatial blocks.
type dealer struct {
	places int
	blocks map[uint64][]*Anchor
	order  []uint64 // of the blocks, by the seed
	taken  map[uint64]bool
}

// deal takes clusters of blocks for a split until it has its share of the
// places. Test and val grow from a few seeded blocks to their neighbours, so
// that little is lost to the buffer and a test place has others around it to
// be told from.
func (d *dealer) deal(split Split, share float64) {
	want := int(share * float64(d.places))
	for got := 0; got < want; {
		cluster := d.grow(want - got)
		if len(cluster) == 0 {
			return
		}
		got += d.take(cluster, split)
	}
}

// take puts the places of a cluster into a split and returns their number.
func (d *dealer) take(cluster []uint64, split Split) int {
	places := 0
	for _, b := range cluster {
		d.taken[b] = true
		for _, p := range d.blocks[b] {
			p.Split = split
		}
		places += len(d.blocks[b])
	}
	return places
}

// fold deals all blocks into so many parts, the largest cluster first and each
// to the part that has the fewest places, and puts one part into test.
func (d *dealer) fold(folds, fold int) {
	var clusters [][]uint64
	for {
		cluster := d.grow(max(1, d.places/folds))
		if len(cluster) == 0 {
			break
		}
		for _, b := range cluster {
			d.taken[b] = true
		}
		clusters = append(clusters, cluster)
	}
	clear(d.taken)
	size := func(cluster []uint64) (n int) {
		for _, b := range cluster {
			n += len(d.blocks[b])
		}
		return n
	}
	slices.SortStableFunc(clusters, func(a, b []uint64) int { return cmp.Compare(size(b), size(a)) })
	parts := make([]int, folds)
	for _, cluster := range clusters {
		least := 0
		for i, n := range parts {
			if n < parts[least] {
				least = i
			}
		}
		parts[least] += size(cluster)
		if least == fold-1 {
			d.take(cluster, Test)
		}
	}
}

// clusterBlocks is how many blocks a cluster of test or val has at most.
const clusterBlocks = 4

// grow returns the first free block and free neighbours of it, at most
// clusterBlocks and not many more places than wanted.
func (d *dealer) grow(want int) []uint64 {
	var cluster []uint64
	places := 0
	add := func(b uint64) {
		if !d.taken[b] && d.blocks[b] != nil && !slices.Contains(cluster, b) {
			cluster = append(cluster, b)
			places += len(d.blocks[b])
		}
	}
	for _, b := range d.order {
		if !d.taken[b] {
			add(b)
			break
		}
	}
	for i := 0; i < len(cluster); i++ {
		for _, n := range s2.CellID(cluster[i]).EdgeNeighbors() {
			if len(cluster) == clusterBlocks || places >= want {
				return cluster
			}
			add(uint64(n))
		}
	}
	return cluster
}

// bufferSlack is how much more than the buffer is kept free, since distances
// in the plane around an image differ from great-circle ones in the third
// digit.
const bufferSlack = 1.004

// settle leaves out, over all cities, the places that another split stands in
// the way of: of one picture in two splits the place of lower rank, and places
// nearer than the buffer to one of higher rank.
func settle(cities [][]Anchor, buffer geo.Metres) {
	var all []*Anchor
	for i := range cities {
		for j := range cities[i] {
			all = append(all, &cities[i][j])
		}
	}
	highest := map[string]int{}
	for _, a := range all {
		if r := a.Split.rank(); a.Image != "" && r >= highest[a.Image] {
			highest[a.Image] = r
		}
	}
	for _, a := range all {
		if a.Image != "" && a.Split.rank() < highest[a.Image] {
			a.Split = Buffer
		}
	}
	for rank := len(splits) - 2; rank >= 0; rank-- {
		var above []orb.Point
		for _, a := range all {
			if a.Split.rank() > rank {
				above = append(above, a.Pos)
			}
		}
		near := newVicinity(above, buffer*bufferSlack)
		for _, a := range all {
			if a.Split.rank() == rank && near.any(a.Pos, func(int) bool { return true }) {
				a.Split = Buffer
			}
		}
	}
}
