package extract

import (
	"math"
	"slices"
	"sort"

	"github.com/paulmach/orb"
)

// Locations holds the places of nodes in steps of 1e-7 degrees, the precision
// of OpenStreetMap, in 16 bytes a node. Add the nodes, Sort, then ask. The zero
// value is empty.
type Locations struct {
	ids    []int64
	lonlat [][2]int32
	first  []uint32 // by the leading bits of an id: the first index with them, or the next
	shift  int      // bits of an id that are no leading ones
}

// step is how many steps of a location there are in a degree.
const step = 1e7

// Add adds a node, which must lie on the Earth. Of nodes with one id the one
// added first is found.
func (l *Locations) Add(id int64, at orb.Point) {
	l.ids = append(l.ids, id)
	l.lonlat = append(l.lonlat, [2]int32{int32(math.Round(at[0] * step)), int32(math.Round(at[1] * step))})
}

// Round brings a point to the precision of OpenStreetMap.
func Round(p orb.Point) orb.Point {
	return orb.Point{math.Round(p[0]*step) / step, math.Round(p[1]*step) / step}
}

// OnEarth reports whether p is a longitude and a latitude in degrees.
func OnEarth(p orb.Point) bool { return math.Abs(p[0]) <= 180 && math.Abs(p[1]) <= 90 }

// Len returns the number of nodes.
func (l *Locations) Len() int { return len(l.ids) }

// ID returns the id of node i.
func (l *Locations) ID(i int) int64 { return l.ids[i] }

// Point returns the place of node i.
func (l *Locations) Point(i int) orb.Point {
	return orb.Point{float64(l.lonlat[i][0]) / step, float64(l.lonlat[i][1]) / step}
}

// At returns the place of the node with this id, after [Locations.Sort].
func (l *Locations) At(id int64) (orb.Point, bool) {
	i, ok := l.Find(id)
	if !ok {
		return orb.Point{}, false
	}
	return l.Point(i), true
}

// Find returns the number of the node with this id, after [Locations.Sort].
func (l *Locations) Find(id int64) (int, bool) {
	if len(l.ids) == 0 || id < l.ids[0] || id > l.ids[len(l.ids)-1] {
		return 0, false
	}
	lead := l.lead(id)
	lo, hi := int(l.first[lead]), int(l.first[lead+1])
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if l.ids[mid] < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(l.ids) && l.ids[lo] == id
}

// lead returns the leading bits of an id between the least and the greatest.
func (l *Locations) lead(id int64) int { return int(uint64(id-l.ids[0]) >> l.shift) }

// Sort orders the nodes by id, so that they can be found. Extracts are in that
// order already, which costs one comparison for each.
func (l *Locations) Sort() {
	if !slices.IsSorted(l.ids) {
		sort.Stable((*byID)(l))
	}
	l.first = l.first[:0]
	if len(l.ids) == 0 {
		return
	}
	// About one leading value for two nodes. The difference of two ids may be beyond 63 bits: it is unsigned.
	last := uint64(l.ids[len(l.ids)-1]) - uint64(l.ids[0])
	for l.shift = 0; last>>l.shift > uint64(len(l.ids)/2); l.shift++ {
	}
	for i, id := range l.ids {
		for lead := l.lead(id); len(l.first) <= lead; {
			l.first = append(l.first, uint32(i))
		}
	}
	l.first = append(l.first, uint32(len(l.ids)))
}

type byID Locations

func (l *byID) Len() int           { return len(l.ids) }
func (l *byID) Less(i, j int) bool { return l.ids[i] < l.ids[j] }
func (l *byID) Swap(i, j int) {
	l.ids[i], l.ids[j] = l.ids[j], l.ids[i]
	l.lonlat[i], l.lonlat[j] = l.lonlat[j], l.lonlat[i]
}
