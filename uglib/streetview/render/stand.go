package render

import (
	"cmp"
	"math"
	"slices"

	"github.com/paulmach/orb"

	"urbangraph/uglib/city"
	"urbangraph/uglib/geo"
)

// Stand is a place where a camera can stand, and the way it looks.
type Stand struct {
	Pos     orb.Point // longitude, latitude in degrees
	Heading geo.Bearing
	Street  city.NodeID // on which it stands
}

// Rules of the choice of stands.
const (
	standStep  = 6.0   // metres between candidates along a street
	standApart = 12.0  // least distance between two stands, metres
	sightReach = 60.0  // metres within which things count
	cellSide   = 150.0 // metres; stands are spread over cells of this size
	signShare  = 0.5   // part of the stands beside a sign that look at it
	sideShare  = 0.3   // part of the others beside a building that look at it
)

// drives are the classes of streets on which stands lie, with the weight of
// the class.
var drives = map[string]float64{
	"motorway": 0.25, "motorway_link": 0.1, "trunk": 0.5, "trunk_link": 0.2, "primary": 1, "primary_link": 0.3, "secondary": 1, "secondary_link": 0.3,
	"tertiary": 1, "tertiary_link": 0.3, "unclassified": 0.8, "residential": 0.8, "living_street": 1, "pedestrian": 1,
}

// Stands chooses up to count camera stands on streets that cars use. A street
// with a name weighs four times as much as one without, a place with a shop and
// a crossing within 60 m about ten times as much as one with nothing to see; no
// two stands are nearer than 12 m,
// and at most four times the average fall into a square of 150 m while others
// have room. The camera stands in the near-side lane and looks along the
// street one way or the other, within some degrees; half of those beside a place
// with a sign look at it, and a few of those beside a building at that. Fewer stands than count
// come back where the streets have no more room. The same seed gives the same
// stands, and fewer of them are the first of more.
func (w *World) Stands(bound orb.Bound, count int, seed uint64) []Stand {
	all := w.candidates(bound, seed)
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(a.hash, b.hash))
	})
	cells := map[[2]int]int{}
	for _, c := range all {
		cells[c.cell()] = 0
	}
	quota := max(1, int(math.Ceil(4*float64(count)/math.Max(1, float64(len(cells))))))
	taken := map[[2]int][]orb.Point{}
	used := make([]bool, len(all))
	var out []Stand
	for _, limit := range []int{quota, count} {
		for i, c := range all {
			if len(out) == count {
				return out
			}
			if used[i] || cells[c.cell()] >= limit || crowded(taken, c.at) {
				continue
			}
			st, ok := w.stance(c)
			if !ok || !bound.Contains(st.Pos) { // the lane may lie beyond the edge
				continue
			}
			used[i] = true
			cells[c.cell()]++
			k := bucket(c.at)
			taken[k] = append(taken[k], c.at)
			out = append(out, st)
		}
	}
	return out
}

// candidate is a point in the middle of a street.
type candidate struct {
	at     orb.Point
	street int32
	along  float64
	hash   uint64
	key    float64
}

func (c candidate) cell() [2]int {
	return [2]int{int(math.Floor(c.at[0] / cellSide)), int(math.Floor(c.at[1] / cellSide))}
}

func bucket(p orb.Point) [2]int {
	return [2]int{int(math.Floor(p[0] / standApart)), int(math.Floor(p[1] / standApart))}
}

func crowded(taken map[[2]int][]orb.Point, p orb.Point) bool {
	k := bucket(p)
	for x := k[0] - 1; x <= k[0]+1; x++ {
		for y := k[1] - 1; y <= k[1]+1; y++ {
			for _, q := range taken[[2]int{x, y}] {
				if dist(p, q) < standApart {
					return true
				}
			}
		}
	}
	return false
}

// candidates returns points along all streets with random keys, such that
// taking the largest keys draws without replacement by weight (Efraimidis and
// Spirakis 2006: key = u^(1/weight), here its logarithm).
func (w *World) candidates(bound orb.Bound, seed uint64) []candidate {
	var out []candidate
	var seen marks
	var ids []int32
	for i := range w.streets {
		s := &w.streets[i]
		weight, ok := drives[s.highway]
		if !ok {
			continue
		}
		if s.name != "" {
			weight *= 4
		}
		total := s.at[len(s.at)-1]
		for n, along := uint64(0), standStep/2; along < total; n, along = n+1, along+standStep {
			at := s.point(s.line, along)
			if !bound.Contains(w.frame.LonLat(at)) {
				continue
			}
			ids = w.sights.near(at, sightReach, ids[:0], &seen)
			var seenWeight float64
			for _, id := range ids {
				seenWeight += w.sights.items[id].weight
			}
			h := hash(seed, s.seed, n, 0x57A9D)
			worth := weight * (0.1 + math.Pow(math.Min(seenWeight, 10), 1.5)/4)
			out = append(out, candidate{at, int32(i), along, h, math.Log(unit(h)+1e-18) / worth})
		}
	}
	return out
}

// stance turns a candidate into a stand; ok is false where the camera would
// stand in a building or right before a wall.
func (w *World) stance(c candidate) (st Stand, ok bool) {
	s := &w.streets[c.street]
	dir := s.heading(c.along)
	if !s.oneway && c.hash>>20&1 == 1 {
		dir = orb.Point{-dir[0], -dir[1]}
	}
	// The middle of the near-side lane.
	lane := s.width / float64(s.lanes)
	aside := (s.width - lane) / 2
	if s.lanes == 1 || !s.look.cars {
		aside = 0
	}
	at := add(c.at, w.near(dir), aside)
	var seen marks
	if w.inBuilding(at, 0.8, &seen) {
		return st, false
	}
	axis := math.Atan2(dir[0], dir[1]) * 180 / math.Pi
	turn := 12 * (unit(hash(c.hash, 1)) - 0.5)
	if t, ok := w.signTurn(at, axis, &seen); ok && unit(hash(c.hash, 2)) < signShare {
		turn = t
	} else if unit(hash(c.hash, 3)) < sideShare {
		side := 60 + 30*unit(hash(c.hash, 4))
		if c.hash>>21&1 == 1 {
			side = -side
		}
		if w.buildingAhead(at, axis+side, &seen) {
			turn = side
		}
	}
	if w.blocked(at, axis+turn, &seen) {
		turn = 0
		if w.blocked(at, axis, &seen) {
			return st, false
		}
	}
	heading := geo.NormalBearing(math.Round((axis+turn)*100) / 100)
	return Stand{Pos: w.frame.LonLat(at), Heading: heading, Street: s.node}, true
}

// blocked reports whether a wall stands within a few metres before the camera.
func (w *World) blocked(at orb.Point, heading float64, seen *marks) bool {
	return w.meets(at, heading, []float64{2, 4, 6}, 0, seen)
}

// buildingAhead reports whether a building stands before the camera within
// some 30 m.
func (w *World) buildingAhead(at orb.Point, heading float64, seen *marks) bool {
	return w.meets(at, heading, []float64{9, 15, 22, 30}, 3, seen)
}

// meets reports whether a building lies within r of the points at some
// distances along a heading.
func (w *World) meets(at orb.Point, heading float64, distances []float64, r float64, seen *marks) bool {
	sin, cos := math.Sincos(heading * math.Pi / 180)
	for _, d := range distances {
		if w.inBuilding(add(at, orb.Point{sin, cos}, d), r, seen) {
			return true
		}
	}
	return false
}

// signTurn returns the turn from the axis to the nearest sign that lies 45 to
// 100 degrees to the side, from 5 to 40 m away.
func (w *World) signTurn(at orb.Point, axis float64, seen *marks) (turn float64, ok bool) {
	best := 40.0
	for _, id := range w.sights.near(at, best, nil, seen) {
		s := &w.sights.items[id]
		d := dist(at, s.at)
		if !s.front || d < 5 || d >= best {
			continue
		}
		v := sub(s.at, at)
		t := geo.NormalBearing(axis).Diff(geo.NormalBearing(math.Atan2(v[0], v[1]) * 180 / math.Pi))
		if a := math.Abs(t); a >= 45 && a <= 100 {
			best, turn, ok = d, t, true
		}
	}
	return turn, ok
}
