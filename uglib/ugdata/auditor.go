package ugdata

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"hash/maphash"
	"math"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/paulmach/orb"
	"golang.org/x/sync/errgroup"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
	"urbangraph/uglib/streetview/imagehash"
)

// auditor collects what an [Audit] compares, place by place, so that a dataset
// need not be in memory. Of each place it keeps a few numbers. Sets of splits
// are bits by rank.
type auditor struct {
	audit Audit
	seed  maphash.Seed

	at    [4][]seen // places of each split
	ids   map[placeID]uint8
	split map[string]uint8 // of each city

	nodes map[uint64]nodeSplits
	edges [4][4]int

	files, contents, sequences map[string]uint8
	hashes                     map[imagehash.Hash]*[4]int32 // images of each split
	texts                      [4]map[uint64]uint8          // by textClass
	names                      [3]map[string]uint8          // by nameKinds

	// Of the city that is open.
	open  *city.City
	index *nameIndex
	held  []uint8 // by node: splits of the subgraphs that hold it
	told  []uint8 // splits of the places whose paths pass it
	joins map[edgeKey]uint8
}

// edgeKey tells an edge of a city.
type edgeKey struct {
	From, To city.NodeID
	Type     city.EdgeType
}

type placeID struct {
	city string
	id   int64
}

// seen is what the distances need of a place.
type seen struct {
	pos   orb.Point
	reach geo.Metres // of its subgraph; negative if it is not known
}

// nodeSplits says in which splits a node is.
type nodeSplits struct {
	kind       city.Kind
	held, told uint8
}

// Classes of texts.
const (
	captionNormal = iota
	captionExact
	pathNormal
	pathExact
)

func newAuditor() *auditor {
	a := &auditor{
		seed: maphash.MakeSeed(), ids: map[placeID]uint8{}, split: map[string]uint8{}, nodes: map[uint64]nodeSplits{},
		files: map[string]uint8{}, contents: map[string]uint8{}, sequences: map[string]uint8{}, hashes: map[imagehash.Hash]*[4]int32{},
	}
	a.audit.Places = map[Split]int{}
	for i := range a.texts {
		a.texts[i] = map[uint64]uint8{}
	}
	for i := range a.names {
		a.names[i] = map[string]uint8{}
	}
	return a
}

// city opens the city of the places that follow; nil where it is not known.
func (a *auditor) city(c *city.City) {
	a.close()
	if a.open = c; c == nil {
		return
	}
	a.index = newNameIndex(c)
	a.held, a.told, a.joins = make([]uint8, len(c.Nodes)), make([]uint8, len(c.Nodes)), map[edgeKey]uint8{}
}

// close adds what the open city has shown to what all have.
func (a *auditor) close() {
	c := a.open
	if c == nil {
		return
	}
	for i := range c.Nodes {
		if a.held[i]|a.told[i] == 0 {
			continue
		}
		key := identity(&c.Nodes[i])
		n := a.nodes[key]
		n.kind, n.held, n.told = c.Nodes[i].Kind, n.held|a.held[i], n.told|a.told[i]
		a.nodes[key] = n
	}
	for _, in := range a.joins {
		for i := range a.edges {
			for j := i + 1; j < len(a.edges); j++ {
				if in>>i&1 == 1 && in>>j&1 == 1 {
					a.edges[i][j]++
				}
			}
		}
	}
	a.open, a.index, a.held, a.told, a.joins = nil, nil, nil, nil, nil
}

// identity tells a node from all others, in a city whose box lies over
// another's too: by class, OSM id and name, and where a point lies.
func identity(n *city.Node) uint64 {
	h := fnv.New64a()
	var b [25]byte
	b[0] = byte(n.Kind)
	binary.LittleEndian.PutUint64(b[1:], uint64(n.OSM))
	if p, ok := n.Geometry.(orb.Point); ok {
		binary.LittleEndian.PutUint64(b[9:], math.Float64bits(p[0]))
		binary.LittleEndian.PutUint64(b[17:], math.Float64bits(p[1]))
	}
	h.Write(b[:])
	h.Write([]byte(n.Name))
	return h.Sum64()
}

// evidence is what is worked out of a place on its own.
type evidence struct {
	reach geo.Metres
	texts [4][]uint64
	names []int32
}

// add takes in places of the open city.
func (a *auditor) add(places []*Place) {
	all := make([]evidence, len(places))
	var g errgroup.Group
	for part := range slices.Chunk(indices(len(places)), max(1, len(places)/(4*runtime.GOMAXPROCS(0)))) {
		g.Go(func() error {
			for _, i := range part {
				if places[i].Split.rank() >= 0 {
					all[i] = a.examine(places[i])
				}
			}
			return nil
		})
	}
	_ = g.Wait() // examining cannot fail
	for i, p := range places {
		a.merge(p, &all[i])
	}
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func (a *auditor) examine(p *Place) evidence {
	e := evidence{reach: -1}
	text := func(exact, normal int, s string) {
		if s != "" {
			e.texts[exact] = append(e.texts[exact], maphash.String(a.seed, s))
			e.texts[normal] = append(e.texts[normal], TextKey(s))
		}
	}
	text(captionExact, captionNormal, p.Caption)
	text(captionExact, captionNormal, p.Summary)
	for i := range p.Paths {
		text(pathExact, pathNormal, p.Paths[i].Plain)
	}
	if a.open == nil {
		return e
	}
	e.reach = reachOf(a.open, p)
	for _, s := range []string{p.Caption, p.Summary, p.NamesOnly} {
		e.names = a.index.in(s, e.names)
	}
	for i := range p.Paths {
		e.names = a.index.in(p.Paths[i].Plain, e.names)
	}
	slices.Sort(e.names)
	e.names = slices.Compact(e.names)
	return e
}

// reachOf is [Subgraph.Reach] where the subgraph may name nodes that are not in
// the city, or whose place is not known.
func reachOf(c *city.City, p *Place) (far geo.Metres) {
	for _, id := range p.Graph.Nodes {
		if id < 0 || int(id) >= len(c.Nodes) {
			continue
		}
		switch g := c.Nodes[id].Geometry.(type) {
		case nil:
		case orb.Point:
			far = max(far, geo.Distance(p.Pos, g))
		default:
			_, d := c.DistanceTo(id, p.Pos)
			far = max(far, d)
		}
	}
	return far
}

func (a *auditor) merge(p *Place, e *evidence) {
	a.audit.Places[p.Split]++
	if !slices.Contains(Splits, p.Split) {
		a.audit.NoSplit++
	}
	rank := p.Split.rank()
	if rank < 0 {
		return
	}
	bit := uint8(1) << rank
	a.audit.Known.Places++
	a.split[p.City] |= bit
	a.ids[placeID{p.City, p.ID}] |= bit
	if onEarth(p.Pos) && p.Pos != (orb.Point{}) {
		a.audit.Known.Positions++
		a.at[rank] = append(a.at[rank], seen{p.Pos, e.reach})
		a.audit.MaxReach = max(a.audit.MaxReach, e.reach)
	}
	if file := p.Image; file != "" {
		if !filepath.IsAbs(file) {
			file = p.City + "/" + file
		}
		a.files[file] |= bit
	}
	if p.Sequence != "" {
		a.audit.Known.Sequences++
		a.sequences[string(p.Origin)+" "+p.Sequence] |= bit
	}
	if p.ImageSHA256 != "" {
		a.audit.Known.Contents++
		a.contents[p.ImageSHA256] |= bit
	}
	if p.ImageHash != 0 {
		a.audit.Known.Hashes++
		n := a.hashes[p.ImageHash]
		if n == nil {
			n = new([4]int32)
			a.hashes[p.ImageHash] = n
		}
		n[rank]++
	}
	for class, keys := range e.texts {
		for _, k := range keys {
			a.texts[class][k] |= bit
		}
	}
	a.graph(p, e, bit)
}

// graph takes in the nodes of a place's subgraph and paths.
func (a *auditor) graph(p *Place, e *evidence, bit uint8) {
	c := a.open
	if c == nil {
		return
	}
	a.audit.Known.Cities++
	node := func(id city.NodeID, in []uint8) {
		if id >= 0 && int(id) < len(in) {
			in[id] |= bit
		}
	}
	for _, id := range p.Graph.Nodes {
		node(id, a.held)
	}
	for _, x := range p.Graph.Edges {
		if x.From > 0 && x.To > 0 && int(max(x.From, x.To)) < len(p.Graph.Nodes) {
			a.joins[edgeKey{p.Graph.Nodes[x.From], p.Graph.Nodes[x.To], x.Type}] |= bit
		}
	}
	for i := range p.Paths {
		for _, id := range p.Paths[i].Nodes {
			node(id, a.told)
		}
	}
	for _, name := range e.names {
		for i, k := range nameKinds {
			if a.index.kinds[name]>>k&1 == 1 {
				a.names[i][a.index.names[name]] |= bit
			}
		}
	}
}

// sample takes in a training pair of a place.
func (a *auditor) sample(p *Place) {
	if p.Split != Train && p.Split != Val {
		a.audit.WrongSamples++
	}
}

// finish compares the splits.
func (a *auditor) finish() Audit {
	a.close()
	out := a.audit
	out.MinDistance = geo.Metres(math.Inf(1))
	for name, in := range a.split {
		if in&(1<<HeldOut.rank()) != 0 && in&(1<<Train.rank()) != 0 {
			out.TrainedOn = append(out.TrainedOn, name)
		}
	}
	slices.Sort(out.TrainedOn)
	for _, in := range a.ids {
		if in&(in-1) != 0 {
			out.SameIDs++
		}
	}
	trees := [4]nearestOf{}
	for i := range trees {
		points := make([]orb.Point, len(a.at[i]))
		for j, s := range a.at[i] {
			points[j] = s.pos
		}
		trees[i] = newNearestOf(points)
	}
	near := a.nearImages()
	for i := range splits {
		for j := i + 1; j < len(splits); j++ {
			if out.Places[splits[i]] == 0 || out.Places[splits[j]] == 0 {
				continue
			}
			p := PairAudit{A: splits[i], B: splits[j], Edges: a.edges[i][j], Near: near[i][j]}
			there, touchedThere := distances(a.at[j], trees[i])
			back, touchedBack := distances(a.at[i], trees[j])
			p.Distance, p.Touched = spread(there), touchedThere+touchedBack
			if len(there) > 0 && len(back) > 0 {
				out.MinDistance = min(out.MinDistance, slices.Min(there), slices.Min(back))
			}
			a.compare(&p, 1<<i, 1<<j)
			out.Pairs = append(out.Pairs, p)
		}
	}
	out.sum()
	return out
}

// distances measures from each place to the nearest of a tree, and counts the
// places whose subgraph reaches so far.
func distances(from []seen, to nearestOf) (all []geo.Metres, touched int) {
	if len(from) == 0 || len(to.points) == 0 {
		return nil, 0
	}
	all = make([]geo.Metres, len(from))
	var g errgroup.Group
	for part := range slices.Chunk(indices(len(from)), max(1, len(from)/(4*runtime.GOMAXPROCS(0)))) {
		g.Go(func() error {
			for _, i := range part {
				all[i] = to.distance(from[i].pos)
			}
			return nil
		})
	}
	_ = g.Wait() // measuring cannot fail
	for i, d := range all {
		if from[i].reach >= d {
			touched++
		}
	}
	return all, touched
}

func spread(all []geo.Metres) Spread {
	if len(all) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(share float64) geo.Metres { return sorted[int(share*float64(len(sorted)-1)+0.5)] }
	return Spread{len(sorted), sorted[0], at(0.05), at(0.5), at(0.95)}
}

// compare counts what two splits share.
func (a *auditor) compare(p *PairAudit, one, other uint8) {
	both := func(in uint8) bool { return in&one != 0 && in&other != 0 }
	for _, n := range a.nodes {
		switch {
		case n.kind == city.Area && both(n.held):
			p.Areas++
		case n.kind == city.Street && both(n.held):
			p.Streets++
		case n.kind == city.POI || n.kind == city.Crossing:
			if both(n.held) {
				p.Points++
			}
			if n.told&one != 0 && n.held&other != 0 {
				p.Told++
			}
			if n.told&other != 0 && n.held&one != 0 {
				p.ToldBack++
			}
		}
	}
	count := func(m map[string]uint8) (n int) {
		for _, in := range m {
			if both(in) {
				n++
			}
		}
		return n
	}
	p.Images, p.Contents, p.Sequences = count(a.files), count(a.contents), count(a.sequences)
	for i := range a.names {
		p.Names[i].Both = count(a.names[i])
		for _, in := range a.names[i] {
			if in&other != 0 {
				p.Names[i].OfB++
			}
		}
	}
	for i, n := range []*int{&p.Captions, &p.CaptionsExact, &p.Paths, &p.PathsExact} {
		for _, in := range a.texts[i] {
			if both(in) {
				*n++
			}
		}
	}
}

// nearImages counts, for each pair of splits, the images of the second that
// one of the first nearly equals.
func (a *auditor) nearImages() (count [4][4]int) {
	all := make([]imagehash.Hash, 0, len(a.hashes))
	for h := range a.hashes {
		all = append(all, h)
	}
	slices.SortFunc(all, func(x, y imagehash.Hash) int { return cmp.Compare(x, y) })
	near := make([]uint8, len(all)) // splits with an image near each hash
	for i, h := range all {
		for r, n := range a.hashes[h] {
			if n > 0 {
				near[i] |= 1 << r
			}
		}
	}
	own := slices.Clone(near)
	for _, pair := range imagehash.Near(all, NearImage) {
		near[pair[0]] |= own[pair[1]]
		near[pair[1]] |= own[pair[0]]
	}
	for i, h := range all {
		for second, n := range a.hashes[h] {
			for first := range second {
				if near[i]>>first&1 == 1 {
					count[first][second] += int(n)
				}
			}
		}
	}
	return count
}
