package ugdata

import (
	"math/rand/v2"
	"slices"

	"github.com/golang/geo/s2"
	"github.com/paulmach/orb"

	"urbangraph/uglib/geo"
)

// block returns the S2 cell of a place at a level.
func block(p orb.Point, level int) uint64 {
	return uint64(s2.CellIDFromLatLng(s2.LatLngFromDegrees(p[1], p[0])).Parent(level))
}

// splitCity gives the places of one training city their splits. Blocks are
// dealt out whole: first to test, then to val, until each has its share, the
// rest to train. Test and val grow from a few seeded blocks to their
// neighbours, so that little is lost to the buffer and a test place has others
// around it to be told from. Then places nearer than o.Buffer to one of another
// split give way: train to val and test, val to test.
func splitCity(places []*Place, o Options, r *rand.Rand) {
	blocks := map[uint64][]*Place{}
	var order []uint64
	for _, p := range places {
		p.Block = block(p.Pos, o.BlockLevel)
		if blocks[p.Block] == nil {
			order = append(order, p.Block)
		}
		blocks[p.Block] = append(blocks[p.Block], p)
		p.Split = Train
	}
	slices.Sort(order)
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	taken := map[uint64]bool{}
	deal := func(split Split, share float64) {
		want := int(share * float64(len(places)))
		for got := 0; got < want; {
			cluster := grow(order, blocks, taken, want-got)
			if len(cluster) == 0 {
				return
			}
			for _, b := range cluster {
				taken[b] = true
				for _, p := range blocks[b] {
					p.Split = split
				}
				got += len(blocks[b])
			}
		}
	}
	deal(Test, o.TestShare)
	deal(Val, o.ValShare)
	yield(places, Val, []Split{Test}, o.Buffer)
	yield(places, Train, []Split{Test, Val}, o.Buffer)
}

// clusterBlocks is how many blocks a cluster of test or val has at most.
const clusterBlocks = 4

// grow returns the first free block and free neighbours of it, at most
// clusterBlocks and not many more places than wanted.
func grow(order []uint64, blocks map[uint64][]*Place, taken map[uint64]bool, want int) []uint64 {
	var cluster []uint64
	places := 0
	add := func(b uint64) {
		if !taken[b] && blocks[b] != nil && !slices.Contains(cluster, b) {
			cluster = append(cluster, b)
			places += len(blocks[b])
		}
	}
	for _, b := range order {
		if !taken[b] {
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

// yield turns places of a split that are too near to one of the others into
// buffer.
func yield(places []*Place, split Split, to []Split, d geo.Metres) {
	var others []orb.Point
	for _, p := range places {
		if slices.Contains(to, p.Split) {
			others = append(others, p.Pos)
		}
	}
	near := newGrid(others, d)
	for _, p := range places {
		if p.Split == split && near.within(p.Pos, d) {
			p.Split = Buffer
		}
	}
}

// grid finds the points near a place: points by square of the given size.
type grid struct {
	frame geo.Frame
	size  float64
	cells map[[2]int][]orb.Point
}

func newGrid(points []orb.Point, size geo.Metres) *grid {
	g := &grid{size: float64(size) * 1.01, cells: map[[2]int][]orb.Point{}}
	if len(points) > 0 {
		g.frame.Origin = points[0]
	}
	for _, p := range points {
		c := g.cell(p)
		g.cells[c] = append(g.cells[c], p)
	}
	return g
}

func (g *grid) cell(p orb.Point) [2]int {
	xy := g.frame.Local(p)
	return [2]int{floor(xy[0] / g.size), floor(xy[1] / g.size)}
}

// around calls f for the points in the square of p and the eight around it:
// all that lie within the size of p, and some more.
func (g *grid) around(p orb.Point, f func(orb.Point) bool) {
	c := g.cell(p)
	for dx := -1; dx <= 1; dx++ {
		for dy := -1; dy <= 1; dy++ {
			for _, q := range g.cells[[2]int{c[0] + dx, c[1] + dy}] {
				if !f(q) {
					return
				}
			}
		}
	}
}

// within reports whether a point lies within d of p.
func (g *grid) within(p orb.Point, d geo.Metres) bool {
	found := false
	g.around(p, func(q orb.Point) bool {
		found = geo.Distance(p, q) <= d
		return !found
	})
	return found
}

func floor(x float64) int {
	i := int(x)
	if float64(i) > x {
		i--
	}
	return i
}
